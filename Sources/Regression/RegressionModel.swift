internal import LinearAlgebra
internal import TensorKernels

/// How features and target are brought to scale before a fit; always measured on the training rows alone.
public struct RegressionScaling: Hashable, Sendable {
  /// Whether features are standardized.
  public var standardizesFeatures: Bool
  /// Whether the mean of the target is taken off, so that a kernel falls back to it far away from all training rows.
  public var centersTarget: Bool

  /// A choice of scaling.
  public init(standardizesFeatures: Bool = true, centersTarget: Bool = true) {
    self.standardizesFeatures = standardizesFeatures
    self.centersTarget = centersTarget
  }
}

/// A fitted regression: ridge, or kernel ridge with a Gaussian or a Laplacian kernel.
///
/// With X the standardized training rows, y the target less its offset and K the kernel matrix, coefficients are
/// w = (Xᵀ X + α)⁻¹ Xᵀ y or c = (K + α)⁻¹ y.
///
/// Source: C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning (2006), algorithm 2.1.
public struct RegressionModel: Hashable, Sendable {
  /// The method with its hyperparameters.
  public let method: RegressionMethod
  /// What is done to features first.
  public let standardization: Standardization
  /// What is added to the sum: the mean of the training targets, or 0.
  public let offset: Double
  /// w, a number a feature, or c, a number a training row.
  public let coefficients: [Double]
  /// The standardized training rows of a kernel; no rows for ridge.
  public let points: FeatureMatrix
  /// s² = yᵀ c / n, the variance that a Gaussian process with this kernel has at its most likely scale; 0 for ridge.
  public let signalVariance: Double

  /// A model of these parts, as it was fitted or read from a file.
  public init(
    method: RegressionMethod, standardization: Standardization, offset: Double, coefficients: [Double],
    points: FeatureMatrix, signalVariance: Double
  ) {
    precondition(points.columnCount == standardization.means.count, "points of as many features")
    precondition(
      coefficients.count == (method.kind == .ridge ? points.columnCount : points.rowCount),
      "a coefficient for each feature or point")
    self.method = method
    self.standardization = standardization
    self.offset = offset
    self.coefficients = coefficients
    self.points = points
    self.signalVariance = signalVariance
  }

  /// Fits a regression. One matrix of n² numbers, or of as many as there are pairs of features, is in memory.
  ///
  /// - Parameters:
  ///   - features: X, a row a crystal; at least one row.
  ///   - targets: y, a number a row.
  ///   - jobs: number of threads; no bit depends on it.
  /// - Throws: `RegressionError.unsolvable`.
  /// - Complexity: O(n³ + n² columns), for ridge O(n columns²  + columns³).
  public init(
    _ method: RegressionMethod, features: FeatureMatrix, targets: [Double], scaling: RegressionScaling,
    jobs: Int
  ) throws(RegressionError) {
    let training = TrainingRows(features, targets, scaling)
    guard let measure = method.kind.measure else {
      self = try RidgeSystem(training).solve(method, training)
      return
    }
    let count = features.rowCount
    var matrix = PairwiseDistances(to: training.features, measure).lowerTriangle(jobs: jobs)
    makeKernelMatrix(&matrix, order: count, alpha: method.alpha, gamma: method.gamma, jobs: jobs)
    let factor = try decompose(consume matrix, order: count, method)
    self.init(method, training, kernelCoefficients: factor.solve(training.targets))
  }

  /// The model of a kernel with coefficients c.
  init(_ method: RegressionMethod, _ training: TrainingRows, kernelCoefficients: [Double]) {
    let product = zip(kernelCoefficients, training.targets).reduce(0) { $0 + $1.0 * $1.1 }
    self.init(
      method: method, standardization: training.standardization, offset: training.offset,
      coefficients: kernelCoefficients, points: training.features,
      signalVariance: product / Double(max(1, training.targets.count)))
  }

