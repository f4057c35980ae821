internal import Networks
internal import Training

extension TrainingRun {
  /// What the members say of the test split.
  private struct TestPredictions {
    let data: LabelledGraphs
    /// By member, shape (S, T), in the targets' units.
    let members: [[Double]]

    init(_ trainers: [Trainer], on data: LabelledGraphs, jobs: Int) {
      self.data = data
      members = trainers.map { trainer in
        let normalizers = trainer.normalizers
        return NetworkPredictor([trainer.best]).predictions(data.graphs, jobs: jobs).enumerated().map {
          normalizers[$0 % normalizers.count].restored(Double($1))
        }
      }
    }

    /// How well one member, or the mean of all, predicts a target; nil where no structure has it.
    func statistics(_ task: PredictionTask, target: Int, member: Int? = nil) -> PredictionStatistics? {
      let (width, values) = (data.targetCount, data.values(of: target))
      let known = values.indices.filter { !values[$0].isNaN }
      let chosen = member.map { [members[$0]] } ?? members
      let predictions = known.map { structure in
        chosen.reduce(0) { $0 + $1[structure * width + target] } / Double(chosen.count)
      }
      return PredictionStatistics(task, predictions: predictions, targets: known.map { values[$0] })
    }
  }

  /// Writes the model folder of trained members.
  func writeModel(
    _ trainers: [Trainer], _ splits: TrainingSplits, shared: SharedCrystals?, nodesShared: SharedCrystals?,
    report: (TrainingEvent) -> Void
  ) throws -> ModelCard {
    let task = plan.options.configuration.task
    let tested = splits.test.map { TestPredictions(trainers, on: $0.data, jobs: jobs) }
    let best = trainers.map { trainer in
      trainer.history.min {
        trainer.metrics[0].isImprovement($0.validationFigure, over: $1.validationFigure)
      }
    }
    let members = trainers.indices.map { index in
      var member = ModelCard.Member(
        normalizer: trainers[index].normalizers[0], seed: trainers[index].options.seed,
        epoch: best[index]?.epoch,
        validationError: task == .regression ? best[index]?.error(of: 0) : nil,
        validationAreaUnderCurve: task == .classification ? best[index]?.validationFigure : nil)
      let statistics = tested?.statistics(task, target: 0, member: index)
      member.testError = statistics?.errors?.meanAbsoluteError
      member.testAreaUnderCurve = statistics?.classification?.areaUnderCurve
      return member
    }
    var card = ModelCard(
      name: plan.name, configuration: plan.options.configuration, property: plan.properties[0],
      unit: plan.units[0], members: members)
    card.classes = plan.classRule
    card.training = plan.canonicalText
    card.initialModel = plan.initial.map {
      ModelCard.InitialModel($0, plan.options, shared: shared)
    }
    card.nodeModel = plan.nodes.map { model in
      ModelCard.NodeModel(
        name: model.card.name, property: model.card.properties.first, fingerprint: model.fingerprint,
        sharedCrystals: nodesShared)
    }
    card.data = splits.cards
    card.license = plan.license
    card.testMetrics = tested?.statistics(task, target: 0).map { ModelCard.Metrics($0) }
    let others = plan.properties.indices.dropFirst().map { target in
      let ofMembers = trainers.indices.compactMap { member in
        tested?.statistics(task, target: target, member: member)?.errors?.meanAbsoluteError
      }
      return ModelCard.Target(
        property: plan.properties[target], unit: plan.units[target],
        normalizers: trainers.map { $0.normalizers[target] },
        validationErrors: best.compactMap { $0?.error(of: target) },
        testErrors: ofMembers.isEmpty ? nil : ofMembers,
        testMetrics: tested?.statistics(task, target: target).map { ModelCard.Metrics($0) })
    }
    if !others.isEmpty { card.otherTargets = others }
    return try ModelFolder.write(path: output, card: card, parameters: trainers.map(\.best)) { card in
      try seen(splits).write(to: output, fingerprint: try ModelFolder.fingerprint(of: card))
      guard task == .regression, let split = splits.cards["validation"] else { return }
      try calibrate(&card, trainers, on: splits.validation.data, split, report)
    }
  }

  /// What the model, those that it started from, and those whose representations its sites begin with, were trained on.
  private func seen(_ splits: TrainingSplits) throws -> TrainedCrystals {
    let before = try [plan.initial?.model, plan.nodes].compactMap { $0 }.map { try TrainedCrystals(of: $0) }
    return TrainedCrystals(
      splits.training.identities + before.flatMap { $0?.crystals ?? [] },
      isComplete: before.allSatisfy { $0?.isComplete ?? false })
  }

  /// Fits the distribution of the errors of each target.
  private func calibrate(
    _ card: inout ModelCard, _ trainers: [Trainer], on validation: LabelledGraphs, _ split: ModelCard.Split,
    _ report: (TrainingEvent) -> Void
  ) throws {
    let fingerprint = try ModelFolder.fingerprint(of: card)
    for target in plan.properties.indices {
      let errors = EnsembleErrors(
        networks: trainers.map(\.best), normalizers: trainers.map { $0.normalizers[target] },
        target: target, on: validation.graphs, values: validation.values(of: target), jobs: jobs)
      do throws(CalibrationError) {
        let calibration = try Calibration(
          fitting: errors, of: card.selecting(target), fingerprint: fingerprint, data: split,
          maximumSites: plan.maximumSites)
        card.setCalibration(calibration, of: target)
      } catch {
        report(.notCalibrated(property: plan.properties[target], error))
      }
    }
  }
}

extension EpochRecord {
  /// Mean absolute error of a target of a regression on the validation split, in its unit.
  fileprivate func error(of target: Int) -> Double {
    figures.count > 1 ? figures[1 + target] : figures[0]
  }
}

extension ModelCard.InitialModel {
  /// What a card says of the model that training started from.
  fileprivate init(_ initial: InitialParameters, _ options: TrainingOptions, shared: SharedCrystals?) {
    let groups = options.groups
    let frozen = groups.filter { $0.learningRateFactor == 0 }.map(\.prefix)
    let others = groups.filter { $0.learningRateFactor > 0 }.map { ($0.prefix, $0.learningRateFactor) }
    self.init(
      name: initial.model.card.name,
      property: initial.model.card.configuration.isTrunk
        ? nil : initial.model.card.properties.joined(separator: ", "),
      fingerprint: initial.model.fingerprint, taken: initial.taken, frozen: frozen.isEmpty ? nil : frozen,
      learningRateFactors: others.isEmpty ? nil : Dictionary(uniqueKeysWithValues: others),
      frozenStatistics: options.frozenStatistics.isEmpty ? nil : options.frozenStatistics,
      sharedCrystals: shared)
  }
}
