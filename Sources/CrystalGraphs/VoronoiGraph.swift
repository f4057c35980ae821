public import Crystal

/// A crystal graph whose edges are the facets between Voronoi cells, with their measures.
public struct VoronoiGraph: Hashable, Sendable {
  /// Sites and edges; an edge is a facet, its distance that of the neighbor. Every edge is there both ways.
  public let graph: CrystalGraph
  /// Area of each facet (Å²), shape (E).
  public let areas: [Double]
  /// Solid angle of each facet from its center (sr), shape (E).
  public let solidAngles: [Double]
  /// Volume of the pyramid on each facet (Å³), shape (E).
  public let pyramidVolumes: [Double]
  /// How the other facets lie about each edge, shape (E, `angularMomentCount`):
  ///
  ///     m_l(ij) = Σ_k Ω_ik P_l(cos θ_jik) / Σ_k Ω_ik,   l = 1 … 4,
  ///
  /// first with all k, then with the k of j's element alone (the denominator stays). They do not depend on how a crystal
  /// is described, and tell two surroundings with equal distances and facets apart by their angles. Empty where the builder
  /// leaves them out.
  public let angularMoments: [Float]
  /// The threshold that was applied; see `VoronoiGraphBuilder`.
  public let minimumSolidAngleFraction: Double
  /// Number of directed facets that the threshold left out.
  public let droppedFacetCount: Int

  /// Angular moments of an edge: four over all facets, four over those of the neighbor's element.
  public static let angularMomentCount = 8
}

/// Builds Voronoi graphs.
///
/// A facet is left out when its solid angle is below a fraction of the largest solid angle of its two cells,
///
///     Ω_ij < fraction · max(max_k Ω_ik, max_k Ω_jk),
///
/// a rule that is the same from both sides. Without it the number of facets jumps when atoms move by rounding noise.
/// Edges are ordered by (distance rounded to 1e-8 Å, atomic number, neighbor, image).
public struct VoronoiGraphBuilder: Hashable, Sendable {
  /// Fraction of the largest solid angle below which facets are left out; 0 keeps all.
  public let minimumSolidAngleFraction: Double
  /// How the cells are computed.
  public let options: VoronoiOptions
  /// Whether graphs have angular moments: computing them takes pairs of facets.
  public let hasAngularMoments: Bool

  /// A builder of Voronoi graphs.
  ///
  /// - Precondition: 0 ≤ `minimumSolidAngleFraction` < 1.
  public init(
    minimumSolidAngleFraction: Double = 0.01, options: VoronoiOptions = VoronoiOptions(),
    hasAngularMoments: Bool = true
  ) {
    precondition(minimumSolidAngleFraction >= 0 && minimumSolidAngleFraction < 1, "0 ≤ fraction < 1")
    self.minimumSolidAngleFraction = minimumSolidAngleFraction
    self.options = options
    self.hasAngularMoments = hasAngularMoments
  }

  /// Working memory, to be kept from one crystal to the next by one worker.
  public struct Scratch: ~Copyable {
    var kernel = VoronoiKernel()
    var largest: [Double] = []

    /// Empty working memory.
    public init() {}
  }

  /// The Voronoi graph of a crystal.
  ///
  /// - Throws: `VoronoiError`, foremost `.sitesTooClose` with the closest pair.
  public func graph(of structure: Structure) throws(VoronoiError) -> VoronoiGraph {
    var scratch = Scratch()
    return try graph(of: structure, scratch: &scratch)
  }

  /// The Voronoi graph of a crystal, in working memory that is reused.
  ///
  /// - Throws: `VoronoiError`, foremost `.sitesTooClose` with the closest pair.
  public func graph(of structure: Structure, scratch: inout Scratch) throws(VoronoiError) -> VoronoiGraph {
    try scratch.kernel.run(structure, minimumDistance: options.minimumDistance, tolerance: options.tolerance)
    let siteCount = structure.siteCount
    scratch.largest.removeAll(keepingCapacity: true)
    for site in 0..<siteCount {
      var largest = 0.0
      for facet in scratch.kernel.facets[scratch.kernel.offsets[site]..<scratch.kernel.offsets[site + 1]] {
        largest = max(largest, facet.solidAngle)
      }
      scratch.largest.append(largest)
    }
    return graph(structure, scratch)
  }

