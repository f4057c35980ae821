internal import Foundation
internal import LinearAlgebra
internal import ModelFormats
internal import Networks
public import PipelineEngine
internal import TensorKernels
internal import TextFormats
public import Training

/// What a training run tells while it works.
public enum TrainingEvent: Sendable {
  /// The network has wide layers, and OpenBLAS cannot compute them; told once, before everything else.
  case slowProducts(reason: String)
  /// An archive has been loaded; `messages` says of the first few bad records what is wrong with them.
  case loaded(role: String, structures: Int, leftOut: [String: Int], messages: [String])
  /// A member starts, or goes on after `epochsDone` epochs.
  case member(index: Int, of: Int, epochsDone: Int)
  /// A step is done.
  case step(member: Int, epoch: Int, epochs: Int, done: Int, total: Int, loss: Double)
  /// An epoch is done.
  case epoch(
    member: Int, EpochRecord, epochs: Int, metrics: [Metric], targets: [(property: String, unit: String)])
  /// The errors on the validation split are such that no model of errors can be fitted; the card has no calibration of this
  /// property.
  case notCalibrated(property: String, CalibrationError)
  /// The model folder is written.
  case finished(ModelCard)
}

/// Trains the ensemble of a training file into a folder; called again, it goes on from the last checkpoint.
///
/// After each epoch the whole state of the member is saved, so that a run killed at any moment loses at most the epoch
/// in hand and ends with the same weights.
public struct TrainingRun: Sendable {
  /// What is trained.
  public let plan: TrainingPlan
  /// The folder of the model; checkpoints lie in `checkpoints/` within.
  public let output: String
  /// Number of threads; the weights do not depend on it.
  public let jobs: Int
  /// The index of the only member to train; nil trains all and writes the model.
  ///
  /// Members are independent, so that several processes may train one each into the same folder.
  public let member: Int?

  /// A training run into a folder.
  ///
  /// - Throws: `ScreeningError` when the plan has no such member.
  public init(plan: TrainingPlan, output: String, jobs: Int, member: Int? = nil) throws(ScreeningError) {
    if let member, !(0..<plan.memberCount).contains(member) {
      throw .invalid("there is no member \(member + 1): the training file asks for \(plan.memberCount)")
    }
    self.plan = plan
    self.output = output
    self.jobs = jobs
    self.member = member
  }

  private var checkpointFolder: String { output + "/checkpoints" }

  private func checkpointPath(_ member: Int) -> String { "\(checkpointFolder)/member-\(member).safetensors" }

  /// Runs to the end, or until `stop` is raised.
  ///
  /// - Returns: true when the model, or the only member, is finished, false when it was stopped.
  /// - Throws: `ScreeningError`, `ArchiveError`; a checkpoint of another plan or other data is refused.
  public func run(stop: StopFlag, report: (TrainingEvent) -> Void) throws -> Bool {
    try checkOutput()
    try makeFolder(checkpointFolder)
    if let event = try Self.slowProducts(of: plan.options.configuration) { report(event) }
    let loader = GraphLoader(
      configuration: plan.options.configuration, properties: plan.columns,
      maximumSites: plan.maximumSites, jobs: jobs)
    func load(
      _ role: String, _ path: String, keepsStructures: Bool = false
    ) throws -> (LoadedGraphs, ModelCard.Split) {
      var loader = loader
      loader.keepsStructures = keepsStructures
      var loaded = try loader.load(path)
      report(
        .loaded(
          role: role, structures: loaded.ids.count, leftOut: loaded.leftOut, messages: loaded.messages))
      guard !loaded.ids.isEmpty else {
        throw ScreeningError.unreadable(
          path: path,
          reason: "no structure with a \(plan.columns.joined(separator: " or a ")) among its records")
      }
      // What has no label is not learned, and its errors choose no epoch.
      for (target, column) in plan.columns.enumerated() where role != "test" {
        guard loaded.data.values(of: target).contains(where: { !$0.isNaN }) else {
          throw ScreeningError.unreadable(
            path: path, reason: "no structure with a \(column) among its records")
        }
      }
      if let rule = plan.classRule {
        try loaded.classify(by: rule, path: path)
        // Of one class there is nothing to learn, and no figure that chooses an epoch.
        if role != "test", Set(loaded.data.targets).count == 1 {
          throw ScreeningError.unreadable(
            path: path,
            reason: "all \(loaded.ids.count) structures are of class \(Int(loaded.data.targets[0])) by their "
              + "\(rule.column)")
        }
      }
      return (loaded, try ModelCard.Split(loaded, from: path))
    }
    let (training, trainingSplit) = try load(
      "train", plan.train, keepsStructures: plan.options.augmentation != nil)
    let (validation, validationSplit) = try load("validation", plan.validation)
    var splits = ["train": trainingSplit, "validation": validationSplit]
    // What checkpoints are written with, and what those of the first version have, which counted paths too.
    let identities = [plan.identityText, plan.canonicalText].map { text in
      let parts = [
        text, trainingSplit.sha256, validationSplit.sha256, plan.initial?.model.fingerprint,
      ]
      return Fingerprint(of: parts.compactMap { $0 }.joined(separator: "\n")).hexadecimal
    }
    var trainers: [Trainer] = []
    for member in member.map({ $0...$0 }) ?? 0...plan.memberCount - 1 {
      guard
        let trainer = try train(
          member, training, validation.data, identities: identities, earlier: trainers, stop: stop,
          report: report)
      else { return false }
      trainers.append(trainer)
    }
    if member != nil { return true }
    var test: LoadedGraphs?
    if let path = plan.test {
      let (loaded, split) = try load("test", path)
      splits["test"] = split
      test = loaded
    }
    // Again, for a process that was killed between its last checkpoint and the history that belongs to it.
    try writeHistory(trainers)
    let card = try writeModel(
      trainers, validation: validation.data, test: test?.data, splits: splits, report: report)
    report(.finished(card))
    return true
  }

