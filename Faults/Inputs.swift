import Crystal
import Foundation
import ScreeningTestSupport
import TestSupport

/// An input of a campaign in one of the forms that the program reads.
struct Input {
  let name: String
  /// The list item of the campaign file.
  let yaml: String
  /// The archive; nil where there is no single file.
  let file: String?
  /// Whether the form carries a checksum over everything in it.
  let hasChecksum: Bool
  let batch: Int
  /// The stages of the campaign.
  var stages = CampaignFolder.stages

  /// Whether the file ends with a number that may be cut into another number.
  var endsWithNumber: Bool { file?.hasSuffix(".extxyz") ?? false }
}

extension Workplace {
  /// A campaign over one input, run to its end undisturbed; the name of its file and its result.
  func undisturbed(_ input: Input, batch: Int? = nil) throws -> (campaign: String, whole: RunResult) {
    let batch = batch ?? input.batch
    let name = "\(input.name)-\(batch)"
    let campaign = try files.campaign(
      named: name, inputs: input.yaml, stages: input.stages, batch: batch,
      more: "rejections: {allowed_share: 1}")
    let ending = try sluice(runArguments(campaign, "whole"))
    defer { remove("whole") }
    guard ending.code == 0 else { throw Trouble("\(name): \(ending.errors)") }
    return (campaign, try result("whole"))
  }

  /// Inputs made here: decorated prototypes, files of records, and archives that the program itself wrote.
  func generatedInputs() throws -> [Input] {
    let decorated = Input(
      name: "decorate", yaml: CampaignFolder.rockSalts, file: nil, hasChecksum: false, batch: 5)
    let (campaign, _) = try undisturbed(decorated)
    guard try sluice(runArguments(campaign, "seed")).code == 0 else { throw Trouble("no seed run") }
    defer { remove("seed") }
    var inputs = [decorated, try competitors()]
    for (suffix, hasChecksum) in [("tar.zst", false), ("tar.gz", true), ("zip", true)] {
      let file = "made.\(suffix)"
      let ending = try sluice(
        ["export", path("seed"), "--select", "all", "--format", "cif", "--output", path(file)])
      guard ending.code == 0 else { throw Trouble(ending.errors) }
      inputs.append(archive("generated cif " + suffix, file, hasChecksum, batch: 5))
    }
    var generator = SeededGenerator(seed: 11)
    var lines: [String] = []
    var frames = ""
    for index in 0..<60 {
      let structure = try randomStructure(siteCount: 1 + index % 4, using: &generator)
      lines.append(try recordLine(id: "r-\(index)", structure: structure))
      frames += frame(structure, id: "r-\(index)")
      try files.folder.write(poscar(structure), to: "poscars/r-\(index).vasp")
    }
    // What cannot be read is part of every undisturbed run.
    for index in [3, 17, 59] { lines[index] = "{\"id\": \"bad-\(index)\", \"lattice\": [[1, 0]]" }
    try files.folder.write(lines.map { $0 + "\n" }.joined(), to: "records.jsonl")
    try files.folder.write(frames + "2\nno lattice\nH 0 0 0\nH 0 0 1\n", to: "records.extxyz")
    try files.folder.write("no crystal\n", to: "poscars/bad.vasp")
    inputs.append(archive("generated jsonl", "records.jsonl", false, batch: 7))
    inputs.append(archive("generated extxyz", "records.extxyz", false, batch: 7))
    inputs.append(
      Input(
        name: "generated poscar folder", yaml: "- archive: {path: poscars}", file: nil, hasChecksum: false,
        batch: 7))
    return inputs
  }

  /// Decorations with competitors that a model predicts, which lie below the elements, before the first of them is read.
  private func competitors() throws -> Input {
    try TinyModel.write(to: path("low"), spread: 0.05)
    return Input(
      name: "competitors",
      yaml: """
        - decorate:
            prototype: rock-salt
            sites: {A: [Li, Na, K, Mg], X: [F, Cl, O, S]}
        """, file: nil, hasChecksum: false, batch: 5,
      stages: """
        - graph: {}
        - predict: {model: low}
        - hull: {reference: phases.csv, competitors: {prototypes: [rock-salt, L12]}}
        """)
  }

  /// The archives of the shared data, where they are; none otherwise.
  func sharedInputs() throws -> [Input] {
    guard let shared = Fixtures.sharedData?.appending(path: "formats") else { return [] }
    let forms = [
      ("cifs.tar.zst", false), ("cifs.tar.gz", true), ("by_id.zip", true), ("poscars.tar.zst", false),
      ("pymatgen_entries.json.bz2", true), ("matbench_style.json.gz", true), ("structures.extxyz.zst", false),
      ("optimade.jsonl.zst", false),
    ]
    return try forms.compactMap { name, hasChecksum in
      let source = shared.appending(path: name)
      guard FileManager.default.fileExists(atPath: source.path) else { return nil }
      let bytes = [UInt8](try Data(contentsOf: source))
      try files.folder.write(bytes, to: name)
      let isZstd = name.hasSuffix(".zst")
      // A flag of the frame's header says whether a checksum follows it.
      return archive(name, name, isZstd ? bytes[4] & 4 != 0 : hasChecksum, batch: 32)
    }
  }

  private func archive(_ name: String, _ file: String, _ hasChecksum: Bool, batch: Int) -> Input {
    Input(name: name, yaml: "- archive: {path: \(file)}", file: file, hasChecksum: hasChecksum, batch: batch)
  }

  private func frame(_ structure: Structure, id: String) -> String {
    let vectors = [structure.lattice.a, structure.lattice.b, structure.lattice.c]
    let lattice = vectors.map { "\($0.x) \($0.y) \($0.z)" }.joined(separator: " ")
    let sites = zip(structure.elements, structure.fractionalPositions).map { element, position in
      let place = position.x * vectors[0] + position.y * vectors[1] + position.z * vectors[2]
      return "\(element.symbol) \(place.x) \(place.y) \(place.z)\n"
    }
    return "\(structure.siteCount)\nLattice=\"\(lattice)\" Properties=species:S:1:pos:R:3 id=\(id)\n"
      + sites.joined()
  }

  private func poscar(_ structure: Structure) -> String {
    let vectors = [structure.lattice.a, structure.lattice.b, structure.lattice.c]
    let lattice = vectors.map { "\($0.x) \($0.y) \($0.z)\n" }.joined()
    let symbols = structure.elements.map(\.symbol).joined(separator: " ")
    let positions = structure.fractionalPositions.map { "\($0.x) \($0.y) \($0.z)\n" }.joined()
    let ones = structure.elements.map { _ in "1" }.joined(separator: " ")
    return "made\n1.0\n\(lattice)\(symbols)\n\(ones)\nDirect\n\(positions)"
  }
}
