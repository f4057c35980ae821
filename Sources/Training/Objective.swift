internal import Networks

/// What a training makes small: from the outputs of a batch to its loss, the loss's derivatives, and the figures by which
/// epochs are compared.
///
/// An objective sees a whole batch at once, so that losses which couple its structures are objectives too.
public protocol Objective: Sendable {
  /// Outputs that the network gives for a structure.
  var outputCount: Int { get }

  /// Loss of a batch and its derivatives.
  ///
  /// - Parameters:
  ///   - outputs: of the batch's structures, one after the other, shape (B, outputs).
  ///   - batch: which structures of the training split these are, shape (B).
  /// - Returns: the mean loss, and its derivatives by the outputs, of the same shape.
  func loss(of outputs: [Double], for batch: [Int]) -> (value: Double, slopes: [Double])
}

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

  /// Mean of |prediction − target|, in the target's unit.
  public static let meanAbsoluteError = Metric(name: "mean absolute error", direction: .lower)
  /// Mean over several targets of `meanAbsoluteError`, each divided by the standard deviation of its target in the training
  /// split; what a standardized target gives.
  public static let standardizedError = Metric(
    name: "mean absolute error in standard deviations", direction: .lower)
  /// Root of the mean of (prediction − target)², in the target's unit.
  public static let rootMeanSquaredError = Metric(name: "root mean squared error", direction: .lower)
  /// Share of structures whose more probable class is theirs.
  public static let accuracy = Metric(name: "accuracy", direction: .higher)
  /// Area under the receiver operating characteristic: the probability that a structure of class 1 is given a larger
  /// probability than one of class 0, ties counting half.
  public static let areaUnderCurve = Metric(name: "ROC-AUC", direction: .higher)
  /// 2 · precision · recall / (precision + recall) of class 1 at a probability of 0.5.
  public static let f1 = Metric(name: "F1", direction: .higher)

  /// Mean of −ln of the probability of the right class. A probability in single precision that is 0 or 1 counts as
  /// 2⁻²⁵ away from it.
  public static let logLoss = Metric(name: "log loss", direction: .lower)

  /// The value that any other is better than.
  public var worst: Double { direction == .lower ? .infinity : -.infinity }

  /// Whether `value` is better than `other`; NaN is never.
  public func isImprovement(_ value: Double, over other: Double) -> Bool {
    direction == .lower ? value < other : value > other
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
    case .meanAbsoluteError, .standardizedError:
      return zip(predictions, targets).reduce(0.0) { $0 + abs($1.0 - $1.1) } / count
    case .rootMeanSquaredError:
      let squares = zip(predictions, targets).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return (squares / count).squareRoot()
    case .accuracy:
      return Double(zip(predictions, targets).count { ($0 > 0.5) == ($1 > 0.5) }) / count
    case .areaUnderCurve: return Self.areaUnderCurve(predictions, targets)
    case .logLoss:
      let least = 0x1p-25
      return zip(predictions, targets).reduce(0.0) { sum, pair in
        sum - logarithm(min(max(pair.1 > 0.5 ? pair.0 : 1 - pair.0, least), 1 - least))
      } / count
    default:
      let hits = Double(zip(predictions, targets).count { $0 > 0.5 && $1 > 0.5 })
      return 2 * hits / Double(predictions.count { $0 > 0.5 } + targets.count { $0 > 0.5 })
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

/// Regression of one or several standardized targets; missing ones are left out.
public struct RegressionObjective: Objective {
  private let targets: [Float]
  private let loss: RegressionLoss

  /// Outputs that the network gives for a structure: one a target.
  public let outputCount: Int

  /// - Parameters:
  ///   - targets: standardized targets of the training split, shape (S, T); NaN where there is none.
  ///   - count: targets T of a structure.
  ///   - loss: loss of one target.
  public init(targets: [Float], count: Int = 1, loss: RegressionLoss) {
    precondition(count > 0 && targets.count % count == 0, "as many targets for every structure")
    self.targets = targets
    outputCount = count
    self.loss = loss
  }

  /// Loss of a batch and its derivatives.
  public func loss(of outputs: [Double], for batch: [Int]) -> (value: Double, slopes: [Double]) {
    let own = batch.flatMap { targets[$0 * outputCount..<($0 + 1) * outputCount] }
    let count = Double(own.count { !$0.isNaN })
    var sum = 0.0
    var slopes = [Double](repeating: 0, count: outputs.count)
    for (index, target) in own.enumerated() where !target.isNaN {
      let (value, slope) = loss.value(error: outputs[index] - Double(target))
      sum += value
      slopes[index] = slope / count
    }
    return (count > 0 ? sum / count : 0, slopes)
  }
}

/// softplus(x) = ln (1 + eˣ) without overflow, and its slope, the logistic function of x.
private func softplus(_ x: Double) -> (value: Double, slope: Double) {
  (max(x, 0) + logarithm1p(exponential(-abs(x))), 1 / (1 + exponential(-x)))
}

/// Classification into two classes by the binary cross-entropy of the logistic function of one output x:
/// −ln σ(x) for class 1, −ln (1 − σ(x)) for class 0.
public struct BinaryCrossEntropyObjective: Objective {
  private let classes: [Int]

  /// Outputs that the network gives for a structure.
  public let outputCount = 1

  /// - Parameter classes: class of each structure of the training split, 0 or 1, shape (S).
  public init(classes: [Int]) {
    precondition(classes.allSatisfy { $0 == 0 || $0 == 1 }, "there are two classes")
    self.classes = classes
  }

  /// Loss of a batch and its derivatives.
  public func loss(of outputs: [Double], for batch: [Int]) -> (value: Double, slopes: [Double]) {
    let count = Double(batch.count)
    var sum = 0.0
    let slopes = zip(outputs, batch).map { output, structure in
      // The two cases are one with the sign of the output turned: softplus of the logit against the right class.
      let sign = classes[structure] == 1 ? -1.0 : 1
      let (value, slope) = softplus(sign * output)
      sum += value
      return sign * slope / count
    }
    return (sum / count, slopes)
  }
}

/// Classification into two classes by the negative log-likelihood of log-softmax over two outputs.
public struct ClassificationObjective: Objective {
  private let classes: [Int]

  /// Outputs that the network gives for a structure: one a class.
  public let outputCount = 2

  /// - Parameter classes: class of each structure of the training split, 0 or 1, shape (S).
  public init(classes: [Int]) {
    precondition(classes.allSatisfy { $0 == 0 || $0 == 1 }, "there are two classes")
    self.classes = classes
  }

  /// Loss of a batch and its derivatives.
  public func loss(of outputs: [Double], for batch: [Int]) -> (value: Double, slopes: [Double]) {
    let count = Double(batch.count)
    var sum = 0.0
    var slopes = [Double](repeating: 0, count: outputs.count)
    for (place, structure) in batch.enumerated() {
      let own = classes[structure]
      let (right, wrong) = (outputs[2 * place + own], outputs[2 * place + 1 - own])
      // −ln p of the right class is softplus(wrong − right), and its slope the probability of the wrong one.
      let (value, miss) = softplus(wrong - right)
      sum += value
      slopes[2 * place + own] = -miss / count
      slopes[2 * place + 1 - own] = miss / count
    }
    return (sum / count, slopes)
  }
}
