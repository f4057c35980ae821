import Crystal
import Foundation
import ModelFormats
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing

@testable import Screening

@Suite("What a model was trained on, and who may be judged by it") struct SharedCrystalsTests {
  let files: TrainingFolder
  var folder: TemporaryFolder { files.folder }

  init() throws { files = try TrainingFolder() }

  private func structures(_ file: String) throws -> [(id: String, structure: Structure, target: Double)] {
    let reader = try ArchiveReader(path: folder.path(file))
    let decoder = StructureDecoder(properties: ["target"])
    var found: [(id: String, structure: Structure, target: Double)] = []
    while let record = try reader.next() {
      let decoded = try decoder.decode(record)
      found.append((decoded.id, decoded.structure, decoded.properties["target"] ?? 0))
    }
    return found
  }

  private func write(_ crystals: [(id: String, structure: Structure, target: Double)], to name: String) throws
  {
    let lines = try crystals.map {
      try recordLine(id: $0.id, structure: $0.structure, properties: ["target": $0.target])
    }
    try folder.write(lines.joined(separator: "\n") + "\n", to: name)
  }

  private func formulas(_ crystals: [(id: String, structure: Structure, target: Double)]) -> Set<String> {
    Set(crystals.map(\.structure.composition.reducedFormula))
  }

  /// A training whose splits are the given files.
  private func training(
    _ train: String, _ validation: String, _ test: String, _ more: String = "", data: String = "",
    named name: String
  ) throws -> String {
    try folder.write(
      """
      version: 1
      name: \(name)
      data: {train: \(train), validation: \(validation), test: \(test), property: target, unit: eV\(data)}
      model: {node_width: 16, hidden_width: 16, convolutions: 1, gaussian_spacing: 1}
      training: {members: 1, epochs: 1, batch_size: 16, learning_rate: 0.01\(more)}

      """, to: name + ".yaml")
  }

  /// Trains, and says what was told of the models before.
  @discardableResult
  private func train(_ file: String, into output: String) throws -> [SharedCrystals?] {
    var told: [SharedCrystals?] = []
    try files.train(file, into: output) {
      switch $0 {
      case .initialModel(_, let shared), .nodeModel(_, let shared): told.append(shared)
      default: break
      }
    }
    return told
  }

  private func record(_ output: String) throws -> TrainedCrystals {
    try #require(try TrainedCrystals(of: ModelFolder(path: folder.path(output))))
  }

  /// Trains the source on `train.jsonl` without the compositions of the other splits.
  private func trainSource() throws {
    try train(
      try training(
        "train.jsonl", "train.jsonl", "test.jsonl", data: ", exclude: [test.jsonl, validation.jsonl]",
        named: "source"), into: "source")
  }

