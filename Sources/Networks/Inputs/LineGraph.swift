internal import CrystalGraphs

/// A crystal graph with its line graph, whole or as a quotient: what networks that see angles cannot tell apart merged.
///
/// Sites, edges and pairs of edges are merged by the coarsest partition that is equitable for all three: edges are in one
/// class when they have the same length, the same classes of ends, and the same multiset of (angle, class of the first
/// edge) among their pairs; sites when they have the same element and the same multiset of edges. Vectors of sites, edges
/// and pairs are then equal within a class in every layer. No symmetry search is needed.
///
/// Lengths, and cosines, are equal where they are but for rounding: all values of a crystal are sorted, and a new kind begins
/// where one exceeds the one before by more than a tolerance, or the first by more than `kindExtent` of them. Positions
/// with five decimals, as databases give them, are off by up to 1e-4 Å, and with them lengths and angles that symmetry
/// makes equal. A merged edge and a merged pair have the mean of all that they stand for, so that what is merged changes a
/// prediction in second order only; merged pairs with nearly one mean share an angle. Classes are told apart by 64-bit hashes.
///
/// Arrays are as in `GraphCollection` and `EdgePairs`, for one structure.
struct LineGraph {
  let isQuotient: Bool
  private(set) var atomicNumbers: [UInt8] = []
  private(set) var siteMultiplicities: [Float] = []
  /// Of a quotient the class of each site of the whole graph.
  private(set) var siteClasses: [Int32] = []
  private(set) var edgeOffsets: [Int] = [0]
  private(set) var neighbors: [Int32] = []
  private(set) var distances: [Double] = []
  private(set) var edgeMultiplicities: [Float] = []
  private(set) var pairOffsets: [Int] = [0]
  private(set) var sources: [Int32] = []
  private(set) var angles: [Int32] = []
  private(set) var pairMultiplicities: [Float] = []
  private(set) var cosines: [Double] = []

  /// Lengths (Å) of one kind follow each other this closely.
  static let lengthTolerance = 3e-4
  /// Cosines of one kind likewise.
  static let cosineTolerance = 2e-4
  /// How far apart values of one kind may be, in tolerances: where there are many they follow each other without a gap.
  static let kindExtent: UInt64 = 4
  /// Mean cosines of merged pairs closer than this are one angle.
  static let sharingTolerance = 2e-6

  /// The whole graph; every pair has an angle of its own.
  ///
  /// - Precondition: the edges have vectors.
  init(of graph: CrystalGraph, pairsEdgesWithThemselves: Bool) {
    let pairs = WholePairs(graph, pairsEdgesWithThemselves)
    isQuotient = false
    atomicNumbers = graph.elements.map(\.rawValue)
    edgeOffsets = graph.edgeOffsets.map { Int($0) }
    neighbors = graph.neighbors
    distances = graph.distances
    pairOffsets = pairs.offsets
    sources = pairs.sources
    cosines = pairs.cosines
    angles = pairs.cosines.indices.map { Int32($0) }
  }

  /// The quotient.
  ///
  /// - Precondition: the edges have vectors.
  init(quotientOf graph: CrystalGraph, pairsEdgesWithThemselves: Bool) {
    let pairs = WholePairs(graph, pairsEdgesWithThemselves)
    isQuotient = true
    let kinds = Self.kinds(of: pairs.cosines, tolerance: Self.cosineTolerance)
    let classes = EdgeClasses(
      graph, pairs, lengths: Self.kinds(of: graph.distances, tolerance: Self.lengthTolerance),
      angles: kinds)
    siteClasses = classes.sites
    mergeSites(graph, classes)
    let representatives = mergeEdges(graph, classes)
    mergePairs(pairs, kinds, classes, representatives)
  }

