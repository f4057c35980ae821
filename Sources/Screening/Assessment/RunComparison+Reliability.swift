internal import Charts
internal import Foundation
internal import Networks
internal import ScreeningStore
internal import Training

extension RunComparison {
  /// Rates against probabilities as an SVG picture.
  public func reliabilityPlot() -> String { reliabilityLines.svg() }

  /// Rates against probabilities: how many of the candidates of each bin are stable, by the calibrated probabilities of both
  /// models and, dashed, by their raw spreads. Points on the diagonal are reliable.
  var reliabilityLines: LinePlot {
    func series(_ name: String, _ statistics: ReliabilityStatistics?, isDashed: Bool) -> PlotSeries? {
      guard let statistics else { return nil }
      return PlotSeries(
        name: name, points: statistics.bins.map { PlotPoint(x: $0.meanProbability, y: $0.rate) },
        isDashed: isDashed, hasMarkers: true)
    }
    let models = zip(modelNames, reliability).flatMap { name, model in
      [
        series(name, model.calibrated, isDashed: false),
        series("\(name), raw spread", model.rawSpread, isDashed: true),
      ].compactMap { $0 }
    }
    let diagonal = PlotSeries(
      name: "reliable", points: [PlotPoint(x: 0, y: 0), PlotPoint(x: 1, y: 1)], isDashed: true)
    return LinePlot(
      title: "\(campaign): \(comparison.pool.stableCount) of \(comparison.pool.candidates.count) stable at "
        + "\(comparison.pool.threshold) eV/atom",
      horizontal: PlotAxis(label: "Probability to be stable, mean of a bin", range: 0...1),
      vertical: PlotAxis(label: "Share that is stable", range: 0...1), series: models + [diagonal])
  }

  /// Writes the picture, whole or not at all.
  ///
  /// - Throws: `ScreeningError`; where no model has a probability there is nothing to draw.
  public func writeReliabilityPlot(to path: String) throws {
    guard reliability.contains(where: { $0.calibrated != nil || $0.rawSpread != nil }) else {
      throw ScreeningError.invalid(
        "\(modelNames.joined(separator: ", ")): no model of these has a calibration or a spread to draw")
    }
    try writeAtomically(Array(reliabilityPlot().utf8), to: path)
  }
}

extension ModelDescription {
  /// The distribution of the model's errors as the run holds it; nil without a calibration.
  ///
  /// - Throws: `ScreeningError.invalid` where the stored text is no calibration.
  func errorModel() throws -> ErrorModel? { try storedCalibration()?.errors }

  /// The model's calibration as the run holds it; nil without one.
  ///
  /// - Throws: `ScreeningError.invalid` where the stored text is no calibration.
  func storedCalibration() throws -> Calibration? {
    guard let calibration else { return nil }
    do {
      return try JSONDecoder().decode(Calibration.self, from: Data(calibration.utf8))
    } catch {
      throw ScreeningError.invalid("the stored calibration of \(name) cannot be read: \(describe(error))")
    }
  }
}
