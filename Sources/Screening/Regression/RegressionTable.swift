internal import Regression
internal import StructureArchive
internal import TextFormats

/// Predictions of a regression for every crystal of an archive.
public struct RegressionTable: Sendable {
  private let folder: RegressionFolder
  private let features: CrystalFeatures
  private let jobs: Int

  /// A table of predictions.
  ///
  /// - Parameters:
  ///   - folder: the regression.
  ///   - files: rows for the features that are those of files, in their order.
  ///   - jobs: number of threads.
  /// - Throws: `ScreeningError.invalid` where the model takes other features.
  public init(_ folder: RegressionFolder, files: [FeatureFile] = [], jobs: Int) throws {
    self.folder = folder
    features = try folder.features(files)
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
    let (features, model) = (features, folder.model)
    let spread = model.method.kind == .ridge ? nil : try PosteriorSpread(model, jobs: jobs)
    var report = TableReport()
    try streamCrystals(
      input, jobs: jobs, report: &report,
      work: { scratch, records in
        let rows = try records.map { try features.outcome($0, scratch) }
        let numbers = rows.flatMap { row -> [Double] in
          if case .value(let numbers) = row { numbers } else { [] }
        }
        let count = features.width == 0 ? 0 : numbers.count / features.width
        let matrix = FeatureMatrix(rowCount: count, columnCount: features.width, values: numbers)
        var predictions = zip(
          model.predictions(matrix, jobs: 1),
          spread?.deviations(matrix, jobs: 1).map { Optional($0) } ?? [Double?](repeating: nil, count: count)
        ).makeIterator()
        return zip(records, rows).map { record, row -> RecordOutcome<String> in
          switch row {
          case .rejected(let reason, let message): return .rejected(reason, message)
          case .value:
            guard let (value, deviation) = predictions.next() else {
              preconditionFailure("a prediction a row")
            }
            return .value("\(csvField(record.id)),\(value),\(deviation.map { "\($0)" } ?? "")")
          }
        }
      }, write: { try writer.append($0) })
    try writer.finish()
    return report
  }
}
