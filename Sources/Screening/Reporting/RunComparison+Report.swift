internal import Charts
internal import Foundation
public import Reports
internal import TextFormats

extension RunComparison {
  /// What labels say of the lists of two models, or of one that is compared with itself.
  var reportBlocks: [ReportBlock] {
    let pool = comparison.pool
    let places = Set(modelNames).count > 1 ? [0, 1] : [0]
    let names = modelNames
    return [
      .text(
        "\(grouped(pool.candidates.count)) candidates have a known energy; \(grouped(pool.stableCount)) of them "
          + "(\(percentText(pool.stableCount, of: pool.candidates.count))) are truly stable at \(pool.threshold) eV/atom. "
          + "\(hullsText.prefix(1).uppercased() + hullsText.dropFirst())."),
      .table(summary(places)),
      .columns([
        [.figure(success(places))], [.figure(precisionAndRecall(places))],
      ]),
      .columns([[.figure(rollingError(places))], [.figure(receiver(places))]]),
      .columns(places.map { [.figure(parity($0))] }),
    ]
      + (reliability.contains { $0.calibrated != nil || $0.rawSpread != nil }
        ? [
          .columns([
            [.figure(calibration(places))],
            [
              .note(
                "Of a calibrated probability the share that is stable lies on the dashed diagonal. A raw spread takes the "
                  + "standard deviation of the ensemble for the error; where its curve is flatter than the diagonal, "
                  + names.joined(separator: " and ") + " are surer than they may be.")
            ],
          ])
        ] : [])
  }

  /// The page of a comparison alone.
  ///
  /// - Parameters:
  ///   - title: its heading; nil for the campaign's name.
  ///   - maker: the program, with its version.
  public func page(title: String? = nil, maker: String) -> ReportPage {
    let pool = comparison.pool
    func tile(_ value: Int, _ name: String) -> ReportTile { ReportTile(value: grouped(value), name: name) }
    return ReportPage(
      title: title ?? campaign,
      status: "\(Set(modelNames).sorted().joined(separator: " and ")) compared by known energies.",
      tiles: [
        tile(pool.candidates.count, "candidates with a known energy"),
        tile(pool.stableCount, "of them truly stable"),
        tile(counts.candidatesWithoutLabel, "candidates without a label, left out"),
        tile(counts.labelsWithoutCandidate, "labels without a candidate, left out"),
      ], sections: [ReportSection(id: "known", title: "Against known energies", blocks: reportBlocks)],
      maker: maker)
  }

  private func summary(_ places: [Int]) -> ReportTable {
    func number(_ value: Double?, _ decimals: Int = 3) -> String {
      value.map { fixedPoint($0, decimals: decimals) } ?? "–"
    }
    return ReportTable(
      columns: [
        "model", "mean absolute error, eV/atom", "precision", "recall", "F1", "ROC-AUC", "without prediction",
      ],
      rows: places.map { place in
        let model = comparison.models[place]
        return [
          modelNames[place], number(model.meanAbsoluteError, 4),
          number(model.classification.precision),
          number(model.classification.recall), number(model.classification.f1), number(model.areaUnderCurve),
          "\(model.withoutPrediction)",
        ]
      })
  }

  private func success(_ places: [Int]) -> ReportFigure {
    var plot = successPlot
    plot.title = ""
    plot.subtitle = ""
    if places.count == 1 { plot.series.remove(at: 1) }
    let budgets = comparison.budgets
    return ReportFigure(
      title: "Stable candidates found against calculations",
      picture: plot.svg(width: 560, height: 380, for: .page),
      caption:
        "From the top of each list. Bands are 95 % intervals of a bootstrap over candidates. Dashed: a list without a "
        + "miss, and one drawn blindly.",
      table: ReportTable(
        columns: ["calculations"] + places.flatMap { ["\(modelNames[$0])", "95 % interval"] }
          + (places.count > 1 ? ["ratio", "95 % interval"] : []),
        rows: budgets.map { budget in
          func interval(_ interval: ConfidenceInterval?, _ decimals: Int) -> String {
            interval.map {
              fixedPoint($0.low, decimals: decimals) + " to " + fixedPoint($0.high, decimals: decimals)
            } ?? "–"
          }
          return ["\(budget.size)"]
            + places.flatMap { ["\(budget.lists[$0].hits)", interval(budget.lists[$0].hitsInterval, 0)] }
            + (places.count > 1
              ? [
                budget.ratio.map { fixedPoint($0, decimals: 2) } ?? "–", interval(budget.ratioInterval, 2),
              ] : [])
        }, numbers: Set(0..<(places.count > 1 ? 7 : 3))))
  }

