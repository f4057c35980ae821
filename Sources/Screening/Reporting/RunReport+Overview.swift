internal import Charts
internal import Crystal
internal import PhaseStability
internal import Reports
internal import ScreeningStore
internal import TextFormats

extension RunReport {
  /// From records to stable candidates, what speaks against the list, and the distances of all candidates.
  func overview() throws -> [ReportBlock] {
    let first: ReportBlock = .columns([
      [.figure(funnel)], [.cautions(title: "Before you believe the list", try cautions())],
    ])
    return [first, .columns(survey.models.map { [.figure(histogram($0))] })]
  }

  private var funnel: ReportFigure {
    let read = max(1, counts.records)
    func bar(_ name: String, _ value: Int, _ color: Int) -> BarList.Bar {
      BarList.Bar(
        name: name, value: value, text: "\(grouped(value)) (\(percentText(value, of: read)))", color: color)
    }
    var bars = [
      bar("records read", counts.records, 0), bar("not rejected", counts.records - counts.rejected, 0),
      bar("not filtered out: candidates", counts.rows, 0),
    ]
    for model in survey.models {
      let name = run.models[model.model].name
      bars += [
        bar("stable by \(name)", model.stable, 2), bar("… not flagged", model.credible, 2),
        bar("… by two spreads or more", model.beyondSpread, 2),
      ]
    }
    if survey.models.count > 1 { bars.append(bar("stable by all models", survey.stableByAll, 2)) }
    return ReportFigure(
      title: "From records to stable candidates",
      picture: BarList(title: "Records left after each step", bars: bars).svg(for: .page),
      caption:
        "Every record that was read is a candidate, a rejection or filtered out. Two spreads: the distance is below "
        + "the threshold by twice the standard deviation of the ensemble, which is not the error of the prediction.",
      table: ReportTable(
        columns: ["step", "records", "of those read"],
        rows: bars.map { [$0.name, "\($0.value)", percentText($0.value, of: read)] }))
  }

  private func histogram(_ model: RunSurvey.ModelCounts) -> ReportFigure {
    let name = run.models[model.model].name
    let kinds = knownKinds(of: model) ?? [Histogram.Kind(name: "candidates", counts: model.bins, color: 0)]
    let chart = Histogram(
      label: "energy above hull by \(name)", unit: "eV/atom", range: RunSurvey.histogramRange, kinds: kinds,
      mark: threshold, things: "candidates")
    let unit = "eV/atom"
    return ReportFigure(
      title: "Distances to the hull by \(name)", picture: chart.svg(for: .page),
      caption: "The dashed line is the threshold. Not drawn: \(grouped(model.below)) candidates below and "
        + "\(grouped(model.above)) above the axis."
        + (kinds.count > 1 ? " Only candidates with a known energy are drawn." : ""),
      table: ReportTable(
        columns: ["from \(unit)", "to \(unit)"] + kinds.map(\.name),
        rows: (0..<chart.binCount).filter { bin in kinds.contains { $0.counts[bin] > 0 } }.map { bin in
          let range = chart.bin(bin)
          return [fixedPoint(range.lowerBound, decimals: 2), fixedPoint(range.upperBound, decimals: 2)]
            + kinds.map { "\($0.counts[bin])" }
        }, numbers: Set(0..<2 + kinds.count)))
  }

  /// The candidates with a label in each bin, by what is known and what is predicted; nil where the labels say nothing of
  /// this model.
  private func knownKinds(of model: RunSurvey.ModelCounts) -> [Histogram.Kind]? {
    guard let comparison, let place = comparison.modelNames.firstIndex(of: run.models[model.model].name)
    else { return nil }
    var kinds = [[Int]](repeating: [Int](repeating: 0, count: RunSurvey.binCount), count: 4)
    let pool = comparison.comparison.pool
    for (index, candidate) in pool.candidates.enumerated() {
      guard let distance = candidate.predictedDistances[place], let bin = RunSurvey.bin(of: distance)
      else { continue }
      kinds[(distance <= pool.threshold ? 0 : 2) + (pool.isStable[index] ? 0 : 1)][bin] += 1
    }
    let names = [
      ("stable, and known stable", 2), ("called stable, known unstable", 4), ("missed: known stable", 1),
      ("unstable, and known unstable", 5),
    ]
    return zip(names, kinds).map { Histogram.Kind(name: $0.0.0, counts: $0.1, color: $0.0.1) }
  }

