import Crystal
import CrystalGraphs
import Foundation
import Networks
import Screening
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing
import Training

/// A prediction belongs to the crystal, not to how it is written down or to what is predicted beside it.
@Suite("Invariance of predictions") struct InvarianceTests {
  /// The models that are tried: random weights, and the ensemble that ships.
  enum Model: String, CaseIterable, Sendable {
    case random
    case shipped

    func ensemble() throws -> Ensemble {
      if self == .shipped {
        return Ensemble(try ModelFolder(path: Fixtures.url("models/cgcnn-formation-energy").path))
      }
      let folder = try TemporaryFolder()
      try TinyModel.write(to: folder.path("model"), spread: 1)
      return Ensemble(try ModelFolder(path: folder.path("model")))
    }
  }

  private func predictions(_ structures: [Structure], _ ensemble: Ensemble) throws -> [EnsemblePrediction] {
    var collection = GraphCollection()
    for structure in structures {
      collection.append(
        try ensemble.encoder.graph(of: structure, scratch: InputEncoder.Scratch()),
        for: ensemble.configuration.requirements)
    }
    return ensemble.predictions(collection, scratch: Ensemble.Scratch())
  }

  /// The same crystals, described in other ways.
  private func descriptions(
    _ structure: Structure, using generator: inout SeededGenerator
  ) throws -> [(name: String, structure: Structure)] {
    func number() -> Double { Double.random(in: -3...3, using: &generator) }
    let shift = SIMD3(number(), number(), number())
    let counts = [SIMD3(2, 1, 1), SIMD3(1, 3, 1), SIMD3(1, 2, 2)].randomElement(using: &generator)
    let supercell = try structure.supercell(counts ?? SIMD3(2, 1, 1))
    return [
      ("supercell", supercell), ("rotated", try structure.rotated(using: &generator)),
      ("translated", try structure.translated(by: shift)),
      ("reordered", try structure.reordered(using: &generator)),
      ("another basis", try structure.inOtherBasis(using: &generator)),
      (
        "all at once",
        try supercell.translated(by: shift).inOtherBasis(using: &generator).rotated(using: &generator)
          .reordered(using: &generator)
      ),
    ]
  }

  private func check(_ structures: [(id: String, structure: Structure)], _ ensemble: Ensemble) throws {
    var generator = SeededGenerator(seed: 12)
    for (id, structure) in structures {
      let others = try descriptions(structure, using: &generator)
      let values = try predictions([structure] + others.map(\.structure), ensemble).map(\.mean)
      for (other, value) in zip(others, values.dropFirst()) {
        #expect(abs(value - values[0]) < 1e-5, "\(id), \(other.name): \(values[0]) → \(value)")
      }
    }
  }

  @Test(arguments: Model.allCases)
  func `cell, orientation, origin, order and basis of a random crystal do not matter`(model: Model) throws {
    var generator = SeededGenerator(seed: 31)
    let ensemble = try model.ensemble()
    var structures: [(String, Structure)] = []
    while structures.count < 20 {
      let structure = try randomStructure(siteCount: 1 + structures.count / 2, using: &generator)
      // A site sees its own images in pairs of equal distance, one of which may be the twelfth neighbor.
      guard
        try ensemble.encoder.graph(of: structure, scratch: InputEncoder.Scratch()).graph
          .tiedCutSites().isEmpty
      else { continue }
      structures.append(("random \(structures.count)", structure))
    }
    try check(structures, ensemble)
    let values = try predictions(structures.map(\.1), ensemble).map(\.mean)
    #expect((values.max() ?? 0) - (values.min() ?? 0) > 0.1, "the model tells crystals apart")
  }

  @Test(.enabled(if: SharedInput.isThere, SharedInput.reason), arguments: Model.allCases)
  func `nor do they for real crystals whose neighbor lists do not end within a shell`(model: Model) throws {
    let ensemble = try model.ensemble()
    let reader = try ArchiveReader(path: try SharedInput.path("mp/test.jsonl.zst"))
    let decoder = StructureDecoder()
    var structures: [(String, Structure)] = []
    var tied = 0
    while structures.count < 40, let record = try reader.next() {
      let decoded = try decoder.decode(record)
      guard decoded.structure.siteCount <= 40 else { continue }
      if try ensemble.encoder.graph(of: decoded.structure, scratch: InputEncoder.Scratch()).graph
        .tiedCutSites().isEmpty
      {
        structures.append((decoded.id, decoded.structure))
      } else {
        tied += 1
      }
    }
    #expect(structures.count == 40)
    #expect(tied > 0)
    try check(structures, ensemble)
  }

  @Test(arguments: Model.allCases)
  func `a crystal alone is predicted bit for bit as in any company`(model: Model) throws {
    var generator = SeededGenerator(seed: 8)
    let structures = try (0..<60).map { number in
      try randomStructure(siteCount: 1 + number * 7 % 23, using: &generator)
    }
    let ensemble = try model.ensemble()
    let together = try predictions(structures, ensemble)
    for (structure, expected) in zip(structures, together) {
      #expect(try predictions([structure], ensemble) == [expected])
    }
    #expect(try Array(predictions(structures.reversed(), ensemble).reversed()) == together)
    #expect(try predictions(Array(structures[13..<48]), ensemble) == Array(together[13..<48]))
  }

  @Test func `a scratch that has seen other crystals changes nothing`() throws {
    var generator = SeededGenerator(seed: 9)
    let ensemble = try Model.random.ensemble()
    let scratch = Ensemble.Scratch()
    let structure = try randomStructure(siteCount: 5, using: &generator)
    let expected = try predictions([structure], ensemble)
    for count in [40, 1, 17] {
      var collection = GraphCollection()
      let other = try randomStructure(siteCount: count, using: &generator)
      collection.append(
        try ensemble.encoder.graph(of: other, scratch: InputEncoder.Scratch()),
        for: ensemble.configuration.requirements)
      _ = ensemble.predictions(collection, scratch: scratch)
      collection.removeAll()
      collection.append(
        try ensemble.encoder.graph(of: structure, scratch: InputEncoder.Scratch()),
        for: ensemble.configuration.requirements)
      #expect(ensemble.predictions(collection, scratch: scratch) == expected)
    }
  }

  @Test func `the mean and deviation of an ensemble are those of its members`() {
    let prediction = EnsemblePrediction(members: [1, 2, 4.5])
    #expect(abs(prediction.mean - 2.5) < 1e-15)
    #expect(abs(prediction.standardDeviation - 3.25.squareRoot()) < 1e-15)
    #expect(EnsemblePrediction(members: [7]).standardDeviation == 0)
  }
}
