import CrystalModels
import Testing

@Suite struct DistanceNoiseTests {
  @Test func `noise has the mean and the deviation it is asked for`() {
    let noise = DistanceNoise(deviation: 0.03, seed: 5)
    let drawn = (0..<200).flatMap { structure in
      (0..<100).map { noise.offset(structure: structure, edge: $0) }
    }
    let mean = drawn.reduce(0, +) / Double(drawn.count)
    let variance = drawn.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(drawn.count)
    // Four standard errors of 20,000 draws.
    #expect(abs(mean) < 4 * 0.03 / 141)
    #expect(abs(variance.squareRoot() / 0.03 - 1) < 0.03)
    #expect(drawn.allSatisfy { abs($0) < 0.03 * 3.47 })
  }

  @Test func `noise depends on seed, structure and edge, and on nothing else`() {
    let noise = DistanceNoise(deviation: 1, seed: 5)
    let other = DistanceNoise(deviation: 1, seed: 6)
    let places = (0..<20).flatMap { structure in (0..<20).map { (structure, $0) } }
    let drawn = places.map { noise.offset(structure: $0.0, edge: $0.1) }
    #expect(Set(drawn).count == drawn.count)
    #expect(drawn == places.map { noise.offset(structure: $0.0, edge: $0.1) })
    #expect(zip(places, drawn).allSatisfy { other.offset(structure: $0.0.0, edge: $0.0.1) != $0.1 })
  }

  @Test func `noise changes the gradient, to the same bits for any number of threads`() throws {
    let configuration = smallConfiguration(width: 16, hidden: 16, layers: 2)
    let parameters = try randomParameters(configuration, seed: 2)
    let collection = randomCollection(configuration, structures: 6, seed: 8)
    let targets: [Float] = [0.1, 0.4, -0.3, 1.2, -0.8, 0]
    func gradient(_ deviation: Double?, seed: UInt64 = 1, jobs: Int = 1) -> [Float] {
      let network = CGCNNTrainingNetwork<Float>(parameters, jobs: jobs)
      _ = network.computeGradient(
        Array(0..<6), of: collection, targets: targets, loss: .squared,
        noise: deviation.map { DistanceNoise(deviation: $0, seed: seed) })
      return network.gradient
    }
    #expect(gradient(0) == gradient(nil))
    #expect(gradient(0.05) != gradient(nil))
    #expect(gradient(0.05) != gradient(0.05, seed: 2))
    #expect(gradient(0.05) == gradient(0.05, jobs: 3))
  }
}
