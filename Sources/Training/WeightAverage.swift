/// A running average of the weights, which generalizes better than the last of them: after step t
///
///     average ← d · average + (1 − d) · weights, d = min(decay, (1 + t) / (10 + t))
///
/// so that the weights of the first steps are soon forgotten. Running statistics are averaged alike.
///
/// Source: B. T. Polyak and A. B. Juditsky, SIAM J. Control Optim. 30, 838 (1992); the smaller decay at the start as
/// TensorFlow's `ExponentialMovingAverage` has it.
struct WeightAverage {
  let decay: Double
  var values: [Float]
  var statistics: [Float]

  /// Takes in the weights after step `step`, counted from 1.
  mutating func add(_ values: [Float], _ statistics: [Float], step: Int) {
    let share = Float(1 - min(decay, (1 + Double(step)) / (10 + Double(step))))
    Self.move(&self.values, toward: values, by: share)
    Self.move(&self.statistics, toward: statistics, by: share)
  }

  private static func move(_ average: inout [Float], toward values: [Float], by share: Float) {
    average.withUnsafeMutableBufferPointer { average in
      values.withUnsafeBufferPointer { values in
        for index in average.indices { average[index] += share * (values[index] - average[index]) }
      }
    }
  }
}
