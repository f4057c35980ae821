/// Sites and edges of the graphs of a collection that a task without labels hides, or asks a network for.
///
/// Shapes: S structures, M marked sites, D marked edges in all.
public struct GraphMarks: Sendable {
  /// Marked sites of structure s are `siteOffsets[s] ..< siteOffsets[s + 1]`, shape (S + 1).
  public private(set) var siteOffsets: [Int] = [0]
  /// Each marked site, counted within its structure, shape (M).
  public private(set) var sites: [Int32] = []
  /// Its atomic number, also where the graph says `GraphCollection.maskedElement`, shape (M).
  public private(set) var elements: [UInt8] = []
  /// Marked edges of structure s are `edgeOffsets[s] ..< edgeOffsets[s + 1]`, shape (S + 1).
  public private(set) var edgeOffsets: [Int] = [0]
  /// Each marked edge, counted within its structure, shape (D).
  public private(set) var edges: [Int32] = []

  /// Whether no graph has marks.
  public var isEmpty: Bool { siteOffsets.count == 1 }

  /// Forgets all and keeps the memory.
  mutating func removeAll() {
    siteOffsets.removeSubrange(1...)
    sites.removeAll(keepingCapacity: true)
    elements.removeAll(keepingCapacity: true)
    edgeOffsets.removeSubrange(1...)
    edges.removeAll(keepingCapacity: true)
  }

  mutating func append(sites: [Int], elements: [UInt8], edges: [Int]) {
    self.sites.append(contentsOf: sites.map { Int32($0) })
    self.elements.append(contentsOf: elements)
    siteOffsets.append(self.sites.count)
    self.edges.append(contentsOf: edges.map { Int32($0) })
    edgeOffsets.append(self.edges.count)
  }

  mutating func append(contentsOf other: GraphMarks, structure: Int) {
    guard !other.isEmpty else { return }
    let own = other.siteOffsets[structure]..<other.siteOffsets[structure + 1]
    sites.append(contentsOf: other.sites[own])
    elements.append(contentsOf: other.elements[own])
    siteOffsets.append(sites.count)
    edges.append(contentsOf: other.edges[other.edgeOffsets[structure]..<other.edgeOffsets[structure + 1]])
    edgeOffsets.append(edges.count)
  }
}

extension GraphCollection {
  /// Adds structure `structure` of another collection with marks on some of its sites and edges; not to be mixed with structures
  /// without marks.
  ///
  /// - Parameters:
  ///   - other: whole graphs without marks.
  ///   - structure: which of its structures.
  ///   - sites: sites that are marked, counted within the structure.
  ///   - edges: edges that are, counted within the structure in the order in which they are stored.
  ///   - hidesElements: whether the marked sites lose their element.
  public mutating func append(
    contentsOf other: GraphCollection, structure: Int, markingSites sites: [Int], edges: [Int],
    hidesElements: Bool
  ) {
    precondition(
      other.marks.isEmpty && other.siteMultiplicities.isEmpty && other.pairs.isEmpty,
      "whole graphs without marks or angles")
    let first = atomicNumbers.count
    let (siteCount, edgeCount) = (other.siteCount(of: structure), other.edges(of: structure).count)
    precondition(
      sites.allSatisfy { 0..<siteCount ~= $0 } && edges.allSatisfy { 0..<edgeCount ~= $0 },
      "sites and edges of the structure")
    append(contentsOf: other, structure: structure)
    mark(sites.map { first + $0 }, from: first, edges: edges, hidesElements: hidesElements)
  }
}

/// The marks of some graphs laid out for layers; reused for one block after the other.
final class MarkBlock {
  /// Number of marked sites M.
  private(set) var siteCount = 0
  /// Number of marked edges D.
  private(set) var edgeCount = 0
  /// Marked sites of structure s are `siteOffsets[s] ..< siteOffsets[s + 1]`, shape (S + 1).
  private(set) var siteOffsets: [Int] = [0]
  /// Site within the block and atomic number of each marked site, shape (M).
  private(set) var sites: [Int] = []
  private(set) var elements: [Int] = []
  /// Marked edges of structure s are `edgeOffsets[s] ..< edgeOffsets[s + 1]`, shape (S + 1).
  private(set) var edgeOffsets: [Int] = [0]
  /// Edge within the block of each marked edge, and the site that it is an edge of, shape (D).
  private(set) var edges: [Int] = []
  private(set) var centers: [Int] = []

  /// Takes the marks of the graphs `indices` of `collection`, in that order.
  func assemble(_ indices: [Int], of collection: GraphCollection) {
    siteOffsets.removeSubrange(1...)
    edgeOffsets.removeSubrange(1...)
    sites.removeAll(keepingCapacity: true)
    elements.removeAll(keepingCapacity: true)
    edges.removeAll(keepingCapacity: true)
    centers.removeAll(keepingCapacity: true)
    let marks = collection.marks
    var (firstSite, firstEdge) = (0, 0)
    for index in indices {
      let own = (
        sites: collection.siteOffsets[index]..<collection.siteOffsets[index + 1],
        edges: collection.edges(of: index)
      )
      if !marks.isEmpty {
        for mark in marks.siteOffsets[index]..<marks.siteOffsets[index + 1] {
          sites.append(firstSite + Int(marks.sites[mark]))
          elements.append(Int(marks.elements[mark]))
        }
        for mark in marks.edgeOffsets[index]..<marks.edgeOffsets[index + 1] {
          let edge = Int(marks.edges[mark])
          edges.append(firstEdge + edge)
          centers.append(
            firstSite + collection.center(of: own.edges.lowerBound + edge, among: own.sites)
              - own.sites.lowerBound)
        }
      }
      siteOffsets.append(sites.count)
      edgeOffsets.append(edges.count)
      firstSite += own.sites.count
      firstEdge += own.edges.count
    }
    (siteCount, edgeCount) = (sites.count, edges.count)
  }
}

extension GraphCollection {
  /// The site of the collection, one of `sites`, that edge `edge` of the collection belongs to.
  fileprivate func center(of edge: Int, among sites: Range<Int>) -> Int {
    // The last site whose edges begin at `edge` or before it.
    var (low, high) = (sites.lowerBound, sites.upperBound - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if edgeOffsets[middle] <= edge { low = middle } else { high = middle - 1 }
    }
    return low
  }
}
