internal import Crystal
internal import Networks
internal import StructureArchive
internal import TextFormats
internal import Training

/// Predictions of one model for every crystal of an archive.
public struct PredictionTable: Sendable {
  private let folder: ModelFolder
  private let ensemble: Ensemble
  private let jobs: Int

  /// A table of predictions by a model, or by its first members.
  ///
  /// - Parameters:
  ///   - folder: the model folder.
  ///   - memberCount: 1 to the number of members; nil for all.
  ///   - jobs: number of threads.
  public init(_ folder: ModelFolder, memberCount: Int? = nil, jobs: Int) {
    self.folder = folder
    ensemble = Ensemble(folder, memberCount: memberCount)
    self.jobs = jobs
  }

  /// Writes `id,prediction,std` in the order of the input. Of a model of several targets each has such columns, which end
  /// in `_` and its name.
  ///
  /// - Parameters:
  ///   - input: the archive of crystals.
  ///   - output: file of the table.
  ///   - members: whether each member has a column more.
  ///   - sites: file for the site energies of an additive model: `id,site,element,energy`, a line a site in the order of
  ///     the crystal, from 0; energies in eV, the mean over the members. Their sum over a crystal is its prediction times
  ///     the number of its sites. Nil for none.
  /// - Throws: `ScreeningError`, also where the model has no site energies (`ModelFolder.checkSites`).
  public func write(
    _ input: String, to output: String, members: Bool, sites: String? = nil
  ) throws -> TableReport {
    if sites != nil { try folder.checkSites() }
    let siteWriter = try sites.map { try SiteEnergyWriter(path: $0, inputs: [input]) }
    let writer = try LineWriter(path: output, inputs: [input])
    let own = ["prediction", "std"] + (members ? memberColumns : [])
    let targets = folder.card.properties
    let columns = targets.count == 1 ? own : targets.flatMap { target in own.map { "\($0)_\(target)" } }
    try writer.append((["id"] + columns).map { csvField($0) }.joined(separator: ","))
    var report = TableReport()
    let ensemble =
      sites == nil
      ? ensemble : Ensemble(folder, memberCount: ensemble.memberCount, givesSites: true)
    let asked: AskedPrediction = sites != nil ? .sites : targets.count > 1 ? .allTargets : .target
    try streamCrystals(
      input, jobs: jobs, report: &report, work: { predictionOutcomes($1, ensemble, asked, $0) },
      write: { value in
        let values = value.predictions.map { fields(of: $0, members: members) }
        try writer.append(([csvField(value.record.id)] + values).joined(separator: ","))
        try siteWriter?.append(value.record, energies: value.sites)
      })
    try writer.finish()
    try siteWriter?.finish()
    return report
  }

  private var memberColumns: [String] { (0..<ensemble.memberCount).map { "member_\($0)" } }

  private func fields(of prediction: EnsemblePrediction, members: Bool) -> String {
    "\(prediction.mean),\(prediction.standardDeviation)"
      + (members ? prediction.members.map { ",\($0)" }.joined() : "")
  }

  /// Compares the model's predictions with the true values of an archive's records.
  ///
  /// - Parameters:
  ///   - input: the archive.
  ///   - property: column of the true values.
  ///   - positive: which of them are class 1, for a classifier; where nil those that its card says of this column, or else
  ///     they are classes, 0 or 1.
  ///   - maximumSites: larger structures are left out; nil for none.
  ///   - output: CSV file to write, a line a crystal that is compared, in the order of the input:
  ///     `id,value,prediction,std` and a column a member; the value is a class for a classifier. Nil for none.
  /// - Throws: `ScreeningError`, `ArchiveError`; when there is nothing to compare, no file is written. A model of several
  ///   targets is refused; one of them is to be selected.
  public func evaluate(
    _ input: String, property: String, positive: PositiveClass? = nil, maximumSites: Int? = nil,
    output: String? = nil
  ) throws -> Evaluation {
    _ = try folder.selecting(nil)
    let rule = try classRule(property, positive)
    let writer = try output.map { try LineWriter(path: $0, inputs: [input]) }
    try writer?.append((["id", "value", "prediction", "std"] + memberColumns).joined(separator: ","))
    var truths: [Double] = []
    var predictions: [Double] = []
    var ofMembers: [[Double]] = (0..<ensemble.memberCount).map { _ in [] }
    var withoutProperty = 0
    var leftOut = 0
    var worst: (id: String, error: Double)?
    let report = try compareRecords(input, property: property, maximumSites: maximumSites) { record in
      switch record {
      case .tooLarge: leftOut += 1
      case .withoutValue: withoutProperty += 1
      case .unpredicted: break
      case .compared(let crystal):
        let (id, prediction) = (crystal.record.id, crystal.prediction)
        let truth = try rule?.label(of: crystal.value, id: id, path: input) ?? crystal.value
        try writer?.append("\(csvField(id)),\(truth)," + fields(of: prediction, members: true))
        truths.append(truth)
        predictions.append(prediction.mean)
        for (index, member) in prediction.members.enumerated() { ofMembers[index].append(member) }
        if abs(prediction.mean - truth) > abs(worst?.error ?? 0) { worst = (id, prediction.mean - truth) }
      }
    }
    let task = folder.card.configuration.task
    guard let statistics = PredictionStatistics(task, predictions: predictions, targets: truths) else {
      throw ScreeningError.unreadable(
        path: input, reason: "no record with a number under \"\(property)\" (\(withoutProperty) without)")
    }
    try writer?.finish()
    return Evaluation(
      model: folder.card.name, property: rule?.title ?? property, unit: folder.card.unit,
      ensemble: statistics,
      members: ofMembers.compactMap { PredictionStatistics(task, predictions: $0, targets: truths) },
      worstID: worst?.id, recordsWithoutProperty: withoutProperty, recordsLeftOut: leftOut,
      rejected: report.rejected)
  }

