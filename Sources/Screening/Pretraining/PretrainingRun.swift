internal import Charts
internal import Crystal
internal import Foundation
internal import Networks
public import PipelineEngine
internal import StructureArchive
public import Training

/// What a pretraining tells while it works.
public enum PretrainingEvent: Sendable {
  /// An archive has been loaded.
  case loaded(role: String, structures: Int, leftOut: [String: Int], messages: [String])
  /// Training starts, or goes on after `epochsDone` epochs.
  case start(training: Int, validation: Int, epochsDone: Int)
  /// A step is done.
  case step(epoch: Int, epochs: Int, done: Int, total: Int, loss: Double)
  /// An epoch is done; its figures on the validation crystals are those of the metrics: the loss, and how far outputs are spread or
  /// how much of what is hidden is said rightly.
  case epoch(EpochRecord, epochs: Int, metrics: [Metric])
  /// The outputs of all crystals are nearly the same; nothing is learned that tells crystals apart.
  case collapsed(spread: Double)
  /// The model folder is written.
  case finished(ModelCard)
}

/// Trains a network without labels on a task of its plan, into a model folder that other trainings start from; called again, it
/// goes on from the last epoch.
public struct PretrainingRun: Sendable {
  /// What is trained.
  public let plan: PretrainingPlan
  /// The folder of the model; the checkpoint lies in `checkpoints/` within.
  public let output: String
  /// Number of threads; the weights do not depend on it.
  public let jobs: Int

  /// A pretraining into a folder.
  public init(plan: PretrainingPlan, output: String, jobs: Int) {
    self.plan = plan
    self.output = output
    self.jobs = jobs
  }

  /// Below this spread of the outputs the network is taken for collapsed: untrained ones have a few hundredths.
  static let leastSpread = 0.001

  /// Crystals with their graphs: whole ones without what stands in for missing neighbors where views are taken of them, else as
  /// networks see them.
  private struct Crystals: Sendable {
    var ids: [String] = []
    var graphs = GraphCollection()
    var structures: [Structure] = []
    var identities: [CrystalIdentity] = []
    var leftOut: [String: Int] = [:]

    func selecting(_ places: [Int]) -> Crystals {
      var result = Crystals()
      for place in places { result.graphs.append(contentsOf: graphs, structure: place) }
      result.ids = places.map { ids[$0] }
      if !structures.isEmpty { result.structures = places.map { structures[$0] } }
      result.identities = places.map { identities[$0] }
      return result
    }
  }

  private var checkpointPath: String { output + "/checkpoints/member-0.safetensors" }

  /// Runs to the end, or until `stop` is raised.
  ///
  /// - Returns: whether the model is finished.
  /// - Throws: `ScreeningError`, `ArchiveError`; a checkpoint of another file or other data is refused.
  public func run(stop: StopFlag, report: (PretrainingEvent) -> Void) throws -> Bool {
    guard !ModelFolder.isFinished(at: output) || FileManager.default.fileExists(atPath: checkpointPath) else {
      throw ScreeningError.invalid(
        "\(output) holds a finished model, and no checkpoint of this pretraining; name another folder, or remove it"
      )
    }
    try makeFolder(output + "/checkpoints")
    var digests: [String] = []
    let all = try load(&digests, report)
    let (training, validation) = split(all)
    guard training.ids.count >= 2 else {
      throw ScreeningError.unreadable(
        path: plan.crystals, reason: "\(counted(training.ids.count, "crystal")) to learn from")
    }
    digests.append(try Fingerprint(ofFile: plan.crystals).hexadecimal)
    let identity = Fingerprint(of: (["pretraining-2", plan.identityText] + digests).joined(separator: "\n"))
    if plan.validationShare > 0, validation.ids.isEmpty {
      throw ScreeningError.invalid(
        "\(plan.crystals): \(plan.validationShare) of \(counted(training.ids.count, "crystal")) is none to choose the epoch; "
          + "change data.validation_share, or let it be 0 to take the last epoch")
    }
    if case .contrastive = plan.task, validation.ids.count == 1 {
      throw ScreeningError.invalid(
        "\(plan.crystals): one crystal to choose the epoch, which is compared with no other; change data.validation_share"
      )
    }
    let trainer = try trainer(training, validation, stop)
    let checkpoint = TrainerCheckpoint(path: checkpointPath, identities: [identity.hexadecimal])
    try checkpoint.restore(trainer)
    report(
      .start(
        training: training.ids.count, validation: validation.ids.count, epochsDone: trainer.history.count))
    while !trainer.isFinished {
      let (epoch, epochs) = (trainer.history.count + 1, plan.options.epochs)
      let record = try trainer.runEpoch { done, total, loss in
        report(.step(epoch: epoch, epochs: epochs, done: done, total: total, loss: loss))
        return !stop.isRaised
      }
      guard let record else { return false }
      guard record.trainingLoss.isFinite else {
        throw ScreeningError.invalid(
          "the pretraining diverged in epoch \(epoch): its loss is \(record.trainingLoss); lower training.learning_rate"
        )
      }
      try checkpoint.save(trainer)
      try writeHistory(trainer)
      report(.epoch(record, epochs: epochs, metrics: trainer.metrics))
      if let spread = Self.figure("spread", of: record, trainer.metrics), spread < Self.leastSpread {
        report(.collapsed(spread: spread))
      }
    }
    try writeHistory(trainer)
    report(.finished(try writeModel(trainer, training, validation, leftOut: all.leftOut)))
    return true
  }

