import Configuration
import Crystal
import Foundation
import ModelFormats
import PipelineEngine
import Screening
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("Runs whose files have moved") struct MovedFilesTests {
  let files: CampaignFolder
  private var folder: TemporaryFolder { files.folder }

  init() throws {
    files = try CampaignFolder()
    let lines = try (0..<20).map { index in
      var generator = SeededGenerator(seed: UInt64(index))
      return try recordLine(
        id: "c\(index)",
        structure: try randomStructure(siteCount: 2, using: &generator, elements: Self.elements))
    }
    _ = try files.archive(lines, named: "data/crystals.jsonl")
  }

  private static let elements = ["Na", "Cl", "Mg", "O"].compactMap { Element(symbol: $0) }
  private static let stages = """
    - predict: {model: "${model}"}
    - hull: {reference: "${phases}/phases.csv"}
    """

  private func campaign() throws -> String {
    try files.campaign(
      named: "moving", inputs: "- archive: {path: \"${data}/crystals.jsonl\"}", stages: Self.stages,
      more: "variables: {phases: ., model: model}")
  }

  @discardableResult
  private func run(
    _ file: String, _ variables: [String: String], in directory: String = "run", limit: Int? = nil
  ) throws -> CampaignReport {
    try CampaignRun(
      plan: CampaignPlan(file: file, variables: variables), directory: folder.path(directory), jobs: 1
    ).run(limit: limit, stop: StopFlag()) { _, _ in }
  }

  private func move(_ name: String, to other: String) throws {
    try FileManager.default.createDirectory(
      at: folder.url.appending(path: other).deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.moveItem(atPath: folder.path(name), toPath: folder.path(other))
  }

  @Test func `a run goes on after its campaign, data, model and references moved, and ends the same`() throws
  {
    let file = try campaign()
    try run(file, ["data": folder.path("data")], in: "whole")
    try run(file, ["data": folder.path("data")], limit: 7)
    let before = try openRun(folder.path("run")).description()
    try move("moving.yaml", to: "elsewhere/renamed.yaml")
    try move("data", to: "disk/crystals")
    try move("model", to: "disk/models/other-name")
    try move("phases.csv", to: "elsewhere/phases.csv")
    let report = try run(
      folder.path("elsewhere/renamed.yaml"),
      ["data": folder.path("disk/crystals"), "model": folder.path("disk/models/other-name")])
    #expect(report.isFinished && report.counts.records == 20 && report.recordsNow == 13)
    #expect(try files.export("run") == files.export("whole"))
    // The run says where its files lie now.
    let after = try openRun(folder.path("run")).description()
    #expect(after.planFingerprint == before.planFingerprint && after.plan != before.plan)
    #expect(after.sources.map(\.name) == [folder.path("disk/crystals/crystals.jsonl")])
    #expect(try folder.text("run/plan.yaml") == after.plan)
    #expect(after.plan.contains("other-name") && !before.plan.contains("other-name"))
  }

  @Test func `other contents are another plan, and the variable that leads to them is named`() throws {
    let file = try campaign()
    try run(file, ["data": folder.path("data")], limit: 7)
    let lines = try folder.lines("data/crystals.jsonl")
    try folder.write(lines.dropLast().joined(separator: "\n") + "\n", to: "other/crystals.jsonl")
    let text = message { try run(file, ["data": folder.path("other")]) }
    #expect(text.contains("holds a run of another plan") && text.contains("digests.inputs[0]"), "\(text)")
    #expect(text.contains("campaign.variables.data:"), "\(text)")
    try TinyModel.write(to: folder.path("second"), seed: 5)
    let model = message {
      try run(file, ["data": folder.path("data"), "model": folder.path("second")])
    }
    #expect(model.contains("digests.models.tiny:"), "\(model)")
    #expect(try run(file, ["data": folder.path("data")]).isFinished)
  }

  @Test func `a file under another name is another plan, since ids may come from it; a folder is not`() throws
  {
    let file = try files.campaign(
      inputs: "- archive: {path: \"${data}\"}", stages: Self.stages,
      more: "variables: {phases: ., model: model}")
    try run(file, ["data": folder.path("data/crystals.jsonl")], limit: 7)
    try folder.write(folder.text("data/crystals.jsonl"), to: "copy.jsonl")
    let text = message { try run(file, ["data": folder.path("copy.jsonl")]) }
    #expect(text.contains("digests.names[0][0]: crystals.jsonl → copy.jsonl"), "\(text)")
    try run(file, ["data": folder.path("data")], in: "of-folder", limit: 7)
    try move("data", to: "other")
    #expect(try run(file, ["data": folder.path("other")], in: "of-folder").isFinished)
  }

  @Test func `references in another file are the same where their phases are, and others are not`() throws {
    let file = try files.campaign(
      stages: "- predict: {model: model}\n- hull: {reference: \"${table}\"}",
      more: "variables: {table: phases.csv}")
    try run(file, [:], limit: 7)
    let phases = try folder.text("phases.csv")
    try folder.write(phases.replacing("-2.1", with: "-2.2"), to: "others.csv")
    let text = message { try run(file, ["table": folder.path("others.csv")]) }
    #expect(text.contains("digests.hulls[0]:"), "\(text)")
    try folder.write(phases.replacing("\n", with: "\r\n"), to: "same.csv")
    #expect(try run(file, ["table": folder.path("same.csv")]).isFinished)
  }

  @Test func `files that pass from one input to another are another plan`() throws {
    for name in ["a", "b", "c"] { try folder.write(folder.text("data/crystals.jsonl"), to: "\(name).jsonl") }
    func campaign(_ first: String, _ second: String) throws -> String {
      try files.campaign(
        inputs: "- archive: {path: [\(first)]}\n- archive: {path: [\(second)], occupancy: majority}")
    }
    try files.run(try campaign("a.jsonl, b.jsonl", "c.jsonl"), limit: 7)
    let text = message { try files.run(try campaign("a.jsonl", "b.jsonl, c.jsonl")) }
    #expect(text.contains("digests.names"), "\(text)")
    #expect(try files.run(try campaign("a.jsonl, b.jsonl", "c.jsonl")).isFinished)
  }

  @Test func `another structure in a prototype's file is another plan, another folder is not`() throws {
    func cif(_ element: String) -> String {
      "data_x\n_cell_length_a 4\n_cell_length_b 4\n_cell_length_c 4\n_cell_angle_alpha 90\n_cell_angle_beta 90\n"
        + "_cell_angle_gamma 90\nloop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n"
        + "_atom_site_fract_y\n_atom_site_fract_z\n1 Na 0 0 0\n2 \(element) 0.5 0.5 0.5\n"
    }
    try folder.write(cif("Cl"), to: "one/cell.cif")
    let file = try files.campaign(
      inputs: """
        - decorate:
            file: "${data}/cell.cif"
            sites: {Na: [Li, Na, K], Cl: [F, Cl, Br]}
            volume: {length_scale: {factor: 1.0}}
        """, stages: Self.stages, more: "variables: {phases: ., model: model}")
    try run(file, ["data": folder.path("one")], limit: 4)
    try move("one", to: "two")
    #expect(try !run(file, ["data": folder.path("two")], limit: 1).isFinished)
    try folder.write(cif("Cl").replacing("0.5 0.5 0.5", with: "0.5 0.5 0.4"), to: "two/cell.cif")
    let text = message { try run(file, ["data": folder.path("two")]) }
    #expect(text.contains("digests.prototypes[0]:"), "\(text)")
  }

  /// What a program of the first version stored of a run: every path as the campaign has it, and no names of files.
  private func firstPlan(of plan: String) throws -> String {
    var lines = plan.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex(of: "  names:"))
    let end =
      lines[(start + 1)...].firstIndex { !$0.hasPrefix("    ") && !$0.hasPrefix("  -") } ?? lines.endIndex
    lines.removeSubrange(start..<end)
    return lines.joined(separator: "\n")
  }

  @Test func `a run of the first version goes on, with its inputs as they are written and no others`() throws
  {
    let file = try files.campaign(inputs: "- archive: {path: data/crystals.jsonl}")
    try files.run(file, in: "whole")
    try files.run(file, limit: 7)
    do {
      let store = try RunStore.open(at: folder.path("run/results.sqlite"), access: .readWrite)
      let run = try store.description()
      let plan = try firstPlan(of: run.plan)
      #expect(plan != run.plan)
      try store.notePlan(
        RunDescription(
          name: run.name, plan: plan, planFingerprint: Fingerprint(of: plan).hexadecimal,
          created: run.created,
          sluiceVersion: run.sluiceVersion, stabilityThreshold: run.stabilityThreshold, models: run.models,
          sources: run.sources))
      try store.close()
    }
    let text = message {
      try files.run(try files.campaign(inputs: "- archive: {path: ./data/crystals.jsonl}"))
    }
    #expect(
      text.contains("campaign.inputs[0].archive.path: data/crystals.jsonl → ./data/crystals.jsonl"), "\(text)"
    )
    #expect(try files.run(try files.campaign(inputs: "- archive: {path: data/crystals.jsonl}")).isFinished)
    #expect(try files.export("run") == files.export("whole"))
  }
}

