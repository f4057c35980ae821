internal import CrystalGraphs
internal import Networks
internal import Training

extension ModelFolder {
  /// The card for people.
  public var summary: String {
    var lines = [
      "\(card.name)  (\(card.architecture), \(counted(card.members.count, "member")))",
      "predicts     \(card.prediction)",
      "network      \(shape)",
      "graph        \(describe(card.configuration.requirements.neighbors))\(padding)\(direction)\(orbitalField)",
      "parameters   \(parameters.first?.values.count ?? 0) a member",
      "fingerprint  \(fingerprint)",
    ]
    if let initial = card.initialModel {
      lines.append(
        "started from \(initial.name) (\(initial.property ?? "no target")), fingerprint \(initial.fingerprint)\(initial.words)"
      )
      lines.append("             \(initial.sharedCrystals?.words ?? SharedCrystals.unknown)")
    }
    if let nodes = card.configuration.nodes {
      let model = card.nodeModel.map { "\($0.name), fingerprint \($0.fingerprint)" } ?? "not known"
      lines.append(
        "sites from   \(nodes.layers.joined(separator: ", ")) of a \(type(of: nodes.architecture).title) (\(model)); "
          + "\(nodes.use.rawValue), \(nodes.isTrained ? "fine-tuned" : "frozen")")
      lines.append("             \(card.nodeModel?.sharedCrystals?.words ?? SharedCrystals.unknown)")
    }
    for (index, member) in card.members.enumerated() {
      let facts = [
        member.seed.map { "seed \($0)" }, member.epoch.map { "epoch \($0)" },
        member.validationError.map { "validation MAE \($0)" }, member.testError.map { "test MAE \($0)" },
        member.validationAreaUnderCurve.map { "validation ROC-AUC \($0)" },
        member.testAreaUnderCurve.map { "test ROC-AUC \($0)" },
      ].compactMap { $0 }
      if !facts.isEmpty { lines.append("member \(index + 1)     \(facts.joined(separator: ", "))") }
    }
    if let metrics = card.testMetrics {
      lines.append("ensemble     test \(metrics.words) on \(metrics.structures) structures")
    }
    for target in card.otherTargets ?? [] {
      let figures = [
        target.validationErrors.map { "validation MAE \($0.map { "\($0)" }.joined(separator: ", "))" },
        target.testMetrics.map { "ensemble test \($0.words) on \($0.structures) structures" },
      ].compactMap { $0 }
      lines.append((["also         \(target.property) in \(target.unit)"] + figures).joined(separator: "; "))
      if let calibration = target.calibration { lines += calibration.summary }
    }
    for (role, split) in (card.data ?? [:]).sorted(by: { $0.key < $1.key }) {
      lines.append("data         \(role): \(split.structures) structures of \(split.file)")
    }
    if let calibration = card.calibration { lines += calibration.summary }
    if let license = card.license { lines.append("license      \(license)") }
    return lines.joined(separator: "\n")
  }

  /// The shape of the members: every option with its value.
  var shape: String {
    card.configuration.architecture.optionValues.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  private var padding: String {
    card.configuration.requirements.paddingDistance == nil ? "" : ", missing ones padded with the first atom"
  }

  private var direction: String {
    card.configuration.requirements.reversesEdges ? ", edges turned round" : ""
  }

  private var orbitalField: String {
    guard let field = card.configuration.requirements.orbitalField else { return "" }
    return ", orbitals (\(field.orbitals.rawValue)) over Voronoi facets by 1/d^\(field.distancePower)"
  }
}

extension ModelCard {
  /// What the model predicts, in words.
  public var prediction: String {
    let origin = pretraining.map { pretraining in
      let figures = [
        pretraining.loss.map { "validation loss \($0)" }, pretraining.spread.map { "spread \($0)" },
        pretraining.elementAccuracy.map { "element accuracy \($0)" },
        pretraining.lengthAccuracy.map { "length accuracy \($0)" },
      ].compactMap { $0 }
      return (["nothing: trained without labels (\(pretraining.objective))"] + figures).joined(
        separator: ", ")
    }
    if configuration.isTrunk {
      let layers = (try? configuration.program())?.representations.map(\.name) ?? []
      return "\(origin ?? "nothing"); knows of sites \(layers.joined(separator: ", "))"
    }
    if let origin { return origin }
    guard configuration.task == .classification else { return "\(property) in \(unit)" }
    let rule = classes.map { ", class 1: \($0.title)" } ?? ""
    return "the probability of \(property)\(rule)"
  }
}

extension ModelCard.InitialModel {
  /// What was taken and how it is trained, where that is not all of it like the rest.
  fileprivate var words: String {
    let factors = (learningRateFactors ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key) × \($0.value)" }
    return [
      ("takes", taken ?? []), ("frozen", frozen ?? []), ("frozen statistics", frozenStatistics ?? []),
      ("learning rate", factors),
    ]
    .filter { !$0.1.isEmpty }.map { "; \($0.0) \($0.1.joined(separator: ", "))" }.joined()
  }
}

extension ModelCard.Metrics {
  /// The figures that there are, e.g. "MAE 0.05, RMSE 0.1".
  fileprivate var words: String {
    [
      meanAbsoluteError.map { "MAE \($0)" }, rootMeanSquaredError.map { "RMSE \($0)" },
      areaUnderCurve.map { "ROC-AUC \($0)" }, accuracy.map { "accuracy \($0)" }, f1.map { "F1 \($0)" },
      logLoss.map { "log loss \($0)" },
    ].compactMap { $0 }.joined(separator: ", ")
  }
}

extension Calibration {
  /// Error bars in words, a line each for the model of errors, its data and its fit.
  fileprivate var summary: [String] {
    let limit = maximumSites.map { " of at most \($0) sites" } ?? ""
    let likelihood = fit.negativeLogLikelihood.map { "mean −ln density \($0)" } ?? "an impossible error"
    let coverage = fit.coverage.map { "\($0.share) within \($0.level)" }.joined(separator: ", ")
    return [
      "errors       Student's t, \(errors.degreesOfFreedom) degrees of freedom, σ² = \(errors.constantVariance) + "
        + "\(errors.spreadFactor)·std² (\(unit))²",
      "calibrated   on \(data.structures) structures\(limit) of \(data.file): \(likelihood), \(coverage)",
    ]
  }
}

/// The rule in words.
func describe(_ rule: NeighborRule) -> String {
  switch rule {
  case .nearest(let count, let cutoff): "\(count) nearest neighbors within \(cutoff) Å"
  case .voronoi(let fraction):
    "Voronoi neighbors, facets of at least \(fraction) of the largest solid angle"
  case .nearestShells(let count, let cutoff):
    "\(count) nearest neighbors within \(cutoff) Å, last shells whole"
  case .symmetricShells(let count, let doubles):
    "\(count) nearest neighbors both ways, last shells whole" + (doubles ? ", own images twice" : "")
  case .within(let cutoff): "all neighbors within \(cutoff) Å"
  case .noNeighbors: "no neighbors"
  }
}
