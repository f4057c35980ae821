internal import TensorKernels

/// Some graphs of a collection laid out for the kernels: one block that fits into a core's cache.
///
/// Reused for one block after the other; not thread-safe. Shapes: S structures, n sites, E edges, K kinds of edges.
final class GraphBlock<Scalar: NetworkScalar> {
  /// Number of structures S.
  private(set) var structureCount = 0
  /// Number of sites n.
  private(set) var siteCount = 0
  /// Number of edges E.
  private(set) var edgeCount = 0
  /// Number of kinds of edges K.
  private(set) var kindCount = 0
  /// Sites of structure s are `structureOffsets[s] ..< structureOffsets[s + 1]`, shape (S + 1).
  let structureOffsets = Buffer<Int32>()
  /// Atomic number of each site, shape (n).
  let atomicNumbers = Buffer<UInt8>()
  /// Shape (n + 1).
  let edgeOffsets = Buffer<Int32>()
  /// Neighbor of each edge within the block, shape (E).
  let neighbors = Buffer<Int32>()
  /// Length of each edge (Å), shape (E).
  let distances = Buffer<Scalar>()
  /// Kind of each edge within the block, shape (E).
  let edgeKinds = Buffer<Int32>()
  /// Length of each kind of edge (Å), shape (K).
  let kindDistances = Buffer<Scalar>()
  /// Measures of each kind's facet, shape (K, `GraphCollection.facetMeasureCount`), where graphs have facets.
  let facets = Buffer<Scalar>()
  /// Orbital field of each site, shape (n, `OrbitalField.width`), where networks ask for it.
  let orbitalFields = Buffer<Scalar>()
  /// The line graphs, where networks ask for angles.
  let pairs = EdgePairBlock<Scalar>()
  /// Sites and edges that a task without labels hides or asks for.
  let marks = MarkBlock()
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
  init() {}

  /// Fills the block with the graphs `indices` of `collection`, in that order.
  func assemble(_ indices: [Int], of collection: GraphCollection) {
    structureCount = indices.count
    siteCount = 0
    edgeCount = 0
    kindCount = 0
    for index in indices {
      let sites = collection.siteOffsets[index]..<collection.siteOffsets[index + 1]
      siteCount += sites.count
      edgeCount += collection.edgeOffsets[sites.upperBound] - collection.edgeOffsets[sites.lowerBound]
      kindCount += collection.kindOffsets[index + 1] - collection.kindOffsets[index]
    }
    let structureOffsets = structureOffsets.reserve(structureCount + 1)
    let atomicNumbers = atomicNumbers.reserve(siteCount)
    let edgeOffsets = edgeOffsets.reserve(siteCount + 1)
    let neighbors = neighbors.reserve(edgeCount)
    let distances = distances.reserve(edgeCount)
    let edgeKinds = edgeKinds.reserve(edgeCount)
    let kindDistances = kindDistances.reserve(kindCount)
    let hasFacets = !collection.facets.isEmpty
    let measureCount = GraphCollection.facetMeasureCount
    let facets = facets.reserve(hasFacets ? measureCount * kindCount : 0)
    isQuotient = !collection.siteMultiplicities.isEmpty
    let siteMultiplicities = siteMultiplicities.reserve(isQuotient ? siteCount : 0)
    let edgeMultiplicities = edgeMultiplicities.reserve(isQuotient ? edgeCount : 0)
    let rowMultiplicities = rowMultiplicities.reserve(isQuotient ? edgeCount : 0)
    let isQuotient = isQuotient
    copyOrbitalFields(indices, of: collection)
    structureOffsets[0] = 0
    edgeOffsets[0] = 0
    collection.withUnsafePointers { source in
      var (site, edge, kind) = (0, 0, 0)
      for (position, index) in indices.enumerated() {
        let (first, firstKind) = (Int32(site), kind)
        for sourceKind in source.kindOffsets[index]..<source.kindOffsets[index + 1] {
          kindDistances[kind] = Scalar(source.distances[sourceKind])
          if hasFacets {
            for index in 0..<measureCount {
              facets[measureCount * kind + index] = Scalar(source.facets[measureCount * sourceKind + index])
            }
          }
          kind += 1
        }
        for sourceSite in source.siteOffsets[index]..<source.siteOffsets[index + 1] {
          atomicNumbers[site] = source.atomicNumbers[sourceSite]
          if isQuotient { siteMultiplicities[site] = Scalar(source.siteMultiplicities[sourceSite]) }
          for sourceEdge in source.edgeOffsets[sourceSite]..<source.edgeOffsets[sourceSite + 1] {
            neighbors[edge] = first + source.neighbors[sourceEdge]
            let own = firstKind + Int(source.edgeKinds[sourceEdge])
            edgeKinds[edge] = Int32(own)
            distances[edge] = kindDistances[own]
            if isQuotient {
              edgeMultiplicities[edge] = Scalar(source.edgeMultiplicities[sourceEdge])
              rowMultiplicities[edge] = edgeMultiplicities[edge] * siteMultiplicities[site]
            }
            edge += 1
          }
          site += 1
          edgeOffsets[site] = Int32(edge)
        }
        structureOffsets[position + 1] = Int32(site)
      }
    }
    marks.assemble(indices, of: collection)
    pairs.assemble(indices, of: collection, rows: isQuotient ? UnsafePointer(rowMultiplicities) : nil)
  }

