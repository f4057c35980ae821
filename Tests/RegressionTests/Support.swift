import Regression
import TestSupport
import Testing

extension FeatureMatrix {
  /// A matrix of rows of one length.
  init(_ rows: [[Double]]) {
    self.init(rowCount: rows.count, columnCount: rows.first?.count ?? 0, values: rows.flatMap { $0 })
  }

  /// Numbers −2 … 2.
  static func random(_ rows: Int, _ columns: Int, using generator: inout SeededGenerator) -> FeatureMatrix {
    FeatureMatrix(
      rowCount: rows, columnCount: columns,
      values: (0..<rows * columns).map { _ in Double.random(in: -2...2, using: &generator) })
  }
}

/// Rows with targets that follow smoothly from them.
struct SmoothRows {
  let features: FeatureMatrix
  let targets: [Double]

  init(_ rows: Int, _ columns: Int, seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    features = .random(rows, columns, using: &generator)
    targets = (0..<rows).map { [features] row in
      features[row].enumerated().reduce(1) { $0 + $1.element * ($1.offset % 2 == 0 ? 0.5 : $1.element) }
        + Double.random(in: -0.1...0.1, using: &generator)
    }
  }
}

/// Every method with usual hyperparameters.
let everyMethod = [
  RegressionMethod(.ridge, alpha: 0.1), RegressionMethod(.gaussian, alpha: 0.01, gamma: 0.1),
  RegressionMethod(.laplacian, alpha: 0.01, gamma: 0.1),
]

/// Checks that numbers agree within `tolerance`, relative where they are larger than 1.
func expectClose(
  _ found: [Double], _ expected: [Double], _ tolerance: Double,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.count == expected.count, sourceLocation: sourceLocation)
  let worst = zip(found, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
  #expect(worst <= tolerance, sourceLocation: sourceLocation)
}
