public import Networks

/// How one member of an ensemble is trained; two runs with equal options, data and processor kind end with equal
/// weights.
public struct TrainingOptions: Hashable, Sendable {
  /// Shape of the network.
  public var configuration = NetworkConfiguration(CGCNN())
  /// Passes over the training split.
  public var epochs = 24
  /// Structures a step.
  public var batchSize = 128
  /// Update rule.
  public var optimizer = OptimizerKind.adamw
  /// Largest learning rate.
  public var learningRate = 4e-3
  /// Momentum of SGD, β₁ of Adam, where the schedule does not set it.
  public var momentum = 0.9
  /// Weight decay.
  public var weightDecay = 1e-5
  /// How the learning rate changes.
  public var schedule = LearningRateSchedule.oneCycle(warmUp: 0.3)
  /// Loss of one standardized target of a regression.
  public var loss = RegressionLoss.squared
  /// Weight of a batch in the running statistics of batch normalization.
  public var normalizationMomentum = 0.1
  /// Decay of the running average of the weights, whose figure on the validation split counts then and which is the result;
  /// nil where the weights themselves are.
  public var average: Double?
  /// Parameters that are trained at another rate than the others, or not at all.
  public var groups: [ParameterGroup] = []
  /// Beginnings of the names of running statistics that stay as they are, and that their normalizations take in place of the
  /// batch's.
  public var frozenStatistics: [String] = []
  /// Strained copies that stand in for crystals of the training split; nil where all are taken as they are.
  public var augmentation: StrainAugmentation?
  /// Seed of the initial weights, unless they are given, and of the order of structures.
  public var seed: UInt64 = 0

  /// The defaults.
  public init() {}
}

extension TrainingOptions {
  /// The parameters that training starts from unless others are given: drawn by the seed.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration`.
  public func drawnParameters() throws(ModelError) -> NetworkParameters {
    var generator = SeededRandom(seed: seed, stream: 0)
    return try NetworkParameters(configuration, using: &generator)
  }

  /// What is random within a step follows from it; apart from the streams of seed that order structures.
  func noise(step: Int) -> UInt64 {
    var generator = SeededRandom(seed: seed ^ 0x4452_4F50_0000_0000, stream: UInt64(step))
    return generator.next()
  }
}

/// What one epoch came to.
public struct EpochRecord: Hashable, Sendable {
  /// Epoch number, from 1.
  public let epoch: Int
  /// Mean training loss over the epoch, of standardized targets.
  public let trainingLoss: Double
  /// Figures on the validation split, one of each of `Trainer.metrics`; NaN where one is not defined.
  public let figures: [Double]
  /// Learning rate of the last step.
  public let learningRate: Double

  /// The figure that chooses the best epoch.
  public var validationFigure: Double { figures[0] }

  /// What one epoch came to; at least one figure.
  public init(epoch: Int, trainingLoss: Double, figures: [Double], learningRate: Double) {
    precondition(!figures.isEmpty, "a figure chooses the epoch")
    self.epoch = epoch
    self.trainingLoss = trainingLoss
    self.figures = figures
    self.learningRate = learningRate
  }
}

/// Graphs with a target each, or with several.
public struct LabelledGraphs: Sendable {
  /// The graphs, S of them.
  public var graphs: GraphCollection
  /// Targets of each graph in their own units, shape (S, T); NaN where one is not known.
  public var targets: [Double]
  /// Targets T of a graph.
  public let targetCount: Int

  /// Graphs with their targets; as many for each.
  public init(graphs: GraphCollection = GraphCollection(), targets: [Double] = [], targetCount: Int = 1) {
    precondition(
      targetCount > 0 && graphs.count * targetCount == targets.count, "as many targets for every graph")
    self.graphs = graphs
    self.targets = targets
    self.targetCount = targetCount
  }

  /// The values of target `target`, shape (S).
  public func values(of target: Int) -> [Double] { targets.column(target, of: targetCount) }
}

extension Array {
  /// Column `column` of rows of `count` elements, one row after the other.
  package func column(_ column: Int, of count: Int) -> [Element] {
    stride(from: column, to: self.count, by: count).map { self[$0] }
  }
}
