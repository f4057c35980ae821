internal import CrystalGraphs
public import TensorKernels

/// Some graphs of a collection laid out for the kernels: one block that fits into a core's cache.
///
/// Reused for one block after the other; not thread-safe. Shapes: S structures, n sites, E edges.
public final class GraphBlock<Scalar: KernelScalar & BitwiseCopyable> {
  /// Number of structures S.
  public private(set) var structureCount = 0
  /// Number of sites n.
  public private(set) var siteCount = 0
  /// Number of edges E.
  public private(set) var edgeCount = 0
  /// Sites of structure s are `structureOffsets[s] ..< structureOffsets[s + 1]`, shape (S + 1).
  public let structureOffsets = Buffer<Int32>()
  /// Atomic number of each site, shape (n).
  public let atomicNumbers = Buffer<UInt8>()
  /// Shape (n + 1).
  public let edgeOffsets = Buffer<Int32>()
  /// Neighbor of each edge within the block, shape (E).
  public let neighbors = Buffer<Int32>()
  /// Gaussian values, shape (E, 8).
  public let taps = Buffer<Scalar>()
  /// First Gaussian of each edge, shape (E).
  public let starts = Buffer<Int32>()
  private let distances = Buffer<Scalar>()
  private let facets = Buffer<Scalar>()
  private let measures = Buffer<Scalar>()
  private let measureTaps = Buffer<Scalar>()
  private let measureStarts = Buffer<Int32>()
  private let messageWeights = Buffer<Scalar>()
  private let siteMultiplicities = Buffer<Scalar>()
  private let edgeMultiplicities = Buffer<Scalar>()
  private let rowMultiplicities = Buffer<Scalar>()
  private var isQuotient = false

  /// How often sites and edges count.
  var multiplicities: Multiplicities<Scalar> {
    guard isQuotient else { return Multiplicities() }
    return Multiplicities(
      centers: siteMultiplicities.pointer, edges: edgeMultiplicities.pointer, rows: rowMultiplicities.pointer)
  }

  /// An empty block.
  public init() {}

  /// Fills the block with the graphs `indices` of `collection`, in that order.
  public func assemble(
    _ indices: some Sequence<Int>, of collection: GraphCollection, for configuration: CGCNNConfiguration
  ) {
    assemble(
      Array(indices), of: collection, spacing: configuration.gaussianSpacing,
      count: configuration.gaussianCount)
  }

  /// Fills the block, with the Gaussians of bond lengths at `count` multiples of `spacing` (Å).
  func assemble(_ indices: [Int], of collection: GraphCollection, spacing: Double, count gaussianCount: Int) {
    structureCount = indices.count
    siteCount = 0
    edgeCount = 0
    for index in indices {
      let sites = collection.siteOffsets[index]..<collection.siteOffsets[index + 1]
      siteCount += sites.count
      edgeCount += collection.edgeOffsets[sites.upperBound] - collection.edgeOffsets[sites.lowerBound]
    }
    let structureOffsets = structureOffsets.reserve(structureCount + 1)
    let atomicNumbers = atomicNumbers.reserve(siteCount)
    let edgeOffsets = edgeOffsets.reserve(siteCount + 1)
    let neighbors = neighbors.reserve(edgeCount)
    let distances = distances.reserve(edgeCount)
    let hasFacets = !collection.facets.isEmpty
    let measureCount = GraphCollection.facetMeasureCount
    let facets = facets.reserve(hasFacets ? measureCount * edgeCount : 0)
    isQuotient = !collection.siteMultiplicities.isEmpty
    let siteMultiplicities = siteMultiplicities.reserve(isQuotient ? siteCount : 0)
    let edgeMultiplicities = edgeMultiplicities.reserve(isQuotient ? edgeCount : 0)
    let rowMultiplicities = rowMultiplicities.reserve(isQuotient ? edgeCount : 0)
    let isQuotient = isQuotient
    structureOffsets[0] = 0
    edgeOffsets[0] = 0
    collection.withUnsafePointers { source in
      var (site, edge) = (0, 0)
      for (position, index) in indices.enumerated() {
        let first = Int32(site)
        for sourceSite in source.siteOffsets[index]..<source.siteOffsets[index + 1] {
          atomicNumbers[site] = source.atomicNumbers[sourceSite]
          if isQuotient { siteMultiplicities[site] = Scalar(source.siteMultiplicities[sourceSite]) }
          for sourceEdge in source.edgeOffsets[sourceSite]..<source.edgeOffsets[sourceSite + 1] {
            neighbors[edge] = first + source.neighbors[sourceEdge]
            distances[edge] = Scalar(source.distances[sourceEdge])
            if isQuotient {
              edgeMultiplicities[edge] = Scalar(source.edgeMultiplicities[sourceEdge])
              rowMultiplicities[edge] = edgeMultiplicities[edge] * siteMultiplicities[site]
            }
            if hasFacets {
              for index in 0..<measureCount {
                facets[measureCount * edge + index] = Scalar(source.facets[measureCount * sourceEdge + index])
              }
            }
            edge += 1
          }
          site += 1
          edgeOffsets[site] = Int32(edge)
        }
        structureOffsets[position + 1] = Int32(site)
      }
    }
    Scalar.gaussianTaps(
      distances, count: edgeCount, spacing: Scalar(spacing), gaussianCount: gaussianCount,
      taps: taps.reserve(edgeCount * gaussianTapCount), starts: starts.reserve(edgeCount))
  }

