/// The sum of two values of one shape: a step with a path past it.
struct Sum: Layer {
  let shape: ValueShape

  var outputs: [ValueShape] { [shape] }
  var backwardStages: Int { shape.needsGradient ? 1 : 0 }
  var worksInPlace: Bool { true }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (a, b, y) = (context.input(0), context.input(1), context.output(0))
    for index in 0..<context.chunk.count(context.outputs[0]) { y[index] = a[index] + b[index] }
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (g, count) = (context.outputGradient(0), context.chunk.count(context.outputs[0]))
    if let (out, isFirst) = context.inputGradient(1) {
      if isFirst {
        out.update(from: g, count: count)
      } else {
        for index in 0..<count { out[index] += g[index] }
      }
    }
    _ = context.passGradient(output: 0, input: 0)
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    [zip(inputs[0], inputs[1]).map { zip($0, $1).map { $0 + $1 } }]
  }
}

extension NetworkBuilder {
  /// a + b, row by row.
  public mutating func sum(_ a: NetworkValue, _ b: NetworkValue) -> NetworkValue {
    precondition(a.space == b.space && a.width == b.width, "values of one shape are added up")
    let shape = ValueShape(
      space: a.space, width: a.width, needsGradient: needsGradient(a) || needsGradient(b))
    return add([a, b]) { _ in Sum(shape: shape) }[0]
  }
}
