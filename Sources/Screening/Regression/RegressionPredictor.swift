internal import Crystal
internal import Regression
internal import Synchronization

/// Says what a regression says of crystals; called by many threads at once.
final class RegressionPredictor: Sendable {
  /// The regression.
  let folder: RegressionFolder
  private let features: CrystalFeatures
  /// The kernel matrix decomposed, once error bars are asked for: it takes n³ operations and n² numbers.
  private let spread = Mutex<PosteriorSpread?>(nil)

  /// - Parameters:
  ///   - folder: the regression.
  ///   - files: rows for the features that are those of files, in their order.
  /// - Throws: `ScreeningError.invalid` where the model takes other features.
  init(_ folder: RegressionFolder, files: [FeatureFile] = []) throws(ScreeningError) {
    self.folder = folder
    features = try folder.features(files)
  }

  /// Makes ready what error bars need; to be called before `predictions`.
  ///
  /// - Throws: `RegressionError`.
  func prepare(jobs: Int) throws {
    guard folder.model.method.kind != .ridge else { return }
    try spread.withLock { if $0 == nil { $0 = try PosteriorSpread(folder.model, jobs: jobs) } }
  }

  /// A prediction and the standard deviation of the Gaussian process, in the target's unit; ridge has none.
  struct Prediction: Sendable {
    let value: Double
    let deviation: Double?
  }

  /// What it says of crystals, or why nothing. No bit depends on the other crystals.
  ///
  /// - Throws: `ScreeningError.invalid` where a file of features lacks a crystal.
  func predictions(
    _ crystals: [(id: String, structure: Structure)], _ scratch: TableScratch
  ) throws(ScreeningError) -> [RecordOutcome<Prediction>] {
    var rows: [RecordOutcome<[Double]>] = []
    for crystal in crystals { rows.append(try features.outcome(crystal.id, crystal.structure, scratch)) }
    let numbers = rows.flatMap { row -> [Double] in if case .value(let numbers) = row { numbers } else { [] }
    }
    let count = features.width == 0 ? 0 : numbers.count / features.width
    let matrix = FeatureMatrix(rowCount: count, columnCount: features.width, values: numbers)
    let model = folder.model
    let deviations = spread.withLock { $0 }?.deviations(matrix, jobs: 1)
    precondition(deviations != nil || model.method.kind == .ridge, "prepare() comes first")
    var said = model.predictions(matrix, jobs: 1).enumerated().map {
      Prediction(value: $0.element, deviation: deviations?[$0.offset])
    }[...]
    return rows.map { row in
      switch row {
      case .rejected(let reason, let message): return .rejected(reason, message)
      case .value:
        guard let prediction = said.popFirst() else { preconditionFailure("a prediction a row") }
        return .value(prediction)
      }
    }
  }
}
