internal import CrystalGraphs
internal import ModelFormats

/// Which table says what orbitals an element has.
public enum OrbitalChoice: String, Codable, CaseIterable, Hashable, Sendable {
  /// The ground states of the free atoms.
  case groundStates = "ground_states"
  /// The list of the published code, with its errors.
  case published

  var table: OrbitalTable { self == .groundStates ? .groundStates : .published }
}

/// What a site knows of the orbitals around it. With D(Z) ∈ {0, 1}³² the orbital vector of an element, the orbital field
/// matrix of site i is
///
///     X_i = D(Z_i)ᵀ f_i        f_i = Σ_j (Ω_ij / max_k Ω_ik) d_ij^(−p) D(Z_j)
///
/// with the sum over all facets of the site's Voronoi cell, solid angles Ω and distances d (Å). Since D(Z_i) follows from the
/// element, the 32 numbers f_i say all of it.
///
/// Source: M. Karamad, R. Magar et al., Phys. Rev. Materials 4, 093801 (2020), in the form of the authors' code, where p is 4.
public struct OrbitalField: Codable, Hashable, Sendable {
  /// Whose orbital vectors.
  public var orbitals: OrbitalChoice
  /// The exponent p.
  public var distancePower: Int

  /// Numbers a site, one for each slot of an orbital vector.
  public static let width = OrbitalTable.slotCount
  /// Makes the graphs that `vectors` takes: all facets count, and their solid angles alone.
  static let facets = VoronoiGraphBuilder(minimumSolidAngleFraction: 0, hasAngularMoments: false)

  /// A field; `distancePower` is at least 1.
  public init(orbitals: OrbitalChoice, distancePower: Int) {
    self.orbitals = orbitals
    self.distancePower = distancePower
  }

  /// The vector f of every site of a graph whose edges are facets.
  func vectors(_ voronoi: VoronoiGraph) -> [SIMD32<Double>] {
    let (graph, table) = (voronoi.graph, orbitals.table)
    let slots = graph.elements.map { table.slots(of: $0.atomicNumber) }
    return (0..<graph.siteCount).map { site in
      let edges = graph.edges(of: site)
      let largest = edges.reduce(0) { max($0, voronoi.solidAngles[$1]) }
      var sum = SIMD32<Double>()
      for edge in edges {
        var weight = voronoi.solidAngles[edge] / largest
        for _ in 0..<distancePower { weight /= graph.distances[edge] }
        for slot in slots[Int(graph.neighbors[edge])] { sum[slot] += weight }
      }
      return sum
    }
  }
}
