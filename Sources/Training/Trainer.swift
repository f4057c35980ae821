public import ModelFormats
public import Networks

/// Trains one network, epoch by epoch.
///
/// The state after an epoch is complete: a trainer restored from `checkpoint()` continues exactly as the one that
/// wrote it, because the order of structures in epoch e follows from the seed and e alone.
public final class Trainer {
  /// What is being trained, and how.
  public let options: TrainingOptions
  /// The epochs done so far.
  public private(set) var history: [EpochRecord] = []
  /// Parameters of the best epoch so far.
  public private(set) var best: NetworkParameters
  /// Its figure; infinitely bad before the first epoch.
  public private(set) var bestFigure: Double

  private let examples: any ExampleSource
  /// All views of the validation split, one after the other.
  private let validation: GraphCollection
  private let objective: any Objective
  private let network: any TrainableNetwork
  private var optimizer: Optimizer
  private var average: WeightAverage?
  private let jobs: Int

  /// A trainer of an objective, at the start of its run.
  ///
  /// - Parameters:
  ///   - options: how to train; of these, the task says what the network's predictions are, and the loss is the objective's.
  ///   - objective: what is made small, of as many outputs as the configuration has.
  ///   - examples: the graphs to learn from, at least one.
  ///   - validation: the graphs that choose the best epoch, the same number in each of the objective's views; where there
  ///     are none, the last epoch is best.
  ///   - initial: parameters to start from, of the configuration in `options`; drawn by the seed where nil.
  ///   - jobs: number of threads; the result does not depend on it.
  /// - Throws: `ModelError.unsupportedConfiguration`.
  public init(
    options: TrainingOptions, objective: any Objective, examples: any ExampleSource,
    validation: [GraphCollection], initial: NetworkParameters? = nil, jobs: Int
  ) throws(ModelError) {
    precondition(examples.count > 0, "there is something to learn from")
    precondition(
      initial == nil || initial?.configuration == options.configuration, "parameters of the same shape")
    precondition(options.batchSize > 0 && options.epochs > 0, "batch size and epochs are positive")
    precondition(objective.outputCount == options.configuration.outputCount, "the network's outputs")
    precondition(objective.viewCount > 0 && !objective.metrics.isEmpty, "a view and a metric")
    precondition(
      validation.count == objective.viewCount && Set(validation.map(\.count)).count == 1,
      "every view of the validation split")
    self.options = options
    self.objective = objective
    self.examples = examples
    self.validation = Self.joined(validation)
    self.jobs = max(1, jobs)
    bestFigure = objective.metrics[0].worst
    let parameters: NetworkParameters
    if let initial {
      parameters = initial
    } else {
      parameters = try options.drawnParameters()
    }
    best = parameters
    average = options.average.map {
      WeightAverage(decay: $0, values: parameters.values, statistics: parameters.statistics)
    }
    network = parameters.trainable(
      jobs: jobs, views: objective.viewCount, normalizationMomentum: options.normalizationMomentum,
      frozenStatistics: options.frozenStatistics)
    optimizer = Optimizer(
      options.optimizer, weightDecay: options.weightDecay, parameterCount: parameters.values.count,
      learningRateFactors: try parameters.program.learningRateFactors(options.groups))
  }

  /// A trainer of the task in `options`, at the start of its run.
  ///
  /// - Parameters:
  ///   - options: how to train.
  ///   - training: structures to learn from, at least one, with as many targets as the network has predictions.
  ///   - validation: structures that choose the best epoch; where empty, the last epoch is best.
  ///   - examples: the graphs to learn from, as many and in the same order as those of `training`, whose own are taken
  ///     where this is nil.
  ///   - initial: parameters to start from, of the configuration in `options`; drawn by the seed where nil.
  ///   - jobs: number of threads; the result does not depend on it.
  /// - Throws: `ModelError.unsupportedConfiguration`.
  public convenience init(
    options: TrainingOptions, training: LabelledGraphs, validation: LabelledGraphs,
    examples: (any ExampleSource)? = nil, initial: NetworkParameters? = nil, jobs: Int
  ) throws(ModelError) {
    precondition(examples == nil || examples?.count == training.graphs.count, "a graph for each target")
    try self.init(
      options: options, objective: options.objective(training: training, validation: validation),
      examples: examples ?? FixedExamples(training.graphs), validation: [validation.graphs],
      initial: initial, jobs: jobs)
  }

