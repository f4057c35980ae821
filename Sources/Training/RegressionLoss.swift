/// Loss of a classification into two classes.
public enum ClassificationLoss: String, CaseIterable, Hashable, Sendable {
  /// Negative log-likelihood of log-softmax over two outputs.
  case negativeLogLikelihood = "negative_log_likelihood"
  /// Binary cross-entropy of the logistic function of one output.
  case binaryCrossEntropy = "binary_cross_entropy"
}

/// Loss of one standardized prediction.
public enum RegressionLoss: String, Codable, CaseIterable, Hashable, Sendable {
  /// Squared error.
  case squared
  /// Absolute error.
  case absolute
  /// Huber's loss with δ = 1 standard deviation: squared near zero (½ e²), linear beyond.
  case huber

  /// The loss of an error e = prediction − target, and its derivative with respect to the prediction.
  public func value(error: Double) -> (loss: Double, slope: Double) {
    switch self {
    case .squared: (error * error, 2 * error)
    case .absolute: (abs(error), error > 0 ? 1 : error < 0 ? -1 : 0)
    case .huber: abs(error) <= 1 ? (0.5 * error * error, error) : (abs(error) - 0.5, error > 0 ? 1 : -1)
    }
  }
}
