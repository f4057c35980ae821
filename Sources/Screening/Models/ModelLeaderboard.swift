internal import Charts
internal import Crystal
internal import Networks
internal import StructureArchive
internal import Training

/// Several models on the same labelled crystals: how far off each is, on groups of crystals too, and how fast.
///
/// Errors are over the crystals that every model predicted, so that all figures of a table are about the same ones.
public struct ModelLeaderboard: Encodable, Sendable {
  /// A mean absolute error beside that of the first model.
  public struct Figure: Encodable, Sendable {
    /// Mean absolute error.
    public let meanAbsoluteError: Double
    /// What it is relative to the first model's, less one; nil for the first model, and where that has no error.
    public let change: Double?
    /// 95 % interval of that over the crystals, lower and upper end; nil for the first model.
    public let changeInterval: [Double]?
  }

  /// A line of the table.
  public struct Entry: Encodable, Sendable {
    /// Folder of the model.
    public let folder: String
    /// Name in its card.
    public let model: String
    /// Architecture, e.g. "CGCNN".
    public let architecture: String
    /// Parameters of one member.
    public let parameters: Int
    /// Mean absolute error of each member.
    public let members: [Double]
    /// The mean of these, which compares one network with one whatever the number of members.
    public let mean: Figure
    /// That of the members' mean.
    public let ensemble: Figure
    /// Crystals a second through reading, graphs and the whole ensemble: median of the rounds.
    public let structuresPerSecond: Double
    /// The same with the first member alone.
    public let structuresPerSecondOfOneMember: Double
  }

  /// The errors on some of the crystals.
  public struct Group: Encodable, Sendable {
    /// What its crystals are.
    public let title: String
    /// Number of crystals.
    public let count: Int
    /// A figure of the ensemble of each model.
    public let figures: [Figure]
    /// The same of the mean error of its members.
    public let means: [Figure]
  }

  /// The property that was compared, and its unit.
  public let property: String
  /// Unit of the errors.
  public let unit: String
  /// Number of crystals that all models predicted.
  public let count: Int
  /// Crystals that some model could not predict.
  public let unpredicted: Int
  /// Records without a number under the property.
  public let withoutValue: Int
  /// Crystals of more sites than were asked for.
  public let tooLarge: Int
  /// Records that are no crystals, by reason code.
  public let rejected: [String: Int]
  /// Threads that each model ran on.
  public let jobs: Int
  /// The models in the order given.
  public let entries: [Entry]
  /// Groups that hold a crystal.
  public let groups: [Group]

  /// Resamples of the intervals, and their seed.
  private static let resamples = 2000
  private static let seed: UInt64 = 1

