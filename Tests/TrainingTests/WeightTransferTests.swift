import Crystal
import CrystalGraphs
import ModelFormats
import Networks
import TestSupport
import Testing
import Training

@Suite struct WeightTransferTests {
  private func parameters(seed: UInt64, hidden: Int = 16) throws -> NetworkParameters {
    var network = MLP()
    (network.hiddenWidth, network.hiddenLayerCount) = (hidden, 2)
    var generator = SeededRandom(seed: seed)
    return try NetworkParameters(NetworkConfiguration(network), using: &generator)
  }

  private func tensor(_ name: String, _ parameters: NetworkParameters) throws -> [Float] {
    try #require(parameters.namedTensors.first { $0.name == name }).values
  }

  @Test func `tensors are taken over by the beginning of their names, and the others stay`() throws {
    let (own, other) = (try parameters(seed: 1), try parameters(seed: 2))
    let mixed = try own.taking(other.namedTensors, prefixes: ["hidden.0"])
    for name in ["hidden.0.weight", "hidden.0.bias"] {
      #expect(try tensor(name, mixed) == tensor(name, other))
      #expect(try tensor(name, mixed) != tensor(name, own))
    }
    for name in ["hidden.1.weight", "output.weight"] {
      #expect(try tensor(name, mixed) == tensor(name, own))
    }
  }

  @Test func `what does not fit is named`() throws {
    let own = try parameters(seed: 1)
    #expect(throws: ModelError.wrongShape(name: "hidden.0.weight", expected: [16, 100], found: [32, 100])) {
      try own.taking(try parameters(seed: 2, hidden: 32).namedTensors, prefixes: ["hidden.0.weight"])
    }
    #expect(throws: ModelError.missingTensor(name: "output.weight")) {
      try own.taking([], prefixes: ["output"])
    }
    #expect(
      throws: ModelError.unsupportedConfiguration("no tensor of the network begins with \"convs\"")
    ) { try own.taking(own.namedTensors, prefixes: ["convs"]) }
  }

  private func trained(_ groups: [ParameterGroup], from start: NetworkParameters) throws -> NetworkParameters
  {
    var graphs = GraphCollection()
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<12 {
      let elements = [
        UInt8.random(in: 1...90, using: &generator), UInt8.random(in: 1...90, using: &generator),
      ]
      graphs.append(CrystalGraph(withoutEdges: elements.compactMap { Element(rawValue: $0) }))
    }
    let data = LabelledGraphs(graphs: graphs, targets: (0..<12).map { Double($0 % 5) })
    var options = TrainingOptions()
    options.configuration = start.configuration
    (options.epochs, options.batchSize, options.schedule) = (2, 4, .constant)
    options.groups = groups
    let trainer = try Trainer(
      options: options, training: data, validation: LabelledGraphs(), initial: start, jobs: 1)
    while !trainer.isFinished { _ = try trainer.runEpoch { _, _, _ in true } }
    return trainer.best
  }

  @Test func `frozen parameters stay what they are, bit for bit, and the others are trained`() throws {
    let start = try parameters(seed: 3)
    let end = try trained([ParameterGroup(prefix: "hidden.", learningRateFactor: 0)], from: start)
    for tensor in start.namedTensors where tensor.name.hasPrefix("hidden.") {
      #expect(try self.tensor(tensor.name, end) == tensor.values)
    }
    #expect(try tensor("output.weight", end) != tensor("output.weight", start))
  }

  @Test func `the longest prefix counts, and a factor of one changes nothing`() throws {
    let start = try parameters(seed: 3)
    let plain = try trained([], from: start)
    let one = try trained([ParameterGroup(prefix: "", learningRateFactor: 1)], from: start)
    #expect(one.values == plain.values)
    let mixed = try trained(
      [
        ParameterGroup(prefix: "", learningRateFactor: 0),
        ParameterGroup(prefix: "output", learningRateFactor: 0.5),
      ], from: start)
    #expect(try tensor("hidden.0.weight", mixed) == tensor("hidden.0.weight", start))
    #expect(try tensor("output.weight", mixed) != tensor("output.weight", start))
    #expect(try tensor("output.weight", mixed) != tensor("output.weight", plain))
  }
}
