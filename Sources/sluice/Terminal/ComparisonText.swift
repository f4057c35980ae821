import Screening

/// A comparison of two models as tables for a terminal.
struct ComparisonText {
  private let run: RunComparison
  private var comparison: ModelComparison { run.comparison }
  /// Ids shown of the candidates that one model alone finds.
  private static let shownIDs = 5

  init(_ run: RunComparison) { self.run = run }

  /// Everything, without a line end after the last line.
  var text: String {
    let (a, b) = (run.modelNames[0], run.modelNames[1])
    let hasProbabilities = run.reliability.contains { $0.calibrated != nil || $0.rawSpread != nil }
    let parts = [
      heading,
      section("Verdicts at the threshold", verdicts),
      hasProbabilities ? section("Probabilities to be stable", probabilities) : nil,
      section(
        "Top lists, with 95 % intervals of the hits (\(comparison.options.resamples) resamples)", lists),
      section("\(b) against \(a) (\(b) − \(a), \(b) / \(a))", pairs),
      section(
        "Calculations for each model to show a ratio of hits \(b) / \(a), by the discordance at each budget (power 95 %, "
          + "significance 5 %)", power),
      section("Stable candidates that only one top list holds", onlyOne),
    ]
    return parts.compactMap { $0 }.joined(separator: "\n\n")
  }

  // MARK: What was compared

  private var heading: String {
    let counts = run.counts
    var lines = [
      "\(run.campaign): a = \(run.modelNames[0]), b = \(run.modelNames[1])",
      "\(comparison.pool.candidates.count) candidates compared of \(counts.candidates); labels are "
        + "\(run.labelKind.rawValue) (eV/atom)",
    ]
    func note(_ count: Int, _ words: String) { if count > 0 { lines.append("\(words): \(count)") } }
    note(counts.candidatesWithoutLabel, "candidates without a label, left out")
    note(counts.labelsWithoutCandidate, "labels without a candidate, left out")
    note(counts.duplicateCandidates, "records that repeat an id of the run, left out")
    note(counts.duplicateLabels, "labels that repeat another")
    note(counts.recordsWithoutLabel, "records of the labels without a number")
    note(counts.rejectedWithoutID, "rejected records without an id")
    note(counts.labelsWithoutDistance, "labelled candidates whose true distance cannot be computed, left out")
    note(
      counts.labelsNotAligned,
      "labels without an offset for \(counts.elementsNotAligned.joined(separator: ", ")), left out")
    if !comparison.clippedBudgets.isEmpty {
      let clipped = comparison.clippedBudgets.map { "\($0)" }.joined(separator: ", ")
      lines.append(
        "budget \(clipped) is larger than the number of candidates: clipped to \(comparison.pool.candidates.count)"
      )
    }
    lines += hulls + scale
    return lines.joined(separator: "\n")
  }

  /// Which hulls rank and judge, with their fingerprints, and what moved the labels.
  private var hulls: [String] {
    func text(_ hull: RunComparison.Hull) -> String {
      "\(hull.fileName) (\(hull.fingerprint))\(hull.ownCompositionText)"
    }
    let judging = run.judgingHull.map { text($0) } ?? "distances as given, to a hull of their own"
    var lines = ["ranked on \(text(run.hull)); judged on \(judging)"]
    if let offsets = run.labelOffsets {
      lines.append("labels moved by \(offsets.path), SHA-256 \(offsets.fingerprint)")
    }
    let own = run.counts.judgedByOwnComposition
    if own > 0 {
      lines.append(
        "note: \(own) candidates are judged against their own composition, which the judging hull holds; where it is "
          + "the same calculation nothing can beat it. --exclude-same-composition leaves it out")
    }
    return lines
  }

  /// What the labels' energies say of their scale, where it is another.
  private var scale: [String] {
    guard let scale = run.scale, scale.differs else { return [] }
    return [
      "note: the labels seem to stand on another energy scale than the hull's: over \(scale.compositions) compositions "
        + "that both have, the lower quartile of label − lowest phase is \(number(scale.lowerQuartile, 3)) eV/atom "
        + "(\(interval(scale.interval, 3))). It is near 0 on one scale, unless most labels are of metastable "
        + "polymorphs. To move them: sluice hull align --from LABELS --to PHASES --output offsets.csv, then "
        + "--offsets offsets.csv"
    ]
  }

  /// A table under its title and what every figure in it depends on.
  private func section(_ title: String, _ body: String) -> String {
    let pool = comparison.pool
    let missing = comparison.models.map { "\($0.withoutPrediction)" }.joined(separator: ", ")
    return """
      \(title)
      threshold \(pool.threshold) eV/atom; \(pool.stableCount) of \(pool.candidates.count) stable \
      (\(decimals(100 * pool.prevalence, 1)) %); without prediction (a, b): \(missing); \(run.hullsText)
      \(body)
      """
  }

  // MARK: Tables

  private var verdicts: String {
    var table = TerminalTable([
      .init("model", .left), .init("precision", .right), .init("recall", .right), .init("F1", .right),
      .init("DAF", .right), .init("ROC-AUC", .right), .init("MAE eV/atom", .right),
    ])
    for (name, model) in zip(run.modelNames, comparison.models) {
      table.append(
        [name] + figures(model.classification)
          + [number(model.areaUnderCurve, 4), number(model.meanAbsoluteError, 4)])
    }
    return table.text
  }