  /// Hands each readable record of an archive, compared with its true value, to `write`, in the order of the input.
  ///
  /// - Parameters:
  ///   - property: column of the true values.
  ///   - maximumSites: larger structures are not predicted; nil for none.
  ///   - columns: further columns that the records are to keep.
  /// - Returns: what was rejected.
  func compareRecords(
    _ input: String, property: String, maximumSites: Int?, columns: [String] = [],
    write: (ComparedRecord) throws -> Void
  ) throws -> TableReport {
    var report = TableReport()
    var unpredicted: [(RejectionReason, String)] = []
    let ensemble = ensemble
    try streamCrystals(
      input, jobs: jobs, properties: [property] + columns, report: &report,
      work: { scratch, records in
        let fits = records.map { record in maximumSites.map { record.structure.siteCount <= $0 } ?? true }
        let chosen = zip(records, fits).filter(\.1).map(\.0)
        var found = predictionOutcomes(chosen, ensemble, .target, scratch)[...]
        return fits.map { fits -> RecordOutcome<ComparedRecord> in
          guard fits else { return .value(.tooLarge) }
          switch found.removeFirst() {
          case .rejected(let reason, let message): return .value(.unpredicted(reason, message))
          case .value(let found):
            let (record, prediction) = (found.record, found.predictions[0])
            guard let value = record.properties[property] else { return .value(.withoutValue) }
            return .value(.compared(.init(record: record, value: value, prediction: prediction)))
          }
        }
      },
      write: { (value: ComparedRecord) in
        if case .unpredicted(let reason, let message) = value { unpredicted.append((reason, message)) }
        try write(value)
      })
    report.written -= unpredicted.count
    for (reason, message) in unpredicted { report.reject(reason, message) }
    return report
  }

  /// How classes follow from the column; nil for a regression.
  private func classRule(_ column: String, _ positive: PositiveClass?) throws -> ClassRule? {
    guard folder.card.configuration.task == .classification else {
      guard positive == nil else {
        throw ScreeningError.invalid("\(folder.path): \(folder.card.name) is a regression and has no classes")
      }
      return nil
    }
    if positive == nil, let rule = folder.card.classes, rule.column == column { return rule }
    return ClassRule(column: column, positive: positive)
  }
}

/// What became of a record whose prediction is compared with its true value.
enum ComparedRecord: Sendable {
  /// A crystal with its true value and what the ensemble predicts.
  struct Crystal: Sendable {
    let record: DecodedRecord
    let value: Double
    let prediction: EnsemblePrediction
  }

  case compared(Crystal)
  case tooLarge
  case withoutValue
  case unpredicted(RejectionReason, String)
}

/// How a model's predictions compare with labels.
public struct Evaluation: Encodable, Sendable {
  /// Name of the model.
  public let model: String
  /// Property that was compared; of a classification its class 1.
  public let property: String
  /// Unit of the predictions.
  public let unit: String
  /// Statistics of the members' mean.
  public let ensemble: PredictionStatistics
  /// Statistics of each member.
  public let members: [PredictionStatistics]
  /// Id of the crystal with the worst error.
  public let worstID: String?
  /// Records that have no value to compare with.
  public let recordsWithoutProperty: Int
  /// Records larger than asked for.
  public let recordsLeftOut: Int
  /// Records that could not be predicted, by reason code.
  public let rejected: [String: Int]
}
