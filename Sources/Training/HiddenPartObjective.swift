internal import Networks

/// The sum of three mean cross-entropies over all that is hidden in the structures of a batch: group and period of elements, and
/// lengths of edges; of a network that gives the columns of `HiddenPart`.
///
/// Source: the predictive task of Kong et al., Mach. Learn.: Sci. Technol. 5, 035018 (2024).
public struct HiddenPartObjective: Objective {
  /// The loss.
  public init() {}

  /// The columns of `HiddenPart`.
  public var outputCount: Int { HiddenPart.columnCount }

  /// The loss of the validation split as one batch; the share of the hidden elements whose group and of those whose period is said
  /// rightly, as a mean of the two, and that of the hidden lengths.
  public var metrics: [Metric] {
    [
      Metric(name: "loss", direction: .lower), Metric(name: "element accuracy", direction: .higher),
      Metric(name: "length accuracy", direction: .higher),
    ]
  }

  private func sum(_ column: Int, of outputs: [Double]) -> Double {
    outputs.column(column, of: outputCount).reduce(0, +)
  }

  /// Loss of a batch and its derivatives. What is hidden nowhere in the batch costs nothing.
  public func loss(of outputs: [Double], for batch: [Int]) -> (value: Double, slopes: [Double]) {
    precondition(outputs.count == batch.count * outputCount, "a row a structure")
    var value = 0.0
    var slopes = [Double](repeating: 0, count: outputs.count)
    for part in HiddenPart.allCases {
      let count = sum(part.countColumn, of: outputs)
      guard count > 0 else { continue }
      value += sum(part.lossColumn, of: outputs) / count
      for row in batch.indices { slopes[row * outputCount + part.lossColumn] = 1 / count }
    }
    return (value, slopes)
  }

  /// The loss of the whole split as one batch, and the shares that are said rightly; NaN of what is hidden nowhere.
  public func figures(of predictions: [Float]) -> [Double] {
    let outputs = predictions.map { Double($0) }
    func accuracy(_ part: HiddenPart) -> Double {
      sum(part.rightColumn, of: outputs) / sum(part.countColumn, of: outputs)
    }
    return [
      loss(of: outputs, for: Array(0..<outputs.count / outputCount)).value,
      (accuracy(.group) + accuracy(.period)) / 2, accuracy(.length),
    ]
  }
}
