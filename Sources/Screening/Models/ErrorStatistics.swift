/// How far predictions are from the truth.
public struct ErrorStatistics: Codable, Hashable, Sendable {
  /// Number of predictions.
  public let count: Int
  /// Mean absolute error.
  public let meanAbsoluteError: Double
  /// Root of the mean squared error.
  public let rootMeanSquaredError: Double
  /// Median absolute error.
  public let medianAbsoluteError: Double
  /// Largest absolute error.
  public let worstError: Double

  /// The statistics of signed errors; nil when there are none.
  public init?(errors: [Double]) {
    guard !errors.isEmpty else { return nil }
    let absolute = errors.map { abs($0) }.sorted()
    count = errors.count
    meanAbsoluteError = absolute.reduce(0, +) / Double(count)
    rootMeanSquaredError = (errors.reduce(0) { $0 + $1 * $1 } / Double(count)).squareRoot()
    let middle = count / 2
    medianAbsoluteError = count % 2 == 1 ? absolute[middle] : (absolute[middle - 1] + absolute[middle]) / 2
    worstError = absolute[count - 1]
  }
}
