internal import LinearAlgebra

/// The directions in which rows of numbers differ most.
///
/// Source: K. Pearson, Philos. Mag. 2, 559 (1901): eigenvectors of the covariance matrix, n in its denominator.
public struct PrincipalComponents: Sendable {
  /// Mean of each column.
  public let means: [Double]
  /// Variance along each direction, descending.
  public let variances: [Double]
  /// Directions, of length 1 and at right angles, as many as columns; the number of largest magnitude of each is positive.
  public let directions: [[Double]]

  /// Analyzes rows; at least one.
  ///
  /// - Throws: `RegressionError.notDecomposed` where numbers are not finite.
  /// - Complexity: O(rows columns² + columns³).
  public init(of rows: FeatureMatrix) throws(RegressionError) {
    precondition(rows.rowCount > 0, "rows to analyze")
    let (width, count) = (rows.columnCount, Double(rows.rowCount))
    let means = Standardization(of: rows).means
    var centered = rows
    centered.update { $0 - means[$1] }
    var covariance = columnProducts(centered)
    for index in covariance.indices { covariance[index] /= count }
    let eigen: SymmetricEigen<Double>
    do throws(LinearAlgebraError) {
      eigen = try DenseAlgebra.shared.eigen(covariance, order: width)
    } catch {
      throw .notDecomposed(reason: "\(error)")
    }
    self.means = means
    variances = eigen.values.reversed().map { max(0, $0) }
    directions = (0..<width).reversed().map { index in
      let direction = Array(eigen.vectors[index * width..<(index + 1) * width])
      let largest = direction.max { abs($0) < abs($1) } ?? 0
      return largest < 0 ? direction.map { -$0 } : direction
    }
  }

  /// How far each row lies from the mean along a direction, from 0.
  public func coordinates(_ rows: FeatureMatrix, along direction: Int) -> [Double] {
    let axis = directions[direction]
    return (0..<rows.rowCount).map { row in
      rows[row].enumerated().reduce(0) { $0 + ($1.element - means[$1.offset]) * axis[$1.offset] }
    }
  }
}
