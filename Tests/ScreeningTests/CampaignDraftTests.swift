import Crystal
import Foundation
import Screening
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("Drafted campaigns") struct CampaignDraftTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  /// Twenty crystals of which one has no lattice; a part carries energies.
  private func archive(named name: String = "crystals.jsonl") throws -> String {
    var generator = SeededGenerator(seed: 21)
    let elements = ["Li", "Na", "K", "Mg", "O", "F", "Cl", "S"].compactMap { Element(symbol: $0) }
    let lines = try (0..<20).map { index in
      try recordLine(
        id: "c\(index)",
        structure: randomStructure(siteCount: 2 + index % 3, using: &generator, elements: elements),
        properties: index < 5 ? ["formation_energy_per_atom": -0.1, "band \\\"gap\\\"": 1] : [:])
    }
    _ = try files.archive(lines + ["{}"], named: name)
    return files.folder.path(name)
  }

  private func draft(
    _ archive: String, model: String = "model", reference: String? = nil, for file: String = "campaign.yaml"
  ) throws -> CampaignDraft {
    try CampaignDraft(
      archive: archive, model: files.folder.path(model),
      reference: reference.map { CampaignDraft.Reference(path: files.folder.path($0)) },
      for: files.folder.path(file), clock: { 0 }, progress: { _ in })
  }

  @Test func `with references the file runs as it is and predicts competitors`() throws {
    let draft = try draft(try archive(), reference: "phases.csv")
    let file = files.folder.path("campaign.yaml")
    try draft.write(to: file, replacing: false)
    let plan = try CampaignPlan(file: file)
    #expect(plan.name == "crystals")
    #expect(plan.canonicalText.contains("competitors:") && plan.canonicalText.contains("rock-salt"))
    #expect(plan.canonicalText.contains("unknown_pairs: 1"))
    let report = try files.run(file)
    #expect(report.isFinished && report.counts.rows == 20 && report.counts.rejected == 1)
    #expect(try openRun(files.folder.path("run")).ranked().count == 20)
    #expect(try !openRun(files.folder.path("run")).competitors().isEmpty)
  }

  @Test func `without references it runs up to predictions, and has the hull stage once its # are taken off`()
    throws
  {
    let draft = try draft(try archive())
    let file = files.folder.path("campaign.yaml")
    try draft.write(to: file, replacing: false)
    #expect(try !CampaignPlan(file: file).canonicalText.contains("hull:"))
    #expect(try files.run(file).counts.rows == 20)
    let hull = draft.text.replacing("  #- hull:", with: "  - hull:").replacing("\n  #    ", with: "\n      ")
    try files.folder.write(hull, to: "campaign.yaml")
    #expect(try CampaignPlan(file: file).canonicalText.contains("competitors:"))
  }

  @Test func `comments say what was seen`() throws {
    let text = try draft(try archive(), reference: "phases.csv").text
    #expect(text.contains("21 records, 20 of them crystals of 8 elements"))
    #expect(text.contains("\"formation_energy_per_atom\": 5") && text.contains("\"band \\\"gap\\\"\": 5"))
    #expect(text.contains("Cells have 2 to 4 sites, median 3."))
    #expect(text.contains("Rejected when read: 1 not_a_crystal."))
    #expect(!text.contains("exit code 1"))
    #expect(!text.contains("No reference phase"))
    try files.folder.write("formula,formation_energy_per_atom\nNaCl,-2.1\n", to: "few.csv")
    let few = try draft(try archive(), reference: "few.csv").text
    #expect(few.contains("No reference phase holds F ("))
  }

  @Test(arguments: ["sub/deep/campaign.yaml", "my file.yaml"])
  func `the paths of a file hold wherever it lies, and names of archives may be awkward`(name: String) throws
  {
    for archive in ["a b #1, {x}: 'y'.jsonl", "no.jsonl", ".hidden.jsonl", "12.jsonl"] {
      let path = try self.archive(named: archive)
      let file = files.folder.path(name)
      try FileManager.default.createDirectory(
        at: URL(filePath: file).deletingLastPathComponent(), withIntermediateDirectories: true)
      try draft(path, reference: "phases.csv", for: name).write(to: file, replacing: true)
      #expect(try CampaignPlan(file: file).countRecords().map(\.name) == [path])
    }
  }

  @Test func `a file that is there stays unless it is to be replaced`() throws {
    let draft = try draft(try archive())
    let file = try files.folder.write("mine", to: "campaign.yaml")
    #expect(throws: ScreeningError.self) { try draft.write(to: file, replacing: false) }
    #expect(try files.folder.text("campaign.yaml") == "mine")
    try draft.write(to: file, replacing: true)
    #expect(try files.folder.text("campaign.yaml") == draft.text)
  }

  @Test func `an archive without a crystal, and a model that is none, are errors`() throws {
    _ = try files.archive(["{}"], named: "empty.jsonl")
    #expect(throws: ScreeningError.self) { try draft(files.folder.path("empty.jsonl")) }
    #expect(throws: ScreeningError.self) { try draft(archive(), model: "absent") }
  }

  @Test func `each kind of graph that a model needs is written as it needs it`() throws {
    for (name, configuration) in [
      ("knn", TinyModel.configuration), ("voronoi", TinyModel.improvedConfiguration),
    ] {
      try TinyModel.write(to: files.folder.path(name), configuration: configuration)
      let draft = try draft(try archive(), model: name, reference: "phases.csv")
      let file = files.folder.path("campaign.yaml")
      try draft.write(to: file, replacing: true)
      #expect(try CampaignPlan(file: file).canonicalText.contains("neighbors: \(name)"))
    }
  }
}
