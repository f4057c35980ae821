internal import TextFormats

extension RunComparison {
  /// The comparison as one long table, `table,budget,model,quantity,value,low,high`; docs/compare.md lists the
  /// quantities. What is undefined is empty, and so is an unbounded end of an interval.
  public func csvText() -> String {
    var lines = ["table,budget,model,quantity,value,low,high"]
    func append(
      _ table: String, budget: Int? = nil, model: String = "", _ quantity: String, _ value: String,
      _ interval: ConfidenceInterval? = nil
    ) {
      let fields = [
        table, budget.map { "\($0)" } ?? "", model, quantity, csvField(value), number(interval?.low),
        number(interval?.high),
      ]
      lines.append(fields.joined(separator: ","))
    }
    for (quantity, value) in context { append("comparison", quantity, value) }
    append("comparison", "scale_lower_quartile", number(scale?.lowerQuartile), scale?.interval)
    for (index, letter) in ["a", "b"].enumerated() {
      for (quantity, value) in modelFigures(index) { append("model", model: letter, quantity, value) }
      for (table, quantity, value) in probabilities(index) {
        append(table, model: letter, quantity, value)
      }
    }
    for budget in comparison.budgets {
      let size = budget.size
      for (list, letter) in zip(budget.lists, ["a", "b"]) {
        append("budget", budget: size, model: letter, "hits", "\(list.hits)", list.hitsInterval)
        append("budget", budget: size, model: letter, "hit_rate", number(list.classification.precision))
        for (quantity, value) in figures(list.classification) {
          append("budget", budget: size, model: letter, quantity, value)
        }
      }
      append("pair", budget: size, "found_by_both", "\(budget.foundByBoth)")
      append("pair", budget: size, "found_only_by_a", "\(budget.foundOnlyBy[0].count)")
      append("pair", budget: size, "found_only_by_b", "\(budget.foundOnlyBy[1].count)")
      append(
        "pair", budget: size, "difference_b_minus_a", "\(budget.difference)", budget.differenceInterval)
      append("pair", budget: size, "ratio_b_over_a", number(budget.ratio), budget.ratioInterval)
      append("pair", budget: size, "mcnemar_p", number(budget.mcNemarProbability))
      for required in budget.power {
        let name = required.isObserved ? "observed" : number(required.ratio)
        append(
          "power", budget: size, "required_calculations_at_ratio_\(name)",
          required.calculations.map { "\($0)" } ?? "")
      }
      for (ids, letter) in zip(budget.foundOnlyBy, ["a", "b"]) {
        for id in ids { append("found_only", budget: size, model: letter, "id", id) }
      }
    }
    for point in comparison.curve {
      for (index, letter) in ["a", "b"].enumerated() {
        append(
          "curve", budget: point.size, model: letter, "hits", "\(point.hits[index])", point.intervals[index])
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What holds for the whole comparison.
  private var context: KeyValuePairs<String, String> {
    let pool = comparison.pool
    return [
      "campaign": campaign, "threshold": number(pool.threshold), "candidates": "\(pool.candidates.count)",
      "stable": "\(pool.stableCount)", "prevalence": number(pool.prevalence),
      "hull_reference": hull.reference,
      "hull_fingerprint": hull.fingerprint,
      "hull_excludes_same_composition": "\(hull.excludesSameComposition)",
      "hull_predicted_competitors": "\(hull.hasCompetitors)",
      "judging_reference": judgingHull?.reference ?? "",
      "judging_fingerprint": judgingHull?.fingerprint ?? "",
      "judging_excludes_same_composition": judgingHull.map { "\($0.excludesSameComposition)" } ?? "",
      "label_offsets": labelOffsets?.path ?? "", "label_offsets_sha256": labelOffsets?.fingerprint ?? "",
      "labels_not_aligned": "\(counts.labelsNotAligned)",
      "elements_not_aligned": counts.elementsNotAligned.joined(separator: " "),
      "judged_by_own_composition": "\(counts.judgedByOwnComposition)",
      "scale_compositions": scale.map { "\($0.compositions)" } ?? "",
      "scale_differs": scale.map { "\($0.differs)" } ?? "",
      "run_candidates": "\(counts.candidates)", "run_duplicates": "\(counts.duplicateCandidates)",
      "run_rejected_without_id": "\(counts.rejectedWithoutID)",
      "run_without_label": "\(counts.candidatesWithoutLabel)", "label_kind": labelKind.rawValue,
      "labels": "\(counts.labels)", "label_duplicates": "\(counts.duplicateLabels)",
      "label_records_without_label": "\(counts.recordsWithoutLabel)",
      "labels_without_candidate": "\(counts.labelsWithoutCandidate)",
      "labels_without_distance": "\(counts.labelsWithoutDistance)",
      "clipped_budgets": comparison.clippedBudgets.map { "\($0)" }.joined(separator: " "),
      "seed": "\(comparison.options.seed)", "resamples": "\(comparison.options.resamples)",
      "significance": number(PairedPower.significance), "power": number(PairedPower.power),
    ]
  }

  private func modelFigures(_ index: Int) -> [(String, String)] {
    let model = comparison.models[index]
    let table = model.classification
    return [
      ("name", modelNames[index]), ("without_prediction", "\(model.withoutPrediction)"),
      ("true_positives", "\(table.truePositives)"), ("false_positives", "\(table.falsePositives)"),
      ("false_negatives", "\(table.falseNegatives)"), ("true_negatives", "\(table.trueNegatives)"),
    ] + figures(table) + [
      ("roc_auc", number(model.areaUnderCurve)), ("mae_e_above_hull", number(model.meanAbsoluteError)),
    ]
  }

  /// Figures of the probabilities: table, quantity and value.
  private func probabilities(_ index: Int) -> [(String, String, String)] {
    let model = reliability[index]
    var rows = [("calibrated", "without_probability", "\(model.withoutProbability)")]
    for (table, statistics) in [("calibrated", model.calibrated), ("raw_spread", model.rawSpread)] {
      guard let statistics else { continue }
      rows += [
        (table, "candidates", "\(statistics.count)"), (table, "brier_score", number(statistics.brierScore)),
        (table, "log_loss", number(statistics.logLoss)),
        (table, "expected_calibration_error", number(statistics.expectedCalibrationError)),
      ]
      for bin in statistics.bins {
        rows += [
          (table, "candidates_to_\(bin.upper)", "\(bin.count)"),
          (table, "mean_probability_to_\(bin.upper)", number(bin.meanProbability)),
          (table, "rate_to_\(bin.upper)", number(bin.rate)),
        ]
      }
    }
    return rows
  }

  private func figures(_ table: StabilityClassification) -> [(String, String)] {
    [
      ("precision", number(table.precision)), ("recall", number(table.recall)), ("f1", number(table.f1)),
      ("acceleration_factor", number(table.accelerationFactor)),
    ]
  }

  private func number(_ value: Double?) -> String {
    value.map { $0.isFinite ? "\($0)" : "" } ?? ""
  }
}