@Suite("Trainings whose files have moved") struct MovedTrainingTests {
  let files: TrainingFolder
  private var folder: TemporaryFolder { files.folder }

  init() throws { files = try TrainingFolder() }

  private func training() throws -> String {
    let file = try files.training(epochs: 2)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let split = ["train", "validation", "test"]
    return try folder.write(
      split.reduce(text) { $0.replacing(" \($1).jsonl", with: " \"${data}/\($1).jsonl\"") },
      to: "training.yaml")
  }

  private func train(_ file: String, data: String, stopAfter steps: Int? = nil) throws -> Bool {
    let stop = StopFlag()
    var count = 0
    return try TrainingRun(
      plan: TrainingPlan(file: file, variables: ["data": folder.path(data)]), output: folder.path("model"),
      jobs: 1
    ).run(stop: stop) { event in
      guard case .step = event else { return }
      count += 1
      if let steps, count >= steps { stop.raise() }
    }
  }

  @Test func `a training goes on after its file and its data moved, and its card keeps the variable`() throws
  {
    let file = try training()
    #expect(try files.train(try files.training(epochs: 2, named: "plain"), into: "whole"))
    #expect(try train(file, data: "", stopAfter: 5) == false)
    for name in ["train", "validation", "test"] {
      try folder.write(folder.text("\(name).jsonl"), to: "disk/\(name).jsonl")
    }
    try folder.write(folder.text("training.yaml"), to: "elsewhere/training.yaml")
    try FileManager.default.removeItem(atPath: folder.path("train.jsonl"))
    #expect(try train(folder.path("elsewhere/training.yaml"), data: "disk"))
    #expect(try files.differences("model", "whole") == ["model.json"])
    let text = try #require(try ModelFolder(path: folder.path("model")).card.training)
    #expect(text.contains("train: \"${data}/train.jsonl\"\n") && !text.contains("variables"), "\(text)")
    #expect(!text.contains(folder.path()))
  }

  @Test func `a checkpoint of the first version, whose identity had the paths in it, is gone on with`() throws
  {
    let file = try files.training(epochs: 2)
    #expect(try files.train(file, into: "whole"))
    #expect(try files.train(file, into: "model", stopAfter: 5) == false)
    let path = folder.path("model/checkpoints/member-0.safetensors")
    let (tensors, found) = try SafeTensors.decode([UInt8](Data(contentsOf: URL(filePath: path))))
    let parts =
      [try TrainingPlan(file: file).canonicalText]
      + (try ["train", "validation"].map { try Fingerprint(ofFile: folder.path("\($0).jsonl")).hexadecimal })
    let first = Fingerprint(of: parts.joined(separator: "\n")).hexadecimal
    var metadata = found
    #expect(metadata["identity"] != first)
    metadata["identity"] = first
    try folder.write(
      SafeTensors.encode(tensors, metadata: metadata), to: "model/checkpoints/member-0.safetensors")
    #expect(try files.train(file, into: "model"))
    #expect(try files.differences("model", "whole") == [])
  }
}
