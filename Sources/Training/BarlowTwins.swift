/// The redundancy reduction of Barlow twins, a loss that couples the structures of a batch and two views of them:
///
///     C = ẑᴬᵀ ẑᴮ / B,   loss = Σ_i (1 − C_ii)² + λ Σ_(i ≠ j) C_ij²
///
/// with ẑ the outputs (B, D) of a view, each column standardized over the batch (biased variance, ε = 1e-5).
///
/// Source: J. Zbontar et al., ICML 2021, 12310; rows scaled to length 1 before, and λ, as in the code of Crystal Twins
/// (R. Magar, Y. Wang and A. Barati Farimani, npj Comput. Mater. 8, 231 (2022)).
public struct BarlowTwins: Objective {
  /// Outputs D that the network gives for a structure.
  public let outputCount: Int
  /// Weight λ of what lies off the diagonal.
  public let redundancy: Double
  /// Whether the outputs of a structure are scaled to length 1 first.
  public let scalesRows: Bool

  private static let epsilon = 1e-5

  /// The loss of networks with `outputCount` outputs.
  public init(outputCount: Int, redundancy: Double = 0.0051, scalesRows: Bool = true) {
    precondition(outputCount > 0 && redundancy >= 0, "outputs and a weight")
    self.outputCount = outputCount
    self.redundancy = redundancy
    self.scalesRows = scalesRows
  }

  /// Two.
  public var viewCount: Int { 2 }

  /// The loss of the validation split as one batch, and how evenly its outputs spread over their dimensions.
  public var metrics: [Metric] {
    [Metric(name: "loss", direction: .lower), Metric(name: "spread", direction: .higher)]
  }

  /// Loss of a batch and its derivatives.
  public func loss(of outputs: [Double], for batch: [Int]) -> (value: Double, slopes: [Double]) {
    let half = batch.count * outputCount
    precondition(outputs.count == 2 * half, "two views")
    let views = [View(self, outputs[..<half]), View(self, outputs[half...])]
    let (width, rows) = (outputCount, batch.count)
    var correlation = Self.product(
      Self.transposed(views[0].values, columns: width), views[1].values, rows: width, inner: rows,
      columns: width)
    var sum = 0.0
    // dL/dC takes its place.
    for i in 0..<width {
      for j in 0..<width {
        let value = correlation[i * width + j] / Double(rows)
        let (miss, weight) = i == j ? (value - 1, 1) : (value, redundancy)
        sum += weight * miss * miss
        correlation[i * width + j] = 2 * weight * miss / Double(rows)
      }
    }
    let first = Self.product(
      views[1].values, Self.transposed(correlation, columns: width), rows: rows, inner: width,
      columns: width)
    let second = Self.product(views[0].values, correlation, rows: rows, inner: width, columns: width)
    return (sum, views[0].slopes(first, self) + views[1].slopes(second, self))
  }

  /// a b, of shapes (rows, inner) and (inner, columns).
  private static func product(
    _ a: [Double], _ b: [Double], rows: Int, inner: Int, columns: Int
  ) -> [Double] {
    var result = [Double](repeating: 0, count: rows * columns)
    result.withUnsafeMutableBufferPointer { result in
      b.withUnsafeBufferPointer { b in
        for row in 0..<rows {
          for place in 0..<inner {
            let factor = a[row * inner + place]
            for column in 0..<columns {
              result[row * columns + column] += factor * b[place * columns + column]
            }
          }
        }
      }
    }
    return result
  }

  private static func transposed(_ matrix: [Double], columns: Int) -> [Double] {
    (0..<columns).flatMap { matrix.column($0, of: columns) }
  }

  /// The loss of the whole split as one batch; and the standard deviation of each output over the structures, with their outputs
  /// scaled to length 1, times √D, as a mean over the outputs: about 1 where they are spread evenly, 0 where all structures have the
  /// same outputs.
  public func figures(of predictions: [Float]) -> [Double] {
    let outputs = predictions.map { Double($0) }
    let count = outputs.count / 2 / outputCount
    return [
      loss(of: outputs, for: Array(0..<count)).value,
      outputSpread(outputs[..<(count * outputCount)], width: outputCount),
    ]
  }

  /// One view of a batch, standardized.
  private struct View {
    /// ẑ, shape (B, D).
    let values: [Double]
    /// Of each column.
    private let deviations: [Double]
    /// Of each row, where rows are scaled.
    private let lengths: [Double]
    /// Rows after that scaling, else as they were.
    private let scaled: [Double]

    init(_ loss: BarlowTwins, _ outputs: ArraySlice<Double>) {
      let width = loss.outputCount
      let rows = outputs.count / width
      var scaled = Array(outputs)
      var lengths: [Double] = []
      if loss.scalesRows {
        lengths = scaleRows(&scaled, width: width)
      }
      var (values, deviations) = (scaled, [Double]())
      for column in 0..<width {
        let own = scaled.column(column, of: width)
        let mean = own.reduce(0, +) / Double(rows)
        let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows)
        let deviation = (variance + BarlowTwins.epsilon).squareRoot()
        deviations.append(deviation)
        for row in 0..<rows { values[row * width + column] = (own[row] - mean) / deviation }
      }
      (self.values, self.deviations, self.lengths, self.scaled) = (values, deviations, lengths, scaled)
    }

    /// Derivatives by the outputs from those by ẑ.
    func slopes(_ slopes: [Double], _ loss: BarlowTwins) -> [Double] {
      let width = loss.outputCount
      let rows = slopes.count / width
      var result = slopes
      for column in 0..<width {
        let (own, standardized) = (slopes.column(column, of: width), values.column(column, of: width))
        let mean = own.reduce(0, +) / Double(rows)
        let along = zip(own, standardized).reduce(0) { $0 + $1.0 * $1.1 } / Double(rows)
        for row in 0..<rows {
          result[row * width + column] = (own[row] - mean - standardized[row] * along) / deviations[column]
        }
      }
      for (row, length) in lengths.enumerated() {
        let places = row * width..<(row + 1) * width
        let along = places.reduce(0) { $0 + result[$1] * scaled[$1] }
        for place in places { result[place] = (result[place] - scaled[place] * along) / length }
      }
      return result
    }
  }
}

/// Lengths below it count as this, as in PyTorch.
private let leastLength = 1e-12

/// Scales each row to length 1 and gives the lengths that they had.
func scaleRows(_ rows: inout [Double], width: Int) -> [Double] {
  stride(from: 0, to: rows.count, by: width).map { first in
    let length = rows[first..<first + width].reduce(0) { $0 + $1 * $1 }.squareRoot()
    let divisor = max(length, leastLength)
    for place in first..<first + width { rows[place] /= divisor }
    return divisor
  }
}

/// How evenly outputs of shape (S, D) spread: the mean over D of the standard deviation over S of what is scaled to length 1 for each
/// structure, times √D.
///
/// Source: X. Chen and K. He, CVPR 2021, 15750, who watch it for collapse.
func outputSpread(_ outputs: ArraySlice<Double>, width: Int) -> Double {
  var rows = Array(outputs)
  _ = scaleRows(&rows, width: width)
  let count = Double(rows.count / width)
  let deviations = (0..<width).map { column in
    let own = rows.column(column, of: width)
    let mean = own.reduce(0, +) / count
    return (own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
  }
  return deviations.reduce(0, +) / Double(width).squareRoot()
}
