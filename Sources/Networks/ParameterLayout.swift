/// Where the numbers of a network lie in two flat arrays, trainable parameters and running statistics, and under which
/// names and shapes files have them.
///
/// Matrices are stored as their kernels stream through them, mostly (in, out); files have them (out, in).
public struct ParameterLayout: Sendable {
  /// Number of trainable parameters.
  public private(set) var count = 0
  /// Number of running statistics.
  public private(set) var statisticCount = 0
  /// All tensors, in the order of files.
  public private(set) var tensors: [ParameterTensor] = []
  /// Ranges drawn uniformly in ± bound, in the order in which they are drawn.
  private(set) var draws: [(range: Range<Int>, bound: Double)] = []
  /// Parameters and statistics that start at 1; all others not drawn start at 0.
  private(set) var unitParameters: [Range<Int>] = []
  private(set) var unitStatistics: [Range<Int>] = []
  /// What comes before the names of tensors.
  var prefix = ""

  init() {}

  /// Places of the running statistics whose names begin with one of the prefixes.
  func statistics(_ prefixes: [String]) -> Set<Int> {
    Set(
      tensors.filter { tensor in tensor.isStatistic && prefixes.contains { tensor.name.hasPrefix($0) } }
        .flatMap(\.indices))
  }

  /// Takes room for `count` parameters, which start at 0 unless they are drawn.
  mutating func take(_ count: Int) -> Int {
    defer { self.count += count }
    return self.count
  }

  /// Draws `count` parameters from `first` on as PyTorch draws those of a linear layer: uniform in ± 1/√inputs.
  mutating func draw(_ first: Int, _ count: Int, inputs: Int) {
    draw(first, count, bound: 1 / Double(inputs).squareRoot())
  }

  /// Draws `count` parameters from `first` on uniformly in ± `bound`.
  mutating func draw(_ first: Int, _ count: Int, bound: Double) {
    draws.append((first..<first + count, bound))
  }

  /// Takes room for `count` parameters and draws them.
  mutating func take(_ count: Int, inputs: Int) -> Int {
    let first = take(count)
    draw(first, count, inputs: inputs)
    return first
  }

  /// Takes room for the matrix of a linear layer and draws it.
  ///
  /// - Parameter total: inputs of the layer where the matrix acts on some of them alone.
  mutating func takeWeight(inputs: Int, of total: Int? = nil, outputs: Int, _ start: WeightStart) -> Int {
    let (count, total) = (inputs * outputs, total ?? inputs)
    switch start {
    case .byInputs: return take(count, inputs: total)
    case .glorot:
      let first = take(count)
      draw(first, count, bound: (6 / Double(total + outputs)).squareRoot())
      return first
    }
  }

  /// Takes room for the bias of a linear layer and draws it, where it does not start at 0.
  mutating func takeBias(inputs: Int, outputs: Int, _ start: WeightStart) -> Int {
    start == .byInputs ? take(outputs, inputs: inputs) : take(outputs)
  }

  /// Names a vector.
  mutating func name(_ name: String, vector offset: Int, _ count: Int, isStatistic: Bool = false) {
    tensors.append(
      ParameterTensor(
        name: prefix + name, shape: [count], isStatistic: isStatistic,
        blocks: [.init(columns: 0..<1, offset: offset, rowStride: 1, columnStride: 0)]))
  }

  /// Names a matrix of files, (outputs, inputs), whose columns lie in one block each or in several.
  mutating func name(_ name: String, outputs: Int, blocks: [ParameterTensor.Block]) {
    tensors.append(
      ParameterTensor(
        name: prefix + name, shape: [outputs, blocks.last?.columns.upperBound ?? 0], isStatistic: false,
        blocks: blocks
      ))
  }

  /// Names a matrix of files, (outputs, inputs), that is stored (inputs, outputs) in rows of `stride` numbers.
  mutating func name(_ name: String, transposed offset: Int, outputs: Int, inputs: Int, stride: Int? = nil) {
    self.name(
      name, outputs: outputs,
      blocks: [.init(columns: 0..<inputs, offset: offset, rowStride: 1, columnStride: stride ?? outputs)])
  }

  /// Takes room for a batch normalization of `channels` channels: γ = 1, β = 0, running mean 0 and variance 1.
  mutating func takeNormalization(_ channels: Int, over rows: NormalizedRows) -> NormalizationSlot {
    let slot = NormalizationSlot(
      gamma: take(channels), beta: take(channels), statistics: statisticCount, channels: channels, rows: rows)
    statisticCount += 2 * channels
    unitParameters.append(slot.gamma..<slot.gamma + channels)
    unitStatistics.append(slot.statistics + channels..<slot.statistics + 2 * channels)
    return slot
  }

  /// Names the four vectors of a batch normalization as PyTorch does.
  mutating func name(_ name: String, _ slot: NormalizationSlot) {
    self.name(name + ".weight", vector: slot.gamma, slot.channels)
    self.name(name + ".bias", vector: slot.beta, slot.channels)
    self.name(name + ".running_mean", vector: slot.statistics, slot.channels, isStatistic: true)
    self.name(
      name + ".running_var", vector: slot.statistics + slot.channels, slot.channels, isStatistic: true)
  }
}

/// How the parameters of a linear layer are drawn.
public enum WeightStart: Hashable, Sendable {
  /// Weights and biases uniform in ± 1/√inputs, as PyTorch draws them.
  case byInputs
  /// Weights uniform in ± √(6 / (inputs + outputs)), biases 0 (X. Glorot and Y. Bengio, AISTATS 2010): numbers keep their
  /// size through many layers.
  case glorot
}

/// One tensor of a network: its name and shape in files, and where its numbers lie.
public struct ParameterTensor: Sendable {
  /// Columns of a matrix that lie at one stride; element (row, column) is at
  /// `offset + row · rowStride + (column − first column) · columnStride`.
  struct Block: Sendable {
    let columns: Range<Int>
    let offset: Int
    let rowStride: Int
    let columnStride: Int
  }

  /// Dotted name, e.g. "convs.0.fc_full.weight".
  public let name: String
  /// (outputs, inputs) of a matrix, (count) of a vector.
  public let shape: [Int]
  /// Whether the numbers are running statistics.
  public let isStatistic: Bool
  let blocks: [Block]

  /// Index of each element, row-major, within the parameters or the running statistics.
  public var indices: [Int] {
    (0..<shape[0]).flatMap { row in
      blocks.flatMap { block in
        block.columns.map { column in
          block.offset + row * block.rowStride + (column - block.columns.lowerBound) * block.columnStride
        }
      }
    }
  }
}

/// What the rows of a normalized matrix stand for.
enum NormalizedRows: Sendable {
  case sites
  case edges
  /// Ordered pairs of different edges of one site.
  case triplets
  /// Edges of the line graph.
  case edgePairs
}

/// Where γ, β, running mean and running variance (behind the mean) of a batch normalization lie.
struct NormalizationSlot: Sendable {
  let gamma: Int
  let beta: Int
  let statistics: Int
  let channels: Int
  let rows: NormalizedRows
}
