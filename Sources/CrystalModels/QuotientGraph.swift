public import CrystalGraphs

/// A crystal graph with equivalent sites merged: what a network that sees elements and distances cannot tell apart.
///
/// Sites are in one class of the coarsest equitable partition when they have the same element and the same multiset of
/// (distance, class of the neighbor). Their vectors are then equal in every layer, so one node per class suffices, with
/// the class's size as weight in the mean, and equal edges of a node count as one with a multiplicity. No symmetry
/// search is needed. Distances are compared in steps of 1e-6 Å; among merged edges the first one's distance stands for
/// all. That is the only thing that changes a prediction, by as much as a shift of the atoms by 1e-6 Å would: with the
/// published weights below 1e-5 eV/atom.
///
/// Classes are told apart by 64-bit hashes of those multisets. Reused as working memory; one thread at a time.
public struct QuotientGraph {
  /// Number of classes.
  public private(set) var nodeCount = 0
  /// First site of each class, shape (classes).
  public private(set) var representatives: [Int] = []
  /// Sites of each class, shape (classes).
  public private(set) var siteMultiplicities: [Float] = []
  /// Shape (classes + 1).
  public private(set) var edgeOffsets: [Int] = []
  /// Class at the far end of each merged edge.
  public private(set) var neighbors: [Int32] = []
  /// Length of each merged edge (Å).
  public private(set) var distances: [Float] = []
  /// Edges that each merged edge stands for.
  public private(set) var edgeMultiplicities: [Float] = []

  private static let distanceStep = 1e-6
  private var classes: [Int32] = []
  private var signatures: [UInt64] = []
  private var steps: [Int32] = []
  /// Signature and class of each class found in a pass.
  private var known: [(signature: UInt64, class: Int32)] = []

  /// Empty working memory.
  public init() {}

  /// Forms the quotient of a graph.
  ///
  /// - Parameters:
  ///   - graph: the graph; at most `configuration.neighborCount` edges of a site count.
  ///   - configuration: says what stands in for missing neighbors.
  public mutating func form(_ graph: CrystalGraph, for configuration: CGCNNConfiguration) {
    refine(graph, limit: configuration.neighborCount)
    representatives.removeAll(keepingCapacity: true)
    siteMultiplicities.removeAll(keepingCapacity: true)
    for site in 0..<graph.siteCount {
      let own = Int(classes[site])
      if own == representatives.count {
        representatives.append(site)
        siteMultiplicities.append(0)
      }
      siteMultiplicities[own] += 1
    }
    edgeOffsets.removeAll(keepingCapacity: true)
    edgeOffsets.append(0)
    neighbors.removeAll(keepingCapacity: true)
    distances.removeAll(keepingCapacity: true)
    edgeMultiplicities.removeAll(keepingCapacity: true)
    for node in 0..<nodeCount { mergeEdges(graph, of: representatives[node], configuration) }
  }

  /// Splits classes by what their sites see until no class splits.
  private mutating func refine(_ graph: CrystalGraph, limit: Int) {
    let count = graph.siteCount
    steps.removeAll(keepingCapacity: true)
    for distance in graph.distances { steps.append(Int32((distance / Self.distanceStep).rounded())) }
    signatures.removeAll(keepingCapacity: true)
    for element in graph.elements { signatures.append(UInt64(element.rawValue)) }
    nodeCount = assignClasses(count)
    while nodeCount < count {
      for site in 0..<count {
        // A sum of mixed terms does not depend on the order of the edges.
        var sum: UInt64 = 0
        for edge in graph.edges(of: site).prefix(limit) {
          let neighbor = UInt64(UInt32(bitPattern: classes[Int(graph.neighbors[edge])]))
          sum &+= Self.mixed(UInt64(UInt32(bitPattern: steps[edge])) << 32 | neighbor)
        }
        signatures[site] = Self.mixed(sum ^ Self.mixed(UInt64(UInt32(bitPattern: classes[site])) &+ 0x51))
      }
      let refined = assignClasses(count)
      guard refined > nodeCount else { break }
      nodeCount = refined
    }
  }

  /// Numbers the distinct signatures in order of appearance; returns how many there are.
  private mutating func assignClasses(_ count: Int) -> Int {
    known.removeAll(keepingCapacity: true)
    if classes.count < count { classes = [Int32](repeating: 0, count: count) }
    // Open addressing in a table of at least twice the sites; class −1 marks a free place.
    var size = 16
    while size < 2 * count { size *= 2 }
    known.append(contentsOf: repeatElement((signature: UInt64(0), class: Int32(-1)), count: size))
    var next: Int32 = 0
    for site in 0..<count {
      let signature = signatures[site]
      var place = Int(truncatingIfNeeded: Self.mixed(signature) & UInt64(size - 1))
      while known[place].class >= 0, known[place].signature != signature { place = (place + 1) & (size - 1) }
      if known[place].class < 0 {
        known[place] = (signature, next)
        next += 1
      }
      classes[site] = known[place].class
    }
    return Int(next)
  }

  private mutating func mergeEdges(_ graph: CrystalGraph, of site: Int, _ configuration: CGCNNConfiguration) {
    let first = neighbors.count
    var lastStep: Int32 = -1
    var groupStart = first
    let edges = graph.edges(of: site).prefix(configuration.neighborCount)
    for edge in edges {
      // Edges come by distance, so equal ones lie in one stretch.
      if steps[edge] != lastStep {
        lastStep = steps[edge]
        groupStart = neighbors.count
      }
      let neighbor = classes[Int(graph.neighbors[edge])]
      if let found = (groupStart..<neighbors.count).first(where: { neighbors[$0] == neighbor }) {
        edgeMultiplicities[found] += 1
      } else {
        neighbors.append(neighbor)
        distances.append(Float(graph.distances[edge]))
        edgeMultiplicities.append(1)
      }
    }
    if configuration.padding == .firstAtom, edges.count < configuration.neighborCount {
      neighbors.append(classes[0])
      distances.append(Float(configuration.cutoff + 1))
      edgeMultiplicities.append(Float(configuration.neighborCount - edges.count))
    }
    edgeOffsets.append(neighbors.count)
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
