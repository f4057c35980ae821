import Crystal
import Networks
import TestSupport
import Testing

@Suite struct SchNetInvarianceTests {
  /// Nearest neighbors in whole shells, and facets.
  @Test(arguments: [false, true])
  func `other descriptions of a crystal are predicted alike: order of sites, motions, basis, and supercell`(
    usesFacets: Bool
  ) throws {
    var network = SchNet()
    (network.width, network.elementWidth, network.blockCount) = (32, 16, 2)
    (network.readoutWidth, network.lastReadoutWidth, network.usesFacets) = (32, 16, usesFacets)
    let tested = NetworkCase(name: "SchNet", configuration: NetworkConfiguration(network))
    let predictor = NetworkPredictor([try tested.singleParameters(seed: 5)])
    let encoder = InputEncoder(network.requirements)
    let scratch = InputEncoder.Scratch()
    var generator = SeededGenerator(seed: 77)
    for sites in 1...6 {
      let crystal = try randomStructure(siteCount: sites, using: &generator)
      var graphs = GraphCollection()
      for description in [
        crystal, try crystal.reordered(using: &generator), try crystal.rotated(using: &generator),
        try crystal.translated(by: SIMD3(0.21, -0.73, 0.4)), try crystal.inOtherBasis(using: &generator),
        try crystal.supercell(SIMD3(2, 1, 2)),
      ] {
        try encoder.append(description, to: &graphs, scratch: scratch)
      }
      let predictions = predictor.predictions(graphs, jobs: 1)
      for other in predictions.dropFirst() {
        #expect(abs(other - predictions[0]) < 1e-5 * max(1, abs(predictions[0])))
      }
    }
  }
}
