import TestSupport
import Testing
import Training

@testable import Networks

@Suite("Normalizations with frozen statistics") struct FrozenStatisticsTests {
  /// One network for each set of normalizations that an architecture may have. Inference leaves nothing out, so those with
  /// dropout are not among them.
  private static let normalized: [NetworkCase] = {
    var seen: Set<String> = []
    return NetworkCase.all.filter { network in
      guard let program = try? network.configuration.program(), program.parameters.statisticCount > 0,
        !network.name.contains("dropout")
      else { return false }
      let statistics = program.parameters.tensors.filter(\.isStatistic).map {
        $0.name.filter { !$0.isNumber }
      }
      return seen.insert("\(network.configuration.key) \(Set(statistics).sorted())").inserted
    }
  }()

  @Test(arguments: normalized)
  func
    `a batch gives what inference gives, its gradient the central differences of that, and no statistic moves`(
      network: NetworkCase
    ) throws
  {
    let weights = try network.parameters(seed: 5)
    let program = try network.configuration.program()
    let graphs = try network.graphs(3, largest: 2, seed: 23)
    let batch = Array(0..<graphs.count)
    let width = program.outputCount
    // A fixed direction is loss enough.
    func loss(_ outputs: [Double]) -> (value: Double, slopes: [Double]) {
      let slopes = outputs.indices.map { 100 * (Double(($0 % (3 * width)) % 4) - 1.2) }
      return (zip(outputs, slopes).reduce(0) { $0 + $1.0 * $1.1 }, slopes)
    }
    let found = program.doubleBatch(
      values: weights.values, statistics: weights.statistics, batch, of: graphs, frozenStatistics: [""],
      loss: loss)
    #expect(found.statistics == weights.statistics)
    func plain(_ values: [Double]) -> Double {
      loss(
        PlainReference(
          program, values: values, statistics: weights.statistics, gaussians: .nearestEight
        ).outputs(graphs, normalization: .running).flatMap { $0 }
      ).value
    }
    #expect(abs(found.loss - plain(weights.values)) < 1e-10 * max(1, abs(found.loss)))
    try expectCentralDifferences(
      program.parameters.tensors.filter { !$0.isStatistic && !network.isFrozen($0.name) }.map {
        ($0.name, $0.indices)
      },
      gradient: found.gradient, isConstant: { _ in false }, at: weights.values, random: 0, seed: 4,
      loss: plain)
  }

  @Test func `those alone are frozen whose names begin so`() throws {
    let network = try #require(Self.normalized.first { $0.configuration.key == "cgcnn" })
    let weights = try network.parameters(seed: 5)
    let program = try network.configuration.program()
    let graphs = try network.graphs(6, seed: 2)
    let statistics = program.doubleBatch(
      values: weights.values, statistics: weights.statistics, Array(0..<6), of: graphs,
      frozenStatistics: ["convs.0"]
    ) { outputs in (0, outputs.map { _ in 0 }) }.statistics
    for tensor in program.parameters.tensors where tensor.isStatistic {
      let stays = tensor.indices.allSatisfy { statistics[$0] == weights.statistics[$0] }
      #expect(stays == tensor.name.hasPrefix("convs.0"), "\(tensor.name)")
    }
  }
}
