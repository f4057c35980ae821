internal import Charts
internal import TextFormats
internal import Training

/// A mean with the interval that holds the true one with 95 % probability, were the values drawn from a normal
/// distribution.
public struct MeanInterval: Hashable, Sendable {
  /// Number of values.
  public let count: Int
  /// Their mean.
  public let mean: Double
  /// Half the interval: t · s / √n, with Student's t of n − 1 degrees of freedom; nil of a single value.
  public let halfWidth: Double?

  /// The interval of some values; nil without any.
  public init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    count = values.count
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    guard values.count > 1 else {
      halfWidth = nil
      return
    }
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    let quantile = StudentDistribution(degreesOfFreedom: Double(values.count - 1)).quantile(0.975)
    halfWidth = quantile * (variance / Double(values.count)).squareRoot()
  }

  /// Lower end.
  public var low: Double? { halfWidth.map { mean - $0 } }
  /// Upper end.
  public var high: Double? { halfWidth.map { mean + $0 } }
}

/// The fits of a learning curve as tables and picture.
public struct LearningCurveTable: Sendable {
  /// A protocol at one size.
  public struct Row: Hashable, Sendable {
    /// Labelled crystals.
    public let size: Int
    /// Name of the protocol.
    public let `protocol`: String
    /// Mean absolute error on the test crystals, over the seeds.
    public let error: MeanInterval
    /// Its difference from that of the first protocol, over the seeds that both have, which share their crystals; nil for the
    /// first itself.
    public let difference: MeanInterval?
  }

  /// The fits by size, seed and protocol.
  public let fits: [LearningCurveFit]
  private let plan: LearningCurvePlan
  private let testCount: Int

  init(_ fits: [LearningCurveFit], plan: LearningCurvePlan, testCount: Int) {
    let order = Dictionary(uniqueKeysWithValues: plan.protocolNames.enumerated().map { ($1, $0) })
    self.fits = fits.sorted {
      ($0.size, $0.seed, order[$0.protocol] ?? 0) < ($1.size, $1.seed, order[$1.protocol] ?? 0)
    }
    self.plan = plan
    self.testCount = testCount
  }

  /// Each protocol at each size, sizes ascending.
  public var rows: [Row] {
    plan.sizes.flatMap { size in
      let own = fits.filter { $0.size == size }
      let first = Dictionary(
        uniqueKeysWithValues: own.filter { $0.protocol == plan.protocolNames[0] }.map {
          ($0.seed, $0.testError)
        })
      return plan.protocolNames.compactMap { name -> Row? in
        let fits = own.filter { $0.protocol == name }
        guard let error = MeanInterval(fits.map(\.testError)) else { return nil }
        let differences = fits.compactMap { fit in first[fit.seed].map { fit.testError - $0 } }
        return Row(
          size: size, protocol: name, error: error,
          difference: name == plan.protocolNames[0] ? nil : MeanInterval(differences))
      }
    }
  }

  /// Writes `curve.csv`, `differences.csv` and `learning-curve.svg`.
  func write(to folder: String) throws {
    let curve = try LineWriter(path: folder + "/curve.csv")
    try curve.append(
      "size,seed,protocol,test_mae,test_rmse,validation_mae,epoch,training_crystals,validation_crystals")
    for fit in fits {
      try curve.append(
        "\(fit.size),\(fit.seed),\(csvField(fit.protocol)),\(fit.testError),\(fit.testRootMeanSquaredError),"
          + "\(fit.validationError),\(fit.epoch),\(fit.trainingCrystals),\(fit.validationCrystals)")
    }
    try curve.finish()
    let differences = try LineWriter(path: folder + "/differences.csv")
    try differences.append(
      "size,protocol,seeds,test_mae,test_mae_low,test_mae_high,pairs,difference,difference_low,difference_high"
    )
    func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    for row in rows {
      let (error, difference) = (row.error, row.difference)
      try differences.append(
        "\(row.size),\(csvField(row.protocol)),\(error.count),\(error.mean),\(text(error.low)),\(text(error.high)),"
          + "\(difference.map { "\($0.count)" } ?? ""),\(text(difference?.mean)),\(text(difference?.low)),"
          + text(difference?.high))
    }
    try differences.finish()
    try writeAtomically(Array(picture.utf8), to: folder + "/learning-curve.svg")
  }

  /// The curves with their intervals.
  private var picture: String {
    let rows = rows
    return LinePlot(
      title: plan.name,
      subtitle: "\(testCount) test crystals; mean and 95 % interval over \(plan.seeds.count) draws",
      horizontal: PlotAxis(label: "Labelled crystals", scale: .logarithmic),
      vertical: PlotAxis(label: "Test MAE", unit: plan.unit, scale: .logarithmic),
      series: plan.protocolNames.map { name in
        PlotSeries(
          name: name,
          points: rows.filter { $0.protocol == name }.map {
            PlotPoint(x: Double($0.size), y: $0.error.mean, low: $0.error.low, high: $0.error.high)
          }, hasMarkers: true)
      }
    ).svg()
  }
}
