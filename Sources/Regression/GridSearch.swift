internal import TensorKernels

/// How well a method predicts the rows of a fold from those of all others.
public struct GridScore: Hashable, Sendable {
  /// The method.
  public let method: RegressionMethod
  /// Mean absolute error over all rows, each predicted once; nil where a fold could not be solved.
  public let meanAbsoluteError: Double?
  /// Root of the mean squared error over the same rows.
  public let rootMeanSquareError: Double?
}

/// Cross-validation of a grid of methods.
///
/// Features are standardized and targets centered on the training rows of each fold alone.
public struct GridSearch: Sendable {
  /// The methods, in the order of the scores.
  public let methods: [RegressionMethod]
  /// The fold of each row, from 0; at least two folds with rows.
  public let folds: [Int]
  /// What is done to features and targets.
  public let scaling: RegressionScaling

  /// A search over these methods.
  public init(methods: [RegressionMethod], folds: [Int], scaling: RegressionScaling) {
    precondition(Set(folds).count >= 2, "rows that are left out and others")
    self.methods = methods
    self.folds = folds
    self.scaling = scaling
  }

  /// The score with the least mean absolute error, of equal ones the first.
  ///
  /// - Throws: `RegressionError.nothingFits`.
  public static func best(_ scores: [GridScore]) throws(RegressionError) -> GridScore {
    let fitted = scores.filter { $0.meanAbsoluteError?.isFinite == true }
    guard
      let best = fitted.min(by: { ($0.meanAbsoluteError ?? .infinity) < ($1.meanAbsoluteError ?? .infinity) })
    else { throw .nothingFits }
    return best
  }

  /// Scores every method. Folds are computed beside each other as far as memory allows; no bit depends on `jobs`.
  ///
  /// - Parameters:
  ///   - features: a row a crystal.
  ///   - targets: a number a row.
  ///   - memory: what the whole may take (bytes); see `RegressionMemory`.
  /// - Throws: `RegressionError.tooMuchMemory`.
  public func scores(
    features: FeatureMatrix, targets: [Double], jobs: Int, memory: Int
  ) throws(RegressionError) -> [GridScore] {
    precondition(features.rowCount == folds.count && targets.count == folds.count, "a fold for each row")
    let need = RegressionMemory(
      rows: folds.count, columns: features.columnCount, methods: methods, folds: folds)
    let concurrent = try need.tasks(jobs: jobs, limit: memory)
    let foldCount = (folds.max() ?? 0) + 1
    let kinds = RegressionMethod.Kind.allCases.filter { kind in methods.contains { $0.kind == kind } }
    let tasks = (0..<foldCount).flatMap { fold in kinds.map { (fold: fold, kind: $0) } }
    let results = TaskResults(count: tasks.count)
    performInParallel(count: tasks.count, jobs: concurrent) { index in
      results[index] = errors(tasks[index].fold, tasks[index].kind, features, targets)
    }
    return methods.enumerated().map { number, method in
      var (absolute, squares, isSolved) = (0.0, 0.0, true)
      for (index, task) in tasks.enumerated() where task.kind == method.kind {
        guard let sums = results[index][number] else {
          isSolved = false
          continue
        }
        absolute += sums.absolute
        squares += sums.squares
      }
      let count = Double(folds.count)
      return GridScore(
        method: method, meanAbsoluteError: isSolved ? absolute / count : nil,
        rootMeanSquareError: isSolved ? (squares / count).squareRoot() : nil)
    }
  }

  /// Sums over the rows of a fold; none of a method that could not be solved.
  fileprivate typealias Sums = [Int: (absolute: Double, squares: Double)]

