internal import Foundation
internal import PipelineEngine
internal import Regression
internal import StructureArchive
internal import TextFormats
internal import Training

/// What a study reports while it runs.
public enum RegressionEvent: Sendable {
  /// A split is described by its features.
  case loaded(role: String, crystals: Int, features: Int, leftOut: [String: Int], messages: [String])
  /// Crystals of the test are among those that are learned from.
  case learned(LearnedCrystals)
  /// What the grid will take (GB), and how many folds are computed beside each other.
  case memory(gigabytes: Double, folds: Int, methods: Int)
  /// The method of each kind that is best.
  case scored([RegressionScore])
  /// The model is written.
  case finished(RegressionCard)
}

/// A method's cross-validated errors.
public struct RegressionScore: Sendable {
  /// The method in words.
  public let method: String
  /// Mean absolute error; nil where the matrix could not be decomposed.
  public let meanAbsoluteError: Double?
  /// Root of the mean squared error.
  public let rootMeanSquaredError: Double?
}

/// Runs a regression study: features, cross-validation, the final fit, the test.
public struct RegressionRun: Sendable {
  private let plan: RegressionPlan
  private let output: String
  private let jobs: Int

  /// A run of a study into a folder.
  public init(plan: RegressionPlan, output: String, jobs: Int) {
    self.plan = plan
    self.output = output
    self.jobs = jobs
  }

  /// Labelled crystals, described.
  private struct Rows {
    var ids: [String] = []
    var targets: [Double] = []
    var numbers: [Double] = []
    var identities: [CrystalIdentity] = []
    var leftOut: [String: Int] = [:]

    func split(of path: String) throws -> ModelCard.Split {
      ModelCard.Split(
        file: URL(filePath: path).lastPathComponent, sha256: try Fingerprint(ofFile: path).hexadecimal,
        structures: ids.count, leftOut: leftOut)
    }
  }

  /// Runs to the end. Nothing depends on the order of the archive's records or on the number of threads.
  ///
  /// - Throws: `ScreeningError`, `ArchiveError`, `RegressionError`.
  public func run(report: (RegressionEvent) -> Void) throws {
    if RegressionFolder.isRegression(at: output) || ModelFolder.isFinished(at: output) {
      throw ScreeningError.invalid("\(output) holds a finished model; name another folder, or remove it")
    }
    // Before hours of computing, not after them.
    try makeFolder(output)
    let features = try CrystalFeatures(plan.features, networks: plan.networks, files: plan.files)
    let all = try load("train", plan.train, features, report)
    var data = ["train": try all.split(of: plan.train)]
    let (train, fraction) = split(all)
    guard train.count >= plan.foldCount else {
      throw ScreeningError.unreadable(
        path: plan.train,
        reason: "\(train.count) labelled crystals to learn from; there are \(plan.foldCount) folds")
    }
    var test = (ids: fraction.map { all.ids[$0] }, targets: fraction.map { all.targets[$0] })
    let matrix = FeatureMatrix(rowCount: all.ids.count, columnCount: features.width, values: all.numbers)
    var testMatrix = matrix.rows(fraction)
    if let path = plan.test {
      let rows = try load("test", path, features, report)
      data["test"] = try rows.split(of: path)
      let own = TrainedCrystals(train.map { all.identities[$0] }, isComplete: true)
      if let learned = own.learned("test", ids: rows.ids, rows.identities) { report(.learned(learned)) }
      test = (rows.ids, rows.targets)
      testMatrix = FeatureMatrix(rowCount: rows.ids.count, columnCount: features.width, values: rows.numbers)
    }
    let (training, targets) = (matrix.rows(train), train.map { all.targets[$0] })
    let folds = train.indices.map { $0 % plan.foldCount }
    let need = RegressionMemory(
      rows: train.count, columns: features.width, methods: plan.methods, folds: folds)
    let concurrent: Int
    do {
      concurrent = try need.tasks(jobs: jobs, limit: plan.memory)
    } catch {
      throw ScreeningError.invalid("\(plan.memoryLocation): \(error)")
    }
    report(
      .memory(
        gigabytes: gigabytes(need.total(tasks: concurrent)), folds: plan.foldCount,
        methods: plan.methods.count))
    let scores = try GridSearch(methods: plan.methods, folds: folds, scaling: plan.scaling).scores(
      features: training, targets: targets, jobs: jobs, memory: plan.memory)
    let best = try GridSearch.best(scores)
    report(.scored(Self.bestOfEachKind(scores)))
    let model = try RegressionModel(
      best.method, features: training, targets: targets, scaling: plan.scaling, jobs: jobs)
    try writeGrid(scores)
    let spread =
      best.method.kind != .ridge && (plan.leavesOneOut || !test.ids.isEmpty)
      ? try PosteriorSpread(model, jobs: jobs) : nil
    let metrics = try writeTest(test, testMatrix, model, spread)
    let leftOutErrors = plan.leavesOneOut ? spread?.leaveOneOutErrors(jobs: jobs) : nil
    let isKernel = best.method.kind != .ridge
    let card = RegressionCard(
      name: plan.name, property: plan.property, unit: plan.unit, features: plan.features,
      method: best.method.kind.rawValue, alpha: best.method.alpha, gamma: isKernel ? best.method.gamma : nil,
      offset: model.offset, signalVariance: isKernel ? model.signalVariance : nil,
      crossValidatedError: best.meanAbsoluteError ?? .nan,
      crossValidatedRootMeanSquaredError: best.rootMeanSquareError ?? .nan,
      leaveOneOutError: leftOutErrors.map { errors in
        errors.reduce(0) { $0 + abs($1) } / Double(errors.count)
      },
      testMetrics: metrics, data: data, trainingCrystals: train.count, study: plan.canonicalText,
      license: plan.license, sha256: "")
    report(
      .finished(
        try RegressionFolder.write(path: output, card: card, model: model, networks: plan.networks)))
  }

