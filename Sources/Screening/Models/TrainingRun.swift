internal import Foundation
internal import LinearAlgebra
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
  /// What is known of the model that the members start from: how many crystals by which the training is judged it was trained
  /// on; nil where that is not known.
  case initialModel(name: String, SharedCrystals?)
  /// The same of the model whose representations sites begin with.
  case nodeModel(name: String, SharedCrystals?)
  /// Crystals by which the training is judged are among those that it learns from.
  case learned(LearnedCrystals)
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

  private func checkpointPath(_ member: Int) -> String { Self.checkpointPath(member, in: output) }

  /// The file of a member's checkpoint within the folder of a model.
  static func checkpointPath(_ member: Int, in output: String) -> String {
    "\(output)/checkpoints/member-\(member).safetensors"
  }

  /// Runs to the end, or until `stop` is raised.
  ///
  /// - Returns: true when the model, or the only member, is finished, false when it was stopped.
  /// - Throws: `ScreeningError`, `ArchiveError`; a checkpoint of another plan or other data is refused.
  public func run(stop: StopFlag, report: (TrainingEvent) -> Void) throws -> Bool {
    try checkOutput()
    try makeFolder(checkpointFolder)
    if let event = try Self.slowProducts(of: plan.options.configuration) { report(event) }
    let loader = SplitLoader(plan: plan, jobs: jobs)
    // Whoever starts from another model is compared with what that one has seen before anything is trained.
    var splits = try loader.load(includesTest: plan.initial != nil || plan.nodes != nil, report: report)
    let shared = try plan.initial?.shared(with: splits.judging)
    if let initial = plan.initial {
      report(.initialModel(name: initial.model.card.name, shared))
    }
    let nodesShared = try plan.nodesShared(with: splits.judging)
    if let nodes = plan.nodes { report(.nodeModel(name: nodes.card.name, nodesShared)) }
    let own = TrainedCrystals(splits.training.identities, isComplete: true)
    func compare(_ splits: [(role: String, loaded: LoadedGraphs)]) {
      for (role, loaded) in splits {
        if let learned = own.learned(role, ids: loaded.ids, loaded.identities) { report(.learned(learned)) }
      }
    }
    compare(splits.judging)
    // What checkpoints are written with, and what those of earlier versions have, which counted the members, and paths too.
    let identities = [plan.memberIdentityText, plan.identityText, plan.canonicalText].map { text in
      let parts = [
        text, splits.cards["train"]?.sha256, splits.cards["validation"]?.sha256,
        plan.initial?.model.fingerprint, plan.nodes?.fingerprint,
      ]
      return Fingerprint(of: (parts.compactMap { $0 } + splits.excluded).joined(separator: "\n")).hexadecimal
    }
    var trainers: [Trainer] = []
    for member in member.map({ $0...$0 }) ?? 0...plan.memberCount - 1 {
      guard
        let trainer = try train(
          member, splits, identities: identities, earlier: trainers, stop: stop, report: report)
      else { return false }
      trainers.append(trainer)
    }
    if member != nil { return true }
    if splits.test == nil {
      try loader.loadTest(&splits, report: report)
      compare(splits.judging.filter { $0.role == "test" })
    }
    // Again, for a process that was killed between its last checkpoint and the history that belongs to it.
    try writeHistory(trainers)
    let card = try writeModel(trainers, splits, shared: shared, nodesShared: nodesShared, report: report)
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
    _ member: Int, _ splits: TrainingSplits, identities: [String], earlier: [Trainer], stop: StopFlag,
    report: (TrainingEvent) -> Void
  ) throws -> Trainer? {
    let trainer = try plan.trainer(
      seed: plan.options.seed + UInt64(member), member: member, training: splits.training,
      validation: splits.validation.data, jobs: jobs, stop: stop)
    let options = trainer.options
    let checkpoint = TrainerCheckpoint(path: checkpointPath(member), identities: identities)
    try checkpoint.restore(trainer)
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
      try checkpoint.save(trainer)
      try writeHistory(earlier + [trainer])
      report(
        .epoch(
          member: member, record, epochs: options.epochs, metrics: trainer.metrics,
          targets: zip(plan.properties, plan.units).map { ($0, $1) }))
    }
    return trainer
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
