import Crystal
import Foundation
import PipelineEngine
import Screening
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing

@Suite("The files of pipelines/") struct PipelineFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let pipelines = Fixtures.repository.appending(path: "pipelines")
  private static let names = ((try? FileManager.default.contentsOfDirectory(atPath: pipelines.path)) ?? [])
    .filter { $0.hasSuffix(".yaml") }.sorted()
  /// Those that run from a clean clone.
  private static let alone = [
    "billion.yaml", "cif-archive.yaml", "oqmd-perovskites.yaml", "quickstart.yaml",
    "thcr2si2-52-elements.yaml",
    "train-cgcnn-band-gap-transfer.yaml",
  ]

  /// The references that most campaigns share, read once: where a run would keep them.
  private static let references: (folder: TemporaryFolder, path: String)? = {
    guard let folder = try? TemporaryFolder() else { return nil }
    let table = Fixtures.url("hull/materials-project-2019.csv.zst").path
    _ = try? ReferenceIndex(reference: table).write(to: folder.path("references.hull"))
    return (folder, folder.path())
  }()

  private func path(_ name: String) -> String { Self.pipelines.appending(path: name).path }

  private func campaign(_ name: String, _ variables: [String: String] = [:]) throws -> CampaignPlan {
    try CampaignPlan(file: path(name), runDirectory: Self.references?.path, variables: variables)
  }

  private func plan(_ name: String, _ variables: [String: String] = [:]) throws {
    if name.hasPrefix("train-") {
      _ = try TrainingPlan(file: path(name), variables: variables)
    } else if name.hasPrefix("pretrain-") {
      _ = try PretrainingPlan(file: path(name), variables: variables)
    } else if name.hasPrefix("curve-") {
      _ = try LearningCurvePlan(file: path(name), variables: variables)
    } else if name.hasPrefix("regress-") {
      _ = try RegressionPlan(file: path(name), variables: variables)
    } else {
      _ = try campaign(name, variables)
    }
  }

  @Test(arguments: names)
  func `a file runs from a clean clone, or asks for the folder of its data and for nothing else`(name: String)
    throws
  {
    let text = try String(contentsOfFile: path(name), encoding: .utf8)
    #expect(!text.contains("../.."))
    guard !Self.alone.contains(name) else { return try plan(name) }
    let refused = message { try plan(name) }
    #expect(refused.contains("the variable \"data\" has no value"), "\(refused)")
    #expect(refused.contains(name.hasPrefix("curve-") ? "train-" : "\(name):"), "\(refused)")
    #expect(refused.contains("--set data=VALUE"), "\(refused)")
    #expect(text.contains("--set data=DATA") && text.contains("pipelines/README.md"))
    // A learning curve wants what its trainings want.
    let trainings = text.matches(of: /training: (\S+yaml)/).map { String($0.1) }
    let texts = try [text] + trainings.map { try String(contentsOfFile: path($0), encoding: .utf8) }
    let wanted = texts.flatMap { $0.matches(of: /\$\{data\}\/([^"\s]+)/).map { String($0.1) } }
    #expect(!wanted.isEmpty)
    for file in wanted {
      // What its comment says DATA holds is what it takes.
      #expect(text.contains(" \(file)"), "\(file)")
      try folder.write("", to: file)
    }
    var variables = ["data": folder.path()]
    // What its comment says other commands make.
    for (variable, task) in [("twins", "twins"), ("encoder", "masked")] where text.contains("${\(variable)}")
    {
      try pretrain(task)
      variables[variable] = folder.path(task)
    }
    for variable in ["source", "source_5000", "source_500"]
    where text.contains("{source: \"${\(variable)}\"}") {
      variables[variable] = Fixtures.url("models/cgcnn-formation-energy").path
    }
    try plan(name, variables)
  }

  /// A network of the size that the files of `pipelines/` pretrain, from a few crystals.
  private func pretrain(_ task: String) throws {
    var generator = SeededGenerator(seed: 3)
    let lines = try (1...2).map {
      try recordLine(id: "\($0)", structure: try randomStructure(siteCount: 2, using: &generator)) + "\n"
    }
    try folder.write(lines.joined(), to: "few.jsonl")
    let file = try folder.write(
      """
      version: 1
      name: \(task)
      task: \(task)
      data: {crystals: few.jsonl, validation_share: 0}
      training: {epochs: 1, batch_size: 2}

      """, to: task + ".yaml")
    let run = try PretrainingRun(plan: PretrainingPlan(file: file), output: folder.path(task), jobs: 1)
    #expect(try run.run(stop: StopFlag()) { _ in })
  }

  @Test func `archives of the repository are read whole by the campaigns that name them`() throws {
    let report = try CampaignRun(
      plan: campaign("cif-archive.yaml"), directory: folder.path("run"), jobs: 2
    ).run(stop: StopFlag()) { _, _ in }
    #expect(report.isFinished && report.counts.records == 61 && report.counts.rows == 61)
    let other = try CampaignRun(
      plan: campaign(
        "cif-archive.yaml", ["crystals": Fixtures.url("archives/oqmd-perovskites.jsonl.zst").path]),
      directory: folder.path("perovskites"), jobs: 2
    ).run(limit: 20, stop: StopFlag()) { _, _ in }
    #expect(other.counts.rows == 20)
  }

  @Test(.enabled(if: SharedInput.isThere, SharedInput.reason))
  func `the perovskites that come along are those of the database, to the last bit`() throws {
    func crystals(_ path: String) throws -> [DecodedRecord] {
      let reader = try ArchiveReader(path: path)
      let decoder = StructureDecoder(properties: ["formation_energy_per_atom", "band_gap"])
      var crystals: [DecodedRecord] = []
      while let record = try reader.next() { crystals.append(try decoder.decode(record)) }
      return crystals
    }
    let packed = Fixtures.url("archives/oqmd-perovskites.jsonl.zst").path
    let (own, given) = try (
      crystals(packed), crystals(try SharedInput.path("oqmd_perovskites/labelled.jsonl.zst"))
    )
    #expect(own.count == 5678 && given.count == 5678)
    for (one, other) in zip(own, given) {
      #expect(one.id == other.id && one.structure == other.structure && one.properties == other.properties)
    }
    #expect(own.allSatisfy { $0.properties["formation_energy_per_atom"] != nil })
  }
}
