import Configuration
import Crystal
import Foundation
import PhaseStability
import PipelineEngine
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing

@testable import Screening

@Suite("Rescoring") struct RescoringTests {
  let files: CampaignFolder

  init() throws {
    files = try CampaignFolder()
    // Energies of some -0.2 eV/atom: stable where the references have no compound, unstable where they have one.
    try TinyModel.write(to: files.folder.path("model"), spread: 0.2)
  }

  private func path(_ name: String) -> String { files.folder.path(name) }

  /// Writes a table of phases.
  private func phases(_ rows: [(String, Double)], named name: String) throws -> String {
    try files.folder.write(
      "formula,formation_energy_per_atom\n" + rows.map { "\($0.0),\($0.1)\n" }.joined(), to: name)
  }

  /// Other phases than `phases.csv`: without beryllium, with phases new, gone, moved and of other compositions.
  private func otherPhases() throws -> String {
    let kept = CampaignFolder.phases.filter { !["BeO", "KBr", "CaS"].contains($0.formula) }
    return try phases(
      kept.map { ($0.formula, $0.formula == "NaCl" ? -2.05 : $0.energy) } + [
        ("CaTe", -1.7), ("LiCl", -2.0), ("Na2S", -1.3), ("K2O", -1.2), ("MgS", -1.6), ("CaO", -3.2),
        ("K", 0.01),
        ("CaF2", -4.1),
      ], named: "other.csv")
  }

  /// A second model that is calibrated, and one that predicts the distance itself.
  private func writeModels() throws {
    try TinyModel.write(to: path("calibrated"), name: "calibrated", seed: 2, memberCount: 3, spread: 0.2)
    try TinyModel.write(to: path("direct"), name: "direct", seed: 3, property: "e_above_hull", spread: 0.5)
    var generator = SeededGenerator(seed: 4)
    for (name, property) in [("calibrated", "formation_energy_per_atom"), ("direct", "e_above_hull")] {
      let lines = try (0..<40).map { index in
        let structure = try randomStructure(siteCount: 2, using: &generator)
        let label = Double.random(in: -2...1, using: &generator)
        return try recordLine(id: "\(index)", structure: structure, properties: [property: label]) + "\n"
      }
      let data = try files.folder.write(lines.joined(), to: name + ".jsonl")
      _ = try ModelCalibration(ModelFolder(path: path(name)), jobs: 1).fit(data)
    }
  }

  private static let inputs =
    CampaignFolder.rockSalts + """

      - decorate:
          prototype: half-Heusler
          sites: {X: [Li, Na, Be], Y: [Mg, Ca, K], Z: [F, O, S, Te]}
      """
  private static let rules = ", coverage: {reject: {elements_only: true}}"
  private static let allStages = """
    - graph: {}
    - predict: {model: model}
    - predict: {model: calibrated}
    - predict: {model: direct}
    - filter: {name: no tellurium, without_elements: [Te]}
    - hull: {reference: phases.csv, competitors: {prototypes: [rock-salt, L12]}\(rules)}
    """

  private func rescore(
    _ source: String = "run", reference: String? = nil, threshold: Double? = nil, to output: String = "new",
    jobs: Int = 1, stop: StopFlag = StopFlag()
  ) throws -> RescoreReport? {
    try Rescoring(
      path(source), reference: reference, threshold: threshold, output: path(output), jobs: jobs
    ).run(stop: stop)
  }

  /// All of a run's rows, rejections and counts, and the competitors that it was placed among.
  private func contents(_ directory: String) throws -> [String] {
    let store = try openRun(path(directory))
    var lines: [String] = []
    try store.forEachRow(includesPayloads: true) { lines.append("\($0.row)") }
    try store.forEachRejection { lines.append("\($0)") }
    lines += try store.competitors().map { "\($0)" }
    lines.append("\(try store.verifyCounts())")
    lines.append("\(try store.sourceStates())")
    return lines
  }

