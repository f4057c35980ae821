/// A linear least-squares problem, gathered row by row as normal equations.
struct LeastSquares {
  private let count: Int
  /// Lower triangle of Σ w r rᵀ, row by row.
  private var matrix: [Double]
  private var vector: [Double]

  /// A problem of `count` unknowns without rows.
  init(unknowns count: Int) {
    self.count = count
    matrix = [Double](repeating: 0, count: count * count)
    vector = [Double](repeating: 0, count: count)
  }

  /// Adds the row Σ coefficient · unknown = value, given by its coefficients other than 0; an unknown may stand twice.
  mutating func add(_ row: [(unknown: Int, coefficient: Double)], value: Double, weight: Double = 1) {
    for (i, first) in row {
      vector[i] += weight * first * value
      for (j, second) in row where j <= i { matrix[i * count + j] += weight * first * second }
    }
  }

  /// The unknowns, by Cholesky's decomposition; nil where the rows do not determine them.
  func solution() -> [Double]? {
    var factor = matrix
    for i in 0..<count {
      for j in 0...i {
        var sum = factor[i * count + j]
        for k in 0..<j { sum -= factor[i * count + k] * factor[j * count + k] }
        if i == j {
          guard sum > 1e-14 * matrix[i * count + i], sum > 0 else { return nil }
          factor[i * count + i] = sum.squareRoot()
        } else {
          factor[i * count + j] = sum / factor[j * count + j]
        }
      }
    }
    var unknowns = vector
    for i in 0..<count {
      for k in 0..<i { unknowns[i] -= factor[i * count + k] * unknowns[k] }
      unknowns[i] /= factor[i * count + i]
    }
    for i in (0..<count).reversed() {
      for k in (i + 1)..<count { unknowns[i] -= factor[k * count + i] * unknowns[k] }
      unknowns[i] /= factor[i * count + i]
    }
    return unknowns
  }
}
