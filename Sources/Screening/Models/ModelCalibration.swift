internal import Networks
internal import Training

/// Fits and tests the model of errors of a model folder on labelled structures.
public struct ModelCalibration: Sendable {
  private let folder: ModelFolder
  private let jobs: Int

  /// A calibration of the model in `folder`; results do not depend on the number of threads.
  public init(_ folder: ModelFolder, jobs: Int) {
    self.folder = folder
    self.jobs = jobs
  }

  /// Fits a model of errors and writes it into the card of the model; weights and fingerprint stay as they are.
  ///
  /// - Parameters:
  ///   - input: archive whose records carry the property; best a split that no weight was fitted to.
  ///   - property: column of the true values; nil for the property of the model.
  ///   - maximumSites: larger structures are left out; nil for none.
  /// - Throws: `ScreeningError`, `ArchiveError`; the card is then as it was.
  public func fit(
    _ input: String, property: String? = nil, maximumSites: Int? = nil
  ) throws -> CalibrationReport {
    let folder = try selected(property)
    let (errors, split) = try errors(folder, input, property, maximumSites)
    let calibration: Calibration
    do throws(CalibrationError) {
      calibration = try Calibration(
        fitting: errors, of: folder.card, fingerprint: folder.fingerprint, data: split,
        maximumSites: maximumSites)
    } catch {
      throw ScreeningError.unreadable(path: input, reason: "no calibration: \(error)")
    }
    var card = folder.wholeCard
    card.setCalibration(calibration, of: folder.target)
    try ModelFolder.writeCard(card, to: folder.path)
    return CalibrationReport(card.name, calibration, errors, data: split)
  }

  /// Tests the calibration in the model's card on other structures.
  ///
  /// - Parameters: as of `fit`.
  /// - Throws: `ScreeningError`, `ArchiveError`; a card without a calibration is refused.
  public func test(
    _ input: String, property: String? = nil, maximumSites: Int? = nil
  ) throws -> CalibrationReport {
    let folder = try selected(property)
    guard let calibration = folder.card.calibration else {
      throw ScreeningError.unreadable(
        path: folder.path, reason: "the model has no calibration; sluice models calibrate makes one")
    }
    let (errors, split) = try errors(folder, input, property, maximumSites)
    return CalibrationReport(folder.card.name, calibration, errors, data: split)
  }

  /// The target that is meant. A probability says itself how sure it is, and its errors follow no Student's t
  /// distribution.
  private func selected(_ property: String?) throws -> ModelFolder {
    guard folder.card.configuration.task == .regression else {
      throw ScreeningError.invalid(
        "\(folder.path): \(folder.card.name) is a classifier; error bars are for regressions, and sluice evaluate "
          + "judges its probabilities")
    }
    return try folder.selecting(nil, column: property)
  }

  private func errors(
    _ folder: ModelFolder, _ input: String, _ property: String?, _ maximumSites: Int?
  ) throws -> (EnsembleErrors, ModelCard.Split) {
    let property = property ?? folder.card.property
    let loaded = try GraphLoader(
      configuration: folder.card.configuration, properties: [property], maximumSites: maximumSites,
      jobs: jobs
    ).load(input)
    guard !loaded.ids.isEmpty else {
      throw ScreeningError.unreadable(
        path: input, reason: "no structure with a \(property) among its records")
    }
    let errors = EnsembleErrors(
      networks: folder.parameters, normalizers: folder.card.members.map(\.normalizer),
      target: folder.target, on: loaded.data.graphs, values: loaded.data.targets, jobs: jobs)
    return (errors, try ModelCard.Split(loaded, from: input))
  }
}