  /// What a reader should know before relying on the list.
  private func cautions() throws -> [String] {
    var lines: [String] = []
    if let reference = referenceName(of: run) {
      lines.append(
        "Distances are to the phases of \(reference). A phase that it lacks cannot compete: a candidate far below the hull "
          + "more often says so than it is a discovery.")
    }
    for model in survey.models {
      let name = run.models[model.model].name
      if model.tooLow > 0 {
        lines.append(
          "\(name) places \(grouped(model.tooLow)) candidates more than \(-CoverageFlag.lowestCredibleDistance) eV/atom below "
            + "the hull, which real compounds hardly ever are.")
      }
      if model.stable > model.credible {
        lines.append(
          "\(grouped(model.stable - model.credible)) of the \(grouped(model.stable)) stable by \(name) are flagged: the "
            + "references know too little of their chemical systems, or the distance is too low to be believed. Show: "
            + "stable, not flagged.")
      }
    }
    if let text = overrepresented { lines.append(text) }
    if survey.models.count > 1, survey.disagreements > 0 {
      lines.append(
        "The models disagree on \(grouped(survey.disagreements)) candidates (\(percentText(survey.disagreements, of: counts.rows))). "
          + "Show: models disagree.")
    }
    let uncalibrated = survey.models.filter { run.models[$0.model].calibration == nil }
    if !uncalibrated.isEmpty {
      lines.append(
        "\(uncalibrated.map { run.models[$0.model].name }.joined(separator: ", ")): not calibrated, so ± is the spread of the "
          + "ensemble, which is mostly smaller than the error.")
    }
    if run.plan.contains("decorate:") {
      lines.append(
        "Cells of decorated prototypes are scaled, not relaxed: their energies inherit the error of a guessed volume and shape."
      )
    }
    if !hullModels.isEmpty, hull != .combined {
      lines.append(
        "Candidates have not competed with each other here; sluice hull combined computes the hull of references and "
          + "candidates together.")
    }
    if counts.rejected > 0 {
      lines.append(
        "\(grouped(counts.rejected)) records (\(percentText(counts.rejected, of: counts.records))) were rejected, and are in no "
          + "list; below is why.")
    }
    return lines
  }

  /// Elements that are found among the stable far more often than among the candidates.
  private var overrepresented: String? {
    guard let model = survey.models.first, model.stable >= 20, counts.rows > 0 else { return nil }
    let overall = Double(model.stable) / Double(max(1, model.placed))
    let found = survey.elements.filter { _, counts in
      counts.candidates >= 10 && counts.stable[0] >= 10
        && Double(counts.stable[0]) / Double(counts.candidates) > max(2.5 * overall, 0.3)
    }
    guard !found.isEmpty else { return nil }
    let words = found.sorted { ($1.value.stable[0], $0.key) < ($0.value.stable[0], $1.key) }.prefix(6).map {
      "\($0.key.symbol) (\($0.value.stable[0]) of its \($0.value.candidates) candidates)"
    }
    return "Found among the stable far more often than others, as where the references lack competitors: "
      + words.joined(separator: ", ") + "."
  }

  /// The share of stable candidates by element.
  func elements() -> [ReportBlock] {
    survey.models.prefix(1).map { model in
      .elements(
        ElementMap(
          caption:
            "Share of the candidates with an element that are stable by \(run.models[model.model].name). A field "
            + "requires its element in the list of candidates; again, it excludes it.",
          entries: survey.elements.map {
            ElementMap.Entry(element: $0.key, candidates: $0.value.candidates, stable: $0.value.stable[0])
          }))
    }
  }
}
