internal import TensorKernels

/// A vector for each site, its element's own: a table of parameters, without features of the elements.
struct ElementVectors: Layer {
  let name: String
  let width: Int
  /// (100, w), a row an element.
  let table: Int

  init(_ name: String, width: Int, _ parameters: inout ParameterLayout) {
    self.name = name
    self.width = width
    let count = ElementEmbedding.elementRows - 1
    table = parameters.take(count * width)
    // Numbers of variance 1.
    parameters.draw(table, count * width, bound: 3.0.squareRoot())
    parameters.name(
      name + ".weight", outputs: count,
      blocks: [.init(columns: 0..<width, offset: table, rowStride: width, columnStride: 1)])
  }

  var outputs: [ValueShape] { [ValueShape(space: .sites, width: width)] }

  /// Where the row of an element would begin whose number is 0.
  private var rowZero: Int { table - width }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    gatherElements(context.block, context.weights + rowZero, width: width, into: context.output(0))
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (block, nodes) = (context.block, context.outputGradient(0))
    for site in 0..<block.siteCount {
      let row = context.gradient + rowZero + Int(block.atomicNumbers.pointer[site]) * width
      for channel in 0..<width { row[channel] += nodes[site * width + channel] }
    }
  }

  func prepare<Scalar: NetworkScalar>(_ source: PreparedSource<Scalar>) -> PreparedLayer<Scalar> {
    let rows = source.values[table..<table + (ElementEmbedding.elementRows - 1) * width]
    return PreparedLayer(arrays: [], table: [Scalar](repeating: 0, count: width) + rows)
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    let rows = context.matrix(name + ".weight")
    return [context.atomicNumbers.map { rows[Int($0) - 1] }]
  }
}

extension NetworkBuilder {
  /// A vector of `width` for each site by its element alone; tensor `name.weight` (100, width).
  public mutating func elementVectors(_ name: String, width: Int) -> NetworkValue {
    add([]) { ElementVectors(name, width: width, &$0) }[0]
  }
}
