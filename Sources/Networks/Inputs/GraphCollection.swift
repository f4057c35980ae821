public import CrystalGraphs

/// The graphs of many crystals in flat arrays: what networks are fed from.
///
/// Shapes: S structures, N sites in all, E directed edges in all, K kinds of edges in all: edges of one structure that have the same
/// measures may be of one kind.
public struct GraphCollection: Sendable {
  /// Sites of structure s are `siteOffsets[s] ..< siteOffsets[s + 1]`, shape (S + 1).
  public private(set) var siteOffsets: [Int] = [0]
  /// Edges of site i are `edgeOffsets[i] ..< edgeOffsets[i + 1]`, shape (N + 1).
  public private(set) var edgeOffsets: [Int] = [0]
  /// Atomic number of each site, shape (N).
  public private(set) var atomicNumbers: [UInt8] = []
  /// Neighbor of each edge, counted within its structure, shape (E).
  public private(set) var neighbors: [Int32] = []
  /// Kinds of structure s are `kindOffsets[s] ..< kindOffsets[s + 1]`, shape (S + 1).
  public private(set) var kindOffsets: [Int] = [0]
  /// Kind of each edge, counted within its structure, shape (E).
  public private(set) var edgeKinds: [Int32] = []
  /// Length of each kind of edge (Å), shape (K).
  public private(set) var distances: [Double] = []
  /// Facet of each kind of edge as Ω/4π, A/10 Å², V/10 Å³ and the angular moments, shape (K, `facetMeasureCount`); empty where
  /// graphs have no facets.
  public private(set) var facets: [Float] = []
  /// Orbital field of each site, shape (N, `OrbitalField.width`); empty where networks do not ask for it.
  public private(set) var orbitalFields: [Float] = []
  /// How many sites each node stands for, shape (N); empty where each stands for itself.
  public private(set) var siteMultiplicities: [Float] = []
  /// How many edges each edge stands for, shape (E); empty where each stands for itself.
  public private(set) var edgeMultiplicities: [Float] = []
  /// The line graphs, where networks ask for angles; without any entry otherwise.
  public private(set) var pairs = EdgePairs()
  /// Sites and edges that a task without labels hides or asks for; without any entry otherwise.
  public private(set) var marks = GraphMarks()

  /// Measures of a facet.
  public static let facetMeasureCount = 3 + VoronoiGraph.angularMomentCount

  /// No graphs.
  public init() {}

  /// Number of structures S.
  public var count: Int { siteOffsets.count - 1 }

  /// Number of sites of structure `index`.
  public func siteCount(of index: Int) -> Int { siteOffsets[index + 1] - siteOffsets[index] }

  /// Forgets all graphs and keeps the memory.
  public mutating func removeAll() {
    siteOffsets.removeSubrange(1...)
    edgeOffsets.removeSubrange(1...)
    atomicNumbers.removeAll(keepingCapacity: true)
    neighbors.removeAll(keepingCapacity: true)
    kindOffsets.removeSubrange(1...)
    edgeKinds.removeAll(keepingCapacity: true)
    distances.removeAll(keepingCapacity: true)
    facets.removeAll(keepingCapacity: true)
    orbitalFields.removeAll(keepingCapacity: true)
    siteMultiplicities.removeAll(keepingCapacity: true)
    edgeMultiplicities.removeAll(keepingCapacity: true)
    pairs.removeAll()
    marks.removeAll()
  }

  /// Adds the quotient of a graph: equivalent sites as one node, equal edges as one edge, each with its multiplicity.
  /// Not to be mixed with graphs that were added whole.
  ///
  /// - Parameters:
  ///   - graph: the graph.
  ///   - fields: the orbital field of each site where the networks ask for it.
  ///   - requirements: those of the networks it is for.
  ///   - quotient: working memory; has the class of each site afterwards (`QuotientGraph.siteClasses`).
  public mutating func appendQuotient(
    of graph: NeighborGraph, orbitalFields fields: [SIMD32<Double>] = [], for requirements: InputRequirements,
    scratch quotient: inout QuotientGraph
  ) {
    requirements.check(fields, of: graph)
    if requirements.usesAngles {
      let lines = LineGraph(
        quotientOf: graph.graph, pairsEdgesWithThemselves: requirements.pairsEdgesWithThemselves)
      append(lines)
      quotient.takeClasses(of: lines)
      return
    }
    let graph = requirements.seen(graph)
    quotient.form(
      graph, orbitalFields: fields, limit: requirements.seenLimit, padding: requirements.seenPadding)
    let elements = graph.graph.elements
    let hasFacets = graph.facets != nil
    for node in 0..<quotient.nodeCount {
      atomicNumbers.append(elements[quotient.representatives[node]].rawValue)
      siteMultiplicities.append(quotient.siteMultiplicities[node])
      for edge in quotient.edgeOffsets[node]..<quotient.edgeOffsets[node + 1] {
        neighbors.append(quotient.neighbors[edge])
        edgeKinds.append(quotient.edgeKinds[edge])
        edgeMultiplicities.append(quotient.edgeMultiplicities[edge])
      }
      edgeOffsets.append(neighbors.count)
    }
    append(quotient.orbitalFields)
    for measure in quotient.measures {
      distances.append(Double(measure[0]))
      if hasFacets {
        for index in 1...Self.facetMeasureCount { facets.append(measure[index]) }
      }
    }
    kindOffsets.append(distances.count)
    siteOffsets.append(atomicNumbers.count)
  }

