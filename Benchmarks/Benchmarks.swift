import Crystal
import CrystalGraphs
import Foundation
import Networks
import PhaseStability
import Screening
import StructureArchive
import Symmetry
import Synchronization
import TensorKernels
import Training

/// Times the parts that campaigns and trainings spend their time in, each beside a plain reference where there is one.
///
/// usage: SluiceBenchmarks [STRUCTURES [REFERENCE.csv]] [--seed N]
///        SluiceBenchmarks --products
///        SluiceBenchmarks --regression
///        SluiceBenchmarks --symmetry STRUCTURES MODEL…
///
/// The second form times matrix products alone, see `MatrixProducts`; the third kernel regression, see `KernelRegression`; the fourth says what evaluating equivalent sites once gains in each crystal system; see `SymmetryGain`.
///
/// STRUCTURES is an archive of crystals (by default the shared test split, else 1,500 crystals made here); its first
/// 1,500 of at most 30 sites are used. REFERENCE.csv holds reference phases for the hull, from which candidates are drawn
/// by the seed (1). To be run in the repository, for the models that ship.
@main
struct Benchmarks {
  static func main() {
    do {
      try run()
    } catch {
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      exit(1)
    }
  }

  private static func run() throws {
    var arguments = CommandLine.arguments.dropFirst()
    if arguments.first == "--products" { return MatrixProducts.report() }
    if arguments.first == "--regression" { return try KernelRegression.report() }
    if arguments.first == "--symmetry", let archive = arguments.dropFirst().first {
      return try SymmetryGain.report(archive, models: Array(arguments.dropFirst(2)))
    }
    var seed: UInt64 = 1
    if let flag = arguments.firstIndex(of: "--seed"), flag + 1 < arguments.endIndex {
      guard let number = UInt64(arguments[flag + 1]) else {
        throw UsageError(description: "--seed takes a whole number, not '\(arguments[flag + 1])'")
      }
      seed = number
      arguments.removeSubrange(flag...flag + 1)
    }
    let shared = "../shared/data"
    let hasShared = FileManager.default.fileExists(atPath: shared)
    let archive = arguments.first ?? (hasShared ? shared + "/mp/test.jsonl.zst" : nil)
    let structures = try archive.map { try load($0) } ?? generated()
    let sites = structures.reduce(0) { $0 + $1.siteCount }
    print(
      "\(structures.count) crystals, \(rounded(Double(sites) / Double(structures.count))) sites each on average, from "
        + (archive ?? "a seeded generator"))
    MatrixProducts.report()
    let collection = try graphs(structures)
    symmetry(structures)
    try voronoi(structures)
    try schnet(structures)
    try cgcnn(whole: collection, merged: try mergedGraphs(structures))
    if let table = arguments.dropFirst().first ?? (hasShared ? shared + "/hull/mp2019_all.csv" : nil) {
      try hull(table, seed: seed)
    }
  }

  private static func load(_ path: String) throws -> [Structure] {
    let reader = try ArchiveReader(path: path)
    let decoder = StructureDecoder()
    var structures: [Structure] = []
    while structures.count < 1500, let record = try reader.next() {
      let structure = try decoder.decode(record).structure
      if structure.siteCount <= 30 { structures.append(structure) }
    }
    return structures
  }

  /// Crystals on jittered grids: no physics, but sizes and densities like those of real ones.
  private static func generated() throws -> [Structure] {
    var random = SeededRandom(seed: 1)
    return try (0..<1500).map { _ in
      let (i, j, k) = (
        Int.random(in: 1...3, using: &random), Int.random(in: 1...3, using: &random),
        Int.random(in: 1...3, using: &random)
      )
      let lattice = try Lattice(
        a: SIMD3(2.7 * Double(i), 0, 0), b: SIMD3(0.4, 2.7 * Double(j), 0),
        c: SIMD3(0.3, 0.2, 2.7 * Double(k)))
      var positions: [SIMD3<Double>] = []
      for x in 0..<i {
        for y in 0..<j {
          for z in 0..<k {
            let jitter = SIMD3(
              Double.random(in: -0.1...0.1, using: &random), Double.random(in: -0.1...0.1, using: &random),
              Double.random(in: -0.1...0.1, using: &random))
            positions.append(
              (SIMD3(Double(x), Double(y), Double(z)) + jitter) / SIMD3(Double(i), Double(j), Double(k)))
          }
        }
      }
      let elements = positions.map { _ in Element.all[Int.random(in: 0..<83, using: &random)] }
      return try Structure(lattice: lattice, elements: elements, fractionalPositions: positions)
    }
  }

  private static func graphs(_ structures: [Structure]) throws -> GraphCollection {
    let builder = NearestNeighborGraphBuilder()
    var collection = GraphCollection()
    let times = try seconds(repetitions: 5) {
      var scratch = NearestNeighborGraphBuilder.Scratch()
      collection.removeAll()
      for structure in structures {
        collection.append(try builder.graph(of: structure, scratch: &scratch), limit: 12)
      }
    }
    report("graph, 12 nearest, 1 thread", count: structures.count, unit: "structures", times)
    return collection
  }

