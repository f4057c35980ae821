internal import LinearAlgebra

/// The sparse rows of a linear model with the values that they should give.
struct RidgeRows {
  /// Number of coefficients.
  let termCount: Int
  /// The value of each row.
  private(set) var values: [Double] = []
  /// Where the terms of each row begin and, last, end.
  private(set) var starts = [0]
  /// Terms of the rows, one after the other.
  private(set) var terms: [Int] = []
  /// The factor of each term.
  private(set) var factors: [Double] = []

  init(termCount: Int) { self.termCount = termCount }

  var count: Int { values.count }

  mutating func append(_ row: [(term: Int, factor: Double)], value: Double) {
    for (term, factor) in row {
      terms.append(term)
      factors.append(factor)
    }
    starts.append(terms.count)
    values.append(value)
  }

  /// The terms of a row.
  func terms(of row: Int) -> ArraySlice<Int> { terms[starts[row]..<starts[row + 1]] }

  /// Some of the rows.
  func selecting(_ rows: [Int]) -> RidgeRows {
    var chosen = RidgeRows(termCount: termCount)
    for row in rows {
      let range = starts[row]..<starts[row + 1]
      chosen.append(range.map { (terms[$0], factors[$0]) }, value: values[row])
    }
    return chosen
  }

  /// Each row's value less what the coefficients give.
  func residuals(_ coefficients: [Double]) -> [Double] {
    var residuals = values
    // Loops over indices: this is the inner loop of the cross-validation.
    var row = 0
    while row < residuals.count {
      var entry = starts[row]
      while entry < starts[row + 1] {
        residuals[row] -= factors[entry] * coefficients[terms[entry]]
        entry += 1
      }
      row += 1
    }
    return residuals
  }

  /// Xᵀ W X + λ, its lower triangle, and Xᵀ W y.
  func normalEquations(_ weights: [Double], ridge: Double) -> (matrix: [Double], right: [Double]) {
    var matrix = [Double](repeating: 0, count: termCount * termCount)
    var right = [Double](repeating: 0, count: termCount)
    var row = 0
    while row < values.count {
      let end = starts[row + 1]
      var first = starts[row]
      while first < end {
        let (term, weighted) = (terms[first], weights[row] * factors[first])
        right[term] += weighted * values[row]
        var second = starts[row]
        while second < end {
          if terms[second] <= term { matrix[term * termCount + terms[second]] += weighted * factors[second] }
          second += 1
        }
        first += 1
      }
      row += 1
    }
    for term in 0..<termCount { matrix[term * termCount + term] += ridge }
    return (matrix, right)
  }
}

/// A linear model fitted with Huber's loss and a ridge, by iteratively reweighted least squares:
///
///     minimize Σ ρ((y − X o) / s) s² + λ |o|² / 2,   ρ(t) = t²/2 for |t| ≤ 1.345, else 1.345 |t| − 1.345²/2
///
/// with s = 1.4826 · median |y − X o|, taken anew at each step. Source: P. J. Huber and E. M. Ronchetti, Robust
/// Statistics, 2nd ed. (2009), sections 7.7 and 7.8.
struct RobustRidge {
  /// The coefficients o.
  private(set) var coefficients: [Double]
  /// Standard errors of the coefficients, with the ridge as their prior.
  private let inverse: Cholesky<Double>
  private let variance: Double

  /// Residuals beyond this many scales count linearly: 95 % efficiency on normal errors.
  private static let bend = 1.345
  /// Scale of normal errors with a median size of 1.
  private static let normalScale = 1.4826
  /// Smallest scale (eV/atom): energies of databases are not known better. Without it, rows that fit exactly would let
  /// all others count for nothing.
  private static let leastScale = 1e-3
  private static let mostSteps = 40
  /// Largest change of a coefficient (of its unit) that ends the iteration.
  private static let tolerance = 1e-7

  /// Fits the model; nil where the equations have no solution in floating point.
  ///
  /// - Parameters:
  ///   - rows: at least one.
  ///   - ridge: λ > 0.
  init?(_ rows: RidgeRows, ridge: Double) {
    precondition(rows.count > 0 && ridge > 0, "rows, and a ridge that keeps the equations definite")
    var coefficients = [Double](repeating: 0, count: rows.termCount)
    let equal = [Double](repeating: 1, count: rows.count)
    var weights = equal
    var sizes: [Double] = []
    var scale = Self.leastScale
    for step in 0..<Self.mostSteps {
      let (matrix, right) = rows.normalEquations(weights, ridge: ridge)
      guard let next = try? Cholesky(plain: matrix, order: rows.termCount).solve(right) else { return nil }
      let change = zip(next, coefficients).reduce(0) { max($0, abs($1.0 - $1.1)) }
      coefficients = next
      sizes = rows.residuals(coefficients).map { abs($0) }
      scale = max(Self.leastScale, Self.normalScale * median(sizes))
      if step > 0, change < Self.tolerance { break }
      let limit = Self.bend * scale
      weights = sizes.map { $0 <= limit ? 1 : limit / $0 }
    }
    guard
      let inverse = try? Cholesky(
        plain: rows.normalEquations(equal, ridge: ridge).matrix, order: rows.termCount)
    else { return nil }
    self.coefficients = coefficients
    self.inverse = inverse
    // The variance of Huber's estimate: mean squared influence over the squared share of rows within the bend.
    let limit = Self.bend * scale
    let squares = sizes.reduce(0) { $0 + min($1, limit) * min($1, limit) }
    let share = Double(sizes.count { $0 <= limit }) / Double(rows.count)
    variance = squares / Double(max(1, rows.count - rows.termCount)) / (share * share)
  }

  /// The standard error of a sum of coefficients.
  func standardError(of terms: [Int]) -> Double {
    var direction = [Double](repeating: 0, count: coefficients.count)
    for term in terms { direction[term] += 1 }
    let solved = inverse.solve(direction)
    return (variance * zip(direction, solved).reduce(0) { $0 + $1.0 * $1.1 }).squareRoot()
  }
}

/// The middle value, or the mean of the two middle ones; NaN without values.
func median(_ values: [Double]) -> Double {
  guard !values.isEmpty else { return .nan }
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
