/// Numbers, in lexicographic order, the ways to choose one item from each of several lists with no item twice.
///
/// Items are numbers 0..<64·2; lists may overlap in any way. How many ways remain after a prefix of choices depends
/// only on how many items each set of lists has in common, so it follows by inclusion and exclusion: with I(T) the
/// number of unused items common to all lists of T,
///
///     g(S) = Σ over T ⊆ S with min S ∈ T of (−1)^(|T|−1) (|T|−1)! I(T) g(S − T),   g(∅) = 1
///
/// counts the choices for the lists S. The terms are those of the partitions of S into blocks that share an item,
/// weighted with the Möbius function of the partition lattice (G.-C. Rota, Z. Wahrscheinlichkeitstheorie 2, 340
/// (1964)).
struct DistinctAssignments: Sendable {
  /// The items of each list in order; each item once per list.
  let lists: [[Int]]
  /// Number of assignments.
  let count: Int

  /// For each item the set of lists that hold it, as a bit mask.
  private let membership: [Int]
  /// Common items of each set of lists; entry 0 is not used.
  private let common: [Int]

  /// At most 8 lists of items below `itemCount`.
  init(lists: [[Int]], itemCount: Int) {
    precondition(lists.count <= 8 && itemCount <= 128, "counts must fit in an Int")
    self.lists = lists
    var membership = [Int](repeating: 0, count: itemCount)
    for (index, list) in lists.enumerated() {
      for item in list { membership[item] |= 1 << index }
    }
    var common = [Int](repeating: 0, count: 1 << lists.count)
    for mask in membership {
      // Every non-empty subset of the lists that hold the item.
      var subset = mask
      while subset > 0 {
        common[subset] += 1
        subset = (subset - 1) & mask
      }
    }
    self.membership = membership
    self.common = common
    count = Self.completions(of: 0, listCount: lists.count, common: common)
  }

  /// The assignment at `index` in 0..<count: one item for each list.
  ///
  /// - Complexity: O(sum of the list lengths) and, for k lists, O(3ᵏ) for each different set of lists that share
  ///   items.
  subscript(index: Int) -> [Int] {
    precondition(index >= 0 && index < count, "index \(index) of \(count) assignments")
    var remaining = index
    var chosen: [Int] = []
    var common = common
    for position in lists.indices {
      var weights = [Int](repeating: -1, count: 1 << lists.count)
      for item in lists[position] where !chosen.contains(item) {
        let weight = weight(of: item, at: position, common: &common, cache: &weights)
        if remaining < weight {
          chosen.append(item)
          Self.use(membership[item], in: &common, by: -1)
          break
        }
        remaining -= weight
      }
    }
    return chosen
  }

  /// The index of an assignment, or nil when it is none: an item missing from its list, or chosen twice.
  func index(of assignment: [Int]) -> Int? {
    guard assignment.count == lists.count else { return nil }
    var index = 0
    var common = common
    for (position, choice) in assignment.enumerated() {
      let used = assignment[..<position]
      guard lists[position].contains(choice), !used.contains(choice) else { return nil }
      var weights = [Int](repeating: -1, count: 1 << lists.count)
      for item in lists[position] where !used.contains(item) {
        if item == choice { break }
        index += weight(of: item, at: position, common: &common, cache: &weights)
      }
      Self.use(membership[choice], in: &common, by: -1)
    }
    return index
  }

  /// In how many ways the lists after `position` can be served once `item` is taken there. Items of the same
  /// membership have the same weight, so each is computed once.
  private func weight(of item: Int, at position: Int, common: inout [Int], cache: inout [Int]) -> Int {
    let mask = membership[item]
    if cache[mask] < 0 {
      Self.use(mask, in: &common, by: -1)
      cache[mask] = Self.completions(of: position + 1, listCount: lists.count, common: common)
      Self.use(mask, in: &common, by: 1)
    }
    return cache[mask]
  }

  /// Changes the number of common items of every set of lists within `mask`.
  private static func use(_ mask: Int, in common: inout [Int], by change: Int) {
    var subset = mask
    while subset > 0 {
      common[subset] += change
      subset = (subset - 1) & mask
    }
  }

  /// g of the lists from `first` on.
  private static func completions(of first: Int, listCount: Int, common: [Int]) -> Int {
    let size = listCount - first
    var counts = [Int](repeating: 0, count: 1 << size)
    counts[0] = 1
    for set in 1..<max(1, counts.count) {
      let lowest = set & -set
      let rest = set ^ lowest
      var others = rest
      while true {
        let block = others | lowest
        counts[set] += mobius[block.nonzeroBitCount] * common[block << first] * counts[set ^ block]
        if others == 0 { break }
        others = (others - 1) & rest
      }
    }
    return counts[counts.count - 1]
  }

  /// (−1)^(n−1) (n−1)! by block size n.
  private static let mobius = [0, 1, -1, 2, -6, 24, -120, 720, -5040]
}
