internal import Networks
internal import Training

/// How well probabilities of class 1 tell two classes apart.
public struct ClassificationStatistics: Codable, Hashable, Sendable {
  /// Structures.
  public let count: Int
  /// Those of class 1.
  public let positiveCount: Int
  /// Share whose more probable class is theirs.
  public let accuracy: Double
  /// Area under the receiver operating characteristic; nil where all are of one class.
  public let areaUnderCurve: Double?
  /// 2 · precision · recall / (precision + recall) of class 1 at a probability of 0.5; nil where no structure is of class
  /// 1 nor taken for it.
  public let f1: Double?
  /// Mean of −ln of the probability of the right class; see `PredictionMetric.logLoss`.
  public let logLoss: Double

  /// The statistics; nil where there is no structure.
  ///
  /// - Parameters:
  ///   - probabilities: of class 1.
  ///   - classes: the true ones, 0 or 1; as many.
  public init?(probabilities: [Double], classes: [Double]) {
    guard !classes.isEmpty else { return nil }
    func figure(_ metric: PredictionMetric) -> Double {
      metric.value(predictions: probabilities, targets: classes)
    }
    count = classes.count
    positiveCount = classes.count { $0 > 0.5 }
    accuracy = figure(.accuracy)
    areaUnderCurve = figure(.areaUnderCurve).finite
    f1 = figure(.f1).finite
    logLoss = figure(.logLoss)
  }
}

extension Double {
  /// The number; nil where it is infinite or none.
  fileprivate var finite: Double? { isFinite ? self : nil }
}

/// How predictions compare with what is known: errors of a regression, or the figures of a classification.
public enum PredictionStatistics: Hashable, Sendable {
  /// Of a regression.
  case errors(ErrorStatistics)
  /// Of a classification.
  case classification(ClassificationStatistics)

  /// The statistics; nil where there is nothing to compare.
  ///
  /// - Parameters:
  ///   - task: what the predictions are.
  ///   - predictions: values, or probabilities of class 1.
  ///   - targets: true values, or classes; as many.
  init?(_ task: PredictionTask, predictions: [Double], targets: [Double]) {
    switch task {
    case .regression:
      guard let errors = ErrorStatistics(errors: zip(predictions, targets).map { $0 - $1 }) else {
        return nil
      }
      self = .errors(errors)
    case .classification:
      guard let statistics = ClassificationStatistics(probabilities: predictions, classes: targets) else {
        return nil
      }
      self = .classification(statistics)
    }
  }

  /// The errors of a regression; nil for a classification.
  public var errors: ErrorStatistics? { if case .errors(let errors) = self { errors } else { nil } }

  /// The figures of a classification; nil for a regression.
  public var classification: ClassificationStatistics? {
    if case .classification(let figures) = self { figures } else { nil }
  }
}

extension PredictionStatistics: Encodable {
  /// Writes the figures alone: their names say which they are.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .errors(let errors): try errors.encode(to: encoder)
    case .classification(let figures): try figures.encode(to: encoder)
    }
  }
}