  /// Lengths of top lists at which curves are drawn: as many below ten as above a thousand.
  private func lengths(_ count: Int) -> [Int] {
    let steps = 60
    let lengths = (0...steps).map { step in
      Int(pow(Double(count), Double(step) / Double(steps)).rounded())
    }
    return Array(Set(lengths.map { min(max(1, $0), count) })).sorted()
  }

  private func precisionAndRecall(_ places: [Int]) -> ReportFigure {
    let pool = comparison.pool
    let lengths = lengths(pool.candidates.count)
    var series: [PlotSeries] = []
    var columns: [[Double]] = []
    for place in places {
      let ranking = pool.ranking(of: place)
      var hits = [0]
      for index in ranking { hits.append(hits[hits.count - 1] + (pool.isStable[index] ? 1 : 0)) }
      let precision = lengths.map { Double(hits[$0]) / Double($0) }
      let recall = lengths.map { Double(hits[$0]) / Double(max(1, pool.stableCount)) }
      for (name, values, isDashed) in [("precision", precision, false), ("recall", recall, true)] {
        series.append(
          PlotSeries(
            name: "\(modelNames[place]), \(name)",
            points: zip(lengths, values).map { PlotPoint(x: Double($0), y: $1) }, isDashed: isDashed))
      }
      columns += [precision, recall]
    }
    return ReportFigure(
      title: "Precision and recall by length of the list",
      picture: LinePlot(
        horizontal: PlotAxis(label: "Length of the list", scale: .logarithmic),
        vertical: PlotAxis(label: "Share", range: 0...1), series: series
      ).svg(width: 560, height: 380, for: .page),
      caption:
        "Precision: the share of the list that is truly stable. Recall, dashed: the share of the truly stable that the "
        + "list holds.",
      table: ReportTable(
        columns: ["length"] + series.map(\.name),
        rows: lengths.indices.map { row in
          ["\(lengths[row])"] + columns.map { fixedPoint($0[row], decimals: 3) }
        }, numbers: Set(0...series.count)))
  }

  private func rollingError(_ places: [Int]) -> ReportFigure {
    let pool = comparison.pool
    let centers = (-15...30).map { Double($0) * 0.02 }
    let halfWidth = 0.02
    let fewest = 10
    let curves = places.map { place in
      let errors = pool.candidates.compactMap { candidate in
        candidate.predictedDistances[place].map { (candidate.trueDistance, abs($0 - candidate.trueDistance)) }
      }
      return centers.map { center in
        let near = errors.filter { abs($0.0 - center) <= halfWidth }
        return near.count >= fewest ? near.reduce(0) { $0 + $1.1 } / Double(near.count) : Double.nan
      }
    }
    let series =
      zip(places, curves).map { place, curve in
        PlotSeries(
          name: modelNames[place], points: zip(centers, curve).map { PlotPoint(x: $0, y: $1) })
      } + [
        PlotSeries(
          name: "error as large as the distance",
          points: [-0.3, 0, 0.6].map { PlotPoint(x: $0, y: abs($0)) },
          isDashed: true)
      ]
    return ReportFigure(
      title: "Error by distance from the hull",
      picture: LinePlot(
        horizontal: PlotAxis(label: "Known energy above hull", unit: "eV/atom", range: -0.3...0.6),
        vertical: PlotAxis(label: "Mean absolute error", unit: "eV/atom"), series: series
      ).svg(width: 560, height: 380, for: .page),
      caption:
        "Over candidates within 0.02 eV/atom of a place, at least \(fewest). Above the dashed lines the mean error is "
        + "larger than the distance from the hull: verdicts there are close to coin tosses.",
      table: ReportTable(
        columns: ["known energy above hull"] + places.map { modelNames[$0] },
        rows: centers.indices.filter { row in curves.contains { !$0[row].isNaN } }.map { row in
          [fixedPoint(centers[row], decimals: 2)]
            + curves.map { $0[row].isNaN ? "–" : fixedPoint($0[row], decimals: 4) }
        }, numbers: Set(0...places.count)))
  }

