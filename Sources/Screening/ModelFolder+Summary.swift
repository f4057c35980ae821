internal import CrystalGraphs
internal import CrystalModels

extension ModelFolder {
  /// The card for people.
  public var summary: String {
    var lines = [
      "\(card.name)  (\(card.architecture), \(counted(card.members.count, "member")))",
      "predicts     \(card.property) in \(card.unit)",
      "network      \(shape)",
      "graph        \(describe(card.configuration.rule))\(padding)",
      "parameters   \(parameters.first?.values.count ?? 0) a member",
      "fingerprint  \(fingerprint)",
    ]
    if let initial = card.initialModel {
      lines.append("started from \(initial.name) (\(initial.property)), fingerprint \(initial.fingerprint)")
    }
    for (index, member) in card.members.enumerated() {
      var text = "member \(index + 1)     "
      text += [
        member.seed.map { "seed \($0)" }, member.epoch.map { "epoch \($0)" },
        member.validationError.map { "validation MAE \($0)" }, member.testError.map { "test MAE \($0)" },
      ].compactMap { $0 }.joined(separator: ", ")
      lines.append(text)
    }
    if let metrics = card.testMetrics {
      lines.append(
        "ensemble     test MAE \(metrics.meanAbsoluteError), RMSE \(metrics.rootMeanSquaredError) "
          + "on \(metrics.structures) structures")
    }
    for (role, split) in (card.data ?? [:]).sorted(by: { $0.key < $1.key }) {
      lines.append("data         \(role): \(split.structures) structures of \(split.file)")
    }
    if let calibration = card.calibration { lines += calibration.summary }
    if let license = card.license { lines.append("license      \(license)") }
    return lines.joined(separator: "\n")
  }

  /// The shape of the members in words.
  var shape: String {
    switch card.configuration {
    case .cgcnn(let own):
      return "\(counted(own.convolutionCount, "convolution")), atom vectors of \(own.nodeWidth), "
        + "\(counted(own.hiddenLayerCount, "hidden layer")) of \(own.hiddenWidth)"
    case .icgcnn(let own):
      let terms = [
        own.usesFacets ? "facet features" : nil, own.usesAngularMoments ? "angular moments" : nil,
        own.weighsBySolidAngle
          ? (own.saturatesWeights == true ? "saturating solid-angle weights" : "solid-angle weights") : nil,
        own.updatesEdges ? "edge updates" : nil,
        own.hasTriplets ? "three-body terms" : nil,
      ].compactMap { $0 }
      return
        "\(counted(own.convolutionCount, "convolution")), atom vectors of \(own.nodeWidth), edge vectors of "
        + "\(own.edgeWidth), \(counted(own.hiddenLayerCount, "hidden layer")) of \(own.hiddenWidth)"
        + (terms.isEmpty ? "" : "; " + terms.joined(separator: ", "))
    }
  }

  private var padding: String {
    guard case .cgcnn(let own) = card.configuration, own.padding == .firstAtom else { return "" }
    return ", missing ones padded with the first atom"
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
  }
}