  /// Writes the features of every edge, shape (E, F): the Gaussians of the length, the facet's measures, its angular
  /// moments; see `ICGCNNConfiguration`.
  func writeEdgeFeatures(_ configuration: ICGCNNConfiguration, into out: UnsafeMutablePointer<Scalar>) {
    let (count, measureCount) = (configuration.edgeFeatureCount, GraphCollection.facetMeasureCount)
    out.update(repeating: 0, count: edgeCount * count)
    scatterTaps(taps.pointer, starts.pointer, into: out, stride: count)
    var column = configuration.gaussianCount
    func copy(_ measures: Range<Int>) {
      for edge in 0..<edgeCount {
        for (offset, measure) in measures.enumerated() {
          out[edge * count + column + offset] = facets.pointer[measureCount * edge + measure]
        }
      }
      column += measures.count
    }
    if configuration.usesFacets {
      switch configuration.facetEncoding {
      case .scalars: copy(0..<3)
      case .gaussians:
        for measure in 0..<3 {
          writeGaussians(
            of: measure, count: FacetEncoding.gaussianCount,
            spacing: FacetEncoding.gaussianSpacings[measure], into: out + column, stride: count
          ) { $0.squareRoot() }
          column += FacetEncoding.gaussianCount
        }
      }
    }
    if configuration.usesAngularMoments {
      switch configuration.facetEncoding {
      case .scalars: copy(3..<measureCount)
      case .gaussians:
        for measure in 3..<measureCount {
          writeGaussians(
            of: measure, count: FacetEncoding.momentGaussianCount,
            spacing: FacetEncoding.momentGaussianSpacing, into: out + column, stride: count
          ) { $0 + 1 }
          column += FacetEncoding.momentGaussianCount
        }
      }
    }
  }

  /// Expands a function of a facet's measure on Gaussians.
  private func writeGaussians(
    of measure: Int, count: Int, spacing: Double, into out: UnsafeMutablePointer<Scalar>, stride: Int,
    _ function: (Scalar) -> Scalar
  ) {
    let values = measures.reserve(edgeCount)
    for edge in 0..<edgeCount {
      values[edge] = function(facets.pointer[GraphCollection.facetMeasureCount * edge + measure])
    }
    let taps = measureTaps.reserve(edgeCount * gaussianTapCount)
    let starts = measureStarts.reserve(edgeCount)
    Scalar.gaussianTaps(
      values, count: edgeCount, spacing: Scalar(spacing), gaussianCount: count, taps: taps, starts: starts)
    scatterTaps(taps, starts, into: out, stride: stride)
  }

  private func scatterTaps(
    _ taps: UnsafePointer<Scalar>, _ starts: UnsafePointer<Int32>, into out: UnsafeMutablePointer<Scalar>,
    stride: Int
  ) {
    for edge in 0..<edgeCount {
      let row = out + edge * stride + Int(starts[edge])
      for tap in 0..<gaussianTapCount { row[tap] = taps[edge * gaussianTapCount + tap] }
    }
  }