  /// Adds a graph whole, with the padding that the requirements ask for, and the orbital fields of its sites where they do.
  public mutating func append(
    _ graph: NeighborGraph, orbitalFields fields: [SIMD32<Double>] = [], for requirements: InputRequirements
  ) {
    requirements.check(fields, of: graph)
    if requirements.usesAngles {
      append(LineGraph(of: graph.graph, pairsEdgesWithThemselves: requirements.pairsEdgesWithThemselves))
      return
    }
    append(fields)
    switch requirements.seen(graph) {
    case .voronoi(let voronoi): append(voronoi)
    case .nearest(let graph):
      append(graph, limit: requirements.seenLimit, paddingDistance: requirements.seenPadding)
    }
  }

  private mutating func append(_ fields: [SIMD32<Double>]) {
    for field in fields {
      for slot in 0..<OrbitalField.width { orbitalFields.append(Float(field[slot])) }
    }
  }

  /// Adds structure `structure` of another collection.
  public mutating func append(contentsOf other: GraphCollection, structure: Int) {
    for site in other.siteOffsets[structure]..<other.siteOffsets[structure + 1] {
      let edges = other.edgeOffsets[site]..<other.edgeOffsets[site + 1]
      atomicNumbers.append(other.atomicNumbers[site])
      neighbors.append(contentsOf: other.neighbors[edges])
      edgeKinds.append(contentsOf: other.edgeKinds[edges])
      if !other.siteMultiplicities.isEmpty {
        siteMultiplicities.append(other.siteMultiplicities[site])
        edgeMultiplicities.append(contentsOf: other.edgeMultiplicities[edges])
      }
      edgeOffsets.append(neighbors.count)
    }
    let kinds = other.kindOffsets[structure]..<other.kindOffsets[structure + 1]
    distances.append(contentsOf: other.distances[kinds])
    if !other.facets.isEmpty {
      let count = Self.facetMeasureCount
      facets.append(contentsOf: other.facets[count * kinds.lowerBound..<count * kinds.upperBound])
    }
    if !other.orbitalFields.isEmpty {
      let (sites, width) = (
        other.siteOffsets[structure]..<other.siteOffsets[structure + 1], OrbitalField.width
      )
      orbitalFields.append(
        contentsOf: other.orbitalFields[width * sites.lowerBound..<width * sites.upperBound])
    }
    kindOffsets.append(distances.count)
    siteOffsets.append(atomicNumbers.count)
    pairs.append(contentsOf: other.pairs, structure: structure, edges: other.edges(of: structure))
    marks.append(contentsOf: other.marks, structure: structure)
  }

  /// Marks sites, counted within the collection, and edges of the structure that was added last and begins at site `first`.
  mutating func mark(_ sites: [Int], from first: Int, edges: [Int], hidesElements: Bool) {
    marks.append(sites: sites.map { $0 - first }, elements: sites.map { atomicNumbers[$0] }, edges: edges)
    precondition(marks.siteOffsets.count == siteOffsets.count, "marks of every structure or of none")
    guard hidesElements else { return }
    for site in sites { atomicNumbers[site] = Self.maskedElement }
  }

  /// Stands for the element of a site that is to be unknown; see `append(viewOf:)`.
  public static let maskedElement: UInt8 = 0

  /// Adds a view of structure `structure` of another collection, of whole graphs of lengths alone: some sites lose their element,
  /// and each keeps some of its edges.
  ///
  /// - Parameters:
  ///   - other: the collection.
  ///   - structure: which of its structures.
  ///   - masked: sites that lose their element, counted within the structure.
  ///   - kept: of each site the edges that stay, counted within its own, in the order in which they are stored.
  ///   - limit: length of a site's list that is filled up, where `paddingDistance` is given.
  ///   - paddingDistance: length (Å) of the edges to the structure's first site that fill it up; nil for none.
  public mutating func append(
    viewOf other: GraphCollection, structure: Int, masking masked: [Int], keeping kept: [[Int]],
    limit: Int, paddingDistance: Double?
  ) {
    precondition(
      other.facets.isEmpty && other.orbitalFields.isEmpty && other.siteMultiplicities.isEmpty
        && other.pairs.isEmpty, "whole graphs of lengths alone")
    let (first, kinds) = (other.siteOffsets[structure], other.kindOffsets[structure])
    precondition(kept.count == other.siteCount(of: structure), "edges of each site")
    let start = atomicNumbers.count
    for (site, kept) in kept.enumerated() {
      atomicNumbers.append(other.atomicNumbers[first + site])
      let edges = other.edgeOffsets[first + site]
      for edge in kept {
        precondition(edges + edge < other.edgeOffsets[first + site + 1], "one of the site's edges")
        neighbors.append(other.neighbors[edges + edge])
        distances.append(other.distances[kinds + Int(other.edgeKinds[edges + edge])])
      }
      if let paddingDistance {
        for _ in kept.count..<max(kept.count, limit) {
          neighbors.append(0)
          distances.append(paddingDistance)
        }
      }
      edgeOffsets.append(neighbors.count)
    }
    for site in masked { atomicNumbers[start + site] = Self.maskedElement }
    endWholeGraph()
  }

