public import Crystal

extension CrystalGraph {
  /// The graph of `NeighborRule.symmetricShells`, with the vectors of its edges. Edges of a site are ordered by (distance
  /// rounded to 1e-8 Å, neighbor, image).
  ///
  /// Source: the graphs of K. Choudhary and B. DeCost, npj Comput. Mater. 7, 185 (2021), and their code, but for shells: there a
  /// site's neighbors are all up to the distance of its `count`-th, compared exactly, which loses some of a shell to rounding.
  ///
  /// - Throws: `GraphError`, foremost `.sitesTooClose` with the closest pair.
  /// - Precondition: at least one neighbor is asked for.
  public init(symmetricShellsOf count: Int, _ structure: Structure, doublesOwnImages: Bool = false)
    throws(GraphError)
  {
    var scratch = ShellGraphBuilder.Scratch()
    try self.init(
      symmetricShellsOf: count, structure, doublesOwnImages: doublesOwnImages, scratch: &scratch)
  }

  /// As `init(symmetricShellsOf:_:doublesOwnImages:)`, in working memory that is reused.
  init(
    symmetricShellsOf count: Int, _ structure: Structure, doublesOwnImages: Bool,
    scratch: inout ShellGraphBuilder.Scratch
  ) throws(GraphError) {
    let builder = ShellGraphBuilder(neighborCount: count, cutoff: ShellGraphBuilder.largestCutoff)
    let shells = try builder.graph(of: structure, scratch: &scratch)
    var own = structure.elements.map { _ in [SymmetricEdge]() }
    for site in structure.elements.indices {
      for edge in shells.edges(of: site) {
        let (neighbor, image) = (Int(shells.neighbors[edge]), shells.images[edge])
        let distance = shells.distances[edge]
        own[site].append(SymmetricEdge(neighbor: neighbor, image: image, distance: distance))
        own[neighbor].append(SymmetricEdge(neighbor: site, image: 0 &- image, distance: distance))
      }
    }
    var offsets: [Int32] = [0]
    var edges: [SymmetricEdge] = []
    var vectors: [SIMD3<Double>] = []
    let positions = structure.fractionalPositions
    for site in own.indices {
      for edge in Self.merged(own[site]) {
        let vector = structure.lattice.cartesian(
          positions[edge.neighbor] + SIMD3<Double>(edge.image) - positions[site])
        for _ in 0..<(doublesOwnImages && edge.neighbor == site ? 2 : 1) {
          edges.append(edge)
          vectors.append(vector)
        }
      }
      offsets.append(Int32(edges.count))
    }
    self.init(
      elements: structure.elements, edgeOffsets: offsets, neighbors: edges.map { Int32($0.neighbor) },
      distances: edges.map(\.distance), images: edges.map(\.image),
      tiedCuts: structure.elements.map { _ in false }, vectors: vectors)
  }

  /// Each edge once, in order.
  private static func merged(_ edges: [SymmetricEdge]) -> [SymmetricEdge] {
    var kept: [SymmetricEdge] = []
    for edge in edges.sorted(by: { $0.precedes($1) }) {
      if let last = kept.last, last.neighbor == edge.neighbor, last.image == edge.image { continue }
      kept.append(edge)
    }
    return kept.sorted { left, right in
      let (a, b) = (DistanceShell.number(left.distance), DistanceShell.number(right.distance))
      return a == b ? left.precedes(right) : a < b
    }
  }
}

private struct SymmetricEdge {
  let neighbor: Int
  let image: SIMD3<Int32>
  let distance: Double

  func precedes(_ other: SymmetricEdge) -> Bool {
    (neighbor, image.x, image.y, image.z) < (other.neighbor, other.image.x, other.image.y, other.image.z)
  }
}