  private func copyOrbitalFields(_ indices: [Int], of collection: GraphCollection) {
    guard !collection.orbitalFields.isEmpty else { return }
    let (width, out) = (OrbitalField.width, orbitalFields.reserve(siteCount * OrbitalField.width))
    collection.orbitalFields.withUnsafeBufferPointer { source in
      var place = 0
      for index in indices {
        for entry in width * collection.siteOffsets[index]..<width * collection.siteOffsets[index + 1] {
          out[place] = Scalar(source[entry])
          place += 1
        }
      }
    }
  }

  /// Lists for the kernels of networks with a vector per edge.
  var edgeLists: EdgeLists<Scalar> {
    EdgeLists(
      centerCount: siteCount, offsets: edgeOffsets.pointer, neighbors: neighbors.pointer,
      multiplicities: multiplicities)
  }

  /// Sites, edges, and ordered pairs of edges with one center, each as often as it counts.
  var totals: RowTotals {
    var totals = RowTotals()
    for site in 0..<siteCount {
      let edges = Int(edgeOffsets.pointer[site])..<Int(edgeOffsets.pointer[site + 1])
      let sites = isQuotient ? Int(siteMultiplicities.pointer[site]) : 1
      let count = isQuotient ? edges.reduce(0) { $0 + Int(edgeMultiplicities.pointer[$1]) } : edges.count
      totals.sites += sites
      totals.edges += sites * count
      totals.triplets += sites * count * max(0, count - 1)
    }
    totals.edgePairs = pairs.total
    return totals
  }
}

/// Sites, edges, ordered pairs of edges with one center, and edges of the line graph.
struct RowTotals {
  var sites = 0
  var edges = 0
  var triplets = 0
  var edgePairs = 0

  /// Adds others.
  mutating func add(_ other: RowTotals) {
    sites += other.sites
    edges += other.edges
    triplets += other.triplets
    edgePairs += other.edgePairs
  }
}

extension GraphCollection {
  struct Pointers {
    let siteOffsets: UnsafeBufferPointer<Int>
    let edgeOffsets: UnsafeBufferPointer<Int>
    let atomicNumbers: UnsafeBufferPointer<UInt8>
    let neighbors: UnsafeBufferPointer<Int32>
    let kindOffsets: UnsafeBufferPointer<Int>
    let edgeKinds: UnsafeBufferPointer<Int32>
    let distances: UnsafeBufferPointer<Double>
    let facets: UnsafeBufferPointer<Float>
    let siteMultiplicities: UnsafeBufferPointer<Float>
    let edgeMultiplicities: UnsafeBufferPointer<Float>
  }

  func withUnsafePointers<Result>(_ body: (Pointers) -> Result) -> Result {
    siteOffsets.withUnsafeBufferPointer { siteOffsets in
      edgeOffsets.withUnsafeBufferPointer { edgeOffsets in
        atomicNumbers.withUnsafeBufferPointer { atomicNumbers in
          neighbors.withUnsafeBufferPointer { neighbors in
            kindOffsets.withUnsafeBufferPointer { kindOffsets in
              edgeKinds.withUnsafeBufferPointer { edgeKinds in
                distances.withUnsafeBufferPointer { distances in
                  facets.withUnsafeBufferPointer { facets in
                    siteMultiplicities.withUnsafeBufferPointer { siteMultiplicities in
                      edgeMultiplicities.withUnsafeBufferPointer { edgeMultiplicities in
                        body(
                          Pointers(
                            siteOffsets: siteOffsets, edgeOffsets: edgeOffsets, atomicNumbers: atomicNumbers,
                            neighbors: neighbors, kindOffsets: kindOffsets, edgeKinds: edgeKinds,
                            distances: distances, facets: facets, siteMultiplicities: siteMultiplicities,
                            edgeMultiplicities: edgeMultiplicities))
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
  }
}