  /// Standardization of each target, from the training split.
  public var normalizers: [Normalizer] { objective.normalizers }

  /// What is measured on the validation split; the first chooses the best epoch.
  public var metrics: [Metric] { objective.metrics }

  /// Steps of one epoch; an incomplete last batch is left out, as its normalization would be noisy.
  public var stepsPerEpoch: Int { max(1, examples.count / options.batchSize) }

  /// Whether all epochs are done.
  public var isFinished: Bool { history.count >= options.epochs }

  /// Trains one epoch and validates.
  ///
  /// - Parameter progress: called after each step with the structures done, those of the whole epoch, and the mean
  ///   loss so far; returning false abandons the epoch.
  /// - Returns: the epoch's record, or nil when it was abandoned: then this trainer must not be used further; go on
  ///   from the last checkpoint.
  /// - Throws: what making the epoch's graphs throws.
  public func runEpoch(
    progress: (_ done: Int, _ total: Int, _ loss: Double) -> Bool
  ) throws -> EpochRecord? {
    precondition(!isFinished, "all epochs are done")
    let epoch = history.count
    guard let graphs = try views(epoch: epoch) else { return nil }
    let order = structureOrder(epoch: epoch)
    let steps = stepsPerEpoch
    var lossSum = 0.0
    var rate = LearningRate(learningRate: 0, momentum: 0)
    for step in 0..<steps {
      let batch = Array(order[step * options.batchSize..<min((step + 1) * options.batchSize, order.count)])
      // A structure's place among all graphs is that of its view, whatever the batch: what is random follows from it.
      let places = (0..<objective.viewCount).flatMap { view in batch.map { view * examples.count + $0 } }
      lossSum += network.computeGradient(
        places, of: graphs, noise: options.noise(step: epoch * steps + step)
      ) { objective.loss(of: $0, for: batch) }
      rate = options.schedule.rate(
        step: epoch * steps + step, totalSteps: options.epochs * steps, stepsPerEpoch: steps,
        peak: options.learningRate, momentum: options.momentum)
      optimizer.update(&network.values, gradient: network.gradient, rate: rate)
      average?.add(network.values, network.statistics, step: optimizer.step)
      let done = min((step + 1) * options.batchSize, order.count)
      if !progress(done, steps * options.batchSize, lossSum / Double(step + 1)) { return nil }
    }
    let result = result
    let figures = validationFigures(result)
    if metrics[0].isImprovement(figures[0], over: bestFigure) || validation.count == 0 {
      best = result
      bestFigure = figures[0]
    }
    let record = EpochRecord(
      epoch: epoch + 1, trainingLoss: lossSum / Double(steps), figures: figures,
      learningRate: rate.learningRate)
    history.append(record)
    return record
  }

  /// What the training has come to: the weights, or their average.
  private var result: NetworkParameters {
    let current = network.networkParameters
    return average.map { current.replacing(values: $0.values, statistics: $0.statistics) } ?? current
  }

  private func structureOrder(epoch: Int) -> [Int] {
    var generator = SeededRandom(seed: options.seed, stream: UInt64(epoch) + 1)
    return (0..<examples.count).shuffled(using: &generator)
  }

  /// The graphs of an epoch, all structures in the first view and then in the next; nil where their making was stopped.
  private func views(epoch: Int) throws -> GraphCollection? {
    var views: [GraphCollection] = []
    for view in 0..<objective.viewCount {
      guard let graphs = try examples.graphs(epoch: epoch, view: view) else { return nil }
      precondition(graphs.count == examples.count, "a graph for each structure")
      views.append(graphs)
    }
    return Self.joined(views)
  }

  private static func joined(_ views: [GraphCollection]) -> GraphCollection {
    views.dropFirst().reduce(into: views[0]) { all, view in
      for structure in 0..<view.count { all.append(contentsOf: view, structure: structure) }
    }
  }

