internal import ModelFormats
internal import TensorKernels

/// A vector for each site, W x + b, with x the 92 features of its element and the 32 rows of its orbital field matrix, each
/// behind the entry of the orbital vector: x = e ⊕ (D_0 ⊕ X_0,0 … X_0,31) ⊕ … ⊕ (D_31 ⊕ X_31,0 … X_31,31), 1148 numbers.
///
/// X = Dᵀ f is never formed. D follows from the element, so W x + b = b(Z) + M(Z) f with a vector and a matrix for each
/// element: 32 products a channel instead of 1148. Shapes: w width.
///
/// Source: M. Karamad, R. Magar et al., Phys. Rev. Materials 4, 093801 (2020), in the form of the authors' code.
struct OrbitalFieldEmbedding: Layer {
  let name: String
  let width: Int
  /// The table that says D.
  let orbitals: OrbitalChoice
  let weight: Int
  let bias: Int

  private static var elementCount: Int { AtomFeatureTable.cgcnn.elementCount }
  private static var elementFeatureCount: Int { AtomFeatureTable.cgcnn.featureCount }
  private static var fieldWidth: Int { OrbitalField.width }
  /// Features: those of the element, and a row of the matrix [D | X] for each slot.
  static var featureCount: Int { elementFeatureCount + fieldWidth * (1 + fieldWidth) }
  /// Rows of an element's table: the vector b, and those of M.
  private static var rows: Int { 1 + fieldWidth }

  init(_ name: String, width: Int, orbitals: OrbitalChoice, _ parameters: inout ParameterLayout) {
    self.name = name
    self.width = width
    self.orbitals = orbitals
    weight = parameters.take(Self.featureCount * width, inputs: Self.featureCount)
    bias = parameters.take(width, inputs: Self.featureCount)
    parameters.name(name + ".weight", transposed: weight, outputs: width, inputs: Self.featureCount)
    parameters.name(name + ".bias", vector: bias, width)
  }

  var outputs: [ValueShape] { [ValueShape(space: .sites, width: width)] }

  private var tableCount: Int { (Self.elementCount + 1) * Self.rows * width }

  /// Where the table of an element lies.
  private func place(_ number: Int) -> Int { number * Self.rows * width }

  /// The rows of W whose sum is row `row` of an element's table; the bias is one more of row 0.
  private func features(of number: Int, row: Int) -> [Int] {
    let own = orbitals.table.slots(of: number).map { slot in
      Self.elementFeatureCount + slot * (1 + Self.fieldWidth) + row
    }
    guard row == 0, let element = AtomFeatureTable.cgcnn.row(for: number) else { return own }
    return element.indices.filter { element[$0] != 0 } + own
  }

  /// The tables of all elements, shape (101, 33, w); `out` is zero.
  private func tabulate<Scalar: NetworkScalar>(
    _ values: UnsafePointer<Scalar>, into out: UnsafeMutablePointer<Scalar>
  ) {
    for number in 1...Self.elementCount {
      for row in 0..<Self.rows {
        let sum = out + place(number) + row * width
        if row == 0 { sum.update(from: values + bias, count: width) }
        for feature in features(of: number, row: row) {
          let source = values + weight + feature * width
          for channel in 0..<width { sum[channel] += source[channel] }
        }
      }
    }
  }

  private func embed<Scalar: NetworkScalar>(
    _ block: GraphBlock<Scalar>, _ table: UnsafePointer<Scalar>, into out: UnsafeMutablePointer<Scalar>
  ) {
    for site in 0..<block.siteCount {
      let own = table + place(Int(block.atomicNumbers.pointer[site]))
      Scalar.multiply(
        rows: 1, columns: width, inner: Self.fieldWidth, block.orbitalFields.pointer + site * Self.fieldWidth,
        aRow: Self.fieldWidth, aColumn: 1, own + width, bias: own, into: out + site * width, accumulate: false
      )
    }
  }

  func begin<Scalar: NetworkScalar>(_ shared: SharedWork<Scalar>) {
    let table = shared.table.reserve(tableCount)
    table.update(repeating: 0, count: tableCount)
    tabulate(shared.weights, into: table)
  }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    embed(context.block, context.shared.table.pointer, into: context.output(0))
  }

  func prepare<Scalar: NetworkScalar>(_ source: PreparedSource<Scalar>) -> PreparedLayer<Scalar> {
    var table = [Scalar](repeating: 0, count: tableCount)
    table.withUnsafeMutableBufferPointer { table in
      source.values.withUnsafeBufferPointer { values in
        tabulate(values.baseAddress.unsafelyUnwrapped, into: table.baseAddress.unsafelyUnwrapped)
      }
    }
    return PreparedLayer(arrays: [table])
  }

  func infer<Scalar: NetworkScalar>(_ context: LayerContext<Scalar>) {
    context.prepared.arrays[0].withUnsafeBufferPointer { table in
      embed(context.block, table.baseAddress.unsafelyUnwrapped, into: context.output(0))
    }
  }

  /// Adds up the gradient of one element's table after the other, then gives it to the rows of W that the table sums.
  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (block, g) = (context.block, context.outputGradient(0))
    let numbers = UnsafeBufferPointer(start: block.atomicNumbers.pointer, count: block.siteCount)
    let table = context.chunk.scratch[0].reserve(Self.rows * width)
    for number in Set(numbers).sorted() {
      table.update(repeating: 0, count: Self.rows * width)
      for site in numbers.indices where numbers[site] == number {
        let (own, field) = (g + site * width, block.orbitalFields.pointer + site * Self.fieldWidth)
        for channel in 0..<width { table[channel] += own[channel] }
        for slot in 0..<Self.fieldWidth where field[slot] != 0 {
          let (row, factor) = (table + (1 + slot) * width, field[slot])
          for channel in 0..<width { row[channel] += factor * own[channel] }
        }
      }
      let bias = context.gradient + bias
      for channel in 0..<width { bias[channel] += table[channel] }
      for row in 0..<Self.rows {
        let sum = table + row * width
        for feature in features(of: Int(number), row: row) {
          let target = context.gradient + weight + feature * width
          for channel in 0..<width { target[channel] += sum[channel] }
        }
      }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    let (weight, bias) = (context.matrix(name + ".weight"), context.vector(name + ".bias"))
    return [
      zip(context.atomicNumbers, context.orbitalFields).map { number, field in
        let features = AtomFeatureTable.cgcnn.row(for: Int(number))?.map { Double($0) } ?? []
        return plainProduct(weight, features + plainMatrix(Int(number), field), bias)
      }
    ]
  }

  /// The matrix [D | X] of a site, row by row.
  func plainMatrix(_ number: Int, _ field: [Double]) -> [Double] {
    let slots = orbitals.table.slots(of: number)
    return (0..<Self.fieldWidth).flatMap { row in
      let isTaken = slots.contains(row) ? 1.0 : 0.0
      return [isTaken] + field.map { isTaken * $0 }
    }
  }
}

extension NetworkBuilder {
  /// A vector of `width` for each site by its element and its orbital field matrix; tensors `name.weight` (width, 1148) and
  /// `name.bias`.
  ///
  /// - Parameters:
  ///   - name: path of the tensors.
  ///   - width: a multiple of 16.
  ///   - orbitals: the table that the input requirements name.
  public mutating func orbitalFieldEmbedding(
    _ name: String, width: Int, orbitals: OrbitalChoice
  ) -> NetworkValue {
    add([]) { OrbitalFieldEmbedding(name, width: width, orbitals: orbitals, &$0) }[0]
  }
}
