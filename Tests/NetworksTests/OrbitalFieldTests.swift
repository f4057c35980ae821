import Crystal
import CrystalGraphs
import Foundation
import ModelFormats
import TensorKernels
import TestSupport
import Testing
import Training

@testable import Networks

@Suite struct OrbitalTableTests {
  /// Electrons of each slot: s1, s2, p1 … p6, d1 … d10, f1 … f14.
  private static let electrons = Array(1...2) + Array(1...6) + Array(1...10) + Array(1...14)

  @Test func `the ground state of each element has its electrons outside the noble-gas core`() {
    let cores = [0, 2, 10, 18, 36, 54, 86]
    for number in 1...OrbitalTable.elementCount {
      let slots = OrbitalTable.groundStates.slots(of: number)
      let core = cores.last { $0 < number } ?? 0
      #expect(slots.reduce(0) { $0 + Self.electrons[$1] } == number - core, "element \(number)")
    }
    #expect(OrbitalTable.groundStates.slots(of: 0).isEmpty)
    #expect(OrbitalTable.groundStates.slots(of: OrbitalTable.elementCount + 1).isEmpty)
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `the published table is that of the published code`() throws {
    let text = String(decoding: try SharedNetworks.bytes("ogcnn_orbitals.csv"), as: UTF8.self)
    var seen: Set<Int> = []
    for row in text.split(whereSeparator: \.isNewline).dropFirst() {
      let fields = row.split(separator: ",", omittingEmptySubsequences: false)
      let number = try #require(Element(symbol: String(fields[0]))).atomicNumber
      guard number <= OrbitalTable.elementCount else { continue }
      seen.insert(number)
      let slots = fields[1].split(separator: " ").compactMap { Int($0) }
      #expect(OrbitalTable.published.slots(of: number) == slots, "\(fields[0])")
    }
    // It has no radon.
    #expect(Set(1...OrbitalTable.elementCount).subtracting(seen) == [86])
  }
}

/// The authors' code in double precision, from the shared data folder.
@Suite struct OrbitalFieldTests {
  private static let field = OrbitalField(orbitals: .published, distancePower: 4)

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `orbital field matrices are those of the published code`() throws {
    let (facets, crystals) = (try SharedNetworks.facets(), try SharedNetworks.crystals())
    var parameters = ParameterLayout()
    let layer = OrbitalFieldEmbedding("embedding1", width: 16, orbitals: .published, &parameters)
    let matrices = try SafeTensors.decode(try SharedNetworks.bytes("ogcnn_ofm.safetensors.zst")).tensors
    #expect(matrices.count == facets.count)
    for tensor in matrices {
      let expected = try #require(tensor.doubles)
      func matrix(_ voronoi: VoronoiGraph) -> [Double] {
        zip(voronoi.graph.elements, Self.field.vectors(voronoi)).flatMap { element, field in
          layer.plainMatrix(element.atomicNumber, (0..<OrbitalField.width).map { field[$0] })
        }
      }
      #expect(relativeError(matrix(try #require(facets[tensor.name])), expected) < 1e-12, "\(tensor.name)")
      // pymatgen splits degenerate vertices into facets of up to 1e-5 of the largest.
      let own = try VoronoiGraphBuilder(minimumSolidAngleFraction: 0).graph(
        of: try #require(crystals[tensor.name]))
      #expect(relativeError(matrix(own), expected) < 1e-4, "\(tensor.name), own facets")
    }
  }

  @Test func `fields do not depend on whether graphs have angular moments`() throws {
    var generator = SeededGenerator(seed: 92)
    let encoder = InputEncoder(OGCNN().requirements)
    for sites in 1...5 {
      let crystal = try randomStructure(siteCount: sites, using: &generator)
      let with = try VoronoiGraphBuilder(minimumSolidAngleFraction: 0).graph(of: crystal)
      #expect(with.angularMoments.count == VoronoiGraph.angularMomentCount * with.areas.count)
      #expect(OrbitalField.facets.hasAngularMoments == false)
      let fields = try encoder.orbitalFields(of: crystal, scratch: InputEncoder.Scratch())
      #expect(fields == OrbitalField(orbitals: .groundStates, distancePower: 4).vectors(with))
    }
  }

  @Test func `an exponent that is none of 1, 2 and 4 is refused by name`() throws {
    func program(_ power: Int) throws -> NetworkProgram {
      try NetworkConfiguration(try OGCNN(options: ["distance_power": .integer(power)])).program()
    }
    for power in [1, 2, 4] { #expect(try program(power).outputCount == 1) }
    #expect(throws: ModelError.unsupportedConfiguration("distance_power 3 is none of 1, 2, 4")) {
      try program(3)
    }
  }

  @Test func `a network sees the crystal, not its description`() throws {
    var architecture = OGCNN()
    (architecture.encoderWidth, architecture.nodeWidth, architecture.hiddenWidth) = (32, 48, 32)
    let network = NetworkCase(name: "OGCNN", configuration: NetworkConfiguration(architecture))
    let predictor = NetworkPredictor([try network.singleParameters(seed: 7)])
    let encoder = InputEncoder(network.configuration.requirements)
    var generator = SeededGenerator(seed: 91)
    for sites in 1...5 {
      let crystal = try randomStructure(siteCount: sites, using: &generator)
      var graphs = GraphCollection()
      for other in [
        crystal, try crystal.supercell(SIMD3(2, 1, 1)), try crystal.rotated(using: &generator),
        try crystal.translated(by: SIMD3(0.3, -0.7, 0.1)), try crystal.reordered(using: &generator),
        try crystal.inOtherBasis(using: &generator),
      ] { try encoder.append(other, to: &graphs, scratch: InputEncoder.Scratch()) }
      #expect(graphs.siteCount(of: 1) == graphs.siteCount(of: 0))
      let found = predictor.predictions(graphs, jobs: 1)
      for value in found { #expect(abs(value - found[0]) < 1e-6 * max(1, abs(found[0]))) }
    }
  }

  @Test func `sites of equal bonds and different orbitals around them are different`() throws {
    // Both silver sites have their one neighbor within the cutoff at the same distance.
    let crystal = try Structure(
      lattice: try Lattice(a: SIMD3(2.6, 0, 0), b: SIMD3(0, 5, 0), c: SIMD3(0, 0, 12)),
      elements: ["Ag", "Ag", "Cl"].map { try #require(Element(symbol: $0)) },
      fractionalPositions: [SIMD3(0, 0, 0), SIMD3(0, 0, 0.5), SIMD3(0.5, 0.5, 0.2)])
    var architecture = OGCNN()
    (architecture.neighborCount, architecture.cutoff) = (2, 3)
    var graphs = GraphCollection()
    try InputEncoder(architecture.requirements).append(crystal, to: &graphs, scratch: InputEncoder.Scratch())
    #expect(graphs.siteCount(of: 0) == 3)
    var bonds = architecture.requirements
    bonds.orbitalField = nil
    try InputEncoder(bonds).append(crystal, to: &graphs, scratch: InputEncoder.Scratch())
    #expect(graphs.siteCount(of: 1) == 2)
  }
}

/// The authors' network in double precision, from the shared data folder.
///
/// Plain loops have lengths and fields in double precision and all Gaussians; PyTorch takes softplus(x) for x above 20, where
/// Sluice does not leave out e⁻²⁰. What the fast code is fed with is in single precision.
@Suite struct OGCNNGoldenTests {
  private static let exact = 1e-9
  private static let tolerance = 1e-5

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `a small network predicts what the published code does`() throws {
    let network = try SmallOrFull.small()
    let ids = network.reference.eval.keys.sorted()
    let expected = ids.compactMap { network.reference.eval[$0]?.output }
    #expect(relativeError(try network.plain(ids, .running), expected) < Self.exact)
    let graphs = try network.graphs(ids)
    #expect(relativeError(network.outputs(Double.self, graphs), expected) < Self.tolerance)
    #expect(relativeError(network.outputs(Float.self, graphs), expected) < Self.tolerance)
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `a training step has the outputs, loss and gradients of the published code`() throws {
    let network = try SmallOrFull.small()
    let step = try #require(network.reference.step)
    let targets = step.target.map { Float(($0 - step.mean) / step.std) }
    let plain = try network.plain(step.ids, .batch)
    #expect(relativeError(plain, step.output) < Self.exact)
    let objective = RegressionObjective(targets: targets, loss: .squared)
    let batch = Array(step.ids.indices)
    let result = network.program.doubleBatch(
      values: network.values, statistics: network.statistics, batch, of: try network.graphs(step.ids)
    ) { objective.loss(of: $0, for: batch) }
    #expect(abs(result.loss - step.loss) < Self.tolerance * step.loss)
    let largest = step.gradientNorms.values.max() ?? 0
    let named = network.program.parameters.tensors.filter { !$0.isStatistic }
    #expect(named.map(\.name).sorted() == step.gradientNorms.keys.sorted())
    for tensor in named {
      let norm = try #require(step.gradientNorms[tensor.name])
      let found = tensor.indices.reduce(0) { $0 + result.gradient[$1] * result.gradient[$1] }.squareRoot()
      let scale = tensor.name.hasSuffix("fc_full.bias") ? largest : norm
      #expect(abs(found - norm) < Self.tolerance * scale, "\(tensor.name): \(found), \(norm)")
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `the network of the published sizes predicts what the published code does`() throws {
    let network = try SmallOrFull.full()
    #expect(network.values.count == network.reference.parameters)
    let ids = network.reference.eval.keys.sorted()
    let expected = ids.compactMap { network.reference.eval[$0]?.output }
    let found = network.outputs(Float.self, try network.graphs(ids))
    #expect(relativeError(found, expected) < Self.tolerance)
  }
}

/// One of the two networks that the reference values are of.
private struct SmallOrFull {
  let reference: Reference
  let program: NetworkProgram
  let values: [Double]
  let statistics: [Double]
  private let requirements: InputRequirements

  struct Reference: Decodable {
    let parameters: Int
    let hidden: Int
    let d: Int
    let h: Int
    let eval: [String: Answer]
    let step: Step?

    struct Answer: Decodable { let output: Double }

    struct Step: Decodable {
      let ids: [String]
      let target: [Double]
      let mean: Double
      let std: Double
      let output: [Double]
      let loss: Double
      let gradientNorms: [String: Double]

      private enum CodingKeys: String, CodingKey {
        case ids, target, mean, std, output, loss
        case gradientNorms = "gradient_norms"
      }
    }

    private enum CodingKeys: String, CodingKey {
      case parameters, hidden, d, h, eval
      case step = "train_step"
    }
  }

  private struct File: Decodable {
    let small: Reference
    let full: Reference
  }

  static func small() throws -> SmallOrFull {
    let tensors = try SafeTensors.decode(try SharedNetworks.bytes("ogcnn_small.safetensors")).tensors
    let numbers = tensors.reduce(into: [:]) { $0[$1.name] = $1.doubles }
    return try SmallOrFull(try file().small) { tensor, _ in try #require(numbers[tensor.name]) }
  }

  static func full() throws -> SmallOrFull {
    try SmallOrFull(try file().full) { tensor, inputs in
      FormulaNumbers.weights(tensor.name, count: tensor.shape.reduce(1, *), inputs: inputs)
    }
  }

  private static func file() throws -> File {
    try JSONDecoder().decode(File.self, from: Data(try SharedNetworks.bytes("ogcnn.json.zst")))
  }

  /// - Parameter numbers: entries of a tensor, given it and the columns of the matrix that its layer has.
  private init(_ reference: Reference, numbers: (ParameterTensor, Int) throws -> [Double]) throws {
    self.reference = reference
    var architecture = OGCNN()
    (architecture.encoderWidth, architecture.nodeWidth) = (reference.hidden, reference.d)
    (architecture.hiddenWidth, architecture.padding) = (reference.h, .firstAtom)
    architecture.orbitals = .published
    requirements = architecture.requirements
    program = try NetworkConfiguration(architecture).program()
    var values = [Double](repeating: 0, count: program.parameters.count)
    var statistics = [Double](repeating: 0, count: program.parameters.statisticCount)
    let columns = program.parameters.tensors.reduce(into: [:]) { $0[$1.name] = $1.shape.last }
    for tensor in program.parameters.tensors {
      let owner = tensor.name.split(separator: ".").dropLast().joined(separator: ".")
      for (index, number) in zip(
        tensor.indices, try numbers(tensor, try #require(columns[owner + ".weight"])))
      {
        if tensor.isStatistic { statistics[index] = number } else { values[index] = number }
      }
    }
    (self.values, self.statistics) = (values, statistics)
  }

  /// The graphs of some crystals, with neighbors and facets as the published code had them.
  func graphs(_ ids: [String]) throws -> GraphCollection {
    let (graphs, fields) = (try SharedNetworks.graphs { _ in true }, try fields())
    var collection = GraphCollection()
    for id in ids {
      collection.append(
        .nearest(try #require(graphs[id])), orbitalFields: try #require(fields[id]), for: requirements)
    }
    return collection
  }

  private func fields() throws -> [String: [SIMD32<Double>]] {
    let field = try #require(requirements.orbitalField)
    return try SharedNetworks.facets().mapValues { field.vectors($0) }
  }

  /// What the plain loops give, with lengths and orbital fields in double precision.
  func plain(_ ids: [String], _ normalization: PlainReference.Normalization) throws -> [Double] {
    let reference = PlainReference(program, values: values, statistics: statistics)
    var context = reference.context(try graphs(ids), normalization: normalization)
    let (graphs, fields) = (try SharedNetworks.graphs { _ in true }, try fields())
    let distances = try ids.flatMap { try #require(graphs[$0]).distances }
    for index in context.edges.indices { context.edges[index].distance = distances[index] }
    context.orbitalFields = try ids.flatMap { id in
      try #require(fields[id]).map { field in (0..<OrbitalField.width).map { field[$0] } }
    }
    return reference.outputs(context).map { $0[0] }
  }

  /// What the kernels give, in a precision.
  func outputs<Scalar: NetworkScalar>(
    _: Scalar.Type, _ graphs: GraphCollection
  ) -> [Double] {
    let inference = BlockInference<Scalar>(
      program, members: [(values.map { Scalar($0) }, statistics.map { Scalar($0) })])
    var found: [Double] = []
    inference.run(0..<graphs.count, of: graphs, inference.makeScratch()) { _, rows, _ in
      found = (0..<graphs.count).map { Double(rows[$0]) }
    }
    return found
  }
}
