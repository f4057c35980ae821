internal import Charts

extension RunComparison {
  /// Success against budget as an SVG picture.
  public func plot() -> String { successPlot.svg() }

  /// Success against budget: stable candidates found by both models with their 95 % intervals, by a list without a miss, and
  /// by a list drawn blindly.
  var successPlot: LinePlot {
    let pool = comparison.pool
    let largest = comparison.curve.last?.size ?? 0
    let models = modelNames.enumerated().map { index, name in
      PlotSeries(
        name: name,
        points: [PlotPoint(x: 0, y: 0, low: 0, high: 0)]
          + comparison.curve.map { point in
            PlotPoint(
              x: Double(point.size), y: Double(point.hits[index]), low: point.intervals[index]?.low,
              high: point.intervals[index]?.high)
          })
    }
    let ideal = PlotSeries(
      name: "ideal",
      points: [0, min(pool.stableCount, largest), largest].map {
        PlotPoint(x: Double($0), y: Double(min($0, pool.stableCount)))
      }, isDashed: true)
    let permille = (1000 * pool.prevalence).rounded()
    let blind = PlotSeries(
      name: "prevalence (\(permille / 10) %)",
      points: [0, largest].map { PlotPoint(x: Double($0), y: Double($0) * pool.prevalence) }, isDashed: true)
    return LinePlot(
      title:
        "\(campaign): \(pool.stableCount) of \(pool.candidates.count) stable at \(pool.threshold) eV/atom",
      subtitle: judgingHull == hull ? "" : hullsText,
      horizontal: PlotAxis(label: "Calculations (length of the top list)"),
      vertical: PlotAxis(label: "Stable candidates found"), series: models + [ideal, blind])
  }

  /// Writes the picture, whole or not at all.
  ///
  /// - Throws: `ScreeningError`.
  public func writePlot(to path: String) throws {
    try writeAtomically(Array(plot().utf8), to: path)
  }
}
