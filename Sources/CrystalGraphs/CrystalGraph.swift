public import Crystal

/// A crystal as a directed multigraph: sites are nodes, edges lead from a center to a periodic neighbor.
///
/// The edges of site i stand at positions `edgeOffsets[i] ..< edgeOffsets[i + 1]` of the flat arrays, in a canonical
/// order (see the builder that made the graph). The neighbor of edge e sits at
///
///     x = lattice.cartesian(fractionalPositions[neighbors[e]] + images[e])
///
/// with the positions as they are given, not wrapped, and in the basis that was given, not a reduced one.
public struct CrystalGraph: Hashable, Sendable {
  /// Number of sites N.
  public let siteCount: Int
  /// Element of each site, shape (N).
  public let elements: [Element]
  /// First edge of each site and, last, the number of edges E; shape (N + 1).
  public let edgeOffsets: [Int32]
  /// Site at the far end of each edge, shape (E).
  public let neighbors: [Int32]
  /// Length of each edge (Å), shape (E).
  public let distances: [Double]
  /// Lattice translation of the neighbor, in the basis of the crystal as given; shape (E).
  public let images: [SIMD3<Int32>]
  /// Whether the list of a site ends inside a shell of equal distances (within the builder's tie tolerance), so that
  /// only the tie rule says which of them are in it; shape (N).
  public let tiedCuts: [Bool]
  /// Vector (Å) from the center of each edge to its neighbor, shape (E); empty where the rule does not ask for angles.
  public let vectors: [SIMD3<Double>]

  /// A graph from its arrays.
  ///
  /// - Precondition: the shapes agree as stated at each property.
  public init(
    elements: [Element], edgeOffsets: [Int32], neighbors: [Int32], distances: [Double],
    images: [SIMD3<Int32>],
    tiedCuts: [Bool], vectors: [SIMD3<Double>] = []
  ) {
    precondition(edgeOffsets.count == elements.count + 1, "one offset per site and one more")
    precondition(neighbors.count == distances.count && neighbors.count == images.count, "one entry per edge")
    precondition(tiedCuts.count == elements.count, "one flag per site")
    precondition(vectors.isEmpty || vectors.count == neighbors.count, "one vector per edge, or none")
    self.siteCount = elements.count
    self.elements = elements
    self.edgeOffsets = edgeOffsets
    self.neighbors = neighbors
    self.distances = distances
    self.images = images
    self.tiedCuts = tiedCuts
    self.vectors = vectors
  }

  /// Sites without neighbors.
  public init(withoutEdges elements: [Element]) {
    self.init(
      elements: elements, edgeOffsets: [Int32](repeating: 0, count: elements.count + 1), neighbors: [],
      distances: [], images: [], tiedCuts: elements.map { _ in false })
  }

  /// Number of edges E.
  public var edgeCount: Int { neighbors.count }

  /// Positions of the edges of `site` in the flat arrays.
  public func edges(of site: Int) -> Range<Int> { Int(edgeOffsets[site])..<Int(edgeOffsets[site + 1]) }

  /// The sites whose list ends inside a shell of equal distances, in increasing order.
  public func tiedCutSites() -> [Int] { tiedCuts.indices.filter { tiedCuts[$0] } }
}

/// Why a crystal has no graph.
public enum GraphError: Error, Equatable, Sendable {
  /// Two sites (or a site and its own image) are closer than any two atoms are; distance in Å.
  case sitesTooClose(siteA: Int, siteB: Int, distance: Double)
  /// The basis is so skewed, or coordinates so far from the cell, that a lattice translation overflows 32 bits.
  case imageOutOfRange
  /// The sphere of this radius (Å) holds more periodic images than memory allows.
  case searchTooLarge(radius: Double)
  /// The basis cannot be reduced: rounding leaves no volume.
  case degenerateLattice(LatticeError)
}

extension GraphError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .sitesTooClose(let siteA, let siteB, let distance):
      "sites \(siteA) and \(siteB) (counted from 0) are \(distance) Å apart, closer than any two atoms"
    case .imageOutOfRange:
      "the basis is so skewed, or a site so far from the cell, that its translations overflow"
    case .searchTooLarge(let radius): "more periodic images within \(radius) Å than memory allows"
    case .degenerateLattice: "the lattice spans no volume"
    }
  }
}
