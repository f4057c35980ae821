public import CrystalGraphs

/// A crystal graph with equivalent sites merged: what a network that sees elements and edges cannot tell apart.
///
/// Sites are in one class of the coarsest equitable partition when they have the same element and the same multiset of
/// (edge, class of the neighbor). Their vectors are then equal in every layer, so one node per class suffices, with the
/// class's size as weight, and equal edges of a node count as one with a multiplicity. No symmetry search is needed.
///
/// Edges are equal when their lengths, and the solid angles and areas of their facets where they have any, are equal
/// but for rounding: all values of a crystal are sorted, and a new kind begins where one exceeds the first of its kind
/// by more than a tolerance. A merged edge has the mean of what it stands for, over all sites of the class, so that whatever small
/// differences there are change a prediction in second order only.
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
  /// Length (Å), and of graphs with facets Ω/4π, A/10 Å², V/10 Å³ and the angular moments, of each merged edge.
  public private(set) var measures: [SIMD16<Float>] = []
  /// Edges that each merged edge stands for.
  public private(set) var edgeMultiplicities: [Float] = []

  /// Lengths (Å) closer than this are one.
  public static let lengthTolerance = 1e-5
  /// Solid angles (sr) closer than this are one.
  public static let solidAngleTolerance = 1e-4
  /// Areas (Å²) closer than this are one.
  public static let areaTolerance = 1e-4
  /// Angular moments closer than this, each of them, are one.
  public static let momentTolerance: Float = 1e-4

  private var classes: [Int32] = []
  private var signatures: [UInt64] = []
  /// What an edge looks like, without its neighbor.
  private var kinds: [UInt64] = []
  private var sorted: [UInt64] = []
  private var sums: [SIMD16<Double>] = []
  private var mergedKinds: [UInt64] = []
  /// A hash table: for each signature found in a pass, the class that it has, or the first edge.
  private var known: [(signature: UInt64, first: Int32)] = []

  /// Empty working memory.
  public init() {}

  /// Forms the quotient of a graph.
  ///
  /// - Parameters:
  ///   - graph: the graph.
  ///   - limit: at most so many edges of a site count.
  ///   - padding: length (Å) of the edges to the first site that fill a site's list up to `limit`; nil for none.
  public mutating func form(_ graph: NeighborGraph, limit: Int = .max, padding: Double? = nil) {
    let facets = graph.facets
    let graph = graph.graph
    findKinds(graph, facets)
    refine(graph, limit: limit)
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
    mergedKinds.removeAll(keepingCapacity: true)
    edgeMultiplicities.removeAll(keepingCapacity: true)
    for node in 0..<nodeCount { mergeEdges(graph, of: representatives[node], limit: limit, padding: padding) }
    average(graph, facets, limit: limit, padding: padding)
  }

  // MARK: Kinds of edges

  private mutating func findKinds(_ graph: CrystalGraph, _ facets: VoronoiGraph?) {
    kinds.removeAll(keepingCapacity: true)
    kinds.append(contentsOf: repeatElement(0, count: graph.edgeCount))
    addKinds(graph.distances, tolerance: Self.lengthTolerance)
    if let facets {
      addKinds(facets.solidAngles, tolerance: Self.solidAngleTolerance)
      addKinds(facets.areas, tolerance: Self.areaTolerance)
      addMoments(facets)
    }
  }

  /// Tells edges of one kind apart whose moments differ: each is compared with the first edge of every kind so far.
  private mutating func addMoments(_ facets: VoronoiGraph) {
    // Open addressing in a table of at least twice the edges; −1 marks a free place. A kind that splits fills several.
    var size = 16
    while size < 2 * kinds.count { size *= 2 }
    known.removeAll(keepingCapacity: true)
    known.append(contentsOf: repeatElement((signature: UInt64(0), first: Int32(-1)), count: size))
    facets.angularMoments.withUnsafeBytes { moments in
      func vector(_ edge: Int) -> SIMD8<Float> {
        moments.loadUnaligned(fromByteOffset: edge * MemoryLayout<SIMD8<Float>>.size, as: SIMD8<Float>.self)
      }
      for edge in kinds.indices {
        let own = vector(edge)
        var place = Int(truncatingIfNeeded: Self.mixed(kinds[edge]) & UInt64(size - 1))
        while known[place].first >= 0 {
          if known[place].signature == kinds[edge] {
            let difference = own - vector(Int(known[place].first))
            if (difference * difference).max() <= Self.momentTolerance * Self.momentTolerance { break }
          }
          place = (place + 1) & (size - 1)
        }
        if known[place].first < 0 { known[place] = (kinds[edge], Int32(edge)) }
        kinds[edge] = Self.mixed(kinds[edge] ^ UInt64(known[place].first))
      }
    }
  }

  /// Numbers the clusters of `values` and mixes the numbers into the kinds.
  private mutating func addKinds(_ values: [Double], tolerance: Double) {
    // A value in steps of a hundredth of the tolerance above the edge's number: one integer to sort by.
    let bits = UInt64(20)
    precondition(values.count < 1 << bits, "a crystal has less than a million edges")
    let steps = 100 / tolerance
    sorted.removeAll(keepingCapacity: true)
    for (edge, value) in values.enumerated() {
      sorted.append(UInt64(min(value * steps, 8e12)) << bits | UInt64(edge))
    }
    sorted.sort()
    var cluster: UInt64 = 0
    var first = sorted.first.map { $0 >> bits } ?? 0
    for entry in sorted {
      let step = entry >> bits
      if step - first > 100 {
        cluster += 1
        first = step
      }
      let edge = Int(entry & (1 << bits - 1))
      kinds[edge] = Self.mixed(kinds[edge] ^ cluster)
    }
  }

  // MARK: Classes of sites

  /// Splits classes by what their sites see until no class splits.
  private mutating func refine(_ graph: CrystalGraph, limit: Int) {
    let count = graph.siteCount
    signatures.removeAll(keepingCapacity: true)
    for element in graph.elements { signatures.append(UInt64(element.rawValue)) }
    nodeCount = assignClasses(count)
    while nodeCount < count {
      for site in 0..<count {
        // A sum of mixed terms does not depend on the order of the edges.
        var sum: UInt64 = 0
        for edge in graph.edges(of: site).prefix(limit) {
          let neighbor = UInt64(UInt32(bitPattern: classes[Int(graph.neighbors[edge])]))
          sum &+= Self.mixed(kinds[edge] &+ neighbor &* 0xD6E8_FEB8_6659_FD93)
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
    known.append(contentsOf: repeatElement((signature: UInt64(0), first: Int32(-1)), count: size))
    var next: Int32 = 0
    for site in 0..<count {
      let signature = signatures[site]
      var place = Int(truncatingIfNeeded: Self.mixed(signature) & UInt64(size - 1))
      while known[place].first >= 0, known[place].signature != signature { place = (place + 1) & (size - 1) }
      if known[place].first < 0 {
        known[place] = (signature, next)
        next += 1
      }
      classes[site] = known[place].first
    }
    return Int(next)
  }

  // MARK: Merged edges

  private mutating func mergeEdges(_ graph: CrystalGraph, of site: Int, limit: Int, padding: Double?) {
    let first = neighbors.count
    let edges = graph.edges(of: site).prefix(limit)
    for edge in edges {
      let neighbor = classes[Int(graph.neighbors[edge])]
      if let found = mergedEdge(kinds[edge], neighbor, from: first) {
        edgeMultiplicities[found] += 1
      } else {
        neighbors.append(neighbor)
        mergedKinds.append(kinds[edge])
        edgeMultiplicities.append(1)
      }
    }
    if padding != nil, edges.count < limit {
      neighbors.append(classes[0])
      mergedKinds.append(0)
      edgeMultiplicities.append(Float(limit - edges.count))
    }
    edgeOffsets.append(neighbors.count)
  }

  private func mergedEdge(_ kind: UInt64, _ neighbor: Int32, from first: Int) -> Int? {
    (first..<neighbors.count).first { mergedKinds[$0] == kind && neighbors[$0] == neighbor }
  }

  /// Gives each merged edge the mean of those it stands for.
  private mutating func average(
    _ graph: CrystalGraph, _ facets: VoronoiGraph?, limit: Int, padding: Double?
  ) {
    sums.removeAll(keepingCapacity: true)
    sums.append(contentsOf: repeatElement(.zero, count: neighbors.count))
    for site in 0..<graph.siteCount {
      let node = Int(classes[site])
      let merged = edgeOffsets[node]..<edgeOffsets[node + 1]
      for edge in graph.edges(of: site).prefix(limit) {
        let neighbor = classes[Int(graph.neighbors[edge])]
        var found = merged.lowerBound
        while mergedKinds[found] != kinds[edge] || neighbors[found] != neighbor { found += 1 }
        var measure = SIMD16<Double>()
        measure[0] = graph.distances[edge]
        if let facets {
          measure[1] = facets.solidAngles[edge] / (4 * .pi)
          measure[2] = facets.areas[edge] / 10
          measure[3] = facets.pyramidVolumes[edge] / 10
          let count = VoronoiGraph.angularMomentCount
          for index in 0..<count { measure[4 + index] = Double(facets.angularMoments[count * edge + index]) }
        }
        sums[found] += measure
      }
    }
    measures.removeAll(keepingCapacity: true)
    for node in 0..<nodeCount {
      for edge in edgeOffsets[node]..<edgeOffsets[node + 1] {
        if let padding, mergedKinds[edge] == 0 {
          var measure = SIMD16<Float>()
          measure[0] = Float(padding)
          measures.append(measure)
        } else {
          let count = Double(edgeMultiplicities[edge] * siteMultiplicities[node])
          measures.append(SIMD16<Float>(sums[edge] / count))
        }
      }
    }
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