  private func trainer(_ training: Crystals, _ validation: Crystals, _ stop: StopFlag) throws -> Trainer {
    let objective = plan.task.makeObjective(plan.options.configuration)
    // Other views than those of any training crystal, the same in every epoch.
    let fixed = epochs(of: validation, stop)
    let views = try (0..<objective.viewCount).map {
      try fixed.graphs(epoch: 0, view: objective.viewCount + $0) ?? GraphCollection()
    }
    return try Trainer(
      options: plan.options, objective: objective, examples: epochs(of: training, stop), validation: views,
      jobs: jobs)
  }

  private func epochs(of crystals: Crystals, _ stop: StopFlag) -> any ExampleSource {
    switch plan.task {
    case .twins(let views, _):
      TwinEpochs(
        views: views, requirements: plan.options.configuration.requirements, graphs: crystals.graphs,
        structures: crystals.structures, seed: plan.options.seed, jobs: jobs, stop: stop)
    case .masked(let hiding), .contrastive(let hiding, _):
      HiddenPartEpochs(
        hiding: hiding, hidesElements: hidesElements, requirements: plan.options.configuration.requirements,
        graphs: crystals.graphs, structures: crystals.structures,
        keys: crystals.ids.map { UInt64(Fingerprint(of: $0).hexadecimal.prefix(16), radix: 16) ?? 0 },
        seed: plan.options.seed, jobs: jobs,
        stop: stop)
    }
  }

  private var hidesElements: Bool { if case .masked = plan.task { true } else { false } }

  private static func figure(_ name: String, of record: EpochRecord?, _ metrics: [Metric]) -> Double? {
    guard let record, let place = metrics.firstIndex(where: { $0.name == name }) else { return nil }
    return record.figures[place]
  }

  /// The crystals that are learned from and those of the validation, drawn by the seed and each crystal's id.
  private func split(_ all: Crystals) -> (training: Crystals, validation: Crystals) {
    let order = drawingOrder(of: all.ids, seed: plan.options.seed)
    let count = Int(plan.validationShare * Double(order.count))
    return (
      all.selecting(order.dropFirst(count).sorted()), all.selecting(order.prefix(count).sorted())
    )
  }

  private func load(_ digests: inout [String], _ report: (PretrainingEvent) -> Void) throws -> Crystals {
    var excluded: Set<Int64> = []
    for path in plan.excluded {
      let table = try readCompositions(of: path, jobs: jobs) { excluded.insert($0) }
      report(
        .loaded(
          role: "exclude", structures: table.written, leftOut: table.rejected,
          messages: Array(table.messages.prefix(10))))
      digests.append(try Fingerprint(ofFile: path).hexadecimal)
    }
    enum Loaded: Sendable {
      case crystal(String, GraphCollection, Structure, CrystalIdentity)
      case leftOut(String)
    }
    let requirements = plan.options.configuration.requirements
    let encoder = InputEncoder(requirements)
    var (crystals, table) = (Crystals(), TableReport())
    let (maximumSites, left) = (plan.maximumSites, excluded)
    let (keeps, takesViews) =
      switch plan.task {
      case .twins(let views, _): (views.displacement > 0, true)
      case .masked(let hiding), .contrastive(let hiding, _): (hiding.supercell != .none, false)
      }
    try streamCrystals(
      plan.crystals, jobs: jobs, report: &table,
      work: { scratch, records in
        records.map { record -> RecordOutcome<Loaded> in
          let structure = record.structure
          if let maximumSites, structure.siteCount > maximumSites {
            return .value(.leftOut("more than \(maximumSites) sites"))
          }
          if left.contains(CrystalIdentity.composition(of: structure)) { return .value(.leftOut("excluded")) }
          do throws(InputError) {
            let graph =
              try takesViews
              ? encoder.wholeGraph(of: structure, scratch: scratch.inputs)
              : encoder.seenGraph(of: structure, scratch: scratch.inputs)
            return .value(
              .crystal(
                record.id, graph, structure,
                CrystalIdentity(of: structure, scratch: scratch.identity)))
          } catch {
            return .rejected(error.rejectionReason, "\(record.id): \(error)")
          }
        }
      },
      write: { (loaded: Loaded) in
        switch loaded {
        case .crystal(let id, let graph, let structure, let identity):
          crystals.ids.append(id)
          crystals.graphs.append(contentsOf: graph, structure: 0)
          if keeps { crystals.structures.append(structure) }
          crystals.identities.append(identity)
        case .leftOut(let cause): crystals.leftOut[cause, default: 0] += 1
        }
      })
    crystals.leftOut.merge(table.rejected) { $0 + $1 }
    report(
      .loaded(
        role: "crystals", structures: crystals.ids.count, leftOut: crystals.leftOut,
        messages: Array(table.messages.prefix(10))))
    return crystals
  }

