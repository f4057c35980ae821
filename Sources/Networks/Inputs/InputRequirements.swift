public import CrystalGraphs

/// What a network is fed with: which edges its graphs have, and what they and the sites hold.
///
/// Networks of equal requirements take the same graphs.
public struct InputRequirements: Hashable, Sendable {
  /// Which neighbors a site has edges to.
  public var neighbors: NeighborRule
  /// Edges of a site that count at most; the nearest ones.
  public var neighborLimit: Int
  /// Length (Å) of the edges to the first site that stand in for missing ones up to the limit; nil where nothing does.
  public var paddingDistance: Double?

  /// Whether the network sees an adjacency matrix instead of the edges themselves: how many bonds there are between two
  /// sites, counted in the direction that has more of them, and nothing of their lengths.
  public var countsBonds: Bool
  /// What sites know of the orbitals around them; nil where the network does not ask.
  public var orbitalField: OrbitalField?

  /// Whether the network sees the angles between edges: the edges of the neighbor rule then have vectors.
  public var usesAngles: Bool

  /// Whether edges are turned round: a site then has the edges of the sites that list it among their neighbors, padding
  /// too, and not those that it lists itself. Lists of nearest neighbors are not symmetric.
  public var reversesEdges: Bool

  /// Requirements.
  public init(
    neighbors: NeighborRule, neighborLimit: Int = .max, paddingDistance: Double? = nil,
    countsBonds: Bool = false, orbitalField: OrbitalField? = nil, usesAngles: Bool = false,
    reversesEdges: Bool = false
  ) {
    self.neighbors = neighbors
    self.neighborLimit = neighborLimit
    self.paddingDistance = paddingDistance
    self.countsBonds = countsBonds
    self.orbitalField = orbitalField
    self.usesAngles = usesAngles
    self.reversesEdges = reversesEdges
  }

  /// What is different in other requirements, in the words of training files.
  func differences(from other: InputRequirements) -> [String] {
    func words(_ own: InputRequirements) -> String {
      switch own.neighbors {
      case .nearest(let count, let cutoff): "\(count) within \(cutoff) Å"
      case .nearestShells(let count, let cutoff): "shells of \(count) within \(cutoff) Å"
      case .symmetricShells(let count, _): "shells of \(count) both ways"
      case .within(let cutoff): "all within \(cutoff) Å"
      case .voronoi: "those of Voronoi facets"
      case .noNeighbors: "none"
      }
    }
    func padding(_ own: InputRequirements) -> String { own.paddingDistance == nil ? "none" : "first_atom" }
    func direction(_ own: InputRequirements) -> String {
      own.reversesEdges ? "to_neighbors" : "from_neighbors"
    }
    func difference(_ name: String, _ text: (InputRequirements) -> String) -> String? {
      text(self) == text(other) ? nil : "\(name) (\(text(self)) here, \(text(other)) there)"
    }
    let named = [
      difference("neighbors", words), difference("padding", padding),
      difference("direction of messages", direction),
    ].compactMap { $0 }
    return named.isEmpty && self != other ? ["other edges, orbitals or angles"] : named
  }

  /// Whether an edge makes a pair with itself. In the crystal the two are different, a site's edge to its own image and what
  /// goes on from there; the code of ALIGNN, which has such edges twice, leaves the pair out.
  var pairsEdgesWithThemselves: Bool {
    if case .symmetricShells(_, doublesOwnImages: true) = neighbors { false } else { true }
  }

  /// Whether the graph of a crystal with all lengths times `factor` is, but for rounding, that of structure `structure` with
  /// its lengths times `factor`. It is not where a cutoff may take edges away or let some in.
  public func graphScales(_ structure: Int, of graphs: GraphCollection, by factor: Double) -> Bool {
    guard paddingDistance == nil, !countsBonds, orbitalField == nil else { return false }
    switch neighbors {
    case .voronoi, .symmetricShells, .noNeighbors: return true
    case .within: return false
    case .nearest(let count, let cutoff), .nearestShells(let count, let cutoff):
      let kinds = graphs.kindOffsets[structure]..<graphs.kindOffsets[structure + 1]
      guard graphs.distances[kinds].allSatisfy({ $0 * factor < cutoff }) else { return false }
      let sites = graphs.siteOffsets[structure]..<graphs.siteOffsets[structure + 1]
      func edges(_ site: Int) -> Float {
        let edges = graphs.edgeOffsets[site]..<graphs.edgeOffsets[site + 1]
        return graphs.edgeMultiplicities.isEmpty
          ? Float(edges.count) : graphs.edgeMultiplicities[edges].reduce(0, +)
      }
      guard reversesEdges else { return sites.allSatisfy { edges($0) >= Float(count) } }
      // No site lists more than `count`: where they list so many on average, each does.
      func multiplicity(_ site: Int) -> Float {
        graphs.siteMultiplicities.isEmpty ? 1 : graphs.siteMultiplicities[site]
      }
      let total = sites.reduce(Float(0)) { $0 + multiplicity($1) * edges($1) }
      return total >= Float(count) * sites.reduce(0) { $0 + multiplicity($1) }
    }
  }

