import Crystal
import TestSupport
import Testing
import Training

@testable import Networks

@Suite struct EmbeddingTests {
  @Test func `every architecture but one of compositions alone names what it knows of sites, once each`()
    throws
  {
    for network in NetworkCase.all {
      let names = try network.configuration.program().representations.map(\.name)
      let seesSites = (network.configuration.architecture as? MLP)?.features != .fractions
      #expect(names.isEmpty != seesSites, "\(network.name)")
      #expect(Set(names).count == names.count)
    }
  }

  /// The network's outputs when the rest of its layers, in plain loops, is fed with the means of its last representation; nil
  /// where these are not what the rest sees.
  private func outputs(
    _ program: NetworkProgram, means: [[Double]], _ context: PlainContext
  ) -> [[Double]]? {
    guard let last = program.representations.last,
      let pooling = program.steps.firstIndex(where: { $0.layer is MeanPooling && $0.inputs == [last.value] })
    else { return nil }
    var values = [program.steps[pooling].outputs[0]: means]
    for step in program.steps[(pooling + 1)...] {
      let made = step.layer.plain(step.inputs.map { values[$0] ?? [] }, context)
      for (output, rows) in zip(step.outputs, made) { values[output] = rows }
    }
    return values[program.output]
  }

  @Test func `the mean of the last representation through the rest of the network gives its outputs`() throws
  {
    var kinds: Set<String> = []
    for network in NetworkCase.all where network.configuration.task == .regression {
      let parameters = try network.singleParameters(seed: 3)
      let program = parameters.program
      guard let last = program.representations.last else { continue }
      let graphs = try network.graphs(7, seed: 21)
      let rows = NetworkEmbedder(parameters, layers: [last]).rows(graphs, scratch: .init())
      let means = (0..<graphs.count).map { structure in
        let sites = graphs.siteOffsets[structure]..<graphs.siteOffsets[structure + 1]
        return (0..<last.width).map { column in
          sites.reduce(0) { $0 + Double(rows[$1 * last.width + column]) } / Double(sites.count)
        }
      }
      let context = PlainReference(parameters).context(graphs, normalization: .running)
      guard let found = outputs(program, means: means, context) else { continue }
      kinds.insert(network.configuration.key)
      let expected = NetworkPredictor([parameters]).predictions(graphs, jobs: 1)
      for (found, expected) in zip(found.joined(), expected) {
        #expect(abs(found - Double(expected)) < 2e-5 * max(1, abs(found)), "\(network.name)")
      }
    }
    // SchNet's last layers see each site.
    #expect(kinds == ["cgcnn", "icgcnn", "ogcnn", "gcn", "alignn", "cogn", "cgconv", "mlp"])
  }

  @Test(arguments: NetworkCase.all)
  func `no bit of a representation depends on what else is asked for, or is in the block`(
    network: NetworkCase
  ) throws {
    let parameters = try network.singleParameters(seed: 4)
    let all = parameters.program.representations
    let graphs = try network.graphs(9, seed: 22)
    let together = NetworkEmbedder(parameters, layers: all)
    let rows = together.rows(graphs, scratch: .init())
    var first = 0
    for layer in all {
      let alone = NetworkEmbedder(parameters, layers: [layer])
      let scratch = NetworkEmbedder.Scratch()
      let own = alone.rows(graphs, scratch: scratch)
      for site in 0..<graphs.atomicNumbers.count {
        #expect(
          rows[site * together.width + first..<site * together.width + first + layer.width]
            == own[site * layer.width..<(site + 1) * layer.width])
      }
      for structure in 0..<graphs.count {
        var single = GraphCollection()
        single.append(contentsOf: graphs, structure: structure)
        let sites = graphs.siteOffsets[structure]..<graphs.siteOffsets[structure + 1]
        #expect(
          alone.rows(single, scratch: scratch)[...]
            == own[sites.lowerBound * layer.width..<sites.upperBound * layer.width])
      }
      first += layer.width
    }
  }
}
