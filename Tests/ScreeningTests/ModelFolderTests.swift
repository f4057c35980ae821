import Crystal
import CrystalGraphs
import Foundation
import Networks
import Screening
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("Model folders") struct ModelFolderTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("model")
    try TinyModel.write(to: path)
  }

  private func card() throws -> [String: Any] {
    let data = try Data(contentsOf: URL(filePath: path + "/model.json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private func write(_ card: [String: Any]) throws {
    try JSONSerialization.data(withJSONObject: card).write(to: URL(filePath: path + "/model.json"))
  }

  private func message() -> String {
    do {
      _ = try ModelFolder(path: path)
      return "(no error)"
    } catch {
      return "\(error)"
    }
  }

  @Test func `a folder reads back as it was written, and its fingerprint follows what decides predictions`()
    throws
  {
    let first = try ModelFolder(path: path)
    #expect(first.card.members.count == 2)
    #expect(first.parameters.count == 2)
    var changed = try card()
    changed["name"] = "other"
    changed["license"] = "none"
    try write(changed)
    #expect(try ModelFolder(path: path).fingerprint == first.fingerprint)
    try TinyModel.write(to: path, seed: 2)
    #expect(try ModelFolder(path: path).fingerprint != first.fingerprint)
    try TinyModel.write(to: path, spread: 3)
    #expect(try ModelFolder(path: path).fingerprint != first.fingerprint)
    try TinyModel.write(to: path)
    #expect(try ModelFolder(path: path).fingerprint == first.fingerprint)
  }

  @Test(arguments: ["../outside.safetensors", "/etc/passwd", ".hidden", ""])
  func `a card cannot name files outside its folder`(name: String) throws {
    var card = try card()
    var members = try #require(card["members"] as? [[String: Any]])
    members[0]["file"] = name
    card["members"] = members
    try write(card)
    #expect(message().contains("model"))
    #expect(message() != "(no error)")
  }

  @Test func `what is missing or of another kind is named`() throws {
    let whole = try card()
    for (key, value, part) in [
      ("format", 99 as Any, "format 99"), ("architecture", "Oracle", "Oracle"),
      ("members", [Any](), "0 members"),
    ] {
      var card = whole
      card[key] = value
      try write(card)
      #expect(message().contains(part), "\(message())")
    }
    try Data("{".utf8).write(to: URL(filePath: path + "/model.json"))
    #expect(message().contains("not a model card"))
    try FileManager.default.removeItem(atPath: path + "/model.json")
    #expect(message().contains("is this a model folder?"))
    try write(whole)
    try FileManager.default.removeItem(atPath: path + "/member-1.safetensors")
    #expect(message().contains("member-1.safetensors"))
  }

  @Test
  func `a card of format 2 says what graphs its network takes, and one that asks for others is refused`()
    throws
  {
    let whole = try card()
    #expect(whole["format"] as? Int == 2)
    let requirements = try #require(whole["requirements"] as? [String: Any])
    for (key, value) in [
      ("neighbors", ["nearest": ["count": 11, "cutoff": 8]] as Any), ("neighbors", ["none": [String: Int]()]),
      ("neighbors", ["voronoi": ["minimumSolidAngleFraction": 0.01]]), ("neighborLimit", 13),
      ("paddingDistance", 9), ("countsBonds", true), ("reversesEdges", true),
    ] {
      var changed = requirements
      changed[key] = value
      var card = whole
      card["requirements"] = changed
      try write(card)
      #expect(message().contains("the graphs it asks for"), "\(key): \(message())")
    }
    var card = whole
    card["requirements"] = nil
    try write(card)
    #expect(message().contains("requirements"))
    // Cards of format 1 have none.
    card["format"] = 1
    try write(card)
    #expect(message() == "(no error)")
  }

  @Test(arguments: [
    InputRequirements(neighbors: .nearest(count: 12, cutoff: 8), neighborLimit: 12, paddingDistance: 9),
    InputRequirements(neighbors: .nearest(count: 6, cutoff: 5.5), neighborLimit: 6, countsBonds: true),
    InputRequirements(
      neighbors: .nearest(count: 12, cutoff: 8), neighborLimit: 12, paddingDistance: 9, reversesEdges: true),
    InputRequirements(neighbors: .voronoi(minimumSolidAngleFraction: 0.05)),
    InputRequirements(neighbors: .nearestShells(count: 12, cutoff: 8), paddingDistance: 9),
    InputRequirements(neighbors: .within(cutoff: 5), neighborLimit: 32),
    InputRequirements(neighbors: .noNeighbors),
    InputRequirements(
      neighbors: .nearest(count: 12, cutoff: 8),
      orbitalField: OrbitalField(orbitals: .published, distancePower: 2)),
  ])
  func `requirements read back as they were written`(requirements: InputRequirements) throws {
    let bytes = try JSONEncoder().encode(requirements)
    #expect(try JSONDecoder().decode(InputRequirements.self, from: bytes) == requirements)
  }

  @Test(arguments: [
    ("cgcnn-formation-energy", "1cc9a327b803ba7f57ff10a9ea04700e21046bef9239313a29dc78a74b02208f"),
    ("cgcnn-hull-distance", "d30ac185d6cd64ec6e4fe29516e9471b9a970e016e8638f0e82796e2d61f77b5"),
    ("cgcnn-strained", "5feb3bda722b3e491ab997271fea277d1f315a532d487ad847071dcbf33fcbb1"),
    ("cogn-formation-energy", "c1ea2ca78b0f08672457279e8af34b4f38be1c8cd6c7315f301acb707040e16d"),
    ("cogn-strained", "99f9c9e1ec138cf7a5e38b5eb2afefb525eba65b3525bbc949d57f6436e6ed80"),
    ("icgcnn-formation-energy", "08042c28ed452ce07a679e313ea23c8b247b9d28e93a988d97c73aba3cac1b4f"),
    ("icgcnn-hull-distance", "7bea1dc376b30f6dbb182872d5afeb4c5b532a3d4009934353a38e471a2909c7"),
    ("icgcnn-strained", "a7b3be07923cc2d7d888e10e91145d9836edf12a2cdd233c27c6ab7937d420be"),
  ])
  func `the models that ship keep their fingerprints, which plans and calibrations name`(
    name: String, fingerprint: String
  ) throws {
    let model = try ModelFolder(path: Fixtures.url("models/\(name)").path)
    // The first format knows the first two networks alone.
    #expect(model.card.format == (name.hasPrefix("cogn") ? 2 : 1))
    #expect(model.fingerprint == fingerprint)
  }

  @Test func `a classifier's card has neither a standardization nor error bars`() throws {
    let configuration = NetworkConfiguration(TinyModel.configuration.architecture, task: .classification)
    try TinyModel.write(to: path, property: "is_metal", configuration: configuration)
    #expect(message() == "(no error)")
    let whole = try card()
    var changed = whole
    var members = try #require(changed["members"] as? [[String: Any]])
    members[1]["normalizer"] = ["mean": 0.5, "standardDeviation": 1]
    changed["members"] = members
    try write(changed)
    #expect(message().contains("a classifier with a standardized target"))
    changed = whole
    changed["classes"] = ["column": "band_gap", "atMost": 0, "above": 1]
    try write(changed)
    #expect(message().contains("one of atMost, atLeast and above"))
    try TinyModel.write(to: path)
    changed = try card()
    changed["classes"] = ["column": "band_gap", "atMost": 0]
    try write(changed)
    #expect(message().contains("a regression with a rule for classes"))
  }

  @Test(arguments: [0.0, -1, 1e200])
  func `a standardization by which nothing can be restored is refused`(deviation: Double) throws {
    var changed = try card()
    var members = try #require(changed["members"] as? [[String: Any]])
    members[1]["normalizer"] = ["mean": 0.5, "standardDeviation": deviation]
    changed["members"] = members
    try write(changed)
    #expect(message().contains("its standard deviation is not positive"))
  }

  @Test func `a number changed in the card is refused, or predicts without a fault`() throws {
    let whole = try card()
    let configuration = try #require(whole["configuration"] as? [String: Any])
    var generator = SeededGenerator(seed: 3)
    let structure = try randomStructure(siteCount: 3, using: &generator)
    let archive = try folder.write(try recordLine(id: "a", structure: structure) + "\n", to: "a.jsonl")
    let values: [Any] = [0, -1, 1, 2, 15, 17, 1_000_000, 1e300, -1e300, 0.05, 0.5, "x", [Any](), NSNull()]
    var refused = 0
    for key in configuration.keys.sorted() {
      for value in values {
        var card = whole
        var changed = configuration
        changed[key] = value
        card["configuration"] = changed
        try write(card)
        do {
          let model = try ModelFolder(path: path)
          let report = try PredictionTable(model, jobs: 1).write(
            archive, to: folder.path("out.csv"), members: true)
          #expect(report.written + report.rejected.values.reduce(0, +) == 1)
        } catch {
          #expect(error is ScreeningError, "\(key) \(value): \(error)")
          refused += 1
        }
      }
    }
    #expect(refused > configuration.count * 8)
  }

  @Test func `weights cut anywhere are refused`() throws {
    let file = path + "/member-0.safetensors"
    let bytes = try Data(contentsOf: URL(filePath: file))
    for count in [0, 1, 7, 8, 100, bytes.count / 2, bytes.count - 1] {
      try bytes.prefix(count).write(to: URL(filePath: file))
      #expect(message().contains("changed or damaged"))
    }
  }

  @Test func `a folder that cannot be written is refused with its path`() throws {
    try folder.write("", to: "file")
    let text: String
    do {
      try TinyModel.write(to: folder.path("file/model"))
      text = "(no error)"
    } catch {
      text = "\(error)"
    }
    #expect(text.contains("file/model"), "\(text)")
  }

  @Test func `bytes that are no published weights are refused by name`() throws {
    let file = try folder.write(Array(repeating: UInt8(65), count: 300), to: "band-gap.pth.tar")
    let error = #expect(throws: ScreeningError.self) {
      try ModelImport(file: file).write(to: folder.path("import"), property: nil, unit: nil)
    }
    #expect(error?.description.contains("band-gap.pth.tar") == true)
    #expect(!FileManager.default.fileExists(atPath: folder.path("import")))
  }
}