  /// Predicts each row of features. No bit depends on the rows beside it or on `jobs`.
  public func predictions(_ features: FeatureMatrix, jobs: Int) -> [Double] {
    let rows = standardization.applied(to: features)
    guard let measure = method.kind.measure else {
      return (0..<rows.rowCount).map { row in
        offset + zip(rows[row], coefficients).reduce(0) { $0 + $1.0 * $1.1 }
      }
    }
    return kernelPredictions(PairwiseDistances(to: points, measure), rows, self, jobs: jobs)
  }
}

/// Training rows as a fit takes them.
struct TrainingRows: Sendable {
  let standardization: Standardization
  /// Standardized.
  let features: FeatureMatrix
  /// Less the offset.
  let targets: [Double]
  let offset: Double

  init(_ features: FeatureMatrix, _ targets: [Double], _ scaling: RegressionScaling) {
    precondition(features.rowCount == targets.count && !targets.isEmpty, "a target for each row")
    standardization =
      scaling.standardizesFeatures ? Standardization(of: features) : .none(features.columnCount)
    self.features = scaling.standardizesFeatures ? standardization.applied(to: features) : features
    let offset = scaling.centersTarget ? targets.reduce(0, +) / Double(targets.count) : 0
    self.offset = offset
    self.targets = targets.map { $0 - offset }
  }
}

/// offset + Σ c_i k(x, x_i) for each of the standardized rows.
func kernelPredictions(
  _ distances: PairwiseDistances, _ rows: FeatureMatrix, _ model: RegressionModel, jobs: Int
) -> [Double] {
  let (gamma, count) = (model.method.gamma, model.points.rowCount)
  return [Double](unsafeUninitializedCapacity: rows.rowCount) { predictions, filled in
    filled = rows.rowCount
    guard let base = predictions.baseAddress else { return }
    forEachKernelBlock(distances, rows, jobs: jobs) { block, distances in
      model.coefficients.withUnsafeBufferPointer { coefficients in
        for (place, row) in block.enumerated() {
          let own = distances + place * count
          var sum = 0.0
          for point in 0..<count { sum += coefficients[point] * exponential(-gamma * own[point]) }
          base[row] = model.offset + sum
        }
      }
    }
  }
}

/// The decomposition of K + α, which the matrix is given away for.
func decompose(
  _ matrix: consuming [Double], order: Int, _ method: RegressionMethod
) throws(RegressionError) -> Cholesky<Double> {
  do throws(LinearAlgebraError) {
    return try DenseAlgebra.shared.cholesky(consume matrix, order: order)
  } catch {
    throw .unsolvable(method, reason: "\(error)")
  }
}

/// Xᵀ X, shape (columns, columns).
func columnProducts(_ features: FeatureMatrix) -> [Double] {
  let width = features.columnCount
  return [Double](unsafeUninitializedCapacity: width * width) { products, filled in
    filled = width * width
    guard let out = products.baseAddress else { return }
    features.values.withUnsafeBufferPointer { values in
      guard let x = values.baseAddress else { return }
      DenseAlgebra.shared.multiply(
        ProductShape(.leftTransposed, rows: width, columns: width, inner: features.rowCount), x, x, into: out)
    }
  }
}

/// Xᵀ X and Xᵀ y of training rows.
struct RidgeSystem {
  private let products: [Double]
  private let right: [Double]

  init(_ training: TrainingRows) {
    let (features, width) = (training.features, training.features.columnCount)
    products = columnProducts(features)
    var right = [Double](repeating: 0, count: width)
    for (row, target) in training.targets.enumerated() {
      for (column, value) in features[row].enumerated() { right[column] += value * target }
    }
    self.right = right
  }

  func solve(_ method: RegressionMethod, _ training: TrainingRows) throws(RegressionError) -> RegressionModel
  {
    let width = right.count
    var matrix = products
    for column in 0..<width { matrix[column * width + column] += method.alpha }
    let factor = try decompose(consume matrix, order: width, method)
    return RegressionModel(
      method: method, standardization: training.standardization, offset: training.offset,
      coefficients: factor.solve(right),
      points: FeatureMatrix(rowCount: 0, columnCount: width, values: []), signalVariance: 0)
  }
}