  private func graph(_ structure: Structure, _ scratch: borrowing Scratch) -> VoronoiGraph {
    let elements = structure.elements
    let facets = scratch.kernel.facets
    var edges = EdgeArrays(capacity: facets.count)
    var offsets: [Int32] = [0]
    offsets.reserveCapacity(elements.count + 1)
    for site in 0..<elements.count {
      for index in scratch.kernel.offsets[site]..<scratch.kernel.offsets[site + 1] {
        let facet = facets[index]
        let largest = max(scratch.largest[site], scratch.largest[Int(facet.neighbor)])
        if facet.solidAngle >= minimumSolidAngleFraction * largest { edges.append(facet) }
      }
      offsets.append(Int32(truncatingIfNeeded: edges.neighbors.count))
    }
    return VoronoiGraph(
      graph: CrystalGraph(
        elements: elements, edgeOffsets: offsets, neighbors: edges.neighbors, distances: edges.distances,
        images: edges.images, tiedCuts: [Bool](repeating: false, count: elements.count)),
      areas: edges.areas, solidAngles: edges.solidAngles, pyramidVolumes: edges.pyramidVolumes,
      angularMoments: hasAngularMoments ? angularMoments(structure, offsets, edges) : [],
      minimumSolidAngleFraction: minimumSolidAngleFraction,
      droppedFacetCount: facets.count - edges.neighbors.count)
  }
}

extension VoronoiGraphBuilder {
  /// The angular moments of all edges; see `VoronoiGraph.angularMoments`.
  private func angularMoments(_ structure: Structure, _ offsets: [Int32], _ edges: EdgeArrays) -> [Float] {
    let momentCount = VoronoiGraph.angularMomentCount
    return [Float](unsafeUninitializedCapacity: edges.neighbors.count * momentCount) { result, written in
      var surroundings: [SurroundingFacet] = []
      for site in 0..<structure.siteCount {
        let first = Int(offsets[site])
        let total = collect(first..<Int(offsets[site + 1]), structure, site, edges, into: &surroundings)
        surroundings.withUnsafeMutableBufferPointer { facets in
          addMoments(facets)
          for (j, facet) in facets.enumerated() {
            let place = (first + j) * momentCount
            for index in 0..<4 {
              result[place + index] = Float(facet.all[index] / total)
              result[place + 4 + index] = Float(facet.like[index] / total)
            }
          }
        }
      }
      written = edges.neighbors.count * momentCount
    }
  }

  /// Lists the facets of one site; returns the sum of their solid angles.
  private func collect(
    _ own: Range<Int>, _ structure: Structure, _ site: Int, _ edges: EdgeArrays,
    into facets: inout [SurroundingFacet]
  ) -> Double {
    let (lattice, positions) = (structure.lattice, structure.fractionalPositions)
    facets.removeAll(keepingCapacity: true)
    var total = 0.0
    for edge in own {
      let neighbor = Int(edges.neighbors[edge])
      let offset = positions[neighbor] + SIMD3<Double>(edges.images[edge]) - positions[site]
      facets.append(
        SurroundingFacet(
          direction: lattice.cartesian(offset) / edges.distances[edge], solidAngle: edges.solidAngles[edge],
          element: structure.elements[neighbor]))
      total += edges.solidAngles[edge]
    }
    return total
  }

  /// Adds up the moments of one site's facets, not yet divided.
  private func addMoments(_ facets: UnsafeMutableBufferPointer<SurroundingFacet>) {
    for j in facets.indices {
      for k in j..<facets.count {
        let product = facets[j].direction * facets[k].direction
        let polynomials = legendre(product.x + product.y + product.z)
        let isLike = facets[k].element == facets[j].element
        let ofOther = facets[k].solidAngle * polynomials
        facets[j].all += ofOther
        if isLike { facets[j].like += ofOther }
        guard k > j else { continue }
        let ofThis = facets[j].solidAngle * polynomials
        facets[k].all += ofThis
        if isLike { facets[k].like += ofThis }
      }
    }
  }

  /// The Legendre polynomials P₁ … P₄ of x.
  private func legendre(_ x: Double) -> SIMD4<Double> {
    let square = x * x
    return SIMD4(
      x, 1.5 * square - 0.5, x * (2.5 * square - 1.5), (4.375 * square - 3.75) * square + 0.375)
  }
}

/// A facet as the angular moments see it.
private struct SurroundingFacet {
  /// To the neighbor, of length 1.
  let direction: SIMD3<Double>
  let solidAngle: Double
  let element: Element
  /// Sums over all facets, and over those of the same element.
  var all = SIMD4<Double>.zero
  var like = SIMD4<Double>.zero
}

/// The columns of a Voronoi graph while it grows.
private struct EdgeArrays {
  var neighbors: [Int32] = []
  var distances: [Double] = []
  var images: [SIMD3<Int32>] = []
  var areas: [Double] = []
  var solidAngles: [Double] = []
  var pyramidVolumes: [Double] = []

  init(capacity: Int) {
    neighbors.reserveCapacity(capacity)
    distances.reserveCapacity(capacity)
    images.reserveCapacity(capacity)
    areas.reserveCapacity(capacity)
    solidAngles.reserveCapacity(capacity)
    pyramidVolumes.reserveCapacity(capacity)
  }

  mutating func append(_ facet: VoronoiKernel.Facet) {
    neighbors.append(facet.neighbor)
    distances.append(facet.distance)
    images.append(facet.image)
    areas.append(facet.area)
    solidAngles.append(facet.solidAngle)
    pyramidVolumes.append(facet.area * facet.distance / 6)
  }
}