  private func receiver(_ places: [Int]) -> ReportFigure {
    let pool = comparison.pool
    let unstable = pool.candidates.count - pool.stableCount
    let rates = (0...20).map { Double($0) / 20 }
    var series: [PlotSeries] = []
    var columns: [[Double]] = []
    for place in places {
      var (found, wrong) = (0, 0)
      var points = [PlotPoint(x: 0, y: 0)]
      let ranking = pool.ranking(of: place)
      // Some hundred points draw the curve; all are counted.
      let stride = max(1, ranking.count / 200)
      for (position, index) in ranking.enumerated() {
        if pool.isStable[index] { found += 1 } else { wrong += 1 }
        guard position % stride == 0 || position == ranking.count - 1 else { continue }
        points.append(
          PlotPoint(
            x: Double(wrong) / Double(max(1, unstable)), y: Double(found) / Double(max(1, pool.stableCount))))
      }
      let area = comparison.models[place].areaUnderCurve
      series.append(
        PlotSeries(
          name: modelNames[place] + (area.map { " (area \(fixedPoint($0, decimals: 3)))" } ?? ""),
          points: points))
      columns.append(rates.map { rate in points.last { $0.x <= rate }?.y ?? 0 })
    }
    series.append(
      PlotSeries(name: "blind", points: [PlotPoint(x: 0, y: 0), PlotPoint(x: 1, y: 1)], isDashed: true))
    return ReportFigure(
      title: "Receiver operating characteristic",
      picture: LinePlot(
        horizontal: PlotAxis(label: "Share of the unstable that is called stable", range: 0...1),
        vertical: PlotAxis(label: "Share of the stable that is found", range: 0...1), series: series
      ).svg(width: 560, height: 380, for: .page),
      table: ReportTable(
        columns: ["false positive rate"] + places.map { modelNames[$0] },
        rows: rates.indices.map { row in
          [fixedPoint(rates[row], decimals: 2)] + columns.map { fixedPoint($0[row], decimals: 3) }
        }, numbers: Set(0...places.count)))
  }

  private func parity(_ place: Int) -> ReportFigure {
    let name = modelNames[place]
    let range = -1.0...2.0
    let pairs = comparison.pool.candidates.compactMap { candidate in
      candidate.predictedDistances[place].map { (x: candidate.trueDistance, y: $0) }
    }
    let errors = pairs.map { abs($0.y - $0.x) }.sorted()
    let chart = DensityPlot(
      horizontal: PlotAxis(label: "Known energy above hull", unit: "eV/atom", range: range),
      vertical: PlotAxis(label: "Predicted", unit: "eV/atom", range: range), points: pairs, color: place)
    func quantile(_ share: Double) -> String {
      errors.isEmpty
        ? "–" : fixedPoint(errors[min(errors.count - 1, Int(share * Double(errors.count)))], decimals: 4)
    }
    return ReportFigure(
      title: "Predicted against known by \(name)", picture: chart.svg(for: .page),
      caption:
        "The darker, the more candidates, doubling by doubling. \(grouped(chart.outside)) lie outside the axes.",
      table: ReportTable(
        columns: ["share of the candidates", "with an error of at most, eV/atom"],
        rows: [("25 %", 0.25), ("50 %", 0.5), ("75 %", 0.75), ("90 %", 0.9), ("99 %", 0.99)].map {
          [$0.0, quantile($0.1)]
        }, numbers: [0, 1]))
  }

  private func calibration(_ places: [Int]) -> ReportFigure {
    var plot = reliabilityLines
    plot.title = ""
    let rows = places.flatMap { place in
      (reliability[place].calibrated?.bins ?? []).map { bin in
        [
          modelNames[place], fixedPoint(bin.meanProbability, decimals: 3),
          fixedPoint(bin.rate, decimals: 3), "\(bin.count)",
        ]
      }
    }
    return ReportFigure(
      title: "What probabilities are worth", picture: plot.svg(width: 560, height: 380, for: .page),
      table: ReportTable(
        columns: ["model", "mean probability", "share that is stable", "candidates"], rows: rows))
  }
}