  /// A finished model is not trained over: only its own checkpoints say that it is this training's.
  private func checkOutput() throws {
    guard ModelFolder.isFinished(at: output),
      !FileManager.default.fileExists(atPath: checkpointPath(0))
    else { return }
    throw ScreeningError.invalid(
      "\(output) holds a finished model, and no checkpoint of this training; name another folder, or remove it"
    )
  }

  /// What a person is told of the products of a network before it is trained; nil where there is nothing to tell.
  static func slowProducts(
    of network: NetworkConfiguration, by algebra: @autoclosure () -> DenseAlgebra = .shared
  ) throws -> TrainingEvent? {
    guard try network.program().hasWideLayers, let fault = algebra().fault else { return nil }
    return .slowProducts(reason: fault.description)
  }

  private func train(
    _ member: Int, _ training: LoadedGraphs, _ validation: LabelledGraphs, identities: [String],
    earlier: [Trainer], stop: StopFlag, report: (TrainingEvent) -> Void
  ) throws -> Trainer? {
    var options = plan.options
    options.seed += UInt64(member)
    let epochs = options.augmentation.map { augmentation in
      AugmentedEpochs(
        augmentation: augmentation, requirements: options.configuration.requirements, training: training,
        seed: options.seed, jobs: jobs, stop: stop)
    }
    let trainer = try Trainer(
      options: options, training: training.data, validation: validation,
      examples: epochs,
      initial: try plan.initial.map {
        try $0.parameters(of: member, drawn: try options.drawnParameters())
      }, jobs: jobs)
    try restore(trainer, member: member, identities: identities)
    report(.member(index: member, of: plan.memberCount, epochsDone: trainer.history.count))
    while !trainer.isFinished {
      let epoch = trainer.history.count + 1
      let record = try trainer.runEpoch { done, total, loss in
        report(
          .step(member: member, epoch: epoch, epochs: options.epochs, done: done, total: total, loss: loss))
        return !stop.isRaised
      }
      guard let record else { return nil }
      guard record.trainingLoss.isFinite, record.validationFigure.isFinite else {
        throw ScreeningError.invalid(
          "the training of member \(member + 1) diverged in epoch \(record.epoch): its loss is \(record.trainingLoss); "
            + "lower training.learning_rate")
      }
      let state = trainer.checkpoint()
      let bytes = SafeTensors.encode(
        state,
        metadata: [
          "format": "sluice-checkpoint-1", "identity": identities[0], "digest": Self.digest(of: state),
        ])
      try writeAtomically(bytes, to: checkpointPath(member))
      try writeHistory(earlier + [trainer])
      report(
        .epoch(
          member: member, record, epochs: options.epochs, metrics: trainer.metrics,
          targets: zip(plan.properties, plan.units).map { ($0, $1) }))
    }
    return trainer
  }

  private func restore(_ trainer: Trainer, member: Int, identities: [String]) throws {
    let path = checkpointPath(member)
    guard let data = FileManager.default.contents(atPath: path) else { return }
    do {
      let (tensors, metadata) = try SafeTensors.decode([UInt8](data))
      guard let identity = metadata["identity"], identities.contains(identity) else {
        throw ScreeningError.unreadable(
          path: path,
          reason:
            "a checkpoint of another training file or of other data; name another output folder, or remove it"
        )
      }
      guard metadata["digest"] == Self.digest(of: tensors) else {
        throw ScreeningError.unreadable(
          path: path, reason: "a damaged checkpoint (its contents changed after it was written); remove it")
      }
      try trainer.restore(tensors)
    } catch let error as ScreeningError {
      throw error
    } catch {
      throw ScreeningError.unreadable(
        path: path, reason: "a damaged checkpoint (\(describe(error))); remove it")
    }
  }

  /// A digest of a checkpoint's tensors: one wrong bit would otherwise end in other weights without a word.
  private static func digest(of tensors: [NamedTensor]) -> String {
    Fingerprint(of: SafeTensors.encode(tensors)).hexadecimal
  }

  /// Writes `training.csv` and the learning curve of the members so far; a process that trains one member leaves both to
  /// the one that collects them.
  private func writeHistory(_ trainers: [Trainer]) throws {
    guard member == nil else { return }
    let figures =
      plan.classRule != nil
      ? ["roc_auc", "accuracy", "f1"]
      : plan.columns.count == 1 ? ["mae"] : ["standardized_mae"] + plan.columns.map { "mae_\($0)" }
    let columns = figures.map { csvField("validation_\($0)") }.joined(separator: ",")
    var text = "member,epoch,training_loss,\(columns),learning_rate\n"
    for (member, trainer) in trainers.enumerated() {
      for record in trainer.history {
        let values = record.figures.map { "\($0)" }.joined(separator: ",")
        text += "\(member),\(record.epoch),\(record.trainingLoss),\(values),\(record.learningRate)\n"
      }
    }
    try writeAtomically(Array(text.utf8), to: output + "/training.csv")
    try writeAtomically(
      Array(learningCurve(trainers.map(\.history), plan: plan).utf8), to: output + "/learning-curve.svg")
  }
}