  /// Numbers the clusters of `values`, in increasing order.
  private static func kinds(of values: [Double], tolerance: Double, extent: UInt64 = kindExtent) -> [Int32] {
    var kinds = [Int32](repeating: 0, count: values.count)
    var sorted: [UInt64] = []
    numberClusters(
      of: values, from: -1, tolerance: tolerance, extent: extent, placeBits: 26, scratch: &sorted
    ) { kinds[$0] = Int32($1) }
    return kinds
  }

  private mutating func mergeSites(_ graph: CrystalGraph, _ classes: EdgeClasses) {
    for site in 0..<graph.siteCount {
      let own = Int(classes.sites[site])
      if own == atomicNumbers.count {
        atomicNumbers.append(graph.elements[site].rawValue)
        siteMultiplicities.append(0)
      }
      siteMultiplicities[own] += 1
    }
  }

  /// Merges the edges of one site of each class; the first edge of each merged one.
  private mutating func mergeEdges(_ graph: CrystalGraph, _ classes: EdgeClasses) -> [Int] {
    // Edges of a class end at one class of sites, so an edge class is one merged edge.
    var merged = [Int32](repeating: -1, count: classes.edgeCount)
    var representatives: [Int] = []
    var sums: [Double] = []
    for site in 0..<graph.siteCount where Int(classes.sites[site]) == edgeOffsets.count - 1 {
      for edge in graph.edges(of: site) {
        let own = Int(classes.edges[edge])
        if merged[own] < 0 {
          merged[own] = Int32(representatives.count)
          representatives.append(edge)
          neighbors.append(classes.sites[Int(graph.neighbors[edge])])
          edgeMultiplicities.append(0)
        }
        edgeMultiplicities[Int(merged[own])] += 1
      }
      edgeOffsets.append(representatives.count)
    }
    sums = [Double](repeating: 0, count: representatives.count)
    for edge in 0..<graph.edgeCount { sums[Int(merged[Int(classes.edges[edge])])] += graph.distances[edge] }
    for node in siteMultiplicities.indices {
      for edge in edgeOffsets[node]..<edgeOffsets[node + 1] {
        distances.append(sums[edge] / Double(siteMultiplicities[node] * edgeMultiplicities[edge]))
      }
    }
    self.merged = merged
    return representatives
  }

  /// Merged edge of each class.
  private var merged: [Int32] = []

  private mutating func mergePairs(
    _ pairs: WholePairs, _ kinds: [Int32], _ classes: EdgeClasses, _ representatives: [Int]
  ) {
    func source(_ pair: Int) -> Int32 { merged[Int(classes.edges[Int(pairs.sources[pair])])] }
    var mergedKinds: [Int32] = []
    for edge in representatives {
      let first = sources.count
      for pair in pairs.offsets[edge]..<pairs.offsets[edge + 1] {
        let source = source(pair)
        if let found = (first..<sources.count).first(where: {
          sources[$0] == source && mergedKinds[$0] == kinds[pair]
        }) {
          pairMultiplicities[found] += 1
        } else {
          sources.append(source)
          mergedKinds.append(kinds[pair])
          pairMultiplicities.append(1)
        }
      }
      pairOffsets.append(sources.count)
    }
    var sums = [Double](repeating: 0, count: sources.count)
    var counts = sums
    for edge in classes.edges.indices {
      let first = pairOffsets[Int(merged[Int(classes.edges[edge])])]
      for pair in pairs.offsets[edge]..<pairs.offsets[edge + 1] {
        let source = source(pair)
        var found = first
        while sources[found] != source || mergedKinds[found] != kinds[pair] { found += 1 }
        sums[found] += pairs.cosines[pair]
        counts[found] += 1
      }
    }
    shareAngles(sums, counts)
  }

  /// Gives merged pairs with nearly one mean cosine one angle.
  private mutating func shareAngles(_ sums: [Double], _ counts: [Double]) {
    angles = Self.kinds(of: zip(sums, counts).map { $0 / $1 }, tolerance: Self.sharingTolerance, extent: 1)
    cosines = [Double](repeating: 0, count: Int(angles.max() ?? -1) + 1)
    var total = cosines
    for (pair, angle) in angles.enumerated() {
      cosines[Int(angle)] += sums[pair]
      total[Int(angle)] += counts[pair]
    }
    for angle in cosines.indices { cosines[angle] /= total[angle] }
  }
}

