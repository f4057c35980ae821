internal import CrystalGraphs
internal import TensorKernels

/// Where the parameters after pooling lie: hidden layers, then the output layer. Matrices are stored (in, out), the
/// output layer (outputs, in).
public struct HeadLayout: Sendable {
  /// A hidden layer: weight (inputs, h), then bias (h).
  public let hidden: [(weight: Int, bias: Int, inputs: Int)]
  /// (outputs, h).
  public let outputWeight: Int
  /// (outputs).
  public let outputBias: Int
  /// Width h.
  let width: Int
  /// First index after the head.
  let end: Int

  init(inputs: Int, hidden width: Int, layers: Int, outputs: Int, from first: Int) {
    var next = first
    func take(_ count: Int) -> Int {
      defer { next += count }
      return next
    }
    hidden = (0..<layers).map { index in
      let inputs = index == 0 ? inputs : width
      return (take(inputs * width), take(width), inputs)
    }
    outputWeight = take(outputs * width)
    outputBias = take(outputs)
    self.width = width
    end = next
  }
}

/// Pooling, hidden layers and output of the structures of one block, forward and backward.
///
/// c = softplus(mean of the nodes), h = softplus(W h + b) for each hidden layer, y = w · h + b. Shapes: S structures, w
/// node width, h hidden width. One thread at a time.
final class PredictionHead<Scalar: KernelScalar & BitwiseCopyable> {
  private let layout: HeadLayout
  private let w: Int
  private let pooled = Buffer<Scalar>()
  private let pooledGradient = Buffer<Scalar>()
  private let hidden: [Buffer<Scalar>]
  private let hiddenGradient = Buffer<Scalar>()
  private let nextGradient = Buffer<Scalar>()
  private var h: Int { layout.width }

  init(_ layout: HeadLayout, nodeWidth: Int) {
    self.layout = layout
    w = nodeWidth
    hidden = layout.hidden.map { _ in Buffer() }
  }

  /// Pools the nodes (n, w) and computes the last hidden layer (S, h).
  func forward(_ block: GraphBlock<Scalar>, _ nodes: UnsafePointer<Scalar>, _ values: UnsafePointer<Scalar>) {
    let count = block.structureCount
    var input = pooled.reserve(count * w)
    meanPool(block, nodes, width: w, into: input)
    Scalar.softplus(input, count: count * w)
    for (layer, output) in zip(layout.hidden, hidden) {
      let out = output.reserve(count * h)
      Scalar.multiply(
        rows: count, columns: h, inner: layer.inputs, input, aRow: layer.inputs, aColumn: 1,
        values + layer.weight,
        bias: values + layer.bias, into: out, accumulate: false)
      Scalar.softplus(out, count: count * h)
      input = out
    }
  }

  /// Output `index` of a structure after `forward`.
  func output(_ structure: Int, _ index: Int = 0, _ values: UnsafePointer<Scalar>) -> Scalar {
    let row = hidden[hidden.count - 1].pointer + structure * h
    let weight = values + layout.outputWeight + index * h
    var sum = values[layout.outputBias + index]
    for channel in 0..<h { sum += weight[channel] * row[channel] }
    return sum
  }

  /// Takes the loss of each structure and goes back to dL/d(nodes), shape (n, w).
  ///
  /// - Returns: the sum of the losses.
  func lossAndBackward(
    _ block: GraphBlock<Scalar>, members: [Int], targets: [Float], loss: RegressionLoss, batchSize: Int,
    _ values: UnsafePointer<Scalar>, transposed: [Buffer<Scalar>], gradient: UnsafeMutablePointer<Scalar>,
    nodes out: UnsafeMutablePointer<Scalar>
  ) -> Double {
    var sum = 0.0
    let outgoing = hiddenGradient.reserve(block.structureCount * h)
    for structure in 0..<block.structureCount {
      let row = hidden[hidden.count - 1].pointer + structure * h
      let prediction = output(structure, 0, values)
      let (value, slope) = loss.value(error: Double(prediction) - Double(targets[members[structure]]))
      sum += value
      let g = Scalar(slope / Double(batchSize))
      gradient[layout.outputBias] += g
      for channel in 0..<h {
        gradient[layout.outputWeight + channel] += g * row[channel]
        outgoing[structure * h + channel] = g * values[layout.outputWeight + channel]
      }
    }
    hiddenBackward(block.structureCount, transposed, gradient)
    spread(block, into: out)
    return sum
  }

  private func hiddenBackward(
    _ count: Int, _ transposed: [Buffer<Scalar>], _ gradient: UnsafeMutablePointer<Scalar>
  ) {
    let current = hiddenGradient.pointer
    for index in layout.hidden.indices.reversed() {
      let layer = layout.hidden[index]
      Scalar.softplusBackward(output: hidden[index].pointer, gradient: current, count: count * h)
      let input = index == 0 ? pooled.pointer : hidden[index - 1].pointer
      Scalar.multiply(
        rows: layer.inputs, columns: h, inner: count, input, aRow: 1, aColumn: layer.inputs, current,
        bias: nil,
        into: gradient + layer.weight, accumulate: true)
      for structure in 0..<count {
        for channel in 0..<h { gradient[layer.bias + channel] += current[structure * h + channel] }
      }
      let next = index == 0 ? pooledGradient.reserve(count * w) : nextGradient.reserve(count * h)
      Scalar.multiply(
        rows: count, columns: layer.inputs, inner: h, current, aRow: h, aColumn: 1, transposed[index].pointer,
        bias: nil, into: next, accumulate: false)
      if index > 0 { current.update(from: next, count: count * h) }
    }
    Scalar.softplusBackward(output: pooled.pointer, gradient: pooledGradient.pointer, count: count * w)
  }

  private func spread(_ block: GraphBlock<Scalar>, into out: UnsafeMutablePointer<Scalar>) {
    let offsets = block.structureOffsets.pointer
    for structure in 0..<block.structureCount {
      let sites = Int(offsets[structure])..<Int(offsets[structure + 1])
      let multiplicities = block.multiplicities.centers
      let factor = 1 / sites.reduce(Scalar(0)) { $0 + (multiplicities?[$1] ?? 1) }
      for site in sites {
        let factor = factor * (multiplicities?[site] ?? 1)
        for channel in 0..<w {
          out[site * w + channel] = pooledGradient.pointer[structure * w + channel] * factor
        }
      }
    }
  }
}

/// out (columns, rows) = matrix (rows, columns) transposed.
func transpose<Scalar: BitwiseCopyable>(
  _ matrix: UnsafePointer<Scalar>, rows: Int, columns: Int, into out: UnsafeMutablePointer<Scalar>
) {
  for row in 0..<rows {
    for column in 0..<columns { out[column * rows + row] = matrix[row * columns + column] }
  }
}
