internal import Networks

/// What a training makes small: from the outputs of a batch to its loss, the loss's derivatives, and the figures by which
/// epochs are compared.
///
/// An objective sees a whole batch at once and all views of its structures, so that losses which couple these are objectives
/// too. What it knows of the structures beside their graphs, as labels, it holds itself.
public protocol Objective: Sendable {
  /// Outputs that the network gives for a structure.
  var outputCount: Int { get }

  /// Views V of a structure that a loss sees, at least one: graphs of the same structure, as `ExampleSource` makes them.
  var viewCount: Int { get }

  /// What makes targets, in their units, of the network's predictions; one a prediction.
  var normalizers: [Normalizer] { get }

  /// What is measured on the validation split, at least one; the first chooses the epoch.
  var metrics: [Metric] { get }

  /// Loss of a batch and its derivatives.
  ///
  /// - Parameters:
  ///   - outputs: of the first view of the batch's structures, one after the other, then of the second; shape
  ///     (V, B, outputs).
  ///   - batch: which structures of the training split these are, shape (B).
  /// - Returns: the mean loss, and its derivatives by the outputs, of the same shape.
  func loss(of outputs: [Double], for batch: [Int]) -> (value: Double, slopes: [Double])

  /// Figures of the validation split.
  ///
  /// - Parameter predictions: of the S structures of the split, view by view as in `loss`: the outputs of a regression, or
  ///   the probabilities of class 1 of a classification; shape (V, S, P), see `NetworkPredictor.predict`.
  /// - Returns: a figure a metric; NaN where one is not defined.
  func figures(of predictions: [Float]) -> [Double]
}

extension Objective {
  /// One.
  public var viewCount: Int { 1 }

  /// Outputs are predictions as they are.
  public var normalizers: [Normalizer] { Array(repeating: .identity, count: outputCount) }
}

extension TrainingOptions {
  /// The objective of the configuration's task: regression of the targets, or classification.
  ///
  /// - Parameters:
  ///   - training: the training split, with as many targets as the network has predictions.
  ///   - validation: the validation split; may be empty.
  public func objective(training: LabelledGraphs, validation: LabelledGraphs) -> any Objective {
    precondition(
      training.targetCount == configuration.predictionCount
        && (validation.targetCount == training.targetCount || validation.graphs.count == 0),
      "a prediction for each target")
    switch configuration.task {
    case .regression: return RegressionObjective(training: training, validation: validation, loss: loss)
    case .classification:
      let (classes, validation) = (training.classes, validation.classes)
      return configuration.outputCount == 1
        ? BinaryCrossEntropyObjective(classes: classes, validation: validation)
        : ClassificationObjective(classes: classes, validation: validation)
    }
  }
}

extension LabelledGraphs {
  /// Targets as classes 0 and 1.
  fileprivate var classes: [Int] { targets.map { $0 > 0.5 ? 1 : 0 } }
}