  /// A graph as networks of these requirements see it.
  func seen(_ graph: NeighborGraph) -> NeighborGraph {
    precondition(!reversesEdges || graph.facets == nil && !countsBonds, "bare edges can be turned round")
    if countsBonds { return .nearest(graph.graph.bondCounts(limit: neighborLimit)) }
    guard reversesEdges else { return graph }
    return .nearest(graph.graph.reversed(limit: neighborLimit, paddingDistance: paddingDistance))
  }

  /// Edges of a site that count at most in a graph as it is seen.
  var seenLimit: Int { countsBonds || reversesEdges ? .max : neighborLimit }
  /// Length (Å) of the edges that a graph as it is seen lacks still; nil where it lacks none.
  var seenPadding: Double? { reversesEdges ? nil : paddingDistance }

  /// Checks that orbital fields are there where they are asked for, one a site.
  func check(_ fields: [SIMD32<Double>], of graph: NeighborGraph) {
    precondition(
      fields.count == (orbitalField == nil ? 0 : graph.graph.siteCount),
      "an orbital field for each site of networks that ask for it")
  }

  /// Largest atomic number that there are element features for.
  public static let largestAtomicNumber = ElementEmbedding.elementRows - 1
}

extension CrystalGraph {
  /// The adjacency matrix A_ij = max(n_ij, n_ji), n_ij being the edges that lead from i to j or an image of it, as a graph
  /// with A_ij edges of no length from i to j. Lists of nearest neighbors are not symmetric, and the normalization
  /// of a graph convolution needs a matrix that is.
  ///
  /// - Parameter limit: at most so many edges of a site, its first ones, count.
  func bondCounts(limit: Int) -> CrystalGraph {
    var counts = [[Int32: Int]](repeating: [:], count: siteCount)
    for site in 0..<siteCount {
      for edge in edges(of: site).prefix(limit) { counts[site][neighbors[edge], default: 0] += 1 }
    }
    var offsets: [Int32] = [0]
    var ends: [Int32] = []
    var reverse = [[Int32]](repeating: [], count: siteCount)
    for site in 0..<siteCount {
      for neighbor in counts[site].keys where counts[Int(neighbor)][Int32(site)] == nil {
        reverse[Int(neighbor)].append(Int32(site))
      }
    }
    for site in 0..<siteCount {
      for neighbor in (Array(counts[site].keys) + reverse[site]).sorted() {
        let count = max(counts[site][neighbor] ?? 0, counts[Int(neighbor)][Int32(site)] ?? 0)
        ends.append(contentsOf: repeatElement(neighbor, count: count))
      }
      offsets.append(Int32(ends.count))
    }
    return CrystalGraph(
      elements: elements, edgeOffsets: offsets, neighbors: ends, distances: ends.map { _ in 0 },
      images: ends.map { _ in SIMD3(0, 0, 0) }, tiedCuts: elements.map { _ in false })
  }
  /// The graph with every edge turned round: the edges of site j lead to the sites i that list j, in the order of these.
  ///
  /// - Parameters:
  ///   - limit: at most so many edges of a site, its first ones, are taken.
  ///   - paddingDistance: length (Å) of the edges to the first site that fill a site's list up to `limit` before they are turned
  ///     round; nil for none.
  func reversed(limit: Int, paddingDistance: Double?) -> CrystalGraph {
    var edges: [(from: Int32, to: Int32, distance: Double, image: SIMD3<Int32>)] = []
    for site in 0..<siteCount {
      let own = self.edges(of: site).prefix(limit)
      for edge in own {
        edges.append((neighbors[edge], Int32(site), distances[edge], 0 &- images[edge]))
      }
      guard let paddingDistance, own.count < limit else { continue }
      for _ in own.count..<limit { edges.append((0, Int32(site), paddingDistance, .zero)) }
    }
    var offsets = [Int32](repeating: 0, count: siteCount + 1)
    for edge in edges { offsets[Int(edge.from) + 1] += 1 }
    for site in 0..<siteCount { offsets[site + 1] += offsets[site] }
    var places = offsets
    var order = [Int](repeating: 0, count: edges.count)
    for (index, edge) in edges.enumerated() {
      order[Int(places[Int(edge.from)])] = index
      places[Int(edge.from)] += 1
    }
    return CrystalGraph(
      elements: elements, edgeOffsets: offsets, neighbors: order.map { edges[$0].to },
      distances: order.map { edges[$0].distance }, images: order.map { edges[$0].image },
      tiedCuts: tiedCuts)
  }
}
