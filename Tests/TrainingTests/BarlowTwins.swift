import Networks
import Training

/// The redundancy reduction of Barlow twins, a loss that couples the structures of a batch and two views of them:
///
///     C = ẑᴬᵀ ẑᴮ / B,   loss = Σ_i (1 − C_ii)² + λ Σ_(i ≠ j) C_ij²
///
/// with ẑ the outputs (B, D) of a view, each column standardized over the batch.
///
/// Source: J. Zbontar et al., ICML 2021, 12310.
struct BarlowTwins: Objective {
  /// Outputs D that the network gives for a structure.
  let outputCount: Int
  /// Weight λ of what lies off the diagonal.
  var redundancy = 0.1
  let viewCount = 2
  let metrics = [Metric(name: "loss", direction: .lower)]

  func loss(of outputs: [Double], for batch: [Int]) -> (value: Double, slopes: [Double]) {
    let (rows, width) = (batch.count, outputCount)
    let half = rows * width
    let first = standardized(Array(outputs[..<half]), rows)
    let second = standardized(Array(outputs[half...]), rows)
    var sum = 0.0
    var (slopesOfFirst, slopesOfSecond) = (
      [Double](repeating: 0, count: half), [Double](repeating: 0, count: half)
    )
    for i in 0..<width {
      for j in 0..<width {
        let correlation =
          (0..<rows).reduce(0) { $0 + first.values[$1 * width + i] * second.values[$1 * width + j] }
          / Double(rows)
        let (miss, weight) = i == j ? (correlation - 1, 1) : (correlation, redundancy)
        sum += weight * miss * miss
        let slope = 2 * weight * miss / Double(rows)
        for row in 0..<rows {
          slopesOfFirst[row * width + i] += slope * second.values[row * width + j]
          slopesOfSecond[row * width + j] += slope * first.values[row * width + i]
        }
      }
    }
    return (
      sum,
      unstandardized(slopesOfFirst, first.values, first.deviations)
        + unstandardized(slopesOfSecond, second.values, second.deviations)
    )
  }

  /// The loss of the whole split as one batch.
  func figures(of predictions: [Float]) -> [Double] {
    let count = predictions.count / viewCount / outputCount
    return [loss(of: predictions.map { Double($0) }, for: Array(0..<count)).value]
  }

  private func standardized(_ outputs: [Double], _ rows: Int) -> (values: [Double], deviations: [Double]) {
    var (values, deviations) = (outputs, [Double]())
    for column in 0..<outputCount {
      let own = stride(from: column, to: outputs.count, by: outputCount).map { outputs[$0] }
      let mean = own.reduce(0, +) / Double(rows)
      let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows)
      deviations.append((variance + 1e-8).squareRoot())
      for row in 0..<rows {
        values[row * outputCount + column] = (own[row] - mean) / deviations[column]
      }
    }
    return (values, deviations)
  }

  /// Derivatives by the outputs from those by the standardized ones.
  private func unstandardized(_ slopes: [Double], _ values: [Double], _ deviations: [Double]) -> [Double] {
    var result = slopes
    let rows = slopes.count / outputCount
    for column in 0..<outputCount {
      let places = stride(from: column, to: slopes.count, by: outputCount)
      let mean = places.reduce(0) { $0 + slopes[$1] } / Double(rows)
      let along = places.reduce(0) { $0 + slopes[$1] * values[$1] } / Double(rows)
      for place in places {
        result[place] = (slopes[place] - mean - values[place] * along) / deviations[column]
      }
    }
    return result
  }
}
