internal import TensorKernels

/// A vector for each site, its element's own: a table of parameters, without features of the elements.
struct ElementVectors: Layer {
  let name: String
  let width: Int
  /// (100, w), a row an element.
  let table: Int

  init(_ name: String, width: Int, bound: Double, _ parameters: inout ParameterLayout) {
    self.name = name
    self.width = width
    let count = ElementEmbedding.elementRows - 1
    table = parameters.take(count * width)
    parameters.draw(table, count * width, bound: bound)
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
  ///
  /// - Parameters:
  ///   - name: path of the tensor.
  ///   - width: columns.
  ///   - bound: numbers start uniform in ± this; their variance is 1 with √3.
  public mutating func elementVectors(
    _ name: String, width: Int, bound: Double = 3.0.squareRoot()
  ) -> NetworkValue {
    add([]) { ElementVectors(name, width: width, bound: bound, &$0) }[0]
  }

  /// W (v ⊕ x) + b with a vector v of its own and the 92 features x of each site's element; tensors `embedding.weight`,
  /// `input.weight`, `input.bias`, and `features.weight` with the columns of x.
  ///
  /// Vectors start small, as in Keras: at first the features speak, which elements that are alike have in common. With
  /// vectors of variance 1 a network takes every element for one of its kind, and knows less of rare ones.
  ///
  /// - Parameters:
  ///   - elementWidth: width of v.
  ///   - width: columns of the result.
  ///   - start: how W and b are drawn.
  mutating func elementsWithFeatures(elementWidth: Int, width: Int, start: WeightStart) -> NetworkValue {
    sum(
      linear(
        "input", elementVectors("embedding", width: elementWidth, bound: 0.05), to: width, start: start),
      linear("features", elementFeatures(), to: width, hasBias: false, start: start))
  }
}
