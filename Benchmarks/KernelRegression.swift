import Foundation
import Regression
import Training

/// Kernel ridge regression of 5,000 rows of 128 numbers on one thread: the fit, 1,000 predictions, and their spreads.
/// `scripts/bench-regression` runs it beside scikit-learn.
enum KernelRegression {
  private static let (rowCount, newCount, columnCount) = (5000, 1000, 128)

  /// Prints the median seconds of each part.
  static func report() throws {
    var random = SeededRandom(seed: 1)
    func rows(_ count: Int) -> FeatureMatrix {
      FeatureMatrix(
        rowCount: count, columnCount: columnCount,
        values: (0..<count * columnCount).map { _ in Double.random(in: -1.7...1.7, using: &random) })
    }
    let (features, new) = (rows(rowCount), rows(newCount))
    let targets = (0..<rowCount).map { row in features[row].prefix(8).reduce(0) { $0 + $1 * $1 } }
    let scaling = RegressionScaling(standardizesFeatures: false, centersTarget: false)
    for method in [
      RegressionMethod(.gaussian, alpha: 0.01, gamma: 0.005),
      RegressionMethod(.laplacian, alpha: 0.01, gamma: 0.005),
    ] {
      var model: RegressionModel?
      let fits = try seconds(repetitions: 3) {
        model = try RegressionModel(
          method, features: features, targets: targets, scaling: scaling, jobs: 1)
      }
      guard let model else { continue }
      let predictions = seconds(repetitions: 3) { _ = model.predictions(new, jobs: 1) }
      let spread = try PosteriorSpread(model, jobs: 1)
      let spreads = seconds(repetitions: 3) { _ = spread.deviations(new, jobs: 1) }
      print(
        "\(method.kind.rawValue) kernel, \(rowCount) rows of \(columnCount): fit \(rounded(median(fits))) s, "
          + "\(newCount) predictions \(rounded(median(predictions))) s, their spreads \(rounded(median(spreads))) s"
      )
      fflush(nil)
    }
  }
}
