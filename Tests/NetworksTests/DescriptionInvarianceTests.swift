import Crystal
import Networks
import TestSupport
import Testing

@Suite struct DescriptionInvarianceTests {
  /// Shapes whose predictions depend on the cell on purpose: they follow published code that does.
  private static let dependent: Set<String> = [
    "ALIGNN, angles first, doubled images", "CGConv, two convolutions", "CGConv, wide, padded",
    "CGConv, additive, two targets", "GCN, nearest neighbors",
  ]

  /// Crystals of few sites at random, and simple ones, whose lists of nearest neighbors end among equal distances.
  private static func crystals(using generator: inout SeededGenerator) throws -> [Structure] {
    func cubic(_ symbols: [String], _ basis: [SIMD3<Double>], _ length: Double) throws -> Structure {
      let half = length / 2
      return try Structure(
        lattice: Lattice(a: SIMD3(0, half, half), b: SIMD3(half, 0, half), c: SIMD3(half, half, 0)),
        elements: symbols.map { try #require(Element(symbol: $0)) }, fractionalPositions: basis)
    }
    let center = SIMD3(0.5, 0.5, 0.5)
    let quarter = SIMD3(0.25, 0.25, 0.25)
    return try (1...6).map { try randomStructure(siteCount: $0, using: &generator) } + [
      cubic(["Cu"], [.zero], 3.61), cubic(["Na", "Cl"], [.zero, center], 5.64),
      cubic(["Zn", "S"], [.zero, quarter], 5.41),
      cubic(["Ca", "F", "F"], [.zero, quarter, 3 * quarter], 5.46),
    ]
  }

  @Test(arguments: NetworkCase.all)
  func `other descriptions of a crystal are predicted alike: order of sites, motions, basis, and supercell`(
    _ tested: NetworkCase
  ) throws {
    let predictor = NetworkPredictor([try tested.singleParameters(seed: 5)])
    let encoder = InputEncoder(tested.configuration.requirements)
    let scratch = InputEncoder.Scratch()
    var generator = SeededGenerator(seed: 77)
    var farthest: Float = 0
    for crystal in try Self.crystals(using: &generator) {
      var graphs = GraphCollection()
      for description in [
        crystal, try crystal.reordered(using: &generator), try crystal.rotated(using: &generator),
        try crystal.translated(by: SIMD3(0.21, -0.73, 0.4)), try crystal.inOtherBasis(using: &generator),
        try crystal.supercell(SIMD3(2, 1, 2)),
        try crystal.supercell(SIMD3(1, 2, 1)).inOtherBasis(using: &generator).reordered(using: &generator),
      ] {
        try encoder.append(description, to: &graphs, scratch: scratch)
      }
      let predictions = predictor.predictions(graphs, jobs: 1)
      let count = predictions.count / graphs.count
      for (place, other) in predictions.enumerated().dropFirst(count) {
        let first = predictions[place % count]
        farthest = max(farthest, abs(other - first) / max(1, abs(first)))
      }
    }
    // Those that depend on the cell do so by more than rounding: a shape that no longer does is one of the others.
    #expect((farthest < 1e-5) != Self.dependent.contains(tested.name), "\(farthest)")
  }
}