/// All pairs of a graph, by their second edges.
private struct WholePairs {
  var offsets: [Int] = [0]
  var sources: [Int32] = []
  var cosines: [Double] = []

  init(_ graph: CrystalGraph, _ pairsEdgesWithThemselves: Bool) {
    precondition(graph.vectors.count == graph.edgeCount, "angles need edges with vectors")
    let directions = zip(graph.vectors, graph.distances).map { $0 / $1 }
    for edge in 0..<graph.edgeCount {
      // Edges stand at their receivers, with vectors to where they come from: this edge's vector points back.
      let back = directions[edge]
      for source in graph.edges(of: Int(graph.neighbors[edge]))
      where pairsEdgesWithThemselves || source != edge {
        let product = directions[source] * back
        sources.append(Int32(source))
        cosines.append(min(1, max(-1, -(product.x + product.y + product.z))))
      }
      offsets.append(sources.count)
    }
  }
}

/// Classes of sites and edges, numbered in the order of their first members.
private struct EdgeClasses {
  private(set) var sites: [Int32] = []
  private(set) var edges: [Int32] = []
  private var siteCount = 0
  private(set) var edgeCount = 0
  private var known = HashTable.Places()

  init(_ graph: CrystalGraph, _ pairs: WholePairs, lengths: [Int32], angles: [Int32]) {
    siteCount = HashTable.number(graph.elements.map { UInt64($0.rawValue) }, &known, into: &sites)
    edgeCount = HashTable.number(lengths.map { UInt64(UInt32(bitPattern: $0)) }, &known, into: &edges)
    let kinds = angles.map { QuotientGraph.mixed(UInt64(UInt32(bitPattern: $0))) }
    var isFinished = false
    while !isFinished {
      let (previousSites, previousEdges) = (siteCount, edgeCount)
      refineEdges(graph, pairs, kinds)
      refineSites(graph)
      isFinished = siteCount <= previousSites && edgeCount <= previousEdges
    }
  }

  // Sums of mixed terms do not depend on the order of what is added up.
  private mutating func refineEdges(_ graph: CrystalGraph, _ pairs: WholePairs, _ kinds: [UInt64]) {
    var signatures = [UInt64](repeating: 0, count: graph.edgeCount)
    for site in 0..<graph.siteCount {
      for edge in graph.edges(of: site) {
        var sum: UInt64 = 0
        for pair in pairs.offsets[edge]..<pairs.offsets[edge + 1] {
          sum &+= QuotientGraph.mixed(kinds[pair] ^ Self.term(edges[Int(pairs.sources[pair])]))
        }
        let ends = QuotientGraph.mixed(Self.term(sites[site])) &+ Self.term(sites[Int(graph.neighbors[edge])])
        signatures[edge] = QuotientGraph.mixed(sum ^ QuotientGraph.mixed(ends ^ Self.term(edges[edge]) &* 5))
      }
    }
    edgeCount = HashTable.number(signatures, &known, into: &edges)
  }

  private mutating func refineSites(_ graph: CrystalGraph) {
    let signatures = (0..<graph.siteCount).map { site in
      let sum = graph.edges(of: site).reduce(UInt64(0)) { $0 &+ QuotientGraph.mixed(Self.term(edges[$1])) }
      // Mixed twice, and so no term of the sum: a site of one edge would cancel it where the two have one number.
      return QuotientGraph.mixed(sum ^ QuotientGraph.mixed(QuotientGraph.mixed(Self.term(sites[site]))))
    }
    siteCount = HashTable.number(signatures, &known, into: &sites)
  }

  private static func term(_ number: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: number)) &* 0xD6E8_FEB8_6659_FD93 &+ 0x51
  }
}
