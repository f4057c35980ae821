/// Values side by side, row by row.
struct Concatenation: Layer {
  let space: RowSpace
  let widths: [Int]
  let goesOn: Bool

  private var width: Int { widths.reduce(0, +) }
  var outputs: [ValueShape] { [ValueShape(space: space, width: width, needsGradient: goesOn)] }
  var backwardStages: Int { goesOn ? 1 : 0 }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (y, rows) = (context.output(0), context.chunk.rows(context.outputs[0]))
    var first = 0
    for (input, own) in widths.enumerated() {
      let x = context.input(input)
      for row in 0..<rows { (y + row * width + first).update(from: x + row * own, count: own) }
      first += own
    }
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (g, rows) = (context.outputGradient(0), context.chunk.rows(context.outputs[0]))
    var first = 0
    for (input, own) in widths.enumerated() {
      if let out = context.clearedInputGradient(input) {
        for row in 0..<rows {
          for column in 0..<own { out[row * own + column] += g[row * width + first + column] }
        }
      }
      first += own
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    [inputs[0].indices.map { row in inputs.flatMap { $0[row] } }]
  }
}

extension NetworkBuilder {
  /// Values of one space side by side.
  public mutating func concatenation(_ values: [NetworkValue]) -> NetworkValue {
    precondition(values.allSatisfy { $0.space == values[0].space }, "rows of one space")
    if values.count == 1 { return values[0] }
    let goesOn = values.contains { needsGradient($0) }
    return add(values) { _ in
      Concatenation(space: values[0].space, widths: values.map(\.width), goesOn: goesOn)
    }[0]
  }
}
