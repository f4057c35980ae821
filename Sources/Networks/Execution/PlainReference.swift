internal import TensorKernels

/// A network in plain loops and double precision, as its equations are written: concatenations are formed, nothing is
/// folded, shared or cut into blocks. Slow; what the fast executors are held to.
///
/// It takes graphs as they are, not their quotients.
public struct PlainReference: Sendable {
  private let program: NetworkProgram
  private let tensors: [String: PlainTensor]
  private let gaussians: PlainGaussians

  /// The network with the given parameters, which adds up the Gaussians `gaussians`.
  public init(_ parameters: NetworkParameters, gaussians: PlainGaussians = .all) {
    self.init(
      parameters.program, values: parameters.values.map { Double($0) },
      statistics: parameters.statistics.map { Double($0) }, gaussians: gaussians)
  }

  /// The network with parameters and running statistics in double precision, in the program's order.
  public init(
    _ program: NetworkProgram, values: [Double], statistics: [Double], gaussians: PlainGaussians = .all
  ) {
    self.program = program
    tensors = program.parameters.tensors.reduce(into: [:]) { tensors, tensor in
      tensors[tensor.name] = PlainTensor(
        shape: tensor.shape,
        numbers: tensor.indices.map { tensor.isStatistic ? statistics[$0] : values[$0] })
    }
    self.gaussians = gaussians
  }

  /// Where batch normalizations take their mean and variance from.
  public enum Normalization: Sendable {
    /// The running statistics: inference.
    case running
    /// The batch itself: training.
    case batch
  }

  /// Outputs of all structures of `collection` as one batch, shape (S, outputs).
  ///
  /// - Parameters:
  ///   - collection: whole graphs.
  ///   - normalization: of the batch in training, where numbers are left out too.
  ///   - noise: what is random in training follows from it, as in `TrainableNetwork.computeGradient`.
  public func outputs(
    _ collection: GraphCollection, normalization: Normalization, noise: UInt64 = 0
  ) -> [[Double]] {
    outputs(context(collection, normalization: normalization, noise: noise))
  }

  /// What the loops over `collection` have before them.
  func context(
    _ collection: GraphCollection, normalization: Normalization, noise: UInt64 = 0
  ) -> PlainContext {
    PlainContext(
      collection, tensors: tensors, gaussians: gaussians, normalization: normalization, noise: noise)
  }

  /// Outputs of every site of `collection` in inference, shape (N, outputs); nil where the network is not additive.
  public func siteOutputs(_ collection: GraphCollection) -> [[Double]]? {
    guard let program = program.addingSiteOutputs(), let sites = program.siteOutput else { return nil }
    return values(of: program, context(collection, normalization: .running))[sites]
  }

  /// Outputs of the structures of a context, shape (S, outputs).
  func outputs(_ context: PlainContext) -> [[Double]] {
    values(of: program, context)[program.output] ?? []
  }

  private func values(of program: NetworkProgram, _ context: PlainContext) -> [Int: [[Double]]] {
    var values: [Int: [[Double]]] = [:]
    for step in program.steps {
      let made = step.layer.plain(step.inputs.map { values[$0] ?? [] }, context.of(step))
      for (output, rows) in zip(step.outputs, made) { values[output] = rows }
    }
    return values
  }
}

/// A tensor as files have it, in double precision.
struct PlainTensor: Sendable {
  let shape: [Int]
  let numbers: [Double]
}

/// What plain loops over whole graphs have before them.
struct PlainContext {
  /// A directed edge.
  struct Edge {
    /// Site within the collection.
    let center: Int
    let neighbor: Int
    /// Length (Å).
    var distance: Double
    /// Ω/4π, A/10 Å², V/10 Å³ and the angular moments of the facet; empty where there is none.
    let facet: [Double]
  }

  /// An ordered pair of edges, the first of which ends where the second begins.
  struct Pair {
    /// Edges within the collection.
    let first: Int
    let second: Int
    /// Of the angle between the directions from where they meet to their other ends.
    let cosine: Double
  }

  let atomicNumbers: [UInt8]
  /// Sites of each structure.
  let structures: [Range<Int>]
  var edges: [Edge]
  /// Orbital field of each site; empty where networks do not ask for it.
  var orbitalFields: [[Double]]
  /// Edges of the line graphs, where networks ask for angles.
  let pairs: [Pair]
  /// Marked sites with their atomic numbers, and marked edges, within the collection; a list a structure, none where there are no
  /// marks.
  let markedSites: [[(site: Int, element: Int)]]
  let markedEdges: [[Int]]
  let gaussians: PlainGaussians
  private(set) var normalization: PlainReference.Normalization
  let noise: UInt64
  private let tensors: [String: PlainTensor]
  /// What comes before the names of tensors.
  private var prefix = ""