  private var probabilities: String {
    let isCalibrated = run.reliability.contains { $0.calibrated != nil }
    return isCalibrated ? scores + "\n\n" + reliability : scores
  }

  /// What the probabilities are worth, calibrated and with the raw spread for an error bar.
  private var scores: String {
    var table = TerminalTable([
      .init("model", .left), .init("error bar", .left), .init("candidates", .right), .init("Brier", .right),
      .init("log loss", .right), .init("ECE", .right),
    ])
    for (name, model) in zip(run.modelNames, run.reliability) {
      for (kind, statistics) in [("calibrated", model.calibrated), ("raw spread", model.rawSpread)] {
        table.append([
          name, kind, "\(statistics?.count ?? 0)", number(statistics?.brierScore, 4),
          number(statistics?.logLoss, 4), number(statistics?.expectedCalibrationError, 4),
        ])
      }
    }
    return table.text
  }

  /// Calibrated probabilities and rates, bin by bin.
  private var reliability: String {
    let models = run.reliability.map(\.calibrated)
    var table = TerminalTable(
      [.init("probability", .left)]
        + ["a", "b"].flatMap { letter in
          [
            .init("\(letter): count", .right), .init("mean", .right), .init("stable", .right),
          ]
        })
    for index in 0..<ReliabilityStatistics.binCount {
      let bins = models.map { $0?.bins.first { $0.index == index } }
      let limits = [index, index + 1].map { decimals(Double($0) / Double(ReliabilityStatistics.binCount), 1) }
      table.append(
        [limits.joined(separator: " to ")]
          + bins.flatMap { bin in
            [
              "\(bin?.count ?? 0)", number(bin?.meanProbability, 3), number(bin?.rate, 3),
            ]
          })
    }
    return table.text
  }

  private var lists: String {
    var table = TerminalTable([
      .init("budget", .right), .init("model", .left), .init("hits", .right), .init("interval", .left),
      .init("hit rate = precision", .right), .init("recall", .right), .init("F1", .right),
      .init("DAF", .right),
    ])
    for budget in comparison.budgets {
      for (name, list) in zip(run.modelNames, budget.lists) {
        table.append(
          ["\(budget.size)", name, "\(list.hits)", interval(list.hitsInterval, 0)]
            + figures(list.classification))
      }
    }
    return table.text
  }

  private var pairs: String {
    var table = TerminalTable([
      .init("budget", .right), .init("difference", .right), .init("interval", .left), .init("ratio", .right),
      .init("interval", .left), .init("both", .right), .init("only a", .right), .init("only b", .right),
      .init("McNemar p", .right),
    ])
    for budget in comparison.budgets {
      table.append([
        "\(budget.size)", budget.difference > 0 ? "+\(budget.difference)" : "\(budget.difference)",
        interval(budget.differenceInterval, 0), number(budget.ratio, 3), interval(budget.ratioInterval, 3),
        "\(budget.foundByBoth)", "\(budget.foundOnlyBy[0].count)", "\(budget.foundOnlyBy[1].count)",
        probability(budget.mcNemarProbability),
      ])
    }
    return table.text
  }

  private var power: String {
    let ratios = comparison.budgets.first?.power ?? []
    var table = TerminalTable(
      [.init("budget", .right)]
        + ratios.map { .init($0.isObserved ? "observed ratio" : "ratio \($0.ratio ?? .nan)", .right) })
    for budget in comparison.budgets {
      table.append(
        ["\(budget.size)"]
          + budget.power.map { required in
            let count = required.calculations.map { "\($0)" } ?? "—"
            return required.isObserved ? "\(count) at \(number(required.ratio, 3))" : count
          })
    }
    return table.text
  }

  private var onlyOne: String {
    var table = TerminalTable([
      .init("budget", .right), .init("model", .left), .init("count", .right), .init("best of them", .left),
    ])
    for budget in comparison.budgets {
      for (name, ids) in zip(run.modelNames, budget.foundOnlyBy) {
        let rest = ids.count > Self.shownIDs ? ", …" : ""
        table.append([
          "\(budget.size)", name, "\(ids.count)",
          ids.prefix(Self.shownIDs).joined(separator: ", ") + rest,
        ])
      }
    }
    return table.text
  }

  // MARK: Cells

  private func figures(_ table: StabilityClassification) -> [String] {
    [
      number(table.precision, 4), number(table.recall, 4), number(table.f1, 4),
      number(table.accelerationFactor, 2),
    ]
  }

  private func number(_ value: Double?, _ places: Int) -> String {
    value.map { $0.isFinite ? decimals($0, places) : "∞" } ?? "—"
  }

  private func interval(_ interval: ConfidenceInterval?, _ places: Int) -> String {
    guard let interval else { return "—" }
    return "\(number(interval.low, places)) to \(number(interval.high, places))"
  }

  /// A p-value; decimals of a very small one would all be zeros.
  private func probability(_ value: Double) -> String { value < 0.0001 ? "< 0.0001" : decimals(value, 4) }
}
