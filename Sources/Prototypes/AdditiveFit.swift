/// One observation of a sum of unknowns.
struct AdditiveRow {
  /// The unknowns in the sum.
  let unknowns: [Int]
  /// The sum that was observed.
  let value: Double
}

/// A robust fit of sums of unknowns that are drawn to zero.
///
/// Minimized is Σ ρ(residual) + λ Σ unknown², where ρ is quadratic up to `floor` and grows like the residual's size
/// beyond, by iterated weights floor / max(|residual|, floor). λ counts in observations.
struct AdditiveFit {
  /// The strengths λ that are tried.
  static let ridges = [0.01, 0.03, 0.1, 0.3, 1, 3]
  /// In how many parts observations are divided to try them.
  static let foldCount = 5

  let rows: [AdditiveRow]
  let unknownCount: Int
  let floor: Double

  /// The unknowns by all rows but those of one part; 0 for an unknown that no row holds.
  func unknowns(ridge: Double, leavingOut fold: Int? = nil, folds: [Int]) -> [Double] {
    var unknowns = [Double](repeating: 0, count: unknownCount)
    for _ in 0..<12 {
      var problem = LeastSquares(unknowns: unknownCount)
      for index in 0..<unknownCount { problem.add([(index, 1)], value: 0, weight: ridge) }
      for (row, part) in zip(rows, folds) where part != fold {
        let size = abs(residual(row, unknowns))
        problem.add(row.unknowns.map { ($0, 1) }, value: row.value, weight: floor / max(size, floor))
      }
      guard let solution = problem.solution() else { return unknowns }
      unknowns = solution
    }
    return unknowns
  }

  /// Observed less fitted.
  func residual(_ row: AdditiveRow, _ unknowns: [Double]) -> Double {
    row.unknowns.reduce(row.value) { $0 - unknowns[$1] }
  }

  /// The strength to use, and the median deviation with it of rows that had no part in the fit.
  ///
  /// It is the largest whose median is at most a tenth above the least: members left out look like the others, what a
  /// fit is used for need not.
  /// - Parameter deviation: how far off a row is, by its value and its residual.
  func crossValidated(
    folds: [Int], deviation: (_ value: Double, _ residual: Double) -> Double
  ) -> (ridge: Double, deviation: Double) {
    let medians = Self.ridges.map { ridge in
      var deviations: [Double] = []
      for fold in 0..<Self.foldCount {
        let unknowns = unknowns(ridge: ridge, leavingOut: fold, folds: folds)
        for (row, part) in zip(rows, folds) where part == fold {
          deviations.append(deviation(row.value, residual(row, unknowns)))
        }
      }
      return median(deviations)
    }
    let least = medians.min() ?? 0
    let chosen = medians.lastIndex { $0 <= 1.1 * least } ?? 0
    return (Self.ridges[chosen], medians[chosen])
  }
}

/// The middle value; the mean of the two middle ones of an even number; 0 of none.
func median(_ values: [Double]) -> Double {
  guard !values.isEmpty else { return 0 }
  let sorted = values.sorted()
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