  /// What all methods of a kind do on one fold.
  private func errors(
    _ fold: Int, _ kind: RegressionMethod.Kind, _ features: FeatureMatrix, _ targets: [Double]
  ) -> Sums {
    let left = folds.indices.filter { folds[$0] == fold }
    let kept = folds.indices.filter { folds[$0] != fold }
    guard !left.isEmpty else {
      return Dictionary(uniqueKeysWithValues: methods.indices.map { ($0, (0, 0)) })
    }
    let training = TrainingRows(features.rows(kept), kept.map { targets[$0] }, scaling)
    let rows = training.standardization.applied(to: features.rows(left))
    let own = methods.indices.filter { methods[$0].kind == kind }
    var sums: Sums = [:]
    func add(_ number: Int, _ predictions: [Double]) {
      var (absolute, squares) = (0.0, 0.0)
      for (row, prediction) in zip(left, predictions) {
        let error = prediction - targets[row]
        absolute += abs(error)
        squares += error * error
      }
      sums[number] = (absolute, squares)
    }
    guard let measure = kind.measure else {
      let system = RidgeSystem(training)
      for number in own {
        guard let model = try? system.solve(methods[number], training) else { continue }
        // The rows are standardized already.
        add(
          number,
          (0..<rows.rowCount).map { row in
            model.offset + zip(rows[row], model.coefficients).reduce(0) { $0 + $1.0 * $1.1 }
          })
      }
      return sums
    }
    let distances = PairwiseDistances(to: training.features, measure)
    let triangle = distances.lowerTriangle(jobs: 1)
    for number in own {
      let method = methods[number]
      let matrix = kernelMatrix(
        triangle, order: kept.count, alpha: method.alpha, gamma: method.gamma, jobs: 1)
      guard let factor = try? decompose(consume matrix, order: kept.count, method) else { continue }
      let model = RegressionModel(method, training, kernelCoefficients: factor.solve(training.targets))
      add(number, kernelPredictions(distances, rows, model, jobs: 1))
    }
    return sums
  }
}

/// Results of tasks that run beside each other, each written by its own.
private final class TaskResults: @unchecked Sendable {
  private let results: UnsafeMutableBufferPointer<GridSearch.Sums>

  init(count: Int) {
    results = .allocate(capacity: count)
    results.initialize(repeating: [:])
  }

  deinit {
    results.deinitialize()
    results.deallocate()
  }

  subscript(index: Int) -> GridSearch.Sums {
    get { results[index] }
    set { results[index] = newValue }
  }
}

/// The memory that a study takes, stated before it starts.
public struct RegressionMemory: Hashable, Sendable {
  /// What is there once: the program and the features (bytes).
  public let shared: Int
  /// What each fold takes that is computed beside others (bytes).
  public let perTask: Int

  /// What a grid over so many rows takes.
  ///
  /// - Parameters:
  ///   - rows: training rows.
  ///   - columns: features.
  ///   - methods: the grid.
  ///   - folds: the fold of each row; empty for a fit alone.
  public init(rows: Int, columns: Int, methods: [RegressionMethod], folds: [Int]) {
    let (number, hasKernel) = (MemoryLayout<Double>.stride, methods.contains { $0.kind != .ridge })
    let hasRidge = methods.contains { $0.kind == .ridge }
    // Rows as they were read, chosen, standardized and in tiles, test rows among them, and the program itself.
    shared = number * 8 * rows * columns + (64 << 20)
    let sizes = folds.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    let kept = rows - (sizes.values.min() ?? 0)
    let block = PairwiseDistances.height * kept
    let fold =
      [
        hasKernel ? 2 * kept * kept + block : 0, hasRidge ? 3 * columns * columns : 0,
      ].max() ?? 0
    // The final fit has one matrix, when the folds are done.
    let final =
      [
        hasKernel ? rows * rows + PairwiseDistances.height * rows : 0, hasRidge ? 3 * columns * columns : 0,
      ].max() ?? 0
    perTask = number * max(final, fold + 3 * rows * columns)
  }

  /// What so many folds beside each other take (bytes).
  public func total(tasks: Int) -> Int { shared + tasks * perTask }

  /// How many folds may be computed beside each other.
  ///
  /// - Throws: `RegressionError.tooMuchMemory` where not even one may.
  public func tasks(jobs: Int, limit: Int) throws(RegressionError) -> Int {
    guard total(tasks: 1) <= limit else { throw .tooMuchMemory(needed: total(tasks: 1), limit: limit) }
    return min(max(1, jobs), (limit - shared) / max(1, perTask))
  }
}
