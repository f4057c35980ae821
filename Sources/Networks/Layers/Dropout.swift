internal import TensorKernels

/// Dropout: in training each number is left out with probability p, and the others are divided by 1 − p, so that the mean
/// is the number itself. In inference nothing happens.
///
/// Whether a number is left out follows from the step (`Chunk.noise`), this layer, the crystal and the column alone: not
/// from the place in the batch, from chunks or threads.
///
/// Source: N. Srivastava et al., J. Mach. Learn. Res. 15, 1929 (2014), in the form that scales in training.
struct Dropout: Layer {
  /// Which of the network's layers of this kind it is.
  let number: Int
  let probability: Double
  let shape: ValueShape

  var outputs: [ValueShape] { [shape] }
  var backwardStages: Int { shape.needsGradient ? 1 : 0 }
  var workBuffers: Int { 1 }
  var worksInPlace: Bool { true }

  /// What the number in `column` of a crystal is multiplied by: 0 or 1 / (1 − p).
  private func factor(_ noise: UInt64, crystal: Int, column: Int) -> Double {
    let layer = mixedBits(noise &+ UInt64(number) &* 0xD134_2543_DE82_EF95)
    let row = mixedBits(layer ^ UInt64(crystal) &* 0x9E37_79B9_7F4A_7C15)
    let draw = mixedBits(row &+ UInt64(column + 1) &* 0x9E37_79B9_7F4A_7C15)
    return Double(draw >> 11) * 0x1p-53 < probability ? 0 : 1 / (1 - probability)
  }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (x, y, chunk) = (context.input(0), context.output(0), context.chunk)
    let factors = context.work[0].reserve(chunk.count(context.outputs[0]))
    for (row, crystal) in chunk.members.enumerated() {
      for column in 0..<shape.width {
        let index = row * shape.width + column
        factors[index] = Scalar(factor(chunk.noise, crystal: crystal, column: column))
        y[index] = x[index] * factors[index]
      }
    }
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (g, factors) = (context.outputGradient(0), context.work[0].pointer)
    for index in 0..<context.chunk.count(context.outputs[0]) { g[index] *= factors[index] }
    _ = context.passGradient(output: 0, input: 0)
  }

  func infer<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    let (x, y) = (context.input(0), context.output(0))
    if x != y { y.update(from: x, count: context.chunk.count(context.outputs[0])) }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    guard context.normalization == .batch else { return inputs }
    return [
      inputs[0].enumerated().map { crystal, row in
        row.enumerated().map { $1 * factor(context.noise, crystal: crystal, column: $0) }
      }
    ]
  }
}

extension NetworkBuilder {
  /// Leaves numbers out in training.
  ///
  /// - Parameters:
  ///   - probability: that a number is left out, below 1.
  ///   - x: a row a structure.
  public mutating func dropout(_ probability: Double, _ x: NetworkValue) -> NetworkValue {
    // Sites that are one by symmetry would have to be left out one by one.
    precondition(x.space == .structures, "numbers of structures are left out")
    precondition((0..<1).contains(probability), "a probability below 1")
    let shape = ValueShape(space: x.space, width: x.width, needsGradient: needsGradient(x))
    let number = count(where: { $0 is Dropout })
    return add([x]) { _ in Dropout(number: number, probability: probability, shape: shape) }[0]
  }
}