  /// Lists for the kernels of networks with a vector per edge.
  var edgeLists: EdgeLists<Scalar> {
    EdgeLists(
      centerCount: siteCount, offsets: edgeOffsets.pointer, neighbors: neighbors.pointer,
      multiplicities: multiplicities)
  }

  /// Writes what the message of each edge counts by, shape (E): its weight by solid angle, as often as the edge counts.
  /// For graphs with facets only.
  func writeMessageWeights(_ configuration: ICGCNNConfiguration) {
    let out = messageWeights.reserve(edgeCount)
    let measureCount = GraphCollection.facetMeasureCount
    for edge in 0..<edgeCount {
      let weight = configuration.messageWeight(solidAngle: facets.pointer[measureCount * edge])
      out[edge] = weight * (isQuotient ? edgeMultiplicities.pointer[edge] : 1)
    }
  }

  /// The edges with the weights that `writeMessageWeights` wrote.
  var edgeListsBySolidAngle: EdgeLists<Scalar> {
    var lists = edgeLists
    lists.multiplicities.edges = UnsafePointer(messageWeights.pointer)
    return lists
  }

  /// Sites, edges, and ordered pairs of edges with one center, each as often as it counts.
  var totals: (sites: Int, edges: Int, triplets: Int) {
    var totals = (sites: 0, edges: 0, triplets: 0)
    for site in 0..<siteCount {
      let edges = Int(edgeOffsets.pointer[site])..<Int(edgeOffsets.pointer[site + 1])
      let sites = isQuotient ? Int(siteMultiplicities.pointer[site]) : 1
      let count = isQuotient ? edges.reduce(0) { $0 + Int(edgeMultiplicities.pointer[$1]) } : edges.count
      totals.sites += sites
      totals.edges += sites * count
      totals.triplets += sites * count * max(0, count - 1)
    }
    return totals
  }

  /// The kernels' view of this block with the given projections (n, 4w) and edge weights (K, 2w).
  func edges(
    width: Int, projections: UnsafePointer<Scalar>, edgeWeights: UnsafePointer<Scalar>
  ) -> EdgeBlock<Scalar> {
    EdgeBlock(
      centerCount: siteCount, width: width, projections: projections, edgeOffsets: edgeOffsets.pointer,
      neighbors: neighbors.pointer, taps: taps.pointer, starts: starts.pointer, edgeWeights: edgeWeights,
      multiplicities: multiplicities)
  }
}

extension GraphCollection {
  struct Pointers {
    let siteOffsets: UnsafeBufferPointer<Int>
    let edgeOffsets: UnsafeBufferPointer<Int>
    let atomicNumbers: UnsafeBufferPointer<UInt8>
    let neighbors: UnsafeBufferPointer<Int32>
    let distances: UnsafeBufferPointer<Float>
    let facets: UnsafeBufferPointer<Float>
    let siteMultiplicities: UnsafeBufferPointer<Float>
    let edgeMultiplicities: UnsafeBufferPointer<Float>
  }

  func withUnsafePointers<Result>(_ body: (Pointers) -> Result) -> Result {
    siteOffsets.withUnsafeBufferPointer { siteOffsets in
      edgeOffsets.withUnsafeBufferPointer { edgeOffsets in
        atomicNumbers.withUnsafeBufferPointer { atomicNumbers in
          neighbors.withUnsafeBufferPointer { neighbors in
            distances.withUnsafeBufferPointer { distances in
              facets.withUnsafeBufferPointer { facets in
                siteMultiplicities.withUnsafeBufferPointer { siteMultiplicities in
                  edgeMultiplicities.withUnsafeBufferPointer { edgeMultiplicities in
                    body(
                      Pointers(
                        siteOffsets: siteOffsets, edgeOffsets: edgeOffsets, atomicNumbers: atomicNumbers,
                        neighbors: neighbors, distances: distances, facets: facets,
                        siteMultiplicities: siteMultiplicities, edgeMultiplicities: edgeMultiplicities))
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}
