import Foundation
import Screening
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("What a campaign refuses") struct CampaignRefusalTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  /// The message of the error that `body` throws.
  @Test func `a changed plan is refused, and the keys that differ are named`() throws {
    try files.run(try files.campaign(more: "threshold: 0.1"), limit: 5)
    let changed = try files.campaign(batch: 6, more: "threshold: 0.2")
    let text = message { try files.run(changed) }
    #expect(text.contains("campaign.threshold: 0.1 → 0.2"), "\(text)")
    #expect(text.contains("campaign.store.batch: 5 → 6"), "\(text)")
    #expect(!text.contains("campaign.name"))
    // The original plan goes on.
    #expect(try files.run(try files.campaign(more: "threshold: 0.1")).isFinished)
  }

  @Test func `changed contents behind the same names are refused`() throws {
    let campaign = try files.campaign()
    try files.run(campaign, limit: 5)
    let phases = try files.folder.text("phases.csv")
    try files.folder.write(phases.replacing("-2.1", with: "-2.2"), to: "phases.csv")
    #expect(message { try files.run(campaign) }.contains("digests.references"))
    try files.folder.write(phases, to: "phases.csv")
    try TinyModel.write(to: files.folder.path("model"), seed: 77)
    #expect(message { try files.run(campaign) }.contains("digests.models.tiny"))
    try TinyModel.write(to: files.folder.path("model"))
    #expect(try files.run(campaign).isFinished)
  }

  @Test func `an archive that changed between two calls is refused`() throws {
    let good =
      "{\"id\":\"a\",\"lattice\":[[4,0,0],[0,4,0],[0,0,4]],\"species\":[\"Na\"],\"frac_coords\":[[0,0,0]]}"
    let input = try files.archive([good, good])
    let campaign = try files.campaign(inputs: input)
    try files.run(campaign, limit: 1)
    _ = try files.archive([good, good, good])
    let refusal = message { try files.run(campaign) }
    #expect(refusal.contains("crystals.jsonl has changed"))
    #expect(refusal.contains("--run-directory"))
    // Put back as it was, the run goes on.
    _ = try files.archive([good, good])
    #expect(try files.run(campaign).isFinished)
  }

  @Test func `altered weights are refused with the name of the file`() throws {
    let path = files.folder.path("model/member-1.safetensors")
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    bytes[bytes.count - 5] ^= 1
    try files.folder.write(bytes, to: "model/member-1.safetensors")
    let text = message { try files.run(try files.campaign()) }
    #expect(text.contains("member-1.safetensors"), "\(text)")
    #expect(text.contains("changed or damaged"), "\(text)")
  }

  @Test func `a run directory in use is refused, and free again afterwards`() throws {
    let campaign = try files.campaign()
    try files.run(campaign, limit: 5)
    do {
      let claim = try RunClaim(folder: files.folder.path("run"))
      defer { withExtendedLifetime(claim) {} }
      let text = message { try files.run(campaign) }
      #expect(text.contains("\(ProcessInfo.processInfo.processIdentifier)"), "\(text)")
      // Looking at the run is allowed all the same.
      #expect(try files.table().count == 5)
    }
    #expect(try files.run(campaign).isFinished)
  }

  @Test func `a run directory that cannot be made is refused with its path`() throws {
    try files.folder.write("", to: "occupied")
    let text = message { try files.run(try files.campaign(), in: "occupied/run") }
    #expect(text.contains("occupied/run"), "\(text)")
    #expect(text.contains("cannot be written"), "\(text)")
  }

  @Test(arguments: [
    ("- graph: {count: 8}\n- predict: {model: model}", "8 nearest neighbors within 8.0"),
    ("- graph: {}\n- hull: {reference: phases.csv}", "no model of formation_energy_per_atom"),
    ("- graph: {}\n- predict: {model: absent}", "absent does not exist"),
    ("- graph: {}\n- predict: {model: model}\n- predict: {model: model}", "two models are named \"tiny\""),
    ("- filter: {}\n- filter: {}", "two filters share a name"),
    ("- filter: {without_elements: [Unobtainium]}", "\"Unobtainium\" is no element"),
    (
      "- filter: {minimum_elements: 3, maximum_elements: 2}", "minimum_elements 3 is above maximum_elements 2"
    ),
    ("- filter: {formulas: [Na2(]}", "\"Na2(\" is no formula"),
    ("- graph: {cutoff: 0.01}", "stages[0].graph.cutoff"),
    ("- graph: {cuttoff: 8}", "cutoff"),
  ])
  func `stages that make no sense are refused with line and column`(stages: String, part: String) throws {
    let text = message { _ = try CampaignPlan(file: try files.campaign(stages: stages)) }
    #expect(text.contains(part), "\(text)")
    #expect(text.contains("tiny.yaml:"), "\(text)")
  }

  @Test(arguments: [
    ("- decorate: {prototype: rock-salt, sites: {A: [Na], Y: [Cl]}}", "no site \"Y\""),
    ("- decorate: {prototype: rock-salt, sites: {A: [Na]}}", "sites"),
    ("- decorate: {sites: {A: [Na], X: [Cl]}}", "either prototype or file"),
    ("- decorate: {prototype: rock-salt, z: 0.3, sites: {A: [Na], X: [Cl]}}", "unknown key \"z\""),
    (
      "- decorate: {prototype: rock-salt, parameters: {z: 0.3}, sites: {A: [Na], X: [Cl]}}",
      "no parameter \"z\""
    ),
    (
      "- decorate: {prototype: NiAs, parameters: {axial_ratio: 9}, sites: {A: [Ni], X: [As]}}",
      "axial_ratio = 9.0 is not within 1.1…2.0"
    ),
    ("- decorate: {prototype: rock-salt, sites: {A: [Lr], X: [Cl]}}", "Lr"),
    ("- archive: {path: absent.jsonl}", "absent.jsonl does not exist"),
    ("- decorate: {file: phases.csv, sites: {Na: [Na]}}", "phases.csv"),
  ])
  func `inputs that make no sense are refused with line and column`(inputs: String, part: String) throws {
    let text = message { _ = try CampaignPlan(file: try files.campaign(inputs: inputs)) }
    #expect(text.contains(part), "\(text)")
    #expect(text.contains("tiny.yaml:"), "\(text)")
  }

  @Test(arguments: ["../escape", "a/b", ".hidden"])
  func `a name that could lead out of the folder is refused`(name: String) throws {
    let text = try files.folder.text(
      URL(filePath: try files.campaign()).lastPathComponent
    ).replacing("name: tiny", with: "name: \(name)")
    let file = try files.folder.write(text, to: "other.yaml")
    #expect(message { _ = try CampaignPlan(file: file) }.contains("other.yaml:2"))
  }

  @Test func `a missing campaign file is refused with its path`() {
    let path = files.folder.path("nowhere.yaml")
    #expect(message { _ = try CampaignPlan(file: path) }.contains(path))
  }

  @Test func `a reference table that cannot be read is refused with its path and line`() throws {
    try files.folder.write("formula,formation_energy_per_atom\nNaCl,-2.1\nQq3,-1\n", to: "phases.csv")
    let text = message { _ = try CampaignPlan(file: try files.campaign()) }
    #expect(text.contains("phases.csv"), "\(text)")
    #expect(text.contains("Qq3"), "\(text)")
  }
}