  private func validationFigures(_ parameters: NetworkParameters) -> [Double] {
    guard validation.count > 0 else { return metrics.map { _ in .nan } }
    return objective.figures(of: NetworkPredictor([parameters]).predictions(validation, jobs: jobs))
  }

  /// Numbers of an epoch that a checkpoint holds: loss, the first figure, learning rate, the other figures.
  private var recordWidth: Int { 2 + metrics.count }
}

extension Trainer {
  /// The whole state as tensors, to be saved between epochs.
  public func checkpoint() -> [NamedTensor] {
    let current = network.networkParameters
    let numbers = history.flatMap {
      [$0.trainingLoss, $0.validationFigure, $0.learningRate] + $0.figures.dropFirst()
    }
    let averages = average.map { average in
      [
        NamedTensor(name: "average_parameters", shape: [average.values.count], values: average.values),
        NamedTensor(
          name: "average_statistics", shape: [average.statistics.count], values: average.statistics),
      ]
    }
    return [
      NamedTensor(name: "parameters", shape: [current.values.count], values: current.values),
      NamedTensor(name: "statistics", shape: [current.statistics.count], values: current.statistics),
      NamedTensor(name: "best_parameters", shape: [best.values.count], values: best.values),
      NamedTensor(name: "best_statistics", shape: [best.statistics.count], values: best.statistics),
      NamedTensor(name: "moment1", shape: [optimizer.moment1.count], values: optimizer.moment1),
      NamedTensor(name: "moment2", shape: [optimizer.moment2.count], values: optimizer.moment2),
      NamedTensor(name: "step", shape: [1], data: .int64([Int64(optimizer.step)])),
      NamedTensor(name: "best_error", shape: [1], data: .double([bestFigure])),
      NamedTensor(name: "history", shape: [history.count, recordWidth], data: .double(numbers)),
    ] + (averages ?? [])
  }

  /// Takes over the state that `checkpoint()` of a trainer with equal options and data saved.
  ///
  /// - Throws: `ModelError` when a tensor is missing or has the wrong shape.
  public func restore(_ tensors: [NamedTensor]) throws(ModelError) {
    func tensor(_ name: String) throws(ModelError) -> NamedTensor {
      guard let tensor = tensors.first(where: { $0.name == name }) else { throw .missingTensor(name: name) }
      return tensor
    }
    func floats(_ name: String, _ count: Int) throws(ModelError) -> [Float] {
      let found = try tensor(name)
      guard let values = found.floats, values.count == count else {
        throw .wrongShape(name: name, expected: [count], found: found.shape)
      }
      return values
    }
    let current = network.networkParameters
    let (count, statisticsCount) = (current.values.count, current.statistics.count)
    let values = try floats("parameters", count)
    let statistics = try floats("statistics", statisticsCount)
    let bestValues = try floats("best_parameters", count)
    let bestStatistics = try floats("best_statistics", statisticsCount)
    let moment1 = try floats("moment1", count)
    let moment2 = try floats("moment2", count)
    let step = try tensor("step")
    let error = try tensor("best_error")
    let past = try tensor("history")
    guard let steps = step.integers, steps.count == 1, let errors = error.doubles, errors.count == 1,
      let numbers = past.doubles, past.shape.last == recordWidth, numbers.count % recordWidth == 0
    else { throw .wrongShape(name: "history", expected: [-1, recordWidth], found: past.shape) }
    if let decay = average?.decay {
      average = WeightAverage(
        decay: decay, values: try floats("average_parameters", count),
        statistics: try floats("average_statistics", statisticsCount))
    }
    network.networkParameters = current.replacing(values: values, statistics: statistics)
    best = current.replacing(values: bestValues, statistics: bestStatistics)
    optimizer.moment1 = moment1
    optimizer.moment2 = moment2
    optimizer.step = Int(steps[0])
    bestFigure = errors[0]
    history = stride(from: 0, to: numbers.count, by: recordWidth).enumerated().map { index, first in
      EpochRecord(
        epoch: index + 1, trainingLoss: numbers[first],
        figures: [numbers[first + 1]] + numbers[first + 3..<first + recordWidth],
        learningRate: numbers[first + 2])
    }
  }
}