  private static func symmetry(_ structures: [Structure]) {
    let times = seconds(repetitions: 3) {
      var finder = SymmetryFinder()
      for structure in structures { _ = try? finder.symmetry(of: structure, tolerance: 0.01) }
    }
    report("space groups, 1 thread", count: structures.count, unit: "structures", times)
  }

  private static func voronoi(_ structures: [Structure]) throws {
    let builder = VoronoiGraphBuilder()
    var collection = GraphCollection()
    let parameters = try shippedICGCNN()
    let requirements = parameters.configuration.requirements
    let times = try seconds(repetitions: 3) {
      var scratch = VoronoiGraphBuilder.Scratch()
      collection.removeAll()
      for structure in structures { collection.append(try builder.graph(of: structure, scratch: &scratch)) }
    }
    let cells = structures.reduce(0) { $0 + $1.siteCount }
    report("Voronoi graphs, whole, 1 thread", count: cells, unit: "cells", times)
    voronoiThreads(structures, cells)
    let predictor = NetworkPredictor([parameters])
    let inference = seconds(repetitions: 3) { _ = predictor.predictions(collection, jobs: 1) }
    report("iCGCNN inference, whole graphs, 1 thread", count: structures.count, unit: "structures", inference)
    let merging = try seconds(repetitions: 3) {
      var scratch = VoronoiGraphBuilder.Scratch()
      var quotient = QuotientGraph()
      collection.removeAll()
      for structure in structures {
        collection.appendQuotient(
          of: .voronoi(try builder.graph(of: structure, scratch: &scratch)), for: requirements,
          scratch: &quotient)
      }
    }
    report(
      "Voronoi graphs, equivalent sites merged, 1 thread", count: structures.count, unit: "structures",
      merging)
    let merged = seconds(repetitions: 3) { _ = predictor.predictions(collection, jobs: 1) }
    report("iCGCNN inference, merged graphs, 1 thread", count: structures.count, unit: "structures", merged)
    report(
      "iCGCNN inference with its graphs, 1 thread", count: structures.count, unit: "structures",
      zip(merging, merged).map { $0 + $1 })
    training("iCGCNN training, two-body, merged graphs", parameters, collection, batchSize: 64)
    guard var threeBody = parameters.configuration.architecture as? ICGCNN else {
      throw ScreeningError.invalid("the model that ships is no iCGCNN")
    }
    threeBody.hasTriplets = true
    threeBody.edgeWidth = 32
    var random = SeededRandom(seed: 7)
    training(
      "iCGCNN training, three-body, merged graphs",
      try NetworkParameters(NetworkConfiguration(threeBody), using: &random),
      collection, batchSize: 64)
  }

  /// The first member of the iCGCNN ensemble that ships.
  private static func shippedICGCNN() throws -> NetworkParameters {
    try ModelFolder(path: "fixtures/models/icgcnn-formation-energy").parameters[0]
  }

  /// SchNet as it is by default, and on the facets of Voronoi cells, with drawn weights.
  private static func schnet(_ structures: [Structure]) throws {
    for usesFacets in [false, true] {
      var network = SchNet()
      network.usesFacets = usesFacets
      let name = "SchNet" + (usesFacets ? " on facets" : "")
      var random = SeededRandom(seed: 7)
      let parameters = try NetworkParameters(NetworkConfiguration(network), using: &random)
      let encoder = InputEncoder(network.requirements)
      let scratch = InputEncoder.Scratch()
      var collection = GraphCollection()
      let encoding = try seconds(repetitions: 3) {
        collection.removeAll()
        for structure in structures { try encoder.append(structure, to: &collection, scratch: scratch) }
      }
      let predictor = NetworkPredictor([parameters])
      let inference = seconds(repetitions: 3) { _ = predictor.predictions(collection, jobs: 1) }
      report(
        "\(name) inference, merged graphs, 1 thread", count: structures.count, unit: "structures", inference)
      report(
        "\(name) inference with its graphs, 1 thread", count: structures.count, unit: "structures",
        zip(encoding, inference).map { $0 + $1 })
      training("\(name) training, merged graphs", parameters, collection, batchSize: 64)
    }
  }

  /// What a training step takes, with the optimizer's step and without the validation after each epoch.
  ///
  /// The network comes from `NetworkParameters.trainable`, as `sluice train` has it.
  private static func training(
    _ name: String, _ parameters: NetworkParameters, _ collection: GraphCollection, batchSize: Int
  ) {
    let objective = RegressionObjective(
      targets: (0..<collection.count).map { Float($0 % 17) / 8 - 1 }, loss: .squared)
    for jobs in [1, 2] {
      let network = parameters.trainable(jobs: jobs, normalizationMomentum: 0.1)
      var optimizer = Optimizer(.adamw, weightDecay: 1e-5, parameterCount: parameters.values.count)
      let batches = collection.count / batchSize
      let times = seconds(repetitions: 5) {
        for batch in 0..<batches {
          let members = Array(batch * batchSize..<(batch + 1) * batchSize)
          _ = network.computeGradient(members, of: collection) { objective.loss(of: $0, for: members) }
          let rate = LearningRate(learningRate: 1e-3, momentum: 0.9)
          optimizer.update(&network.values, gradient: network.gradient, rate: rate)
        }
      }
      report(
        "\(name), batches of \(batchSize), \(jobs) thread\(jobs > 1 ? "s" : "")", count: batches * batchSize,
        unit: "structures", times)
    }
  }

