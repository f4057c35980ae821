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

  /// Requirements.
  public init(
    neighbors: NeighborRule, neighborLimit: Int = .max, paddingDistance: Double? = nil,
    countsBonds: Bool = false, orbitalField: OrbitalField? = nil, usesAngles: Bool = false
  ) {
    self.neighbors = neighbors
    self.neighborLimit = neighborLimit
    self.paddingDistance = paddingDistance
    self.countsBonds = countsBonds
    self.orbitalField = orbitalField
    self.usesAngles = usesAngles
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
      return (graphs.siteOffsets[structure]..<graphs.siteOffsets[structure + 1]).allSatisfy { site in
        let edges = graphs.edgeOffsets[site]..<graphs.edgeOffsets[site + 1]
        guard !graphs.edgeMultiplicities.isEmpty else { return edges.count >= count }
        return graphs.edgeMultiplicities[edges].reduce(0, +) >= Float(count)
      }
    }
  }

  /// A graph as networks of these requirements see it.
  func seen(_ graph: NeighborGraph) -> NeighborGraph {
    countsBonds ? .nearest(graph.graph.bondCounts(limit: neighborLimit)) : graph
  }

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
}
