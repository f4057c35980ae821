/// The loss of SimSiam, by which the prediction p of a view is to point where the vector z of the other view does:
///
///     loss = −½ ⟨cos(pᴬ, zᴮ) + cos(pᴮ, zᴬ)⟩
///
/// as a mean over the batch. Through z nothing is learned: its slopes are 0, without which all vectors become one.
///
/// Source: X. Chen and K. He, CVPR 2021, 15750, as in the code of Crystal Twins (R. Magar, Y. Wang and A. Barati Farimani,
/// npj Comput. Mater. 8, 231 (2022)).
public struct SimSiam: Objective {
  /// Numbers D of z, and of p.
  public let width: Int

  /// Lengths below it count as this, as in PyTorch.
  private static let leastLength = 1e-8

  /// The loss of networks that give p and behind it z, `width` numbers each.
  public init(width: Int) {
    precondition(width > 0, "vectors")
    self.width = width
  }

  /// Those of p and z.
  public var outputCount: Int { 2 * width }

  /// Two.
  public var viewCount: Int { 2 }

  /// The loss of the validation split as one batch, and how evenly the vectors z spread over their dimensions.
  public var metrics: [Metric] {
    [Metric(name: "loss", direction: .lower), Metric(name: "spread", direction: .higher)]
  }

  /// Loss of a batch and its derivatives.
  public func loss(of outputs: [Double], for batch: [Int]) -> (value: Double, slopes: [Double]) {
    let rows = batch.count
    precondition(outputs.count == 2 * rows * outputCount, "two views")
    var sum = 0.0
    var slopes = [Double](repeating: 0, count: outputs.count)
    let share = 1 / Double(2 * rows)
    for row in 0..<2 * rows {
      let own = row * outputCount
      let other = (row + rows) % (2 * rows) * outputCount + width
      let (p, z) = (outputs[own..<own + width], outputs[other..<other + width])
      let (length, otherLength) = (Self.length(p), Self.length(z))
      let cosine = zip(p, z).reduce(0) { $0 + $1.0 * $1.1 } / (length * otherLength)
      sum -= share * cosine
      for index in 0..<width {
        let (p, z) = (outputs[own + index] / length, outputs[other + index] / otherLength)
        slopes[own + index] = -share * (z - cosine * p) / length
      }
    }
    return (sum, slopes)
  }

  private static func length(_ row: ArraySlice<Double>) -> Double {
    max(row.reduce(0) { $0 + $1 * $1 }.squareRoot(), leastLength)
  }

  /// The loss of the whole split as one batch; and the standard deviation over the structures of what of z is scaled to length 1,
  /// times √D, as a mean over the D: about 1 where vectors are spread evenly, 0 where all structures have the same.
  public func figures(of predictions: [Float]) -> [Double] {
    let outputs = predictions.map { Double($0) }
    let count = outputs.count / 2 / outputCount
    let vectors = (0..<count).flatMap { outputs[$0 * outputCount + width..<($0 + 1) * outputCount] }
    return [
      loss(of: outputs, for: Array(0..<count)).value, outputSpread(vectors[...], width: width),
    ]
  }
}
