internal import Crystal
public import CrystalGraphs
internal import TensorKernels

/// A crystal graph with equivalent sites merged: what a network that sees elements and edges cannot tell apart.
///
/// Sites are in one class of the coarsest equitable partition when they have the same element and the same multiset of
/// (edge, class of the neighbor), and the same orbital field where they have one. Their vectors are then equal in every layer, so one node per class suffices, with the
/// class's size as weight, and equal edges of a node count as one with a multiplicity. No symmetry search is needed.
///
/// Edges are equal when their lengths, and the solid angles and areas of their facets where they have any, are equal
/// but for rounding: all lengths of a crystal are sorted, and a new kind begins where one exceeds the first of its kind
/// by more than a tolerance; facets are compared with the first of each kind. A merged edge has the mean of what it
/// stands for, over all sites of the class, so that whatever small differences there are change a prediction in second
/// order only. In graphs with facets, merged edges whose means agree to a closer tolerance have one mean: what a network
/// computes of an edge alone it computes once a kind.
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
  /// Which of `measures` each merged edge has, in order of first appearance.
  public private(set) var edgeKinds: [Int32] = []
  /// Length (Å), and of graphs with facets Ω/4π, A/10 Å², V/10 Å³ and the angular moments, of each kind of edge.
  public private(set) var measures: [SIMD16<Float>] = []
  /// Orbital field of each class, the mean over its sites; empty where sites have none.
  public private(set) var orbitalFields: [SIMD32<Double>] = []
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
  /// Orbital fields (Å^−p) closer than this in each of their numbers are one.
  public static let orbitalFieldTolerance = 1e-5
  /// Means of merged edges that differ by less than this, each in its unit, become one.
  public static let sharingTolerance: Float = 5e-6

  /// Class of each site in the order of the graph, by its place among the classes.
  public var siteClasses: ArraySlice<Int32> { classes[...] }

  private var classes: [Int32] = []
  private var signatures: [UInt64] = []
  /// What an edge looks like, without its neighbor.
  private var kinds: [UInt64] = []
  private var sorted: [UInt64] = []
  private var shapes: [Shape] = []
  private var sums: [SIMD16<Double>] = []
  private var mergedKinds: [UInt64] = []
  /// Sums over the edges that have each of `measures`, and how many they are.
  private var totals: [SIMD16<Double>] = []
  private var counts: [Double] = []
  /// A hash table: for each signature found in a pass, the class that it has, or the first edge.
  private var known = HashTable.Places()

  /// Empty working memory.
  public init() {}

  /// Forms the quotient of a graph.
  ///
  /// - Parameters:
  ///   - graph: the graph.
  ///   - fields: the orbital field of each site; empty where they have none.
  ///   - limit: at most so many edges of a site count.
  ///   - padding: length (Å) of the edges to the first site that fill a site's list up to `limit`; nil for none.
  public mutating func form(
    _ graph: NeighborGraph, orbitalFields fields: [SIMD32<Double>] = [], limit: Int = .max,
    padding: Double? = nil
  ) {
    let facets = graph.facets
    let graph = graph.graph
    findKinds(graph, facets)
    startClasses(graph.elements, fields)
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
    averageFields(fields)
    edgeOffsets.removeAll(keepingCapacity: true)
    edgeOffsets.append(0)
    neighbors.removeAll(keepingCapacity: true)
    edgeKinds.removeAll(keepingCapacity: true)
    edgeMultiplicities.removeAll(keepingCapacity: true)
    mergedKinds.removeAll(keepingCapacity: true)
    for node in 0..<nodeCount { mergeEdges(graph, of: representatives[node], limit: limit, padding: padding) }
    average(graph, facets, limit: limit, padding: padding)
  }

  // MARK: Kinds of edges

  private mutating func findKinds(_ graph: CrystalGraph, _ facets: VoronoiGraph?) {
    kinds.removeAll(keepingCapacity: true)
    kinds.append(contentsOf: repeatElement(0, count: graph.edgeCount))
    addKinds(graph.distances, tolerance: Self.lengthTolerance)
    if let facets { addFacets(facets) }
  }

  /// Tells edges of one length apart whose facets differ: each is compared with the first edge of every kind so far.
  private mutating func addFacets(_ facets: VoronoiGraph) {
    // In units of the tolerances: one comparison for all.
    let (perSolidAngle, perArea) = (1 / Self.solidAngleTolerance, 1 / Self.areaTolerance)
    shapes.removeAll(keepingCapacity: true)
    facets.angularMoments.withUnsafeBytes { moments in
      for edge in kinds.indices {
        let own = moments.loadUnaligned(
          fromByteOffset: edge * MemoryLayout<SIMD8<Float>>.size, as: SIMD8<Float>.self)
        shapes.append(
          Shape(
            facet: SIMD2(facets.solidAngles[edge] * perSolidAngle, facets.areas[edge] * perArea),
            moments: own / Self.momentTolerance))
      }
    }
    let table = HashTable(count: kinds.count, &known)
    for edge in kinds.indices {
      let first = table.find(kinds[edge], orInsert: Int32(edge), &known) {
        shapes[edge].equals(shapes[Int($0)])
      }
      kinds[edge] = Self.mixed(kinds[edge] ^ UInt64(first))
    }
  }

  /// Numbers the clusters of `values` and mixes the numbers into the kinds.
  private mutating func addKinds(_ values: [Double], tolerance: Double) {
    numberClusters(of: values, tolerance: tolerance, placeBits: 20, scratch: &sorted) { edge, cluster in
      kinds[edge] = Self.mixed(kinds[edge] ^ cluster)
    }
  }

  // MARK: Classes of sites

  /// Gives sites that are equal by themselves one signature: that of the first of them.
  private mutating func startClasses(_ elements: [Element], _ fields: [SIMD32<Double>]) {
    signatures.removeAll(keepingCapacity: true)
    guard !fields.isEmpty else {
      for element in elements { signatures.append(UInt64(element.rawValue)) }
      return
    }
    let limit = Self.orbitalFieldTolerance * Self.orbitalFieldTolerance
    var firsts: [Int] = []
    for site in elements.indices {
      let first = firsts.first { first in
        guard elements[first] == elements[site] else { return false }
        let difference = fields[site] - fields[first]
        return (difference * difference).max() <= limit
      }
      if first == nil { firsts.append(site) }
      signatures.append(UInt64(first ?? site))
    }
  }

  private mutating func averageFields(_ fields: [SIMD32<Double>]) {
    orbitalFields.removeAll(keepingCapacity: true)
    guard !fields.isEmpty else { return }
    orbitalFields.append(contentsOf: repeatElement(.zero, count: nodeCount))
    for (site, field) in fields.enumerated() { orbitalFields[Int(classes[site])] += field }
    for node in 0..<nodeCount { orbitalFields[node] /= Double(siteMultiplicities[node]) }
  }

  /// Splits classes by what their sites see until no class splits.
  private mutating func refine(_ graph: CrystalGraph, limit: Int) {
    let count = graph.siteCount
    nodeCount = HashTable.number(signatures, &known, into: &classes)
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
      let refined = HashTable.number(signatures, &known, into: &classes)
      guard refined > nodeCount else { break }
      nodeCount = refined
    }
  }

  /// Takes over the classes of a graph that was merged with its line graph.
  mutating func takeClasses(of graph: LineGraph) { classes = graph.siteClasses }

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

  /// Gives each merged edge the mean of those it stands for, and in graphs with facets those with nearly equal means one.
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
    // Lengths alone are as quickly expanded as compared.
    if facets == nil { keepMeans(padding) } else { shareMeans() }
  }

  /// Makes each merged edge a kind of its own.
  private mutating func keepMeans(_ padding: Double?) {
    for node in 0..<nodeCount {
      for edge in edgeOffsets[node]..<edgeOffsets[node + 1] {
        var measure = SIMD16<Float>()
        if let padding, mergedKinds[edge] == 0 {
          measure[0] = Float(padding)
        } else {
          let count = Double(edgeMultiplicities[edge] * siteMultiplicities[node])
          measure[0] = Float(sums[edge][0] / count)
        }
        edgeKinds.append(Int32(edge))
        measures.append(measure)
      }
    }
  }

  /// Makes merged edges with nearly equal means one kind.
  private mutating func shareMeans() {
    totals.removeAll(keepingCapacity: true)
    counts.removeAll(keepingCapacity: true)
    let table = HashTable(count: neighbors.count, &known)
    for node in 0..<nodeCount {
      for edge in edgeOffsets[node]..<edgeOffsets[node + 1] {
        let count = Double(edgeMultiplicities[edge] * siteMultiplicities[node])
        let kind = Int(kind(of: SIMD16<Float>(sums[edge] / count), mergedKinds[edge], table))
        edgeKinds.append(Int32(kind))
        totals[kind] += sums[edge]
        counts[kind] += count
      }
    }
    for kind in measures.indices { measures[kind] = SIMD16<Float>(totals[kind] / counts[kind]) }
  }

  /// The place among `measures` of one that is within tolerance, of the same kind; a new one where there is none.
  private mutating func kind(of measure: SIMD16<Float>, _ kind: UInt64, _ table: HashTable) -> Int32 {
    let new = Int32(measures.count)
    let found = table.find(kind, orInsert: new, &known) { place in
      let difference = measure - measures[Int(place)]
      return (difference * difference).max() <= Self.sharingTolerance * Self.sharingTolerance
    }
    if found == new {
      measures.append(measure)
      totals.append(.zero)
      counts.append(0)
    }
    return found
  }

  static func mixed(_ value: UInt64) -> UInt64 { mixedBits(value &+ 0x9E37_79B9_7F4A_7C15) }
}

/// What a facet looks like, each number in units of its tolerance.
private struct Shape {
  /// Solid angle and area.
  let facet: SIMD2<Double>
  let moments: SIMD8<Float>

  @inline(__always)
  func equals(_ other: Shape) -> Bool {
    let (facet, moments) = (facet - other.facet, moments - other.moments)
    return max(abs(facet.x), abs(facet.y)) <= 1 && (moments * moments).max() <= 1
  }
}