  /// Graphs with all measures of their facets, on one thread and on two in turn.
  ///
  /// Threads take the next 16 crystals whenever they are free, as a campaign's take the next batch: crystals differ in
  /// work by a hundredfold, and fixed halves would measure how evenly they happen to be dealt out.
  private static func voronoiThreads(_ structures: [Structure], _ cells: Int) {
    func all(jobs: Int) {
      let next = Atomic(0)
      performInParallel(count: jobs, jobs: jobs) { _ in
        var scratch = VoronoiGraphBuilder.Scratch()
        while true {
          let first = next.add(16, ordering: .relaxed).oldValue
          guard first < structures.count else { return }
          for index in first..<min(first + 16, structures.count) {
            do throws(VoronoiError) {
              _ = try VoronoiGraphBuilder().graph(of: structures[index], scratch: &scratch)
            } catch {
              preconditionFailure("crystal \(index) has no cells: \(error)")
            }
          }
        }
      }
    }
    var times: [[Double]] = [[], []]
    for _ in 0..<11 {
      for jobs in [1, 2] { times[jobs - 1] += seconds(repetitions: 1) { all(jobs: jobs) } }
    }
    for jobs in [1, 2] {
      report(
        "Voronoi cells with facets, \(jobs) thread\(jobs > 1 ? "s" : "")", count: cells, unit: "cells",
        times[jobs - 1])
    }
    print("  two threads: \(rounded(median(times[0]) / median(times[1]))) times one")
  }

  /// Graphs of 12 nearest neighbors in which equivalent sites stand once, as campaigns and trainings evaluate them.
  private static func mergedGraphs(_ structures: [Structure]) throws -> GraphCollection {
    let builder = NearestNeighborGraphBuilder()
    var collection = GraphCollection()
    let times = try seconds(repetitions: 5) {
      var scratch = NearestNeighborGraphBuilder.Scratch()
      var quotient = QuotientGraph()
      collection.removeAll()
      for structure in structures {
        collection.appendQuotient(
          of: .nearest(try builder.graph(of: structure, scratch: &scratch)),
          for: NetworkConfiguration(CGCNN()).requirements, scratch: &quotient)
      }
    }
    report(
      "graph, 12 nearest, equivalent sites merged, 1 thread", count: structures.count, unit: "structures",
      times)
    return collection
  }

  private static func cgcnn(whole: GraphCollection, merged: GraphCollection) throws {
    var random = SeededRandom(seed: 7)
    let parameters = try NetworkParameters(NetworkConfiguration(CGCNN()), using: &random)
    let predictor = NetworkPredictor([parameters])
    for (name, collection) in [("whole", whole), ("merged", merged)] {
      for jobs in [1, 2] {
        let times = seconds(repetitions: 7) { _ = predictor.predictions(collection, jobs: jobs) }
        report(
          "CGCNN inference, 3 convolutions, \(name) graphs, \(jobs) thread\(jobs > 1 ? "s" : "")",
          count: collection.count, unit: "structures", times)
      }
    }
    let reference = PlainReference(parameters)
    var few = GraphCollection()
    for index in 0..<min(20, whole.count) { few.append(contentsOf: whole, structure: index) }
    let times = seconds(repetitions: 1) { _ = reference.outputs(few, normalization: .running) }
    report("CGCNN inference, plain loops, 1 thread", count: few.count, unit: "structures", times)
    for (name, collection) in [("whole", whole), ("merged", merged)] {
      training("CGCNN training, \(name) graphs", parameters, collection, batchSize: 128)
    }
  }

  private static func hull(_ path: String, seed: UInt64) throws {
    let bytes = try readWholeFile(path: path)
    var references: HullReferences?
    let loading = try seconds(repetitions: 3) { references = try HullReferences(csv: bytes, name: path) }
    guard let references else { return }
    report(
      "hull, reading \(references.phaseCount) phases", count: references.phaseCount, unit: "phases", loading)
    for size in 3...5 {
      var random = SeededRandom(seed: seed)
      let candidates = (0..<references.phaseCount).map { references.phase(at: $0) }
        .filter { $0.composition.parts.count == size }.shuffled(using: &random).prefix(5000)
      let times = try seconds(repetitions: 3) {
        var solver = HullSolver(references: references)
        for candidate in candidates {
          _ = try solver.distance(of: candidate.composition, energyPerAtom: candidate.energyPerAtom)
        }
      }
      report(
        "hull, candidates of \(size) elements, 1 thread", count: candidates.count, unit: "candidates", times)
    }
  }
}

/// What is wrong with a call of this program.
private struct UsageError: Error, CustomStringConvertible {
  let description: String
}
