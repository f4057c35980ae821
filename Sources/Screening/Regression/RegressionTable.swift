internal import StructureArchive
internal import TextFormats

/// Predictions of a regression for every crystal of an archive.
public struct RegressionTable: Sendable {
  private let predictor: RegressionPredictor
  private let jobs: Int

  /// A table of predictions.
  ///
  /// - Parameters:
  ///   - folder: the regression.
  ///   - files: rows for the features that are those of files, in their order.
  ///   - jobs: number of threads.
  /// - Throws: `ScreeningError.invalid` where the model takes other features.
  public init(_ folder: RegressionFolder, files: [FeatureFile] = [], jobs: Int) throws {
    predictor = try RegressionPredictor(folder, files: files)
    self.jobs = jobs
  }

  /// Writes `id,prediction,std` in the order of the input; of a ridge regression, which says nothing of it, std is empty.
  ///
  /// No bit depends on the other crystals or the number of threads.
  ///
  /// - Throws: `ScreeningError`, `ArchiveError`, `RegressionError`.
  public func write(_ input: String, to output: String) throws -> TableReport {
    let writer = try LineWriter(path: output, inputs: [input])
    try writer.append("id,prediction,std")
    let predictor = predictor
    try predictor.prepare(jobs: jobs)
    var report = TableReport()
    try streamCrystals(
      input, jobs: jobs, report: &report,
      work: { scratch, records in
        let said = try predictor.predictions(records.map { ($0.id, $0.structure) }, scratch)
        return zip(records, said).map { record, outcome -> RecordOutcome<String> in
          switch outcome {
          case .rejected(let reason, let message): .rejected(reason, message)
          case .value(let said):
            .value("\(csvField(record.id)),\(said.value),\(said.deviation.map { "\($0)" } ?? "")")
          }
        }
      }, write: { try writer.append($0) })
    try writer.finish()
    return report
  }
}
