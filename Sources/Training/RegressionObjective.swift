/// Regression of one or several standardized targets; missing ones are left out.
public struct RegressionObjective: Objective {
  private let targets: [Float]
  private let validation: [Double]
  private let loss: RegressionLoss

  /// Outputs that the network gives for a structure: one a target.
  public let outputCount: Int
  /// Standardization of each target.
  public let normalizers: [Normalizer]

  /// Regression of targets in their units, standardized by the training split.
  ///
  /// - Parameters:
  ///   - training: the training split; NaN where a target is not known.
  ///   - validation: the validation split, likewise; may be empty.
  ///   - loss: loss of one standardized target.
  public init(training: LabelledGraphs, validation: LabelledGraphs, loss: RegressionLoss) {
    let count = training.targetCount
    let normalizers = (0..<count).map { Normalizer(fitting: training.values(of: $0)) }
    self.normalizers = normalizers
    targets = training.targets.enumerated().map { Float(normalizers[$0 % count].standardized($1)) }
    self.validation = validation.targets
    outputCount = count
    self.loss = loss
  }

  /// Regression of targets that are standardized already, without a validation split.
  ///
  /// - Parameters:
  ///   - targets: standardized targets of the training split, shape (S, T); NaN where there is none.
  ///   - count: targets T of a structure.
  ///   - loss: loss of one target.
  public init(targets: [Float], count: Int = 1, loss: RegressionLoss) {
    precondition(count > 0 && targets.count % count == 0, "as many targets for every structure")
    self.targets = targets
    validation = []
    normalizers = Array(repeating: .identity, count: count)
    outputCount = count
    self.loss = loss
  }

  /// The mean absolute error; of several targets their standardized error, and then the error of each.
  public var metrics: [Metric] {
    guard outputCount > 1 else { return [.meanAbsoluteError] }
    return [.standardizedError]
      + (1...outputCount).map {
        Metric(name: "\(Metric.meanAbsoluteError.name) of target \($0)", direction: .lower)
      }
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

  /// Errors in the targets' units; a target that no structure has counts in no mean.
  public func figures(of predictions: [Float]) -> [Double] {
    let errors = normalizers.enumerated().map { target, normalizer in
      let pairs = zip(
        predictions.column(target, of: outputCount), validation.column(target, of: outputCount)
      ).filter { !$1.isNaN }
      return PredictionMetric.meanAbsoluteError.value(
        predictions: pairs.map { normalizer.restored(Double($0.0)) }, targets: pairs.map(\.1))
    }
    guard outputCount > 1 else { return errors }
    let known = zip(errors, normalizers).filter { !$0.0.isNaN }
    return [known.reduce(0) { $0 + $1.0 / $1.1.standardDeviation } / Double(known.count)] + errors
  }
}
