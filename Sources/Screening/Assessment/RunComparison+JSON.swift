internal import TextFormats

extension RunComparison {
  /// The comparison as one JSON object; docs/compare.md lists the keys. What is undefined is null, and so is an
  /// unbounded end of an interval.
  public func jsonText() -> String { tree.indentedText(sortingNames: true) + "\n" }

  private var tree: JSONTree {
    let pool = comparison.pool
    return .object([
      "campaign": .string(campaign),
      "threshold": .real(pool.threshold),
      "candidates": .count(pool.candidates.count),
      "stable": .count(pool.stableCount),
      "prevalence": .real(pool.prevalence),
      "hull": tree(hull),
      "judging_hull": judgingHull.map { tree($0) } ?? .null,
      "scale": scale.map { tree($0) } ?? .null,
      "run": .object([
        "candidates": .count(counts.candidates), "duplicates": .count(counts.duplicateCandidates),
        "rejected_without_id": .count(counts.rejectedWithoutID),
        "without_label": .count(counts.candidatesWithoutLabel),
      ]),
      "labels": .object([
        "kind": .string(labelKind.rawValue), "labels": .count(counts.labels),
        "duplicates": .count(counts.duplicateLabels),
        "records_without_label": .count(counts.recordsWithoutLabel),
        "without_candidate": .count(counts.labelsWithoutCandidate),
        "without_distance": .count(counts.labelsWithoutDistance),
        "offsets": labelOffsets.map { offsets in
          .object(["table": .string(offsets.path), "sha256": .string(offsets.fingerprint)])
        } ?? .null,
        "not_aligned": .count(counts.labelsNotAligned),
        "elements_not_aligned": .array(counts.elementsNotAligned.map { .string($0) }),
        "judged_by_own_composition": .count(counts.judgedByOwnComposition),
      ]),
      "model_a": model(0), "model_b": model(1),
      "budgets": .array(comparison.budgets.map(budget)),
      "clipped_budgets": .array(comparison.clippedBudgets.map { .count($0) }),
      "curve": .array(comparison.curve.map(point)),
      "seed": .number("\(comparison.options.seed)"),
      "resamples": .count(comparison.options.resamples),
      "power": .object([
        "power": .real(PairedPower.power), "significance": .real(PairedPower.significance),
      ]),
    ])
  }

  private func tree(_ hull: Hull) -> JSONTree {
    .object([
      "reference": .string(hull.reference), "fingerprint": .string(hull.fingerprint),
      "excludes_same_composition": .boolean(hull.excludesSameComposition),
      "predicted_competitors": .boolean(hull.hasCompetitors),
    ])
  }

  private func tree(_ scale: LabelScale) -> JSONTree {
    .object([
      "compositions": .count(scale.compositions), "lower_quartile": .real(scale.lowerQuartile),
      "interval": interval(scale.interval), "differs": .boolean(scale.differs),
    ])
  }

  private func model(_ index: Int) -> JSONTree {
    let model = comparison.models[index]
    let table = model.classification
    return .object([
      "name": .string(modelNames[index]), "without_prediction": .count(model.withoutPrediction),
      "true_positives": .count(table.truePositives), "false_positives": .count(table.falsePositives),
      "false_negatives": .count(table.falseNegatives), "true_negatives": .count(table.trueNegatives),
      "precision": .real(table.precision), "recall": .real(table.recall), "f1": .real(table.f1),
      "acceleration_factor": .real(table.accelerationFactor), "roc_auc": .real(model.areaUnderCurve),
      "mae_e_above_hull": .real(model.meanAbsoluteError), "probabilities": probabilities(reliability[index]),
    ])
  }

  private func probabilities(_ model: ModelReliability) -> JSONTree {
    func scores(_ statistics: ReliabilityStatistics?) -> JSONTree {
      guard let statistics else { return .null }
      return .object([
        "candidates": .count(statistics.count), "brier_score": .real(statistics.brierScore),
        "log_loss": .real(statistics.logLoss),
        "expected_calibration_error": .real(statistics.expectedCalibrationError),
        "bins": .array(
          statistics.bins.map { bin in
            .object([
              "from": .real(bin.lower), "to": .real(bin.upper), "candidates": .count(bin.count),
              "mean_probability": .real(bin.meanProbability), "rate": .real(bin.rate),
            ])
          }),
      ])
    }
    return .object([
      "calibrated": scores(model.calibrated), "raw_spread": scores(model.rawSpread),
      "without_probability": .count(model.withoutProbability),
    ])
  }

  private func budget(_ budget: ModelComparison.Budget) -> JSONTree {
    .object([
      "budget": .count(budget.size), "a": list(budget.lists[0]), "b": list(budget.lists[1]),
      "found_by_both": .count(budget.foundByBoth),
      "found_only_by_a": .array(budget.foundOnlyBy[0].map { .string($0) }),
      "found_only_by_b": .array(budget.foundOnlyBy[1].map { .string($0) }),
      "difference_b_minus_a": .count(budget.difference),
      "difference_b_minus_a_interval": interval(budget.differenceInterval),
      "ratio_b_over_a": .real(budget.ratio), "ratio_b_over_a_interval": interval(budget.ratioInterval),
      "mcnemar_p": .real(budget.mcNemarProbability),
      "required_calculations": .array(
        budget.power.map { required in
          .object([
            "ratio_b_over_a": .real(required.ratio), "is_observed": .boolean(required.isObserved),
            "calculations": required.calculations.map { .count($0) } ?? .null,
          ])
        }),
    ])
  }

  private func list(_ list: ModelComparison.TopList) -> JSONTree {
    let table = list.classification
    return .object([
      "hits": .count(list.hits), "hits_interval": interval(list.hitsInterval),
      "hit_rate": .real(table.precision), "precision": .real(table.precision), "recall": .real(table.recall),
      "f1": .real(table.f1), "acceleration_factor": .real(table.accelerationFactor),
    ])
  }

  private func point(_ point: ModelComparison.CurvePoint) -> JSONTree {
    .object([
      "calculations": .count(point.size), "hits_a": .count(point.hits[0]), "hits_b": .count(point.hits[1]),
      "hits_a_interval": interval(point.intervals[0]), "hits_b_interval": interval(point.intervals[1]),
    ])
  }

  private func interval(_ interval: ConfidenceInterval?) -> JSONTree {
    interval.map { .array([.real($0.low), .real($0.high)]) } ?? .null
  }
}
