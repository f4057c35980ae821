internal import Networks
internal import TensorKernels

/// A figure by which trained networks are compared.
public struct Metric: Hashable, Sendable {
  /// Which values are better.
  public enum Direction: String, Sendable {
    /// Smaller ones.
    case lower
    /// Larger ones.
    case higher
  }

  /// Name, e.g. "mean absolute error".
  public let name: String
  /// Which values are better.
  public let direction: Direction

  /// A metric of this name.
  public init(name: String, direction: Direction) {
    self.name = name
    self.direction = direction
  }

  /// Mean of |prediction − target|, in the target's unit.
  public static let meanAbsoluteError = PredictionMetric.meanAbsoluteError.metric
  /// Mean over several targets of `meanAbsoluteError`, each divided by the standard deviation of its target in the training
  /// split; what a standardized target gives.
  public static let standardizedError = Metric(
    name: "mean absolute error in standard deviations", direction: .lower)

  /// The value that any other is better than.
  public var worst: Double { direction == .lower ? .infinity : -.infinity }

  /// Whether `value` is better than `other`; NaN is never.
  public func isImprovement(_ value: Double, over other: Double) -> Bool {
    direction == .lower ? value < other : value > other
  }
}

/// A metric that compares predictions with what is known.
public enum PredictionMetric: CaseIterable, Hashable, Sendable {
  /// Mean of |prediction − target|, in the target's unit.
  case meanAbsoluteError
  /// Root of the mean of (prediction − target)², in the target's unit.
  case rootMeanSquaredError
  /// Share of structures whose more probable class is theirs.
  case accuracy
  /// Area under the receiver operating characteristic: the probability that a structure of class 1 is given a larger
  /// probability than one of class 0, ties counting half.
  case areaUnderCurve
  /// 2 · precision · recall / (precision + recall) of class 1 at a probability of 0.5.
  case f1
  /// Mean of −ln of the probability of the right class. A probability in single precision that is 0 or 1 counts as
  /// 2⁻²⁵ away from it.
  case logLoss

  /// Its name and direction.
  public var metric: Metric {
    switch self {
    case .meanAbsoluteError: Metric(name: "mean absolute error", direction: .lower)
    case .rootMeanSquaredError: Metric(name: "root mean squared error", direction: .lower)
    case .accuracy: Metric(name: "accuracy", direction: .higher)
    case .areaUnderCurve: Metric(name: "ROC-AUC", direction: .higher)
    case .f1: Metric(name: "F1", direction: .higher)
    case .logLoss: Metric(name: "log loss", direction: .lower)
    }
  }

  /// The figure over some structures; NaN where it is not defined, as without any, or with one class alone.
  ///
  /// - Parameters:
  ///   - predictions: predicted values in the target's unit, or probabilities of class 1.
  ///   - targets: true values, or classes 0 and 1; as many.
  public func value(predictions: [Double], targets: [Double]) -> Double {
    precondition(predictions.count == targets.count, "one prediction a target")
    let count = Double(targets.count)
    switch self {
    case .meanAbsoluteError:
      return zip(predictions, targets).reduce(0.0) { $0 + abs($1.0 - $1.1) } / count
    case .rootMeanSquaredError:
      let squares = zip(predictions, targets).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return (squares / count).squareRoot()
    case .accuracy:
      return Double(zip(predictions, targets).count { ($0 > 0.5) == ($1 > 0.5) }) / count
    case .areaUnderCurve: return Self.areaUnderCurve(predictions, targets)
    case .f1:
      let hits = Double(zip(predictions, targets).count { $0 > 0.5 && $1 > 0.5 })
      return 2 * hits / Double(predictions.count { $0 > 0.5 } + targets.count { $0 > 0.5 })
    case .logLoss:
      let least = 0x1p-25
      return zip(predictions, targets).reduce(0.0) { sum, pair in
        sum - logarithm(min(max(pair.1 > 0.5 ? pair.0 : 1 - pair.0, least), 1 - least))
      } / count
    }
  }

  /// By the rank sum of class 1 (H. B. Mann and D. R. Whitney, Ann. Math. Stat. 18, 50 (1947)), ties sharing their mean
  /// rank.
  private static func areaUnderCurve(_ predictions: [Double], _ targets: [Double]) -> Double {
    let order = predictions.indices.sorted { predictions[$0] < predictions[$1] }
    var rankSum = 0.0
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, predictions[order[end]] == predictions[order[start]] { end += 1 }
      // Ranks count from 1: those of places start ..< end have this mean.
      let rank = Double(start + end + 1) / 2
      rankSum += rank * Double(order[start..<end].count { targets[$0] > 0.5 })
      start = end
    }
    let positive = Double(targets.count { $0 > 0.5 })
    let negative = Double(targets.count) - positive
    return (rankSum - positive * (positive + 1) / 2) / (positive * negative)
  }
}