  /// Runs every model over the records of an archive.
  ///
  /// - Parameters:
  ///   - folders: the models, at least one, regressions of one unit; the first is what the others are compared with.
  ///   - input: the archive.
  ///   - property: column of the true values.
  ///   - maximumSites: larger structures are left out; nil for none.
  ///   - spaceGroup: column with the number of the space group, for groups by crystal system; nil for none.
  ///   - jobs: number of threads.
  ///   - rounds: how often each model runs, in turns, at least 1; times are medians.
  ///   - clock: the time (s), by a clock that only moves forward.
  ///   - progress: is told which model runs.
  /// - Throws: `ScreeningError`, `ArchiveError`; for a classifier, for models of different units, and when there is nothing to
  ///   compare.
  public init(
    _ folders: [ModelFolder], on input: String, property: String, maximumSites: Int?, spaceGroup: String?,
    jobs: Int, rounds: Int, clock: () -> Double, progress: (String) -> Void
  ) throws {
    precondition(!folders.isEmpty && rounds > 0, "models to compare")
    for folder in folders { try Self.check(folder, comparableWith: folders[0]) }
    var passes = folders.map { _ in Passes() }
    var leftOut = LeftOut()
    for round in 1...rounds {
      for (index, folder) in folders.enumerated() {
        progress("\(folder.card.name)\(rounds > 1 ? ", round \(round) of \(rounds)" : "")")
        func run(members: Int) throws -> (seconds: Double, crystals: [ComparedRecord.Crystal?]) {
          let start = clock()
          let records = try Self.records(
            PredictionTable(folder, memberCount: members, jobs: jobs), input, property, maximumSites,
            spaceGroup)
          leftOut = records.leftOut
          return (clock() - start, records.crystals)
        }
        let whole = try run(members: folder.parameters.count)
        passes[index].seconds.append(whole.seconds)
        if round == 1 { passes[index].crystals = whole.crystals }
        passes[index].secondsOfOne.append(
          folder.parameters.count == 1 ? whole.seconds : try run(members: 1).seconds)
      }
    }
    let total = passes[0].crystals.count
    let common = (0..<total).filter { record in passes.allSatisfy { $0.crystals[record] != nil } }
    guard !common.isEmpty else {
      throw ScreeningError.unreadable(
        path: input, reason: "no record with a number under \"\(property)\" that all models predict")
    }
    if let spaceGroup,
      !common.contains(where: { passes[0].crystals[$0]?.record.properties[spaceGroup] != nil })
    {
      throw ScreeningError.unreadable(path: input, reason: "no record with a number under \"\(spaceGroup)\"")
    }
    let compared = passes.map { pass in common.compactMap { pass.crystals[$0] } }
    let errors = compared.map { $0.map { abs($0.prediction.mean - $0.value) } }
    let ofMembers = compared.map { $0.map(\.meanErrorOfMembers) }
    self.property = property
    unit = folders[0].card.unit
    count = common.count
    unpredicted = total - common.count
    (withoutValue, tooLarge, rejected) = (leftOut.withoutValue, leftOut.tooLarge, leftOut.rejected)
    self.jobs = jobs
    let figures = Self.figures(errors, of: Array(common.indices))
    let means = Self.figures(ofMembers, of: Array(common.indices))
    entries = folders.indices.map { index in
      let (card, crystals) = (folders[index].card, compared[index])
      let members = crystals[0].prediction.members.indices.map { member in
        crystals.reduce(0) { $0 + abs($1.prediction.members[member] - $1.value) } / Double(crystals.count)
      }
      return Entry(
        folder: folders[index].path, model: card.name, architecture: card.architecture,
        parameters: folders[index].parameters[0].values.count, members: members, mean: means[index],
        ensemble: figures[index],
        structuresPerSecond: Double(total) / Self.middle(of: passes[index].seconds),
        structuresPerSecondOfOneMember: Double(total) / Self.middle(of: passes[index].secondsOfOne))
    }
    groups = CrystalGroup.all.compactMap { group in
      let members = common.indices.filter { position in
        let record = compared[0][position].record
        return group.holds(record.structure, spaceGroup: spaceGroup.flatMap { record.properties[$0] })
      }
      guard !members.isEmpty else { return nil }
      return Group(
        title: group.title, count: members.count, figures: Self.figures(errors, of: members),
        means: Self.figures(ofMembers, of: members))
    }
  }

  /// The crystals of an archive that have a value, compared by one model, nil where it cannot predict one; and the records that
  /// count for no model.
  private static func records(
    _ table: PredictionTable, _ input: String, _ property: String, _ maximumSites: Int?, _ spaceGroup: String?
  ) throws -> (crystals: [ComparedRecord.Crystal?], leftOut: LeftOut) {
    var crystals: [ComparedRecord.Crystal?] = []
    var leftOut = LeftOut()
    var unpredicted: [String: Int] = [:]
    let report = try table.compareRecords(
      input, property: property, maximumSites: maximumSites, columns: spaceGroup.map { [$0] } ?? []
    ) {
      switch $0 {
      case .compared(let crystal): crystals.append(crystal)
      case .unpredicted(let reason, _):
        crystals.append(nil)
        unpredicted[reason.rawValue, default: 0] += 1
      case .tooLarge: leftOut.tooLarge += 1
      case .withoutValue: leftOut.withoutValue += 1
      }
    }
    leftOut.rejected = report.rejected.merging(unpredicted, uniquingKeysWith: -).filter { $0.value > 0 }
    return (crystals, leftOut)
  }

