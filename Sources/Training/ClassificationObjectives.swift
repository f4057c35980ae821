internal import Networks
internal import TensorKernels

/// Classes 0 and 1 of both splits, and what is measured of them.
private struct ClassLabels {
  /// Of the training split.
  let training: [Int]
  private let validation: [Int]

  private static let measured: [PredictionMetric] = [.areaUnderCurve, .accuracy, .f1]
  static var metrics: [Metric] { measured.map(\.metric) }

  init(training: [Int], validation: [Int]) {
    precondition((training + validation).allSatisfy { $0 == 0 || $0 == 1 }, "there are two classes")
    self.training = training
    self.validation = validation
  }

  /// Figures of the probabilities of class 1 on the validation split.
  func figures(of probabilities: [Float]) -> [Double] {
    let (predictions, targets) = (probabilities.map { Double($0) }, validation.map { Double($0) })
    return Self.measured.map { $0.value(predictions: predictions, targets: targets) }
  }
}

/// softplus(x) = ln (1 + eˣ) without overflow, and its slope, the logistic function of x.
private func softplus(_ x: Double) -> (value: Double, slope: Double) {
  (plainSoftplus(x), 1 / (1 + exponential(-x)))
}

/// Classification into two classes by the binary cross-entropy of the logistic function of one output x:
/// −ln σ(x) for class 1, −ln (1 − σ(x)) for class 0.
public struct BinaryCrossEntropyObjective: Objective {
  private let labels: ClassLabels

  /// Outputs that the network gives for a structure.
  public let outputCount = 1

  /// - Parameters:
  ///   - classes: class of each structure of the training split, 0 or 1, shape (S).
  ///   - validation: likewise of the validation split.
  public init(classes: [Int], validation: [Int] = []) {
    labels = ClassLabels(training: classes, validation: validation)
  }

  /// ROC-AUC, accuracy and F1.
  public var metrics: [Metric] { ClassLabels.metrics }

  /// Figures of the probabilities of class 1.
  public func figures(of predictions: [Float]) -> [Double] { labels.figures(of: predictions) }

  /// Loss of a batch and its derivatives.
  public func loss(of outputs: [Double], for batch: [Int]) -> (value: Double, slopes: [Double]) {
    let count = Double(batch.count)
    var sum = 0.0
    let slopes = zip(outputs, batch).map { output, structure in
      // The two cases are one with the sign of the output turned: softplus of the logit against the right class.
      let sign = labels.training[structure] == 1 ? -1.0 : 1
      let (value, slope) = softplus(sign * output)
      sum += value
      return sign * slope / count
    }
    return (sum / count, slopes)
  }
}

/// Classification into two classes by the negative log-likelihood of log-softmax over two outputs.
public struct ClassificationObjective: Objective {
  private let labels: ClassLabels

  /// Outputs that the network gives for a structure: one a class.
  public let outputCount = 2
  /// One, as there is one probability.
  public let normalizers = [Normalizer.identity]

  /// - Parameters:
  ///   - classes: class of each structure of the training split, 0 or 1, shape (S).
  ///   - validation: likewise of the validation split.
  public init(classes: [Int], validation: [Int] = []) {
    labels = ClassLabels(training: classes, validation: validation)
  }

  /// ROC-AUC, accuracy and F1.
  public var metrics: [Metric] { ClassLabels.metrics }

  /// Figures of the probabilities of class 1.
  public func figures(of predictions: [Float]) -> [Double] { labels.figures(of: predictions) }

  /// Loss of a batch and its derivatives.
  public func loss(of outputs: [Double], for batch: [Int]) -> (value: Double, slopes: [Double]) {
    let count = Double(batch.count)
    var sum = 0.0
    var slopes = [Double](repeating: 0, count: outputs.count)
    for (place, structure) in batch.enumerated() {
      let own = labels.training[structure]
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
