/// Open addressing in a table of at least twice the entries; number −1 marks a free place.
struct HashTable {
  /// A signature, and the first that has it; working memory that is kept from one table to the next.
  typealias Places = [(signature: UInt64, first: Int32)]

  private let mask: UInt64

  /// - Parameters:
  ///   - count: at most so many signatures are looked for.
  ///   - places: the table's memory.
  init(count: Int, _ places: inout Places) {
    var size = 16
    while size < 2 * count { size *= 2 }
    mask = UInt64(size - 1)
    places.removeAll(keepingCapacity: true)
    places.append(contentsOf: repeatElement((signature: UInt64(0), first: Int32(-1)), count: size))
  }

  /// The first number of a signature, of well mixed bits, that `isSame` takes for it; `new` where there is none.
  @inline(__always)
  func find(
    _ signature: UInt64, orInsert new: Int32, _ places: inout Places,
    where isSame: (Int32) -> Bool = { _ in true }
  ) -> Int32 {
    var place = Int(truncatingIfNeeded: signature & mask)
    while places[place].first >= 0 {
      if places[place].signature == signature, isSame(places[place].first) { return places[place].first }
      place = Int(truncatingIfNeeded: (UInt64(place) + 1) & mask)
    }
    places[place] = (signature, new)
    return new
  }

  /// Numbers the distinct ones of some signatures in the order of their first places.
  ///
  /// - Parameters:
  ///   - signatures: any numbers.
  ///   - places: working memory.
  ///   - numbers: the number of each signature, replaced.
  /// - Returns: how many there are.
  static func number(_ signatures: [UInt64], _ places: inout Places, into numbers: inout [Int32]) -> Int {
    let table = HashTable(count: signatures.count, &places)
    numbers.removeAll(keepingCapacity: true)
    var next: Int32 = 0
    for signature in signatures {
      let number = table.find(QuotientGraph.mixed(signature), orInsert: next, &places)
      if number == next { next += 1 }
      numbers.append(number)
    }
    return Int(next)
  }
}
