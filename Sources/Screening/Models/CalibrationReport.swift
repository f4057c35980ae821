internal import Networks
internal import Training

/// How the error bars of a model hold on labelled structures.
public struct CalibrationReport: Codable, Sendable {
  /// Structures with error bars of about one size.
  public struct Group: Codable, Hashable, Sendable {
    /// Smallest and largest σ of the group.
    public let scales: [Double]
    /// Median absolute error that the model of errors expects.
    public let expectedMedianError: Double
    /// Median absolute error that was seen.
    public let medianError: Double
    /// Its quality on the group alone.
    public let quality: CalibrationQuality
  }

  /// Name of the model.
  public let model: String
  /// The calibration that was tested.
  public let calibration: Calibration
  /// The data it was tested on.
  public let data: ModelCard.Split
  /// Its quality on these.
  public let quality: CalibrationQuality
  /// The quality of a normal distribution with the members' spread as its standard deviation; nil for a single network,
  /// which has no spread.
  public let rawSpread: CalibrationQuality?
  /// The structures in groups of equal number by ascending σ.
  public let groups: [Group]

  /// Number of groups.
  public static let groupCount = 5

  /// Tests `calibration` on the errors of structures of `data`.
  init(_ name: String, _ calibration: Calibration, _ errors: EnsembleErrors, data: ModelCard.Split) {
    model = name
    self.calibration = calibration
    self.data = data
    quality = CalibrationQuality(calibration.errors, errors)
    rawSpread = errors.spreads.map { _ in CalibrationQuality(.rawSpread, errors) }
    let count = errors.errors.count
    let scales = (0..<count).map { calibration.errors.scale(spread: errors.spread(at: $0)) }
    let order = (0..<count).sorted { (scales[$0], $0) < (scales[$1], $1) }
    let halfOfErrors = calibration.errors.distribution.quantile(0.75)
    groups = (0..<Self.groupCount).compactMap { group in
      let members = order[(count * group / Self.groupCount)..<(count * (group + 1) / Self.groupCount)]
      guard let first = members.first, let last = members.last,
        let statistics = ErrorStatistics(errors: members.map { errors.errors[$0] })
      else { return nil }
      let mean = members.reduce(0) { $0 + scales[$1] } / Double(members.count)
      return Group(
        scales: [scales[first], scales[last]], expectedMedianError: halfOfErrors * mean,
        medianError: statistics.medianAbsoluteError,
        quality: CalibrationQuality(calibration.errors, errors.part(members)))
    }
  }
}