  @Test func `a trained model says what it was trained on, and excluded compositions are not among it`()
    throws
  {
    try trainSource()
    let judged = formulas(try structures("test.jsonl") + structures("validation.jsonl"))
    let seen = try structures("train.jsonl").filter {
      !judged.contains($0.structure.composition.reducedFormula)
    }
    let record = try record("source")
    #expect(seen.count < 60 && record.isComplete)
    #expect(
      Set(record.crystals)
        == Set(seen.map { CrystalIdentity(of: $0.structure, scratch: CrystalIdentity.Scratch()) }))
    let card = try ModelFolder(path: folder.path("source")).card
    #expect(card.data?["train"]?.structures == seen.count)
    #expect(card.data?["train"]?.leftOut == ["excluded": 60 - seen.count])
  }

  @Test
  func `crystals that a training is judged by and learns from are told, of validation before it starts`()
    throws
  {
    let own = try structures("train.jsonl")
    try write(try structures("validation.jsonl") + own.prefix(1), to: "some.jsonl")
    try write(own.prefix(6).map { ("again-\($0.id)", $0.structure, $0.target) }, to: "again.jsonl")
    var told: [String] = []
    try files.train(try training("train.jsonl", "some.jsonl", "again.jsonl", named: "told"), into: "told") {
      switch $0 {
      case .learned(let crystals): told.append(crystals.words)
      case .member: told.append("member")
      default: break
      }
    }
    #expect(told.count == 3 && told[1] == "member")
    #expect(
      told[0].hasPrefix("1 of the 21 crystals of validation have structures that are learned from (train-0)"))
    #expect(
      told[2].hasPrefix(
        "6 of the 6 crystals of test have structures that are learned from (again-train-0, again-train-1, "
          + "again-train-2, again-train-3, again-train-4, …)"))
    told = []
    try files.train(
      try training("train.jsonl", "validation.jsonl", "test.jsonl", named: "apart"), into: "apart"
    ) {
      if case .learned(let crystals) = $0 { told.append(crystals.words) }
    }
    #expect(told.isEmpty)
  }

  @Test func `who is judged by what the initial model has seen is refused with ids, unless that is wished`()
    throws
  {
    try trainSource()
    let judged = formulas(try structures("test.jsonl") + structures("validation.jsonl"))
    let seen = try structures("train.jsonl").filter {
      !judged.contains($0.structure.composition.reducedFormula)
    }
    // Seven as they are and one a third larger.
    let grown = seen[7].structure
    let larger = try Structure(
      lattice: Lattice(a: grown.lattice.a * 1.1, b: grown.lattice.b * 1.1, c: grown.lattice.c * 1.1),
      elements: grown.elements, fractionalPositions: grown.fractionalPositions)
    let mixed =
      try structures("test.jsonl") + seen.prefix(7).map { ("seen-\($0.id)", $0.structure, $0.target) }
      + [("larger", larger, 1.0)]
    try write(mixed, to: "mixed.jsonl")
    func file(_ allow: String, _ name: String) throws -> String {
      try training(
        "train.jsonl", "validation.jsonl", "mixed.jsonl", ", initial: {model: source\(allow)}", named: name)
    }
    let text = message { try train(try file("", "refused"), into: "refused") }
    #expect(text.contains("\(folder.path("source")) was trained on crystals by which"), "\(text)")
    let first = seen.prefix(5).map { "seen-\($0.id)" }.joined(separator: ", ")
    #expect(text.contains("test: 8 of 28 crystals of the same composition: \(first) and 3 more"), "\(text)")
    #expect(!text.contains("validation:") && text.contains("training.initial.allow_shared: compositions"))
    #expect(!FileManager.default.fileExists(atPath: folder.path("refused/training.csv")))
    let structures = message {
      try train(try file(", allow_shared: compositions", "structures"), into: "refused")
    }
    #expect(structures.contains("test: 7 of 28 crystals of the same structure"), "\(structures)")
    let told = try train(try file(", allow_shared: structures", "allowed"), into: "allowed")
    let shared = try #require(told.first ?? nil)
    #expect(shared.isComplete && shared.splits["validation"]?.compositions == 0)
    #expect(shared.splits["test"] == .init(crystals: 28, compositions: 8, structures: 7))
    let model = try ModelFolder(path: folder.path("allowed"))
    #expect(model.card.initialModel?.sharedCrystals == shared)
    #expect(
      model.summary.contains(
        "none of the 20 crystals of validation is of a composition that it was trained on; 8 of the 28 crystals of test are of compositions that it was trained on, 7 of them of the same structure"
      ))
  }

  @Test
  func
    `who is judged by what the model has seen that its sites begin with is refused, unless that is wished`()
    throws
  {
    try trainSource()
    let judged = formulas(try structures("test.jsonl") + structures("validation.jsonl"))
    let seen = try structures("train.jsonl").filter {
      !judged.contains($0.structure.composition.reducedFormula)
    }
    try write(try structures("test.jsonl") + seen.prefix(3), to: "mixed.jsonl")
    func file(_ allow: String, _ name: String) throws -> String {
      let path = try training("train.jsonl", "validation.jsonl", "mixed.jsonl", named: name)
      let text = try String(contentsOf: folder.url.appending(path: name + ".yaml"), encoding: .utf8)
      try folder.write(
        text.replacing("model: {", with: "model: {nodes: {from: source, layers: [0]\(allow)}, "),
        to: name + ".yaml")
      return path
    }
    let text = message { try train(try file("", "refused"), into: "refused") }
    #expect(text.contains("test: 3 of 23 crystals of the same composition"), "\(text)")
    #expect(text.contains("model.nodes.allow_shared") && !text.contains("validation:"))
    let told = try train(try file(", allow_shared: structures", "allowed"), into: "allowed")
    let shared = try #require(told.first ?? nil)
    #expect(shared.splits["test"] == .init(crystals: 23, compositions: 3, structures: 3))
    let model = try ModelFolder(path: folder.path("allowed"))
    #expect(model.card.nodeModel?.sharedCrystals == shared)
    #expect(model.summary.contains("3 of the 23 crystals of test are of compositions that it was trained on"))
  }

  @Test func `what came before counts too, and what is not known is said to be`() throws {
    try trainSource()
    let judged = formulas(try structures("test.jsonl") + structures("validation.jsonl"))
    let part = try structures("train.jsonl").filter {
      !judged.contains($0.structure.composition.reducedFormula)
    }.prefix(20)
    try write(Array(part), to: "part.jsonl")
    let second = try training(
      "part.jsonl", "validation.jsonl", "test.jsonl", ", initial: {model: source}", named: "second")
    try train(second, into: "second")
    // The second has seen what the first one has, though itself it saw a part of it.
    #expect(try record("second").crystals == record("source").crystals)
    #expect(try record("second").isComplete)

    try TinyModel.write(to: folder.path("unknown"), property: "target")
    let third = try training(
      "part.jsonl", "validation.jsonl", "test.jsonl", ", initial: {model: unknown}", named: "third")
    #expect(try train(third, into: "third") == [nil])
    let model = try ModelFolder(path: folder.path("third"))
    #expect(model.card.initialModel?.sharedCrystals == nil)
    #expect(model.summary.contains(SharedCrystals.unknown))
    #expect(try !record("third").isComplete)
    // Of the third it is known what it saw, and that there was something before.
    let fourth = try training(
      "part.jsonl", "validation.jsonl", "test.jsonl",
      ", initial: {model: third, allow_shared: structures}", named: "fourth")
    #expect((try train(fourth, into: "fourth").first ?? nil)?.isComplete == false)
    #expect(
      try ModelFolder(path: folder.path("fourth")).summary.contains(
        "not known of a model that it started from"))
  }

  @Test func `a record that is damaged, or of other weights, is refused`() throws {
    try trainSource()
    let path = folder.path("source/trained-on.safetensors")
    let target = try training(
      "train.jsonl", "validation.jsonl", "test.jsonl", ", initial: {model: source}", named: "target")
    let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let (tensors, metadata) = try SafeTensors.decode(whole)
    for bytes in [
      Array(whole.dropLast(7)), [], SafeTensors.encode(tensors, metadata: ["format": "other"]),
      SafeTensors.encode(tensors.filter { $0.name != "volumes" }, metadata: metadata),
    ] {
      try folder.write(bytes, to: "source/trained-on.safetensors")
      #expect(message { try train(target, into: "model") }.contains(path))
    }
    var other = metadata
    other["model"] = "0123"
    try folder.write(SafeTensors.encode(tensors, metadata: other), to: "source/trained-on.safetensors")
    #expect(message { try train(target, into: "model") }.contains("of other weights than those beside it"))
    try folder.write(whole, to: "source/trained-on.safetensors")
    #expect(try train(target, into: "model").count == 1)
  }
}
