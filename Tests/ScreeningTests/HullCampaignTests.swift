import Crystal
import Foundation
import PhaseStability
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing

@testable import Screening

@Suite("Campaigns with given energies, and the references they keep") struct HullCampaignTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  private static let stages = """
    - energy: {name: dft, column: formation_energy_per_atom}
    - hull: {reference: phases.csv}
    """

  private func lines(_ count: Int, seed: UInt64 = 7) throws -> [(
    line: String, composition: Composition, energy: Double
  )] {
    var generator = SeededGenerator(seed: seed)
    let elements = ["Li", "Na", "K", "Mg", "O", "F", "Cl", "S"].compactMap { Element(symbol: $0) }
    return try (0..<count).map { index in
      let structure = try randomStructure(siteCount: 1 + index % 5, using: &generator, elements: elements)
      let energy = Double.random(in: -3...1, using: &generator)
      let line = try recordLine(
        id: "g-\(index)", structure: structure, properties: ["formation_energy_per_atom": energy])
      return (line, structure.composition, energy)
    }
  }

  private func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return describe(error) }
    return "no error"
  }

  @Test func `given energies are stored and ranked like a model's, without a graph`() throws {
    let records = try lines(30)
    let campaign = try files.campaign(
      inputs: try files.archive(records.map(\.line)), stages: Self.stages)
    let report = try files.run(campaign)
    #expect(report.counts.rows == 30 && report.counts.rejected == 0)
    let references = try ReferenceFile.load(files.folder.path("phases.csv")).references
    var solver = HullSolver(references: references)
    let store = try openRun(files.folder.path("run"))
    let rows = try store.ranked()
    #expect(rows.count == 30)
    for row in rows {
      let record = records[row.key.record]
      let distance = try solver.distance(of: record.composition, energyPerAtom: record.energy)
      #expect(row.stability.energy == record.energy)
      #expect(row.stability.energyAboveHull == distance.energyAboveHull)
      #expect(row.energyStandardDeviation == nil)
    }
    let model = try #require(try store.description().models.first)
    #expect(model.name == "dft" && model.fingerprint == "column:formation_energy_per_atom")
    #expect(model.property == "formation_energy_per_atom" && model.memberCount == 0)
    try store.forEachRow { row in
      #expect(row.row.scores.map(\.mean) == row.row.stabilities.map(\.energy))
      #expect(row.row.scores.allSatisfy { $0.standardDeviation == nil && $0.members.isEmpty })
    }
    #expect(try files.table().allSatisfy { $0["std"] == "" && $0["model"] == "dft" })
  }

  @Test func `a record without the column is rejected with the column's name`() throws {
    let records = try lines(4).map(\.line)
    let key = "\"formation_energy_per_atom\""
    let changed = [
      records[0], records[1].replacing(key, with: "\"other\""),
      records[2].replacing(/"formation_energy_per_atom":[-0-9.e]+/, with: "\(key):null"),
      records[3].replacing(/"formation_energy_per_atom":[-0-9.e]+/, with: "\(key):\"low\""),
    ]
    let report = try files.run(
      try files.campaign(inputs: try files.archive(changed), stages: Self.stages))
    #expect(report.counts.rows == 1)
    #expect(report.counts.rejections.map(\.stage) == ["energy dft"])
    #expect(report.counts.rejections.map(\.reason) == ["energy_not_finite"])
    let rejected = try files.export(select: .rejected)
    #expect(rejected.contains("the record has no finite number under"))
    #expect(rejected.contains("formation_energy_per_atom"))
  }

  @Test func `what cannot be meant is refused before anything runs`() throws {
    let input = try files.archive(try lines(2).map(\.line))
    #expect(
      message { _ = try CampaignPlan(file: try files.campaign(stages: Self.stages)) }
        .contains("candidates made by decorating rock-salt have no column \"formation_energy_per_atom\""))
    let twice = "- energy: {column: a}\n- energy: {column: b}\n- hull: {reference: phases.csv}"
    #expect(
      message { _ = try CampaignPlan(file: try files.campaign(inputs: input, stages: twice)) }
        .contains("two models are named \"given\""))
    let late = "- hull: {reference: phases.csv}\n- energy: {column: a}"
    #expect(
      message { _ = try CampaignPlan(file: try files.campaign(inputs: input, stages: late)) }
        .contains("no energy stage stands before the hull stage"))
  }

  @Test func `several columns are told apart, and change the plan`() throws {
    var generator = SeededGenerator(seed: 9)
    let elements = ["Li", "F"].compactMap { Element(symbol: $0) }
    let structure = try randomStructure(siteCount: 3, using: &generator, elements: elements)
    let input = try files.archive([
      try recordLine(id: "x", structure: structure, properties: ["a": -1, "b": -2])
    ])
    let stages = """
      - energy: {name: a, column: a}
      - energy: {name: b, column: b}
      - hull: {reference: phases.csv}
      """
    let campaign = try files.campaign(inputs: input, stages: stages)
    try files.run(campaign)
    #expect(try files.table(model: "a").map { $0["formation_energy_per_atom"] } == ["-1.0"])
    #expect(try files.table(model: "b").map { $0["formation_energy_per_atom"] } == ["-2.0"])
    let summaries = try CampaignPlan(file: campaign).stageSummaries
    #expect(summaries[1] == "energy b: formation_energy_per_atom (eV/atom) from column b")
    let other = try files.campaign(inputs: input, stages: stages.replacing("column: b", with: "column: a"))
    #expect(message { try files.run(other) }.contains("digests.models.b"))
  }

  /// Offsets of all elements but sulfur.
  private func offsets(_ change: Double = 0) throws -> [String: Double] {
    let values = ["Li": 0.1, "Na": -0.2, "K": 0.05, "Mg": 0.3, "O": 0.3 + change, "F": 0.06, "Cl": 0.2]
    let lines = values.map { "\($0.key),any,\($0.value)" }.sorted()
    try files.folder.write(
      (["element,context,offset_ev_per_atom"] + lines).joined(separator: "\n") + "\n", to: "offsets.csv")
    return values
  }

  @Test func `given energies are moved by offsets, and a record without one is rejected`() throws {
    let records = try lines(40)
    let values = try offsets()
    let stages = Self.stages.replacing("per_atom}", with: "per_atom, offsets: offsets.csv}")
    let input = try files.archive(records.map(\.line))
    try files.run(try files.campaign(inputs: input, stages: stages, more: "rejections: {allowed_share: 1}"))
    let store = try openRun(files.folder.path("run"))
    var rows = 0
    try store.forEachRow { row in
      rows += 1
      let record = records[row.row.key.record]
      let parts = record.composition.parts
      let offset =
        parts.count == 1
        ? 0
        : parts.reduce(0.0) {
          $0 + Double($1.count) / Double(record.composition.atomCount) * (values[$1.element.symbol] ?? .nan)
        }
      #expect(row.row.scores.allSatisfy { abs($0.mean - (record.energy - offset)) < 1e-12 })
    }
    let sulfides = records.count { $0.composition.parts.count > 1 && $0.composition.formula.contains("S") }
    #expect(sulfides > 3 && rows == records.count - sulfides)
    let rejected = try files.table(select: .rejected)
    #expect(rejected.count == sulfides)
    #expect(rejected.allSatisfy { $0["reason"] == "energy_not_aligned" && $0["stage"] == "energy dft" })
    #expect(rejected.first?["message"]?.contains("no offset of S in compounds with") == true)
  }

  @Test
  func `references moved by offsets are those of a table moved by hand, without elements that it leaves out`()
    throws
  {
    let values = try offsets()
    let input = try files.archive(try lines(40).map(\.line))
    func rows(_ reference: String, in directory: String) throws -> [[String: String]] {
      let stages = Self.stages.replacing("phases.csv", with: reference)
      let campaign = try files.campaign(
        named: directory, inputs: input, stages: stages, more: "rejections: {allowed_share: 1}")
      try files.run(campaign, in: directory)
      // Elements that are given here are supplied at 0 there, which the columns about the references tell.
      let columns = [
        "id", "formation_energy_per_atom", "e_above_hull", "decomposition_energy", "decomposition",
      ]
      return try files.table(directory).map { row in row.filter { columns.contains($0.key) } }
    }
    let movable = CampaignFolder.phases.filter { phase in
      ["LiF", "NaCl", "Na2O", "MgO", "MgF2"].contains(phase.formula)
    }
    let moved = try movable.map { phase -> String in
      let composition = try Composition(formula: phase.formula)
      let offset = composition.parts.reduce(0.0) {
        $0 + Double($1.count) / Double(composition.atomCount) * (values[$1.element.symbol] ?? .nan)
      }
      return "\(phase.formula),\(phase.energy - offset)"
    }
    // Potassium stays at 0, although its only phase goes with bromine.
    try files.folder.write(
      (["formula,formation_energy_per_atom", "K,0", "Cl,0"] + moved).joined(separator: "\n") + "\n",
      to: "moved.csv")
    let found = try rows("phases.csv, offsets: offsets.csv", in: "offset")
    let expected = try rows("moved.csv", in: "by-hand")
    #expect(found == expected && found.count > 5)
    let rejected = try files.table("offset", select: .rejected)
    #expect(Set(rejected.map { $0["reason"] ?? "" }) == ["energy_not_aligned"])
    #expect(rejected.contains { $0["message"]?.contains("the phases of S were left out") == true })
    // The index of the run holds the moved phases; the second hull stands on them.
    let report = try CombinedHullPass(directory: files.folder.path("offset"), jobs: 1).run()
    #expect(report.models.map(\.candidates) == [found.count])
  }

  @Test func `another table of offsets is another plan`() throws {
    _ = try offsets()
    let input = try files.archive(try lines(4).map(\.line))
    let stages = Self.stages.replacing("per_atom}", with: "per_atom, offsets: offsets.csv}")
    let campaign = try files.campaign(
      inputs: input, stages: stages, more: "rejections: {allowed_share: 1}")
    let summary = try CampaignPlan(file: campaign).stageSummaries[0]
    #expect(summary.contains(", moved by offsets.csv ("))
    try files.run(campaign)
    _ = try offsets(0.01)
    let text = message { try files.run(campaign) }
    #expect(text.contains("digests.offsets[0]") && text.contains("digests.models.dft"))
    try FileManager.default.removeItem(atPath: files.folder.path("offsets.csv"))
    #expect(
      message { _ = try CampaignPlan(file: campaign) }.contains("a table of offsets was expected there"))
  }

  @Test func `a distance at the threshold is counted as the exact verdict says`() throws {
    var generator = SeededGenerator(seed: 19)
    func record(_ id: String, _ symbols: [String], _ energy: Double) throws -> String {
      let elements = symbols.compactMap { Element(symbol: $0) }
      let cell = try randomStructure(siteCount: elements.count, using: &generator, elements: elements)
      let structure = try Structure(
        lattice: cell.lattice, elements: elements, fractionalPositions: cell.fractionalPositions)
      return try recordLine(id: id, structure: structure, properties: ["e": energy])
    }
    // The mixture of Na2O (-1.4, 3 of 9 atoms) and MgF2 (-3.7, 6 of 9 atoms): -26.4 / 9, which no double is.
    let atoms = ["Na", "Na", "O", "Mg", "Mg", "F", "F", "F", "F"]
    let mean = -26.4 / 9
    let energies = [mean.nextDown, mean, mean.nextUp, mean + 1e-3]
    let input = try files.archive(
      try energies.enumerated().map { try record("t-\($0)", atoms, $1) })
    let campaign = try files.campaign(
      inputs: input, stages: "- energy: {column: e}\n- hull: {reference: phases.csv}")
    let report = try files.run(campaign)
    let references = try ReferenceFile.load(files.folder.path("phases.csv")).references
    var solver = HullSolver(references: references)
    let zero = try #require(DecimalNumber("0"))
    let elements = atoms.compactMap { Element(symbol: $0) }
    var expected = 0
    for energy in energies {
      let certificate = try solver.certificate(
        of: Composition(counting: elements), energyPerAtom: try #require(DecimalNumber(energy)),
        threshold: zero)
      if certificate.isWithin { expected += 1 }
    }
    #expect((1...2).contains(expected))
    #expect(report.stable.byAny == expected)
    #expect(try files.table(select: .stable).count == expected)
  }

  @Test func `a run keeps an index of its references and resumes from it`() throws {
    let campaign = try files.campaign()
    try files.run(campaign, limit: 10)
    let index = files.folder.path("run/references.hull")
    let plan = try CampaignPlan(file: campaign, runDirectory: files.folder.path("run"))
    #expect(plan.references?.isIndexed == true)
    #expect(
      try CampaignPlan(file: campaign, runDirectory: files.folder.path("nowhere")).references?.isIndexed
        == false)
    #expect(try CampaignPlan(file: campaign).fingerprint == plan.fingerprint)
    // Damaged or lost, it is written again.
    let whole = try Data(contentsOf: URL(filePath: index))
    for damage in [Data(), whole.prefix(100), Data("something else".utf8)] {
      try damage.write(to: URL(filePath: index))
      let plan = try CampaignPlan(file: campaign, runDirectory: files.folder.path("run"))
      #expect(plan.references?.isIndexed == false)
      try files.run(campaign, limit: 2)
      #expect(try Data(contentsOf: URL(filePath: index)) == whole)
    }
    try files.run(campaign)
    let direct = try CampaignFolder()
    try direct.run(try direct.campaign())
    #expect(try files.export() == (try direct.export()))
  }

  @Test func `a changed table of references is another plan, index or not`() throws {
    let campaign = try files.campaign()
    try files.run(campaign, limit: 10)
    try files.folder.write("formula,formation_energy_per_atom\nNaCl,-2\n", to: "phases.csv")
    let changed = message {
      let plan = try CampaignPlan(file: campaign, runDirectory: files.folder.path("run"))
      _ = try CampaignRun(plan: plan, directory: files.folder.path("run"), jobs: 1).run(stop: .init()) {
        _, _ in
      }
    }
    #expect(changed.contains("digests.references") && changed.contains("digests.hulls"))
  }

  @Test func `an index stands for the table in a campaign`() throws {
    _ = try ReferenceIndex(reference: files.folder.path("phases.csv")).write(
      to: files.folder.path("phases.hull"))
    try files.run(try files.campaign(), in: "table")
    try files.run(
      try files.campaign(named: "index", stages: CampaignFolder.stages.replacing(".csv", with: ".hull")),
      in: "index")
    #expect(try files.export("table") == (try files.export("index")))
  }
}