  /// Records that are the same ones whatever the model.
  private struct LeftOut {
    var withoutValue = 0
    var tooLarge = 0
    var rejected: [String: Int] = [:]
  }

  /// What came of the runs of one model.
  private struct Passes {
    var seconds: [Double] = []
    var secondsOfOne: [Double] = []
    /// By record that has a value; nil where it could not be predicted.
    var crystals: [ComparedRecord.Crystal?] = []
  }

  /// The middle one of some times, of an even number the smaller of the two.
  private static func middle(of seconds: [Double]) -> Double { seconds.sorted()[(seconds.count - 1) / 2] }

  private static func check(_ folder: ModelFolder, comparableWith first: ModelFolder) throws {
    guard folder.card.configuration.task == .regression else {
      throw ScreeningError.invalid(
        "\(folder.path): \(folder.card.name) is a classifier, which has no mean error")
    }
    guard folder.card.unit == first.card.unit else {
      throw ScreeningError.invalid(
        "\(folder.path): predicts in \(folder.card.unit), \(first.path) in \(first.card.unit)")
    }
  }

  /// Mean errors on some of the crystals with intervals of their ratios to the first model's: percentiles over resamples of these
  /// crystals, the same for all models. Source: B. Efron, Ann. Stat. 7, 1 (1979).
  ///
  /// - Parameter errors: absolute errors, by model, then by crystal.
  private static func figures(_ errors: [[Double]], of crystals: [Int]) -> [Figure] {
    let own = errors.map { all in crystals.map { all[$0] } }
    let sums = own.map { $0.reduce(0, +) }
    var ratios: [[Double]] = errors.map { _ in [] }
    let bound = UInt64(crystals.count)
    for resample in 0..<(errors.count > 1 ? resamples : 0) {
      var generator = SeededRandom(seed: seed, stream: UInt64(resample))
      var drawn = [Double](repeating: 0, count: errors.count)
      for _ in crystals {
        let position = Int(generator.next().multipliedFullWidth(by: bound).high)
        for model in own.indices { drawn[model] += own[model][position] }
      }
      for model in own.indices { ratios[model].append(drawn[model] / drawn[0] - 1) }
    }
    return own.indices.map { model in
      let interval = model == 0 ? nil : ConfidenceInterval(percentilesOf: ratios[model])
      return Figure(
        meanAbsoluteError: sums[model] / Double(crystals.count),
        change: model == 0 || sums[0] == 0 ? nil : sums[model] / sums[0] - 1,
        changeInterval: interval.flatMap { $0.low.isFinite && $0.high.isFinite ? [$0.low, $0.high] : nil })
    }
  }

  /// Writes the picture of error against speed to an SVG file.
  public func writePicture(to path: String) throws { try writeAtomically(Array(picture.utf8), to: path) }

  /// Error against speed as an SVG picture: a line a model, from its first member alone to the whole ensemble.
  ///
  /// The place of the first member is the members' mean error, which does not depend on their order.
  var picture: String {
    let series = entries.map { entry in
      let single = PlotPoint(
        x: entry.structuresPerSecondOfOneMember, y: entry.mean.meanAbsoluteError)
      let whole = PlotPoint(x: entry.structuresPerSecond, y: entry.ensemble.meanAbsoluteError)
      return PlotSeries(
        name: entry.model, points: entry.members.count > 1 ? [single, whole] : [single], hasMarkers: true)
    }
    return LinePlot(
      title: "Error against speed",
      subtitle: "\(count) crystals; lines lead from one network to its ensemble",
      horizontal: PlotAxis(
        label: "Screening, graphs included", unit: "structures/s, \(counted(jobs, "thread"))",
        scale: .logarithmic),
      vertical: PlotAxis(label: "Mean absolute error of \(property)", unit: unit, scale: .logarithmic),
      series: series
    ).svg()
  }
}

extension ComparedRecord.Crystal {
  /// Mean over the members of how far each is off.
  fileprivate var meanErrorOfMembers: Double {
    prediction.members.reduce(0) { $0 + abs($1 - value) } / Double(prediction.members.count)
  }
}
