/// What brings each feature to mean 0 and standard deviation 1 over the rows that it was measured on.
public struct Standardization: Hashable, Sendable {
  /// Mean of each feature.
  public let means: [Double]
  /// Standard deviation of each feature, n in the denominator; 1 where the feature does not vary.
  public let deviations: [Double]

  /// A standardization with these numbers, of one length.
  public init(means: [Double], deviations: [Double]) {
    precondition(means.count == deviations.count, "a mean and a deviation for each feature")
    self.means = means
    self.deviations = deviations
  }

  /// Leaves `columnCount` features as they are.
  public static func none(_ columnCount: Int) -> Standardization {
    Standardization(
      means: [Double](repeating: 0, count: columnCount),
      deviations: [Double](repeating: 1, count: columnCount))
  }

  /// Measures the features of the training rows; at least one row.
  ///
  /// A feature counts as constant where its variance is no more than rounding leaves, as in scikit-learn's `StandardScaler`.
  public init(of features: FeatureMatrix) {
    precondition(features.rowCount > 0, "rows to measure")
    let (width, count) = (features.columnCount, Double(features.rowCount))
    var means = [Double](repeating: 0, count: width)
    for row in 0..<features.rowCount {
      for (column, value) in features[row].enumerated() { means[column] += value }
    }
    for column in 0..<width { means[column] /= count }
    // The second sum takes away what rounding left in the mean.
    var (squares, rests) = (means.map { _ in 0.0 }, means.map { _ in 0.0 })
    for row in 0..<features.rowCount {
      for (column, value) in features[row].enumerated() {
        let difference = value - means[column]
        squares[column] += difference * difference
        rests[column] += difference
      }
    }
    let deviations = (0..<width).map { column in
      let variance = (squares[column] - rests[column] * rests[column] / count) / count
      let rounding = count * means[column] * .ulpOfOne
      let bound = count * .ulpOfOne * variance + rounding * rounding
      return variance > bound ? variance.squareRoot() : 1
    }
    self.init(means: means, deviations: deviations)
  }

  /// The features (x − mean) / deviation.
  public func applied(to features: FeatureMatrix) -> FeatureMatrix {
    precondition(features.columnCount == means.count, "the features that were measured")
    var result = features
    result.update { ($0 - means[$1]) / deviations[$1] }
    return result
  }
}
