import Crystal
import CrystalGraphs
import Foundation
import Networks
import TestSupport
import Testing

@Suite struct ReadoutTests {
  @Test func `every architecture has an additive read-out, and a pooled one is not additive`() throws {
    let kinds = Set(NetworkCase.additive.map(\.configuration.key))
    #expect(kinds == Set(Architectures.all.map { $0.key }))
    for network in NetworkCase.all {
      let options = type(of: network.configuration.architecture).optionDescriptions
      let isAdditive = !options.contains { $0.key == "readout" } || network.name.contains("additive")
      #expect(try network.configuration.program().isAdditive == isAdditive, "\(network.name)")
    }
  }

  @Test(arguments: NetworkCase.additive)
  func `outputs are the means of the sites' outputs, and these are those of the plain loops`(
    network: NetworkCase
  ) throws {
    let weights = try network.parameters(seed: 3)
    let program = try network.configuration.program()
    let graphs = try network.graphs(
      5, seed: 17, isolated: network.configuration.requirements.neighbors.isNearest)
    let structures = program.doubleOutputs(
      values: weights.values, statistics: weights.statistics, graphs)
    let sites = try #require(
      program.doubleSiteOutputs(values: weights.values, statistics: weights.statistics, graphs))
    let plain = try #require(
      PlainReference(
        program, values: weights.values, statistics: weights.statistics, gaussians: .nearestEight
      ).siteOutputs(graphs))
    #expect(sites.count == graphs.atomicNumbers.count && plain.count == sites.count)
    for (found, expected) in zip(sites.joined(), plain.joined()) {
      #expect(abs(found - expected) < 1e-10 * max(1, abs(expected)))
    }
    for structure in 0..<graphs.count {
      let own = sites[graphs.siteOffsets[structure]..<graphs.siteOffsets[structure + 1]]
      for (place, output) in structures[structure].enumerated() {
        let mean = own.reduce(0) { $0 + $1[place] } / Double(own.count)
        #expect(abs(mean - output) < 1e-10 * max(1, abs(output)))
      }
    }
    // Else the means would say nothing.
    #expect(zip(sites, sites.dropFirst()).contains { abs($0[0] - $1[0]) > 1e-3 })
  }

  @Test(arguments: NetworkCase.additive)
  func `asking for sites leaves the predictions as they are, bit for bit, whatever else is in the block`(
    network: NetworkCase
  ) throws {
    let parameters = [try network.singleParameters(seed: 1), try network.singleParameters(seed: 2)]
    let predictor = NetworkPredictor(parameters, givesSites: true)
    #expect(predictor.givesSites && !NetworkPredictor(parameters).givesSites)
    let graphs = try network.graphs(19, seed: 8)
    let (width, outputs) = (network.configuration.predictionCount, network.configuration.outputCount)
    let nodes = graphs.atomicNumbers.count
    let scratch = NetworkPredictor.Scratch()
    var values = [Float](repeating: 0, count: 2 * graphs.count * width)
    var sites = [Float](repeating: .nan, count: 2 * nodes * outputs)
    predictor.predict(graphs, scratch: scratch, into: &values, sites: &sites)
    #expect(values == NetworkPredictor(parameters).predictions(graphs, jobs: 1))
    for index in 0..<graphs.count {
      var alone = GraphCollection()
      alone.append(contentsOf: graphs, structure: index)
      let own = graphs.siteOffsets[index]..<graphs.siteOffsets[index + 1]
      var value = [Float](repeating: 0, count: 2 * width)
      var found = [Float](repeating: .nan, count: 2 * own.count * outputs)
      predictor.predict(alone, scratch: scratch, into: &value, sites: &found)
      let expected = [0, nodes].flatMap { first in
        sites[(first + own.lowerBound) * outputs..<(first + own.upperBound) * outputs]
      }
      #expect(found == expected)
    }
  }

  @Test(arguments: NetworkCase.additive)
  func `sites of a quotient, expanded, are those of the whole graph, in the crystal's order`(
    network: NetworkCase
  ) throws {
    let requirements = network.configuration.requirements
    let encoder = InputEncoder(requirements)
    let scratch = InputEncoder.Scratch()
    let predictor = NetworkPredictor([try network.singleParameters(seed: 4)], givesSites: true)
    let outputs = network.configuration.outputCount
    func sites(_ collection: GraphCollection) -> [[Float]] {
      var values = [Float](repeating: 0, count: network.configuration.predictionCount)
      var sites = [Float](repeating: .nan, count: collection.atomicNumbers.count * outputs)
      predictor.predict(collection, scratch: NetworkPredictor.Scratch(), into: &values, sites: &sites)
      return stride(from: 0, to: sites.count, by: outputs).map { Array(sites[$0..<$0 + outputs]) }
    }
    var generator = SeededGenerator(seed: 29)
    var mergedCount = 0
    for _ in 0..<3 {
      // Two cells of a crystal, with its sites in another order: every site has an equal one somewhere.
      let cell = try randomStructure(siteCount: 3, using: &generator)
      let structure = try cell.supercell([2, 1, 1]).reordered(using: &generator)
      let graph = try encoder.graph(of: structure, scratch: scratch)
      var whole = GraphCollection()
      whole.append(
        graph, orbitalFields: try encoder.orbitalFields(of: structure, scratch: scratch), for: requirements)
      var merged = GraphCollection()
      try encoder.append(structure, to: &merged, scratch: scratch)
      let nodes = scratch.siteNodes
      #expect(nodes.count == structure.siteCount)
      #expect(nodes.map { merged.atomicNumbers[Int($0)] } == structure.elements.map(\.rawValue))
      mergedCount += structure.siteCount - merged.atomicNumbers.count
      let (expected, found) = (sites(whole), sites(merged))
      for (site, node) in nodes.enumerated() {
        for (a, b) in zip(found[Int(node)], expected[site]) {
          #expect(abs(a - b) < 2e-5 * max(1, abs(b)), "site \(site)")
        }
      }
    }
    #expect(mergedCount > 0)
  }

  @Test func `what has no sites, or numbers of whole crystals, takes no additive read-out`() throws {
    var perceptron = MLP()
    perceptron.readout = .additive
    let error = #expect(throws: ModelError.self) { try NetworkConfiguration(perceptron).validate() }
    #expect(error?.description.contains("readout additive needs features of sites") == true)
    var network = CGCNN()
    (network.readout, network.dropout) = (.additive, 0.5)
    let refusal = #expect(throws: ModelError.self) { try NetworkConfiguration(network).validate() }
    #expect(refusal?.description.contains("dropout") == true)
  }

  @Test func `an architecture that says what nothing means is the one that says nothing`() throws {
    #expect(try GCN(options: ["readout": .choice("pooled")]) == GCN())
    let additive = try GCN(options: ["readout": .choice("additive")])
    #expect(additive.optionValues.contains { $0.key == "readout" && $0.value == .choice("additive") })
    #expect(!GCN().optionValues.contains { $0.key == "readout" })
    #expect(!String(decoding: try JSONEncoder().encode(GCN()), as: UTF8.self).contains("readout"))
    let back = try JSONDecoder().decode(GCN.self, from: JSONEncoder().encode(additive))
    #expect(back == additive)
    let description = try #require(GCN.optionDescriptions.first { $0.key == "readout" })
    #expect(description.defaultValue == .choice("pooled"))
  }
}