  private func load(
    _ role: String, _ path: String, _ features: CrystalFeatures, _ report: (RegressionEvent) -> Void
  ) throws -> Rows {
    var (rows, table, messages) = (Rows(), TableReport(), [String]())
    // Crystals of an archive for the test alone are compared with those that are learned from.
    let (property, maximumSites, identifies) = (plan.property, plan.maximumSites, plan.test != nil)
    enum Described: Sendable {
      case row(id: String, target: Double, numbers: [Double], CrystalIdentity?)
      case leftOut(String, message: String? = nil)
    }
    try streamCrystals(
      path, jobs: jobs, properties: [property], report: &table,
      work: { scratch, records in
        try records.map { record -> RecordOutcome<Described> in
          guard let target = record.properties[property] else { return .value(.leftOut("no \(property)")) }
          guard abs(target) <= Normalizer.largestTarget else {
            let cause = "\(property) beyond ±\(Normalizer.largestTarget)"
            return .value(.leftOut(cause, message: "\(path): \(record.id): \(property) is \(target)"))
          }
          if let maximumSites, record.structure.siteCount > maximumSites {
            return .value(.leftOut("more than \(maximumSites) sites"))
          }
          return switch try features.outcome(record.id, record.structure, scratch) {
          case .value(let numbers):
            .value(
              .row(
                id: record.id, target: target, numbers: numbers,
                identifies ? CrystalIdentity(of: record.structure, scratch: scratch.identity) : nil))
          case .rejected(let reason, let message): .rejected(reason, message)
          }
        }
      },
      write: { (described: Described) in
        switch described {
        case .row(let id, let target, let numbers, let identity):
          rows.ids.append(id)
          rows.targets.append(target)
          rows.numbers += numbers
          if let identity { rows.identities.append(identity) }
        case .leftOut(let cause, let message):
          rows.leftOut[cause, default: 0] += 1
          if let message { messages.append(message) }
        }
      })
    rows.leftOut.merge(table.rejected) { $0 + $1 }
    report(
      .loaded(
        role: role, crystals: rows.ids.count, features: features.width, leftOut: rows.leftOut,
        messages: Array((messages + table.messages).prefix(10))))
    guard !rows.ids.isEmpty else {
      throw ScreeningError.unreadable(path: path, reason: "no crystal with a \(property) among its records")
    }
    return rows
  }

  /// The rows that the model learns from and those of the test share. Their order, which decides the folds too, is drawn for
  /// each id by the seed.
  private func split(_ rows: Rows) -> (train: [Int], test: [Int]) {
    let digests = rows.ids.map { Fingerprint(of: "\(plan.seed)/\($0)").hexadecimal }
    let order = rows.ids.indices.sorted { (digests[$0], rows.targets[$0]) < (digests[$1], rows.targets[$1]) }
    let count = Int((plan.testShare * Double(order.count)).rounded())
    return (Array(order.dropFirst(count)), Array(order.prefix(count)))
  }

  private static func bestOfEachKind(_ scores: [GridScore]) -> [RegressionScore] {
    RegressionMethod.Kind.allCases.compactMap { kind in
      let own = scores.filter { $0.method.kind == kind }
      guard let first = own.first else { return nil }
      let best = (try? GridSearch.best(own)) ?? first
      return RegressionScore(
        method: best.method.description, meanAbsoluteError: best.meanAbsoluteError,
        rootMeanSquaredError: best.rootMeanSquareError)
    }
  }

  private func writeGrid(_ scores: [GridScore]) throws {
    let writer = try LineWriter(path: output + "/grid.csv")
    try writer.append("method,alpha,gamma,mae,rmse")
    func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    for score in scores {
      let (method, gamma) = (score.method, score.method.kind == .ridge ? nil : score.method.gamma)
      try writer.append(
        "\(method.kind.rawValue),\(method.alpha),\(text(gamma)),\(text(score.meanAbsoluteError)),"
          + text(score.rootMeanSquareError))
    }
    try writer.finish()
  }

  /// Writes what is predicted of the test split; how far it is from the labels, or nil without a split.
  private func writeTest(
    _ test: (ids: [String], targets: [Double]), _ features: FeatureMatrix, _ model: RegressionModel,
    _ spread: PosteriorSpread?
  ) throws -> ModelCard.Metrics? {
    guard !test.ids.isEmpty else { return nil }
    let predictions = model.predictions(features, jobs: jobs)
    let deviations = spread?.deviations(features, jobs: jobs)
    let writer = try LineWriter(path: output + "/test.csv")
    try writer.append("id,value,prediction,std")
    for (row, id) in test.ids.enumerated() {
      try writer.append(
        "\(csvField(id)),\(test.targets[row]),\(predictions[row]),\(deviations.map { "\($0[row])" } ?? "")")
    }
    try writer.finish()
    return ErrorStatistics(errors: zip(predictions, test.targets).map { $0 - $1 }).map {
      ModelCard.Metrics(.errors($0))
    }
  }
}
