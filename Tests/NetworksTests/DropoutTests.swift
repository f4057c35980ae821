import Foundation
import TestSupport
import Testing
import Training

@testable import Networks

@Suite struct DropoutTests {
  private static func network(dropout: Double?) -> NetworkCase {
    var network = CGCNN()
    (network.nodeWidth, network.hiddenWidth, network.hiddenLayerCount) = (16, 16, 2)
    (network.convolutionCount, network.neighborCount, network.cutoff) = (1, 5, 5)
    network.dropout = dropout
    return NetworkCase(
      name: "dropout", configuration: NetworkConfiguration(network, task: .classification),
      constant: { $0.hasSuffix("fc_full.bias") })
  }

  /// Outputs, loss and gradient of a batch in training mode.
  private func trained(
    _ network: NetworkCase, _ batch: [Int], _ graphs: GraphCollection, noise: UInt64
  ) throws -> (outputs: [Double], result: DoubleBatch) {
    let weights = try network.parameters(seed: 5)
    var outputs: [Double] = []
    let result = try network.configuration.program().doubleBatch(
      values: weights.values, statistics: weights.statistics, batch, of: graphs, noise: noise
    ) {
      outputs = $0
      return ClassificationObjective(classes: (0..<graphs.count).map { $0 % 2 }).loss(of: $0, for: batch)
    }
    return (outputs, result)
  }

  @Test(arguments: [1, 0x8000_0000_0000_0001, UInt64.max])
  func `with any mask, the plain loops give the outputs, and their central differences the gradient`(
    noise: UInt64
  ) throws {
    let network = Self.network(dropout: 0.5)
    let graphs = try network.graphs(4, largest: 2, seed: 23)
    let batch = Array(0..<graphs.count)
    let (outputs, result) = try trained(network, batch, graphs, noise: noise)
    let weights = try network.parameters(seed: 5)
    let program = try network.configuration.program()
    func plain(_ values: [Double]) -> [Double] {
      PlainReference(
        program, values: values, statistics: weights.statistics, gaussians: .nearestEight
      ).outputs(graphs, normalization: .batch, noise: noise).flatMap { $0 }
    }
    for (found, expected) in zip(outputs, plain(weights.values)) { #expect(abs(found - expected) < 1e-10) }
    let objective = ClassificationObjective(classes: batch.map { $0 % 2 })
    try expectCentralDifferences(
      program.parameters.tensors.filter { !$0.isStatistic }.map { ($0.name, $0.indices) },
      gradient: result.gradient, isConstant: network.constant, at: weights.values, random: 1, seed: 4
    ) { objective.loss(of: plain($0), for: batch).value }
  }

  @Test func `the share that is left out is the probability, and the mean of the rest makes up for it`()
    throws
  {
    let (width, count) = (32, 2000)
    let ones = [[Double]](repeating: [Double](repeating: 1, count: width), count: count)
    var earlier: [[Double]] = []
    for (number, noise) in [(0, 1), (1, 1), (0, 2)] as [(Int, UInt64)] {
      let layer = Dropout(
        number: number, probability: 0.3, shape: ValueShape(space: .structures, width: width))
      let rows = layer.plain([ones], PlainContext(normalization: .batch, noise: noise))[0]
      let numbers = rows.flatMap { $0 }
      #expect(Set(numbers) == [0, 1 / 0.7])
      let deviation = (0.3 * 0.7 / Double(numbers.count)).squareRoot()
      let share = Double(numbers.count { $0 == 0 }) / Double(numbers.count)
      #expect(abs(share - 0.3) < 4 * deviation, "\(share)")
      #expect(abs(numbers.reduce(0, +) / Double(numbers.count) - 1) < 4 * deviation / 0.7)
      // No row and no column is left out oftener than by chance.
      for column in 0..<width {
        let zeros = Double(rows.count { $0[column] == 0 })
        #expect(abs(zeros - 0.3 * Double(count)) < 5 * (0.21 * Double(count)).squareRoot())
      }
      #expect(Set(rows).count == count)
      // Another layer, or another step, leaves out others.
      #expect(!earlier.contains(numbers))
      earlier.append(numbers)
    }
  }

  @Test func `inference leaves nothing out, bit for bit`() throws {
    let (without, with) = (Self.network(dropout: nil), Self.network(dropout: 0.5))
    let graphs = try with.graphs(7, seed: 3)
    let one = NetworkPredictor([try without.singleParameters(seed: 1)]).predictions(graphs, jobs: 1)
    let other = NetworkPredictor([try with.singleParameters(seed: 1)]).predictions(graphs, jobs: 1)
    #expect(one.map(\.bitPattern) == other.map(\.bitPattern))
    let weights = try with.parameters(seed: 1)
    let plain = [without, with].map { network in
      (try? network.configuration.program()).map {
        PlainReference($0, values: weights.values, statistics: weights.statistics)
          .outputs(graphs, normalization: .running, noise: 9)
      }
    }
    #expect(plain[0] != nil && plain[0] == plain[1])
  }

  @Test func `what is left out of a crystal depends on the step, not on its place in the batch`() throws {
    let network = Self.network(dropout: 0.5)
    let graphs = try network.graphs(12, seed: 6)
    let order = Array(0..<12)
    let (outputs, _) = try trained(network, order, graphs, noise: 7)
    let (reversed, _) = try trained(network, order.reversed(), graphs, noise: 7)
    for crystal in order {
      for output in 0..<2 {
        #expect(abs(outputs[2 * crystal + output] - reversed[2 * (11 - crystal) + output]) < 1e-9)
      }
    }
    let (others, _) = try trained(network, order, graphs, noise: 8)
    #expect(zip(outputs, others).contains { abs($0 - $1) > 1e-3 })
  }

  @Test func `it is written where it is set, and 0 is what nothing said means`() throws {
    func text(_ network: CGCNN) throws -> String {
      String(decoding: try JSONEncoder().encode(NetworkConfiguration(network)), as: UTF8.self)
    }
    #expect(!(try text(CGCNN()).contains("dropout")))
    var network = CGCNN()
    network.dropout = 0.5
    #expect(try text(network).contains("\"dropout\":0.5"))
    #expect(try CGCNN(options: ["dropout": .number(0)]) == CGCNN())
    #expect(try CGCNN(options: ["dropout": .number(0.5)]) == network)
    #expect(try OGCNN(options: ["dropout": .number(0)]) == OGCNN())
    #expect(try OGCNN(options: ["dropout": .number(0.5)]).dropout == 0.5)
    #expect(throws: ModelError.unsupportedConfiguration("dropout 1.0 is not in 0.0 … 0.9")) {
      try CGCNN(options: ["dropout": .number(1)])
    }
  }
}

extension PlainContext {
  /// For layers that look at no graph.
  fileprivate init(normalization: PlainReference.Normalization, noise: UInt64) {
    self.init(
      GraphCollection(), tensors: [:], gaussians: .all, normalization: normalization, noise: noise)
  }
}
