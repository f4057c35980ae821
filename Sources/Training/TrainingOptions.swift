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
  /// Loss of one structure.
  public var loss = RegressionLoss.squared
  /// Weight of a batch in the running statistics of batch normalization.
  public var normalizationMomentum = 0.1
  /// Decay of the running average of the weights, whose figure on the validation split counts then and which is the result;
  /// nil where the weights themselves are.
  public var average: Double?
  /// Parameters that are trained at another rate than the others, or not at all.
  public var groups: [ParameterGroup] = []
  /// Strained copies that stand in for crystals of the training split; nil where all are taken as they are.
  public var augmentation: StrainAugmentation?
  /// Seed of the initial weights, unless they are given, and of the order of structures.
  public var seed: UInt64 = 0

  /// The defaults.
  public init() {}
}

/// What one epoch came to.
public struct EpochRecord: Codable, Hashable, Sendable {
  /// Epoch number, from 1.
  public let epoch: Int
  /// Mean training loss over the epoch, of standardized targets.
  public let trainingLoss: Double
  /// The figure on the validation split that chooses the best epoch; see `Trainer.metric`.
  public let validationFigure: Double
  /// Learning rate of the last step.
  public let learningRate: Double

  /// The figures of one epoch.
  public init(epoch: Int, trainingLoss: Double, validationFigure: Double, learningRate: Double) {
    self.epoch = epoch
    self.trainingLoss = trainingLoss
    self.validationFigure = validationFigure
    self.learningRate = learningRate
  }
}

/// Graphs with a target each.
public struct LabelledGraphs: Sendable {
  /// The graphs, S of them.
  public var graphs: GraphCollection
  /// Target of each graph in its own unit, shape (S).
  public var targets: [Double]

  /// Graphs with their targets; one target a graph.
  public init(graphs: GraphCollection = GraphCollection(), targets: [Double] = []) {
    precondition(graphs.count == targets.count, "one target a graph")
    self.graphs = graphs
    self.targets = targets
  }
}