  /// Adds structure `structure` of another collection with all lengths times `factor`: what its graph becomes when the
  /// crystal grows or shrinks, where `InputRequirements.graphScales` says so.
  public mutating func append(contentsOf other: GraphCollection, structure: Int, scaledBy factor: Double) {
    precondition(other.orbitalFields.isEmpty, "orbital fields do not scale")
    let first = distances.count
    append(contentsOf: other, structure: structure)
    for kind in first..<distances.count {
      distances[kind] *= factor
      guard !facets.isEmpty else { continue }
      // Solid angles and moments stay as they are; area and volume grow.
      facets[Self.facetMeasureCount * kind + 1] *= Float(factor * factor)
      facets[Self.facetMeasureCount * kind + 2] *= Float(factor * factor * factor)
    }
  }

  /// Makes each edge of a new structure a kind of its own.
  private mutating func endWholeGraph() {
    let kinds = distances.count - kindOffsets[kindOffsets.count - 1]
    edgeKinds.append(contentsOf: 0..<Int32(kinds))
    kindOffsets.append(distances.count)
    siteOffsets.append(atomicNumbers.count)
  }

  /// Edges of structure `index`.
  func edges(of index: Int) -> Range<Int> {
    edgeOffsets[siteOffsets[index]]..<edgeOffsets[siteOffsets[index + 1]]
  }

  /// Sites, edges and pairs of edges of structure `index`: about in proportion to the time that a network takes for it.
  func rowCount(of index: Int) -> Int {
    let edges = edges(of: index)
    let pairs =
      pairs.isEmpty ? 0 : self.pairs.offsets[edges.upperBound] - self.pairs.offsets[edges.lowerBound]
    return siteCount(of: index) + edges.count + pairs
  }

  /// Adds a graph with its line graph; not to be mixed with graphs without, nor wholes with quotients.
  mutating func append(_ graph: LineGraph) {
    for node in 0..<graph.atomicNumbers.count {
      atomicNumbers.append(graph.atomicNumbers[node])
      let edges = graph.edgeOffsets[node]..<graph.edgeOffsets[node + 1]
      neighbors.append(contentsOf: graph.neighbors[edges])
      distances.append(contentsOf: graph.distances[edges])
      if graph.isQuotient {
        siteMultiplicities.append(graph.siteMultiplicities[node])
        edgeMultiplicities.append(contentsOf: graph.edgeMultiplicities[edges])
      }
      edgeOffsets.append(neighbors.count)
    }
    endWholeGraph()
    pairs.append(graph)
  }

  /// Adds one Voronoi graph with the measures of its facets; not to be mixed with graphs without.
  public mutating func append(_ voronoi: VoronoiGraph) {
    let graph = voronoi.graph
    for element in graph.elements { atomicNumbers.append(element.rawValue) }
    for site in 0..<graph.siteCount {
      for edge in graph.edges(of: site) {
        neighbors.append(graph.neighbors[edge])
        distances.append(graph.distances[edge])
        facets.append(Float(voronoi.solidAngles[edge] / (4 * .pi)))
        facets.append(Float(voronoi.areas[edge] / 10))
        facets.append(Float(voronoi.pyramidVolumes[edge] / 10))
        let count = VoronoiGraph.angularMomentCount
        facets.append(contentsOf: voronoi.angularMoments[count * edge..<count * (edge + 1)])
      }
      edgeOffsets.append(neighbors.count)
    }
    endWholeGraph()
  }

  /// Adds one graph.
  ///
  /// - Parameters:
  ///   - graph: the graph.
  ///   - limit: at most so many edges of a site, its first ones, are taken.
  ///   - paddingDistance: length (Å) of the edges to the structure's first site that fill a site's list up to `limit`; nil
  ///     for none.
  public mutating func append(_ graph: CrystalGraph, limit: Int = .max, paddingDistance: Double? = nil) {
    for element in graph.elements { atomicNumbers.append(element.rawValue) }
    for site in 0..<graph.siteCount {
      let range = Int(graph.edgeOffsets[site])..<Int(graph.edgeOffsets[site + 1])
      for edge in range.prefix(limit) {
        neighbors.append(graph.neighbors[edge])
        distances.append(graph.distances[edge])
      }
      if let paddingDistance, range.count < limit {
        for _ in range.count..<limit {
          neighbors.append(0)
          distances.append(paddingDistance)
        }
      }
      edgeOffsets.append(neighbors.count)
    }
    endWholeGraph()
  }
}
