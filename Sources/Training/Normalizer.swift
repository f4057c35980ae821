/// Standardization of a target: z = (y − mean) / standardDeviation.
public struct Normalizer: Codable, Hashable, Sendable {
  /// Mean of the target over the training split.
  public let mean: Double
  /// Standard deviation (unbiased) over the training split; 1 where it cannot be computed.
  public let standardDeviation: Double

  /// The target as it is.
  public static let identity = Normalizer(mean: 0, standardDeviation: 1)

  /// A standardization with the given constants.
  public init(mean: Double, standardDeviation: Double) {
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// The standardization of `values`, which must be the training split's and nothing else; NaN, as of targets that are not
  /// known, is left out.
  public init(fitting values: [Double]) {
    let values = values.filter { !$0.isNaN }
    let count = Double(max(values.count, 1))
    let mean = values.reduce(0, +) / count
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = values.count > 1 ? (squares / (count - 1)).squareRoot() : 0
    self.init(mean: mean, standardDeviation: deviation > 0 ? deviation : 1)
  }

  /// The value in its own unit of a standardized one.
  public func restored(_ standardized: Double) -> Double { mean + standardDeviation * standardized }

  /// The standardized value.
  public func standardized(_ value: Double) -> Double { (value - mean) / standardDeviation }
}