  /// Writes `pretraining.csv` and the picture of the losses.
  private func writeHistory(_ trainer: Trainer) throws {
    let names = trainer.metrics.map { "validation_" + $0.name.replacing(" ", with: "_") }
    var text = "epoch,training_loss,\(names.joined(separator: ",")),learning_rate\n"
    for record in trainer.history {
      let figures = record.figures.map { $0.isNaN ? "" : "\($0)" }.joined(separator: ",")
      text += "\(record.epoch),\(record.trainingLoss),\(figures),\(record.learningRate)\n"
    }
    try writeAtomically(Array(text.utf8), to: output + "/pretraining.csv")
    func points(_ value: (EpochRecord) -> Double) -> [PlotPoint] {
      trainer.history.map { PlotPoint(x: Double($0.epoch), y: value($0)) }
    }
    let plot = LinePlot(
      title: plan.name, horizontal: PlotAxis(label: "Epoch"),
      vertical: PlotAxis(label: "Loss", scale: plan.task.isPositive ? .logarithmic : .linear),
      series: [
        PlotSeries(name: "training", points: points(\.trainingLoss)),
        PlotSeries(name: "validation", points: points(\.validationFigure)),
      ])
    try writeAtomically(Array(plot.svg().utf8), to: output + "/learning-curve.svg")
  }

  private func writeModel(
    _ trainer: Trainer, _ training: Crystals, _ validation: Crystals, leftOut: [String: Int]
  ) throws -> ModelCard {
    let best = trainer.history.min { $0.validationFigure < $1.validationFigure } ?? trainer.history.last
    let kept = validation.ids.isEmpty ? trainer.history.last : best
    let target = plan.result.isTrunk ? ("", "") : (ModelCard.Pretraining.property, "1")
    var card = ModelCard(
      name: plan.name, configuration: plan.result, property: target.0, unit: target.1,
      members: [ModelCard.Member(normalizer: .identity, seed: plan.options.seed, epoch: kept?.epoch)])
    // Without crystals to validate by, or without what is asked for in them, figures are NaN.
    func figure(_ name: String) -> Double? {
      Self.figure(name, of: kept, trainer.metrics).flatMap { $0.isNaN ? nil : $0 }
    }
    card.pretraining = ModelCard.Pretraining(
      objective: plan.task.objective, loss: figure("loss"), spread: figure("spread"),
      elementAccuracy: figure("element accuracy"), lengthAccuracy: figure("length accuracy"))
    card.training = plan.canonicalText
    card.license = plan.license
    let split = ModelCard.Split(
      file: URL(filePath: plan.crystals).lastPathComponent,
      sha256: try Fingerprint(ofFile: plan.crystals).hexadecimal, structures: training.ids.count,
      leftOut: leftOut)
    card.data = ["train": split]
    if !validation.ids.isEmpty {
      var held = split
      (held.structures, held.leftOut) = (validation.ids.count, [:])
      card.data?["validation"] = held
    }
    // Without what the task alone needs.
    let parameters = try NetworkParameters(plan.result, tensors: trainer.best.namedTensors)
    return try ModelFolder.write(path: output, card: card, parameters: [parameters]) { card in
      try TrainedCrystals(training.identities, isComplete: true).write(
        to: output, fingerprint: try ModelFolder.fingerprint(of: card))
    }
  }
}