  init(
    _ collection: GraphCollection, tensors: [String: PlainTensor], gaussians: PlainGaussians,
    normalization: PlainReference.Normalization, noise: UInt64
  ) {
    precondition(collection.siteMultiplicities.isEmpty, "plain loops take whole graphs")
    self.tensors = tensors
    self.gaussians = gaussians
    self.normalization = normalization
    self.noise = noise
    atomicNumbers = collection.atomicNumbers
    structures = (0..<collection.count).map { collection.siteOffsets[$0]..<collection.siteOffsets[$0 + 1] }
    let width = OrbitalField.width
    orbitalFields = stride(from: 0, to: collection.orbitalFields.count, by: width).map { first in
      collection.orbitalFields[first..<first + width].map { Double($0) }
    }
    let measures = collection.facets.isEmpty ? 0 : GraphCollection.facetMeasureCount
    edges = structures.enumerated().flatMap { structure, sites in
      sites.flatMap { site in
        (collection.edgeOffsets[site]..<collection.edgeOffsets[site + 1]).map { edge in
          let kind = collection.kindOffsets[structure] + Int(collection.edgeKinds[edge])
          return Edge(
            center: site, neighbor: sites.lowerBound + Int(collection.neighbors[edge]),
            distance: collection.distances[kind],
            facet: collection.facets[measures * kind..<measures * (kind + 1)].map { Double($0) })
        }
      }
    }
    let marks = collection.marks
    markedSites = structures.enumerated().map { structure, sites in
      guard !marks.isEmpty else { return [] }
      return (marks.siteOffsets[structure]..<marks.siteOffsets[structure + 1]).map {
        (sites.lowerBound + Int(marks.sites[$0]), Int(marks.elements[$0]))
      }
    }
    markedEdges = structures.indices.map { structure in
      guard !marks.isEmpty else { return [] }
      let first = collection.edges(of: structure).lowerBound
      return (marks.edgeOffsets[structure]..<marks.edgeOffsets[structure + 1]).map {
        first + Int(marks.edges[$0])
      }
    }
    let lines = collection.pairs
    pairs =
      lines.isEmpty
      ? []
      : structures.enumerated().flatMap { structure, sites in
        let edges = collection.edges(of: structure)
        return edges.flatMap { edge in
          (lines.offsets[edge]..<lines.offsets[edge + 1]).map { pair in
            Pair(
              first: edges.lowerBound + Int(lines.sources[pair]), second: edge,
              cosine: lines.cosines[lines.angleOffsets[structure] + Int(lines.angles[pair])])
          }
        }
      }
  }

  /// What the layer of a step has before it.
  func of(_ step: NetworkProgram.Step) -> PlainContext {
    var own = self
    own.prefix = step.prefix
    if step.isFrozen { own.normalization = .running }
    return own
  }

  /// The numbers of a tensor.
  func vector(_ name: String) -> [Double] {
    guard let tensor = tensors[prefix + name] else { preconditionFailure("a layer knows its tensors") }
    return tensor.numbers
  }

  /// The rows of a matrix, (outputs, inputs).
  func matrix(_ name: String) -> [[Double]] {
    guard let shape = tensors[prefix + name]?.shape, shape.count == 2 else {
      preconditionFailure("a layer knows its tensors")
    }
    let numbers = vector(name)
    return (0..<shape[0]).map { Array(numbers[$0 * shape[1]..<($0 + 1) * shape[1]]) }
  }

  /// Batch normalization of the rows with the tensors `name.weight`, `.bias`, and the batch's or the running statistics.
  func normalize(_ rows: inout [[Double]], _ name: String) {
    let (gamma, beta) = (vector(name + ".weight"), vector(name + ".bias"))
    let (means, variances) = (vector(name + ".running_mean"), vector(name + ".running_var"))
    guard !rows.isEmpty else { return }
    for channel in gamma.indices {
      var (mean, variance) = (means[channel], variances[channel])
      if normalization == .batch {
        mean = rows.reduce(0) { $0 + $1[channel] } / Double(rows.count)
        variance = rows.reduce(0) { $0 + ($1[channel] - mean) * ($1[channel] - mean) } / Double(rows.count)
      }
      let scale = gamma[channel] / (variance + batchNormalizationEpsilon).squareRoot()
      for row in rows.indices { rows[row][channel] = (rows[row][channel] - mean) * scale + beta[channel] }
    }
  }
}

/// W x + b, with W as rows.
func plainProduct(_ weight: [[Double]], _ x: [Double], _ bias: [Double]) -> [Double] {
  var result = bias
  x.withUnsafeBufferPointer { x in
    for row in result.indices {
      precondition(weight[row].count == x.count, "a column for each number")
      // A bare loop: iterators take most of the time of tests, which are not optimized.
      weight[row].withUnsafeBufferPointer { weight in
        var (sum, column) = (result[row], 0)
        while column < x.count {
          sum += weight[column] * x[column]
          column += 1
        }
        result[row] = sum
      }
    }
  }
  return result
}

func plainSigmoid(_ x: Double) -> Double { 1 / (1 + exponential(-x)) }

package func plainSoftplus(_ x: Double) -> Double { max(x, 0) + logarithm1p(exponential(-abs(x))) }
