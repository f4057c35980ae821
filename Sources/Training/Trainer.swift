public import ModelFormats
public import Networks

/// Trains one network, epoch by epoch.
///
/// The state after an epoch is complete: a trainer restored from `checkpoint()` continues exactly as the one that
/// wrote it, because the order of structures in epoch e follows from the seed and e alone.
public final class Trainer {
  /// What is being trained, and how.
  public let options: TrainingOptions
  /// Standardization of each target, from the training split.
  public let normalizers: [Normalizer]
  /// The epochs done so far.
  public private(set) var history: [EpochRecord] = []
  /// The figure on the validation split that chooses the best epoch.
  public let metric: Metric
  /// Parameters of the best epoch so far.
  public private(set) var best: NetworkParameters
  /// Its figure; infinitely bad before the first epoch.
  public private(set) var bestFigure: Double

  private let examples: any ExampleSource
  private let validation: LabelledGraphs
  private let objective: any Objective
  private let network: any TrainableNetwork
  private var optimizer: Optimizer
  private var average: WeightAverage?
  private let jobs: Int

  /// A trainer at the start of its run.
  ///
  /// - Parameters:
  ///   - options: how to train.
  ///   - training: structures to learn from, at least one, with as many targets as the network has outputs for.
  ///   - validation: structures that choose the best epoch; where empty, the last epoch is best.
  ///   - examples: the graphs to learn from, as many and in the same order as those of `training`, whose own are taken
  ///     where this is nil.
  ///   - initial: parameters to start from, of the configuration in `options`; drawn by the seed where nil.
  ///   - jobs: number of threads; the result does not depend on it.
  /// - Throws: `ModelError.unsupportedConfiguration`.
  public init(
    options: TrainingOptions, training: LabelledGraphs, validation: LabelledGraphs,
    examples: (any ExampleSource)? = nil, initial: NetworkParameters? = nil, jobs: Int
  ) throws(ModelError) {
    precondition(training.graphs.count > 0, "there is something to learn from")
    precondition(
      initial == nil || initial?.configuration == options.configuration, "parameters of the same shape")
    precondition(options.batchSize > 0 && options.epochs > 0, "batch size and epochs are positive")
    self.options = options
    self.examples = examples ?? FixedExamples(training.graphs)
    precondition(self.examples.count == training.graphs.count, "a graph for each target")
    precondition(
      training.targetCount == options.configuration.predictionCount
        && (validation.targetCount == training.targetCount || validation.graphs.count == 0),
      "an output for each target")
    self.validation = validation
    self.jobs = max(1, jobs)
    switch options.configuration.task {
    case .regression:
      let count = training.targetCount
      let normalizers = (0..<count).map { Normalizer(fitting: training.values(of: $0)) }
      self.normalizers = normalizers
      objective = RegressionObjective(
        targets: training.targets.enumerated().map { Float(normalizers[$0 % count].standardized($1)) },
        count: count, loss: options.loss)
      metric = count == 1 ? .meanAbsoluteError : .standardizedError
    case .classification:
      normalizers = [.identity]
      let classes = training.targets.map { $0 > 0.5 ? 1 : 0 }
      objective =
        options.configuration.outputCount == 1
        ? BinaryCrossEntropyObjective(classes: classes) : ClassificationObjective(classes: classes)
      metric = .areaUnderCurve
    }
    bestFigure = metric.worst
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
    network = parameters.trainable(jobs: jobs, normalizationMomentum: options.normalizationMomentum)
    optimizer = Optimizer(
      options.optimizer, weightDecay: options.weightDecay, parameterCount: parameters.values.count,
      learningRateFactors: try parameters.program.learningRateFactors(options.groups))
  }

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
    guard let graphs = try examples.graphs(epoch: epoch, view: 0) else { return nil }
    precondition(graphs.count == examples.count, "a graph for each target")
    let order = structureOrder(epoch: epoch)
    let steps = stepsPerEpoch
    var lossSum = 0.0
    var rate = LearningRate(learningRate: 0, momentum: 0)
    for step in 0..<steps {
      let batch = Array(order[step * options.batchSize..<min((step + 1) * options.batchSize, order.count)])
      lossSum += network.computeGradient(
        batch, of: graphs, noise: options.noise(step: epoch * steps + step)
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
    let (figure, targetErrors) = validationFigures(result)
    if metric.isImprovement(figure, over: bestFigure) || validation.graphs.count == 0 {
      best = result
      bestFigure = figure
    }
    let record = EpochRecord(
      epoch: epoch + 1, trainingLoss: lossSum / Double(steps), validationFigure: figure,
      learningRate: rate.learningRate, targetErrors: targetErrors)
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

  /// The figure that chooses the best epoch, and of several targets the error of each.
  private func validationFigures(_ parameters: NetworkParameters) -> (figure: Double, errors: [Double]) {
    let count = normalizers.count
    guard validation.graphs.count > 0 else { return (.nan, count > 1 ? normalizers.map { _ in .nan } : []) }
    let predictions = NetworkPredictor([parameters]).predictions(validation.graphs, jobs: jobs)
    let figures = normalizers.enumerated().map { target, normalizer in
      let pairs = zip(predictions.column(target, of: count), validation.values(of: target))
        .filter { !$1.isNaN }
      return metric.value(
        predictions: pairs.map { normalizer.restored(Double($0.0)) }, targets: pairs.map(\.1))
    }
    guard count > 1 else { return (figures[0], []) }
    let known = zip(figures, normalizers).filter { !$0.0.isNaN }
    return (known.reduce(0) { $0 + $1.0 / $1.1.standardDeviation } / Double(known.count), figures)
  }

  /// Numbers of an epoch that a checkpoint holds.
  private var recordWidth: Int { 3 + (normalizers.count > 1 ? normalizers.count : 0) }
}

extension Trainer {
  /// The whole state as tensors, to be saved between epochs.
  public func checkpoint() -> [NamedTensor] {
    let current = network.networkParameters
    let numbers = history.flatMap {
      [$0.trainingLoss, $0.validationFigure, $0.learningRate] + $0.targetErrors
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
      let numbers = past.doubles, numbers.count % recordWidth == 0
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
        epoch: index + 1, trainingLoss: numbers[first], validationFigure: numbers[first + 1],
        learningRate: numbers[first + 2], targetErrors: Array(numbers[first + 3..<first + recordWidth]))
    }
  }
}