  private func expectEqual(_ one: String, _ other: String) throws {
    #expect(try contents(one) == contents(other))
    for model in try openRun(path(one)).description().models.map(\.name) {
      #expect(try files.export(one, model: model) == files.export(other, model: model))
    }
    #expect(try files.export(one, select: .rejected) == files.export(other, select: .rejected))
  }

  @Test(arguments: [1, 3])
  func `the references of the run reproduce every row and export, and the run itself stays as it is`(
    jobs: Int
  ) throws {
    try writeModels()
    try files.run(
      try files.campaign(inputs: Self.inputs, stages: Self.allStages, more: "rejections: {allowed_share: 1}"))
    let before = try Data(contentsOf: URL(filePath: path("run/results.sqlite")))
    let report = try #require(try rescore(reference: path("phases.csv"), jobs: jobs))
    #expect(report.newlyRejected == 0 && report.leftRejected == 0)
    #expect(report.stable == report.stableBefore)
    #expect(report.counts.rejected > 0 && report.counts.leftOut > 0)
    try expectEqual("new", "run")
    #expect(try openRun(path("run")).ranked().contains { $0.stability.probability != nil })
    #expect(try openRun(path("run")).ranked().contains { $0.stability.withCompetitors != nil })
    #expect(try Data(contentsOf: URL(filePath: path("run/results.sqlite"))) == before)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: path("run")).sorted() == [
        "plan.yaml", "references.hull", "results.sqlite", "run.lock",
      ])
  }

  @Test func `other references give what a run with them gives, down to those that are rejected`() throws {
    try writeModels()
    let other = try otherPhases()
    // Without rules nothing is rejected at the hull of the first run: all that the other one decides on is stored.
    let lenient = Self.allStages.replacing(Self.rules, with: "")
    for (name, stages) in [("lenient", lenient), ("strict", Self.allStages)] {
      let more = "rejections: {allowed_share: 1}"
      try files.run(try files.campaign(inputs: Self.inputs, stages: stages, more: more), in: name)
      try files.run(
        try files.campaign(
          inputs: Self.inputs, stages: stages.replacing("phases.csv", with: "other.csv"), more: more),
        in: name + "-fresh")
      let report = try #require(try rescore(name, reference: other, to: name + "-new", jobs: 2))
      #expect(report.newlyRejected > 0)
      #expect(report.stable != report.stableBefore)
      let hullBefore = try openRun(path(name)).counts().rejected
      #expect(report.leftRejected == hullBefore && (hullBefore > 0) == (name == "strict"))
      if name == "lenient" {
        try expectEqual(name + "-new", name + "-fresh")
        #expect(report.counts.rejectionsByReason.map(\.reason) == ["no_terminal_reference"])
      } else {
        // Rows and their places are those of the fresh run; records without energies stay rejections and say so.
        let fresh = Dictionary(
          uniqueKeysWithValues: try openRun(path(name + "-fresh")).ranked().map {
            (RankedID(key: $0.key, model: $0.stability.model), $0)
          })
        let rows = try openRun(path(name + "-new")).ranked()
        for row in rows { #expect(fresh[RankedID(key: row.key, model: row.stability.model)] == row) }
        #expect(rows.count < fresh.count)
        var noted = 0
        try openRun(path(name + "-new")).forEachRejection {
          noted += $0.message.hasSuffix(Rescoring.note) ? 1 : 0
        }
        #expect(noted == report.leftRejected)
        #expect(report.counts.rejected == report.leftRejected + report.newlyRejected)
      }
    }
  }

  private struct RankedID: Hashable {
    let key: RecordKey
    let model: Int
  }

  @Test func `another threshold gives what a run with it gives, ties included`() throws {
    try writeModels()
    try files.run(
      try files.campaign(inputs: Self.inputs, stages: Self.allStages, more: "rejections: {allowed_share: 1}"))
    // A distance of the run itself: the verdict on that row takes exact arithmetic.
    let distances = try openRun(path("run")).ranked(RankingFilter(model: 1)).map(\.stability.energyAboveHull)
    for (number, threshold) in [1.0, distances[distances.count / 2]].enumerated() {
      let more = "threshold: \(threshold)\nrejections: {allowed_share: 1}"
      try files.run(
        try files.campaign(inputs: Self.inputs, stages: Self.allStages, more: more), in: "fresh-\(number)")
      let report = try #require(try rescore(threshold: threshold, to: "new-\(number)"))
      #expect(report.threshold == threshold && report.thresholdBefore == 0)
      try expectEqual("new-\(number)", "fresh-\(number)")
      let model = "calibrated"
      #expect(try files.export("new-\(number)", model: model) != files.export("run", model: model))
      #expect(try openRun(path("new-\(number)")).description().stabilityThreshold == threshold)
      #expect(report.stable != report.stableBefore)
    }
  }

  @Test func `energies that the input gives are placed anew, and what was rejected before the hull stays`()
    throws
  {
    var generator = SeededGenerator(seed: 6)
    let elements = ["Na", "Cl", "Mg", "O", "K", "Ca", "S", "Be"].compactMap { Element(symbol: $0) }
    let lines = try (0..<60).map { index in
      let structure = try randomStructure(siteCount: 4, using: &generator, elements: elements)
      let energy = Double.random(in: -3...0, using: &generator)
      return index % 7 == 3
        ? "{broken" : try recordLine(id: "r-\(index)", structure: structure, properties: ["e": energy])
    }
    let input = try files.archive(lines)
    func run(_ reference: String, in directory: String) throws {
      try files.run(
        try files.campaign(
          inputs: input,
          stages: "- energy: {name: dft, column: e}\n- hull: {reference: \(reference), "
            + "coverage: {flag: {minimum_compounds: 4}}}",
          more: "rejections: {allowed_share: 1}"), in: directory)
    }
    let other = try otherPhases()
    try run("phases.csv", in: "run")
    try run("other.csv", in: "fresh")
    let report = try #require(try rescore(reference: other))
    #expect(try files.export("new") == files.export("fresh"))
    // Rejections of rows know no member of the archive.
    let counts = try openRun(path("fresh")).verifyCounts()
    #expect(report.counts == counts && report.leftRejected == 0 && report.newlyRejected > 0)
    #expect(counts.rejectionsByReason.count == 2)
  }

  @Test func `the plan says what was rescored and how, and only that differs`() throws {
    try files.run(try files.campaign())
    let other = try otherPhases()
    _ = try rescore(reference: other, threshold: 0.1)
    let (before, after) = try (
      openRun(path("run")).description(), openRun(path("new")).description()
    )
    func tree(_ text: String) throws -> ConfigurationTree {
      try ConfigurationDocument(text: text, file: "plan").tree()
    }
    let differences = try tree(after.plan).difference(from: tree(before.plan))
    #expect(
      differences.map(\.keyPath) == [
        "campaign.stages[2].hull.reference", "campaign.threshold", "digests.hulls[0]",
        "digests.references[0]", "rescored",
      ])
    #expect(differences.first?.after?.contains(other) == true)
    let origin: ConfigurationTree = ["from": .string(before.planFingerprint)]
    #expect(differences.last?.after == origin.inlineText)
    #expect(after.planFingerprint != before.planFingerprint)
    #expect(try files.folder.text("new/plan.yaml") == after.plan)
    // A rescored run is no run of the campaign, and can be rescored and combined like any.
    #expect(message { try files.run(try files.campaign(), in: "new") }.contains("rescored"))
    _ = try #require(
      try rescore("new", reference: path("phases.csv"), threshold: 0, to: "back"))
    _ = try CombinedHullPass(directory: path("new"), jobs: 1).run()
    #expect(try openRun(path("new")).combinedHull()?.isCurrent == true)
    // What was computed on the old references is gone.
    _ = try rescore("new", threshold: 0.2, to: "third")
    #expect(try openRun(path("third")).combinedHull() == nil)
  }

  @Test func `a record of the hull's rejections is never lost, however often a run is rescored`() throws {
    try files.run(try files.campaign(more: "rejections: {allowed_share: 1}"))
    let other = try otherPhases()
    let first = try #require(try rescore(reference: other, to: "first"))
    #expect(first.newlyRejected > 0 && first.leftRejected == 0)
    for output in ["second", "third"] {
      let source = output == "second" ? "first" : "second"
      let reference = output == "second" ? path("phases.csv") : other
      let report = try #require(try rescore(source, reference: reference, to: output))
      #expect(report.leftRejected == first.newlyRejected && report.newlyRejected == 0)
      #expect(report.counts.records == 64)
      try openRun(path(output)).forEachRejection {
        #expect($0.message.components(separatedBy: Rescoring.note).count == 2)
      }
    }
  }

  @Test func `what is stopped, killed or refused leaves nothing under the new name`() throws {
    let other = try otherPhases()
    let campaign = try files.campaign()
    try files.run(campaign, limit: 20)
    #expect(message { _ = try rescore(reference: other) }.contains("is not finished"))
    try files.run(campaign)
    let names = { try FileManager.default.contentsOfDirectory(atPath: path("")).sorted() }
    let before = try names()
    #expect(message { _ = try rescore(reference: path("absent.csv")) }.contains("absent.csv"))
    #expect(message { _ = try rescore(reference: path("tiny.yaml")) }.contains("tiny.yaml"))
    #expect(message { _ = try rescore("absent", reference: other) }.contains("no run directory"))
    let stop = StopFlag()
    stop.raise()
    #expect(try rescore(reference: other, stop: stop) == nil)
    #expect(try names() == before)
    // What a killed process left is no obstacle; what another one is at work on is.
    try files.folder.write("half", to: "new.partial/results.sqlite")
    try files.folder.write("half", to: "new.partial/results.sqlite-wal")
    let claim = try RunClaim(folder: path("new.partial"))
    #expect(throws: RunClaimError.self) { try rescore(reference: other) }
    withExtendedLifetime(claim) {}
    #expect(try files.folder.text("new.partial/results.sqlite") == "half")
  }

  @Test func `what a killed process left is done anew, and an output that exists is refused`() throws {
    let other = try otherPhases()
    try files.run(try files.campaign())
    try files.folder.write("half", to: "new.partial/results.sqlite")
    try files.folder.write("half", to: "new.partial/references.hull.123")
    let first = try rescore(reference: other)
    #expect(first != nil)
    #expect(!FileManager.default.fileExists(atPath: path("new.partial")))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: path("new")).sorted() == [
        "plan.yaml", "references.hull", "results.sqlite", "run.lock",
      ])
    #expect(message { _ = try rescore(reference: other) }.contains("exists already"))
    #expect(message { _ = try rescore(reference: other, to: "run") }.contains("exists already"))
    try FileManager.default.createDirectory(atPath: path("empty"), withIntermediateDirectories: true)
    #expect(message { _ = try rescore(reference: other, to: "empty") }.contains("exists already"))
  }

  @Test func `new references are moved by offsets where that is asked for, as in a campaign`() throws {
    let other = try otherPhases()
    let offsets = "element,context,offset_ev_per_atom\n"
    // Of tellurium nothing is known: its phases are left out.
    let known = ["Li", "F", "Na", "Cl", "K", "Mg", "O", "S", "Ca", "Sr", "Se", "Cs", "I", "Rb", "Ba"]
    try files.folder.write(offsets + known.map { "\($0),any,0.1\n" }.joined(), to: "new-offsets.csv")
    try files.folder.write(
      offsets + (known + ["Te", "Be", "Br"]).map { "\($0),any,-0.05\n" }.joined(), to: "offsets.csv")
    func campaign(_ reference: String) throws -> String {
      try files.campaign(
        stages: "- graph: {}\n- predict: {model: model}\n- hull: {reference: \(reference)}",
        more: "rejections: {allowed_share: 1}")
    }
    for (name, reference) in [
      ("run", "phases.csv, offsets: offsets.csv"), ("moved", "other.csv, offsets: new-offsets.csv"),
      ("plain", "other.csv"),
    ] { try files.run(try campaign(reference), in: name) }
    let moved = try #require(
      try Rescoring(
        path("run"), reference: other, offsets: path("new-offsets.csv"), output: path("new-moved"), jobs: 1
      ).run())
    #expect(moved.notes.isEmpty && moved.references?.contains("moved by new-offsets.csv") == true)
    #expect(moved.counts.rejectionsByReason.map(\.reason).contains("energy_not_aligned"))
    try expectEqual("new-moved", "moved")
    let plain = try #require(try rescore(reference: other, to: "new-plain"))
    #expect(plain.notes.count == 1 && plain.notes[0].contains("--offsets"))
    try expectEqual("new-plain", "plain")
    // The threshold alone leaves the references as they were moved.
    let same = try #require(try rescore(threshold: 0, to: "same"))
    #expect(same.notes.isEmpty)
    try expectEqual("same", "run")
    func plan(_ directory: String) throws -> ConfigurationTree {
      try ConfigurationDocument(text: files.folder.text(directory + "/plan.yaml"), file: "plan").tree()
    }
    func digests(_ directory: String) throws -> ConfigurationTree? { try plan(directory)["digests"] }
    for (one, fresh) in [("new-moved", "moved"), ("new-plain", "plain"), ("same", "run")] {
      #expect(try digests(one) == digests(fresh))
    }
  }

  @Test func `shapes that a search chose stay, and a cascade on other references is pointed out`() throws {
    let inputs = """
      - decorate:
          prototype: ThCr2Si2
          sites: {A: [Na, K, Ca], B: [Mg, Li], X: [O, S, F]}
          search: {axial_ratio: [2.4, 2.9], z: [0.36, 0.39]CASCADE}
      """
    for (name, cascade) in [("plain", ""), ("cascade", ", cascade: {pilot: 6, keep: 0.1}")] {
      let campaign = try files.campaign(inputs: inputs.replacing("CASCADE", with: cascade))
      try files.run(campaign, in: name)
      let same = try #require(try rescore(name, reference: path("phases.csv"), to: name + "-same"))
      #expect(same.notes.isEmpty)
      try expectEqual(name + "-same", name)
      #expect(try openRun(path(name + "-same")).ranked().allSatisfy { $0.shape?.contains("z=") == true })
      let other = try #require(try rescore(name, reference: try otherPhases(), to: name + "-other"))
      #expect(other.notes.contains { $0.contains("a cascade decided") } == (name == "cascade"))
    }
    try files.run(
      try files.campaign(
        inputs: inputs.replacing("CASCADE", with: ""),
        stages: CampaignFolder.stages.replacing("phases.csv", with: "other.csv")), in: "fresh")
    try expectEqual("plain-other", "fresh")
  }

  @Test func `the new run is named by the next free number`() throws {
    func name(_ directory: String) -> String {
      let output = Rescoring(path(directory), threshold: 0, jobs: 1).output
      return String(output.dropFirst(path("").count + 1))
    }
    #expect(name("a.sluice") == "a-2.sluice" && name("a.sluice/") == "a-2.sluice")
    #expect(name("a") == "a-2" && name("a-x.sluice") == "a-x-2.sluice" && name("a-2.sluice") == "a-3.sluice")
    try files.folder.write("", to: "a-2.sluice/x")
    #expect(name("a.sluice") == "a-3.sluice")
  }

  @Test func `a run without a hull is judged by another threshold, and takes no references`() throws {
    try writeModels()
    let stages = "- graph: {}\n- predict: {model: direct}"
    try files.run(try files.campaign(stages: stages))
    try files.run(try files.campaign(stages: stages, more: "threshold: 0.3"), in: "fresh")
    let report = try #require(try rescore(threshold: 0.3))
    #expect(report.references == nil)
    try expectEqual("new", "fresh")
    #expect(
      message { _ = try rescore(reference: path("phases.csv"), to: "other") }.contains("no hull stage"))
  }
}
