internal import TensorKernels

/// A loss by which the two views of a structure are to be told from the views of all others in the batch:
///
///     loss = −⟨ln (e^(s_ii / τ) / Σ_(j ≠ i) e^(s_ij / τ))⟩,   s_ij = cos(zᴬ_i, zᴮ_j)
///
/// as a mean over the structures i of the batch. It becomes negative where the own view is alone alike.
///
/// Source: Kong et al., Mach. Learn.: Sci. Technol. 5, 035018 (2024), in the form of the authors' code, after T. Chen et al.,
/// ICML 2020, 1597, whose sum has the pair i itself too and the other structures of the same view.
public struct ViewContrast: Objective {
  /// Outputs D that the network gives for a structure.
  public let outputCount: Int
  /// τ.
  public let temperature: Double

  /// The loss of networks with `outputCount` outputs.
  public init(outputCount: Int, temperature: Double = 0.1) {
    precondition(outputCount > 0 && temperature > 0, "outputs and a temperature")
    self.outputCount = outputCount
    self.temperature = temperature
  }

  /// Two.
  public var viewCount: Int { 2 }

  /// The loss of the validation split as one batch, and how evenly its outputs spread over their dimensions.
  public var metrics: [Metric] {
    [Metric(name: "loss", direction: .lower), Metric(name: "spread", direction: .higher)]
  }

  /// Loss of a batch of at least two structures and its derivatives.
  public func loss(of outputs: [Double], for batch: [Int]) -> (value: Double, slopes: [Double]) {
    let (rows, width) = (batch.count, outputCount)
    precondition(outputs.count == 2 * rows * width && rows > 1, "two views of several structures")
    var scaled = outputs
    let lengths = scaleRows(&scaled, width: width)
    func row(_ index: Int) -> ArraySlice<Double> { scaled[index * width..<(index + 1) * width] }
    var sum = 0.0
    // Derivatives by the scaled rows.
    var slopes = [Double](repeating: 0, count: outputs.count)
    for own in 0..<rows {
      let logits = (0..<rows).map { other in
        zip(row(own), row(rows + other)).reduce(0) { $0 + $1.0 * $1.1 } / temperature
      }
      let largest = logits.indices.reduce(-Double.infinity) { $1 == own ? $0 : max($0, logits[$1]) }
      var shares = logits.map { exponential($0 - largest) }
      shares[own] = 0
      let total = shares.reduce(0, +)
      sum += logarithm(total) + largest - logits[own]
      for other in 0..<rows {
        let slope =
          ((other == own ? -1 : 0) + shares[other] / total) / (temperature * Double(rows))
        for index in 0..<width {
          slopes[own * width + index] += slope * scaled[(rows + other) * width + index]
          slopes[(rows + other) * width + index] += slope * scaled[own * width + index]
        }
      }
    }
    for (row, length) in lengths.enumerated() {
      let places = row * width..<(row + 1) * width
      let along = places.reduce(0) { $0 + slopes[$1] * scaled[$1] }
      for place in places { slopes[place] = (slopes[place] - scaled[place] * along) / length }
    }
    return (sum / Double(rows), slopes)
  }

  /// The loss of the whole split as one batch, NaN of a single structure, and the spread of its outputs; see `BarlowTwins.figures`.
  public func figures(of predictions: [Float]) -> [Double] {
    let outputs = predictions.map { Double($0) }
    let count = outputs.count / 2 / outputCount
    return [
      count > 1 ? loss(of: outputs, for: Array(0..<count)).value : .nan,
      outputSpread(outputs[..<(count * outputCount)], width: outputCount),
    ]
  }
}
