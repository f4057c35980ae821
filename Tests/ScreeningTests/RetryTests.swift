import Crystal
import Foundation
import PipelineEngine
import Screening
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing

/// Rejected records that are read again after their cause was mended.
@Suite("Retrying rejected records") struct RetryTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  private static let bad = [4, 5, 11, 29]

  /// Thirty crystals, of which those of `bad` are what `broken` says.
  private func lines(broken: (Int) -> String) throws -> [String] {
    var generator = SeededGenerator(seed: 5)
    let elements = ["Na", "Cl", "Mg", "O", "K"].compactMap { Element(symbol: $0) }
    return try (0..<30).map { index in
      let structure = try randomStructure(siteCount: 2, using: &generator, elements: elements)
      return Self.bad.contains(index) ? broken(index) : try recordLine(id: "r-\(index)", structure: structure)
    }
  }

  private func shared(_ index: Int) -> String {
    """
    {"@class": "Structure", "id": "r-\(index)", "lattice": {"matrix": [[4, 0, 0], [0, 4, 0], [0, 0, 4]]}, "sites": [\
    {"species": [{"element": "Na", "occu": 0.7}, {"element": "K", "occu": 0.3}], "abc": [0, 0, 0]}, \
    {"species": [{"element": "Cl", "occu": 1}], "abc": [0.5, 0.5, 0.5]}]}
    """
  }

  private func retry(
    _ campaign: String, limit: Int? = nil, stopAfter commits: Int? = nil, jobs: Int = 1
  ) throws -> CampaignReport {
    let stop = StopFlag()
    var count = 0
    return try CampaignRun(
      plan: CampaignPlan(file: campaign), directory: files.folder.path("run"), jobs: jobs
    )
    .run(limit: limit, retryingRejected: true, stop: stop) { _, _ in
      count += 1
      if let commits, count >= commits { stop.raise() }
    }
  }

  /// That the run in `run` is what the campaign gives from scratch.
  private func expectSameAsFromScratch(_ campaign: String) throws {
    try files.run(campaign, in: "scratch")
    for selection in [RunExport.Selection.all, .rejected] {
      #expect(try files.export("run", select: selection) == files.export("scratch", select: selection))
    }
    let store = try openRun(files.folder.path("run"))
    let other = try openRun(files.folder.path("scratch"))
    #expect(try store.verifyCounts() == other.verifyCounts())
    #expect(try store.finishedDate() != nil)
    #expect(try !store.isRetrying())
    #expect(try store.description().planFingerprint == other.description().planFingerprint)
  }

  private func archive(_ options: String = "") -> String {
    "- archive: {path: crystals.jsonl\(options)}"
  }

  private func campaign(_ input: String, phases: String = "phases.csv") throws -> String {
    try files.campaign(
      inputs: input, stages: CampaignFolder.stages.replacing("phases.csv", with: phases), batch: 3,
      more: "rejections: {allowed_share: 1}")
  }

  @Test(arguments: [1, 3])
  func `records with shared sites become rows when the majority species is taken`(jobs: Int) throws {
    _ = try files.archive(try lines { shared($0) })
    let before = try files.run(try campaign(archive()))
    #expect(before.counts.rejected == 4)
    let report = try retry(try campaign(archive(", occupancy: majority")), jobs: jobs)
    #expect(report.isFinished)
    #expect(report.counts.rejected == 0)
    #expect(report.counts.records == 30)
    #expect(report.recordsNow == 4)
    try expectSameAsFromScratch(try campaign(archive(", occupancy: majority")))
  }

  @Test func `a retry that is stopped goes on, by whichever call`() throws {
    _ = try files.archive(try lines { shared($0) })
    try files.run(try campaign(archive()), limit: 20)
    let mended = try campaign(archive(", occupancy: majority"))
    let stopped = try retry(mended, limit: 1)
    #expect(!stopped.isFinished)
    #expect(stopped.counts.rejected == 2)
    #expect(try openRun(files.folder.path("run")).isRetrying())
    // Twice the same retry is one; the plain command ends what was begun and reads on.
    #expect(try retry(mended, limit: 1).counts.rejected == 1)
    let report = try files.run(mended)
    #expect(report.isFinished)
    #expect(report.counts.rejected == 0)
    try expectSameAsFromScratch(mended)
  }

  @Test func `records of a mended archive are read from it`() throws {
    _ = try files.archive(try lines { "{\"id\": \"r-\($0)\", \"lattice\": 7" })
    try files.run(try campaign(archive()))
    let broken = try files.folder.text("crystals.jsonl")
    _ = try files.archive(try lines { $0 == 11 ? "nothing" : shared($0) })
    let mended = try campaign(archive())
    #expect(message { try files.run(mended) }.contains("digest"))
    #expect(try retry(mended).counts.rejectionsByReason.map(\.reason) == ["partial_occupancy", "unreadable"])
    try expectSameAsFromScratch(mended)
    #expect(broken != (try files.folder.text("crystals.jsonl")))
  }

  @Test func `an archive with other crystals in place of rows is refused, and the run is left as it was`()
    throws
  {
    _ = try files.archive(try lines { shared($0) })
    let campaign = try campaign(archive())
    try files.run(campaign)
    let before = try files.export(select: .rejected)
    let text = try files.folder.text("crystals.jsonl")
    for (changed, complaint) in [
      (text.replacing("\"r-7\"", with: "\"r-77\""), "record 7 is another crystal"),
      (text.replacing("\"id\":\"r-7\"", with: "\"id\":\"r-7\",,"), "record 7 was a crystal"),
      (text.split(separator: "\n").prefix(25).joined(separator: "\n"), "record 25 was a crystal"),
    ] {
      try files.folder.write(changed, to: "crystals.jsonl")
      let found = message { _ = try retry(campaign) }
      #expect(found.contains(complaint), "\(found)")
    }
    try files.folder.write(text, to: "crystals.jsonl")
    #expect(try files.export(select: .rejected) == before)
    #expect(try files.run(campaign).isFinished)
  }

  @Test func `an archive that was cut short is read on when it is whole`() throws {
    _ = try files.archive(try lines { shared($0) })
    let whole = try files.folder.text("crystals.jsonl")
    let frames = """
      1
      Lattice="3 0 0 0 3 0 0 0 3" Properties=species:S:1:pos:R:3
      Na 0 0 0

      """
    try files.folder.write(String(repeating: frames, count: 9) + "1\nLat", to: "crystals.jsonl")
    let campaign = try campaign(archive())
    let report = try files.run(campaign)
    #expect(report.counts.rejectionsByReason.map(\.reason) == ["truncated"])
    #expect(report.counts.records == 10)
    try files.folder.write(String(repeating: frames, count: 14), to: "crystals.jsonl")
    let mended = try retry(campaign)
    #expect(mended.counts.records == 14)
    #expect(mended.counts.rejected == 0)
    try expectSameAsFromScratch(campaign)
    #expect(!whole.isEmpty)
  }

  @Test func `references of elements that had none are taken, others are refused`() throws {
    _ = try files.archive(
      try lines {
        "{\"id\":\"g-\($0)\",\"lattice\":[[4,0,0],[0,4,0],[0,0,4]],\"species\":[\"Au\"],\"frac_coords\":[[0,0,0]]}"
      })
    try files.run(try campaign(archive()))
    #expect(try files.export(select: .rejected).contains("no_terminal_reference"))
    let phases = try files.folder.text("phases.csv")
    try files.folder.write(phases + "KCl,-2.2\nAu,0\n", to: "more.csv")
    let lower = message { _ = try retry(try campaign(archive(), phases: "more.csv")) }
    #expect(lower.contains("KCl is new"), "\(lower)")
    try files.folder.write(phases.replacing("NaCl,-2.1", with: "NaCl,-2.3"), to: "more.csv")
    let other = message { _ = try retry(try campaign(archive(), phases: "more.csv")) }
    #expect(other.contains("NaCl is gone or has another energy"), "\(other)")
    try files.folder.write(phases + "Au,0\nNa2Au,-0.4\n", to: "more.csv")
    let mended = try campaign(archive(), phases: "more.csv")
    #expect(try retry(mended).counts.rejected == 0)
    try expectSameAsFromScratch(mended)
  }

  @Test(arguments: [
    ("batch: 3", "batch: 4", "store.batch"), ("count: 12", "count: 12, cutoff: 8.0", "(no error)"),
    ("model: model", "model: other", "digests.models"),
    ("allowed_share: 1", "allowed_share: 0.9", "(no error)"),
    ("allowed_share: 1}", "allowed_share: 1}\nthreshold: 0.1", "threshold"),
  ])
  func `changes that may touch rows are refused by name`(old: String, new: String, complaint: String) throws {
    _ = try files.archive(try lines { shared($0) })
    try TinyModel.write(to: files.folder.path("other"), seed: 9)
    let file = try campaign(archive())
    let text = try files.folder.text("tiny.yaml").replacing("graph: {}", with: "graph: {count: 12}")
    try files.folder.write(text, to: "tiny.yaml")
    try files.run(file)
    try files.folder.write(text.replacing(old, with: new), to: "tiny.yaml")
    let found = message { _ = try retry(file) }
    #expect(found.contains(complaint), "\(found)")
  }

  @Test func `a source that takes shared sites is not made to reject them`() throws {
    _ = try files.archive(try lines { shared($0) })
    try files.run(try campaign(archive(", occupancy: majority")))
    #expect(message { _ = try retry(try campaign(archive())) }.contains("occupancy"))
  }
}
