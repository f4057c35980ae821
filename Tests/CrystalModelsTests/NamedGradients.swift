import ModelFormats
import TestSupport
import Testing

/// The indices of a network's flat array of parameters, by the named tensor that they belong to.
///
/// Every tensor is filled with its own number and read back: the array then says whose each place is. A place of no
/// tensor is an issue; running statistics are tensors without places.
func indicesByTensor(
  _ tensors: [NamedTensor], values: ([NamedTensor]) throws -> [Double]
) throws -> [(name: String, indices: [Int])] {
  let numbered = tensors.enumerated().map { number, tensor in
    NamedTensor(
      name: tensor.name, shape: tensor.shape,
      values: [Float](repeating: Float(number + 1), count: tensor.values.count))
  }
  var indices = [[Int]](repeating: [], count: tensors.count)
  for (index, number) in try values(numbered).enumerated() {
    try #require(number > 0, "parameter \(index) belongs to no tensor")
    indices[Int(number) - 1].append(index)
  }
  return zip(tensors, indices).filter { !$1.isEmpty }.map { ($0.name, $1) }
}

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
