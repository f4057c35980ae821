internal import TensorKernels

/// The two layers of a continuous filter over the knots of its grid, f = W₂ ssp(W₁ g + b₁) + b₂ with Gaussians g.
///
/// Shapes: K knots, G Gaussians, w channels.
struct TabulatedFilter: Sendable {
  let name: String
  let filter: EdgeFilter
  let width: Int
  /// (G, w).
  let firstWeight: Int
  let firstBias: Int
  /// (w, w).
  let secondWeight: Int
  let secondBias: Int
  /// Gaussians of the knots (K, G), and what a knot's filter is multiplied by (K).
  private let gaussians: [Double]
  private let factors: [Double]

  private static let activation = ActivationFunction.shiftedSoftplus

  init(_ name: String, _ filter: EdgeFilter, width: Int, _ parameters: inout ParameterLayout) {
    self.name = name
    self.filter = filter
    self.width = width
    let count = filter.gaussianCount
    firstWeight = parameters.take(count * width, inputs: count)
    firstBias = parameters.take(width, inputs: count)
    secondWeight = parameters.take(width * width, inputs: width)
    secondBias = parameters.take(width, inputs: width)
    let knots = 0..<filter.knotCount
    gaussians = knots.flatMap { filter.gaussians(filter.position($0)) }
    factors = knots.map { filter.weight.value(filter.position($0), reach: filter.reach) }
    parameters.name(name + ".0.weight", transposed: firstWeight, outputs: width, inputs: count)
    parameters.name(name + ".0.bias", vector: firstBias, width)
    parameters.name(name + ".1.weight", transposed: secondWeight, outputs: width, inputs: width)
    parameters.name(name + ".1.bias", vector: secondBias, width)
  }

  /// What the backward pass reads transposed.
  var transposed: StoredMatrix { StoredMatrix(offset: secondWeight, rows: width, columns: width) }

  /// Numbers of the table (K, w).
  var tableCount: Int { filter.knotCount * width }
  /// Numbers that `tabulate` keeps: the table, the hidden layer (K, w), and the Gaussians (K, G).
  var memoryCount: Int { 2 * tableCount + gaussians.count }

  /// Evaluates the filter at all knots; the table comes first in `memory`.
  func tabulate<Scalar: NetworkScalar>(
    _ values: UnsafePointer<Scalar>, into memory: UnsafeMutablePointer<Scalar>
  ) {
    let (table, hidden, inputs) = (memory, memory + tableCount, memory + 2 * tableCount)
    let knots = filter.knotCount
    for index in gaussians.indices { inputs[index] = Scalar(gaussians[index]) }
    Scalar.multiply(
      rows: knots, columns: width, inner: filter.gaussianCount, inputs, aRow: filter.gaussianCount,
      aColumn: 1,
      values + firstWeight, bias: values + firstBias, into: hidden, accumulate: false)
    Self.activation.apply(hidden, count: tableCount)
    Scalar.multiply(
      rows: knots, columns: width, inner: width, hidden, aRow: width, aColumn: 1, values + secondWeight,
      bias: values + secondBias, into: table, accumulate: false)
    multiply(table)
  }

  /// Multiplies the rows of a table, or of its gradient, by what the filter is multiplied by.
  private func multiply<Scalar: NetworkScalar>(_ table: UnsafeMutablePointer<Scalar>) {
    guard filter.weight != .none else { return }
    for knot in 0..<filter.knotCount {
      let factor = Scalar(factors[knot])
      for channel in 0..<width { table[knot * width + channel] *= factor }
    }
  }

  /// Adds to the gradient of the parameters what follows from that of the table.
  ///
  /// - Parameters:
  ///   - tableGradient: shape (K, w); lost.
  ///   - memory: as `tabulate` left it.
  ///   - transposed: W₂ transposed.
  ///   - scratch: room for (K, w).
  ///   - gradient: of all parameters of the network.
  func backward<Scalar: NetworkScalar>(
    _ tableGradient: UnsafeMutablePointer<Scalar>, _ memory: UnsafePointer<Scalar>,
    transposed: UnsafePointer<Scalar>, scratch: UnsafeMutablePointer<Scalar>,
    gradient: UnsafeMutablePointer<Scalar>
  ) {
    let (hidden, inputs) = (memory + tableCount, memory + 2 * tableCount)
    let (knots, count) = (filter.knotCount, filter.gaussianCount)
    multiply(tableGradient)
    Scalar.multiply(
      rows: width, columns: width, inner: knots, hidden, aRow: 1, aColumn: width, tableGradient, bias: nil,
      into: gradient + secondWeight, accumulate: true)
    Scalar.addRows(rows: knots, width: width, tableGradient, stride: width, to: gradient + secondBias)
    Scalar.multiply(
      rows: knots, columns: width, inner: width, tableGradient, aRow: width, aColumn: 1, transposed,
      bias: nil,
      into: scratch, accumulate: false)
    Self.activation.backward(hidden, gradient: scratch, count: tableCount)
    Scalar.multiply(
      rows: count, columns: width, inner: knots, inputs, aRow: 1, aColumn: count, scratch, bias: nil,
      into: gradient + firstWeight, accumulate: true)
    Scalar.addRows(rows: knots, width: width, scratch, stride: width, to: gradient + firstBias)
  }

  // MARK: Plain loops

  /// The filter of each number: as the equations have it, or interpolated between knots as the fast code does.
  func plain(_ numbers: [Double], _ context: PlainContext) -> [[Double]] {
    let (first, second) = (context.matrix(name + ".0.weight"), context.matrix(name + ".1.weight"))
    let (firstBias, secondBias) = (context.vector(name + ".0.bias"), context.vector(name + ".1.bias"))
    func value(_ x: Double) -> [Double] {
      let hidden = plainProduct(first, filter.gaussians(x), firstBias).map(Self.activation.plain)
      return plainProduct(second, hidden, secondBias).map { $0 * filter.weight.value(x, reach: filter.reach) }
    }
    // Crystals have many edges of one length.
    var known: [Double: [Double]] = [:]
    func remembered(_ x: Double) -> [Double] {
      if let found = known[x] { return found }
      let found = value(x)
      known[x] = found
      return found
    }
    return numbers.map { x in
      guard context.gaussians == .nearestEight else { return remembered(min(x, filter.reach)) }
      let (first, weights) = filter.interpolation(at: x)
      let rows = (0..<filterKnotCount).map { remembered(filter.position(first + $0)) }
      return (0..<width).map { channel in
        (0..<filterKnotCount).reduce(0) { $0 + weights[$1] * rows[$1][channel] }
      }
    }
  }
}
