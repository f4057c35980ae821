import ModelFormats
import Networks
import TestSupport
import Testing
import Training

@Suite struct NodeSourceTests {
  private static let cases = NetworkCase.all.filter { $0.configuration.nodes != nil }

  @Test(arguments: cases)
  func `sites begin with a linear layer on what the other network knows of them`(network: NetworkCase) throws
  {
    let parameters = try network.singleParameters(seed: 8)
    let nodes = try #require(network.configuration.nodes)
    let graphs = try network.graphs(4, seed: 5)
    func tensor(_ name: String) throws -> NamedTensor {
      try #require(parameters.namedTensors.first { $0.name == name })
    }
    // The other network by itself, behind whose last layer asked for there may be more.
    let alone = NetworkConfiguration(nodes.architecture, outputs: 0)
    var generator = SeededRandom(seed: 1)
    let own = parameters.namedTensors.filter { $0.name.hasPrefix(NodeSource.prefix) }.map {
      NamedTensor(name: String($0.name.dropFirst(NodeSource.prefix.count)), shape: $0.shape, data: $0.data)
    }
    let rest = try NetworkParameters(alone, using: &generator).namedTensors.filter { drawn in
      !own.contains { $0.name == drawn.name }
    }
    let other = try NetworkParameters(alone, tensors: own + rest)
    let layers = try nodes.layers.map { name in
      try #require(other.program.representations.first { $0.name == name })
    }
    let source = NetworkEmbedder(other, layers: layers)
    let known = source.rows(graphs, scratch: .init())
    let first = try #require(parameters.program.representations.first)
    #expect(first.name == "embedding")
    let found = NetworkEmbedder(parameters, layers: [first]).rows(graphs, scratch: .init())
    let isAlone = nodes.use == .replace
    let weight = try tensor(isAlone ? "embedding.weight" : "embedding.nodes.weight")
    #expect(weight.shape == [first.width, source.width])
    let bias = try tensor("embedding.bias").values
    for site in 0..<graphs.atomicNumbers.count {
      for channel in 0..<first.width {
        var expected = bias[channel]
        for column in 0..<source.width {
          expected += weight.values[channel * source.width + column] * known[site * source.width + column]
        }
        if !isAlone {
          let features = try #require(AtomFeatureTable.cgcnn.row(for: Int(graphs.atomicNumbers[site])))
          let own = try tensor("embedding.weight").values
          for (place, feature) in features.enumerated() where feature != 0 {
            expected += own[channel * features.count + place]
          }
        }
        let value = found[site * first.width + channel]
        #expect(abs(value - expected) < 1e-5 * max(1, abs(expected)), "\(network.name)")
      }
    }
  }

  @Test func `a network that takes other graphs, or has no place for nodes, is refused`() throws {
    let nodes = try #require(Self.cases[0].configuration.nodes)
    func refusal(_ architecture: any Architecture, _ nodes: NodeSource) -> String {
      do throws(ModelError) {
        _ = try NetworkConfiguration(architecture, nodes: nodes).program()
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(refusal(CGCNN(), nodes).contains("takes other graphs than this CGCNN"))
    let own = NodeSource(SchNet(), layers: ["embedding"], use: .replace, isTrained: false)
    #expect(refusal(SchNet(), own).contains("a SchNet has no place for nodes"))
    let wrong = NodeSource(CGCNN(), layers: ["convs.7"], use: .replace, isTrained: false)
    #expect(refusal(CGCNN(), wrong).contains("convs.7"))
    #expect(refusal(CGCNN(), wrong).contains("embedding, convs.0, convs.1, convs.2"))
  }
}
