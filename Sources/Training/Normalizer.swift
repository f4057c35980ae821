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
    // What equal values differ by is the rounding of their mean: nothing to be learned.
    let rounding = 1e-12 * (values.map { abs($0) }.max() ?? 0)
    self.init(mean: mean, standardDeviation: deviation > rounding ? deviation : 1)
  }

  /// The value in its own unit of a standardized one.
  public func restored(_ standardized: Double) -> Double { mean + standardDeviation * standardized }

  /// Whether predictions can be restored by it: the constants are within ±`largestTarget`, and the deviation is positive.
  public var isUsable: Bool {
    abs(mean) <= Self.largestTarget && standardDeviation > 0 && standardDeviation <= Self.largestTarget
  }

  /// Larger targets are no property of a crystal in any unit, and their squares lead out of single precision's reach.
  public static let largestTarget = 1e30

  /// The standardized value.
  public func standardized(_ value: Double) -> Double { (value - mean) / standardDeviation }
}
