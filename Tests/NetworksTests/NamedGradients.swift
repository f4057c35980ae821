import TestSupport
import Testing

/// Expects the gradient of each named tensor, at its largest number and `random` others, to be the central difference
/// of a loss.
///
/// - Parameters:
///   - isConstant: whether the loss does not depend on a tensor, as on a bias right before a batch normalization.
///   - values: the point.
///   - random: how many others.
///   - loss: the loss at a point.
func expectCentralDifferences(
  _ tensors: [(name: String, indices: [Int])], gradient: [Double], isConstant: (String) -> Bool,
  at values: [Double], random: Int, seed: UInt64, loss: ([Double]) -> Double
) throws {
  var generator = SeededGenerator(seed: seed)
  for (name, indices) in tensors {
    let largest = try #require(indices.max { abs(gradient[$0]) < abs(gradient[$1]) })
    let scale = abs(gradient[largest])
    if !isConstant(name) { #expect(scale > 1e-7, "\(name) has no gradient") }
    for index in [largest] + (0..<random).compactMap({ _ in indices.randomElement(using: &generator) }) {
      var shifted = values
      let step = 3e-5
      shifted[index] = values[index] + step
      let above = loss(shifted)
      shifted[index] = values[index] - step
      let difference = (above - loss(shifted)) / (2 * step)
      let tolerance = isConstant(name) ? 1e-9 : 1e-5 * max(scale, abs(difference)) + 1e-9
      #expect(
        abs(difference - gradient[index]) < tolerance,
        "\(name), parameter \(index): \(difference) against \(gradient[index])")
    }
  }
}
