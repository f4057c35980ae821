internal import ModelFormats
internal import TensorKernels

/// A vector for each site, W x + b of its element's features x: 92 of the table that CGCNN was published with. A site
/// without element (`GraphCollection.maskedElement`) has features of zeros.
struct ElementEmbedding: Layer {
  let name: String
  let width: Int
  let weight: Int
  let bias: Int

  private var features: AtomFeatureTable { .cgcnn }
  /// Rows of a table by atomic number; row 0 is that of sites without element.
  static let elementRows = AtomFeatureTable.cgcnn.elementCount + 1

  init(_ name: String, width: Int, _ parameters: inout ParameterLayout) {
    self.name = name
    self.width = width
    let count = AtomFeatureTable.cgcnn.featureCount
    weight = parameters.take(count * width, inputs: count)
    bias = parameters.take(width, inputs: count)
    parameters.name(name + ".weight", transposed: weight, outputs: width, inputs: count)
    parameters.name(name + ".bias", vector: bias, width)
  }

  var outputs: [ValueShape] { [ValueShape(space: .sites, width: width)] }

  /// Embeds all elements, shape (101, w).
  private func embedAll<Scalar: NetworkScalar>(
    _ values: UnsafePointer<Scalar>, into out: UnsafeMutablePointer<Scalar>
  ) {
    let table = features
    out.update(from: values + bias, count: width)
    for number in 1...table.elementCount {
      let row = out + number * width
      row.update(from: values + bias, count: width)
      for feature in 0..<table.featureCount
      where table.values[(number - 1) * table.featureCount + feature] != 0 {
        Scalar.addRows(rows: 1, width: width, values + weight + feature * width, stride: width, to: row)
      }
    }
  }

  func begin<Scalar: NetworkScalar>(_ shared: SharedWork<Scalar>) {
    embedAll(shared.weights, into: shared.table.reserve(Self.elementRows * width))
  }

  func prepare<Scalar: NetworkScalar>(_ source: PreparedSource<Scalar>) -> PreparedLayer<Scalar> {
    var table = [Scalar](repeating: 0, count: Self.elementRows * width)
    table.withUnsafeMutableBufferPointer { table in
      source.values.withUnsafeBufferPointer { values in
        embedAll(values.baseAddress.unsafelyUnwrapped, into: table.baseAddress.unsafelyUnwrapped)
      }
    }
    return PreparedLayer(arrays: [], table: table)
  }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    gatherElements(context.block, context.shared.table.pointer, width: width, into: context.output(0))
  }

  func infer<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    context.prepared.table?.withUnsafeBufferPointer { table in
      gatherElements(
        context.block, table.baseAddress.unsafelyUnwrapped, width: width, into: context.output(0))
    }
  }

  /// Sites of one element share a row of features, so their gradients are added up first.
  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (block, nodes, table) = (context.block, context.outputGradient(0), features)
    let elements = context.chunk.scratch[0].reserve(Self.elementRows * width)
    elements.update(repeating: 0, count: Self.elementRows * width)
    for site in 0..<block.siteCount {
      let row = Int(block.atomicNumbers.pointer[site]) * width
      Scalar.addRows(rows: 1, width: width, nodes + site * width, stride: width, to: elements + row)
    }
    let (weight, bias) = (context.gradient + weight, context.gradient + bias)
    Scalar.addRows(rows: 1, width: width, elements, stride: width, to: bias)
    for number in 1...table.elementCount {
      let row = elements + number * width
      guard (0..<width).contains(where: { row[$0] != 0 }) else { continue }
      Scalar.addRows(rows: 1, width: width, row, stride: width, to: bias)
      for feature in 0..<table.featureCount
      where table.values[(number - 1) * table.featureCount + feature] != 0 {
        Scalar.addRows(rows: 1, width: width, row, stride: width, to: weight + feature * width)
      }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    let (weight, bias) = (context.matrix(name + ".weight"), context.vector(name + ".bias"))
    return [
      context.atomicNumbers.map { number in
        // Without element there are zeros.
        features.row(for: Int(number)).map { plainProduct(weight, $0.map { Double($0) }, bias) } ?? bias
      }
    ]
  }
}

/// Rows of a table by atomic number, shape (101, w), to the sites of a block, shape (n, w).
func gatherElements<Scalar: NetworkScalar>(
  _ block: GraphBlock<Scalar>, _ table: UnsafePointer<Scalar>, width: Int,
  into out: UnsafeMutablePointer<Scalar>
) {
  for site in 0..<block.siteCount {
    (out + site * width).update(
      from: table + Int(block.atomicNumbers.pointer[site]) * width, count: width)
  }
}

extension NetworkBuilder {
  /// A vector of `width` for each site by its element; tensors `name.weight` (width, 92) and `name.bias`. Where sites begin with
  /// representations of another network (`NodeSource`), a linear layer on these, or on both; tensor `name.nodes.weight` then
  /// acts on these.
  public mutating func elementEmbedding(_ name: String, width: Int) -> NetworkValue {
    let nodes = takeNodes()
    if let nodes, nodes.use == .replace { return linear(name, nodes.representations, to: width) }
    let embedded = add([]) { ElementEmbedding(name, width: width, &$0) }[0]
    guard let nodes else { return embedded }
    return sum(embedded, linear(name + ".nodes", nodes.representations, to: width, hasBias: false))
  }
}
