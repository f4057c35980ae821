import Foundation
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("The rescore and diff commands", .serialized) struct RescoreProgramTests {
  let files: CampaignFolder

  init() throws {
    files = try CampaignFolder()
    // Energies of some -0.2 eV/atom: stable where the references have no compound.
    try TinyModel.write(to: files.folder.path("model"), spread: 0.2)
    try files.folder.write(
      try files.folder.text("phases.csv").replacing("BeO,-3.0\n", with: "") + "CaTe,-1.7\nCaI,-0.9\n",
      to: "newer.csv")
  }

  private func path(_ name: String) -> String { files.folder.path(name) }

  private func sluice(_ arguments: String...) throws -> ChildProcess.Outcome {
    try Program.run(arguments, currentFolder: path(""))
  }

  @Test func `a run is rescored beside itself, and the two are told apart`() throws {
    let campaign = try files.campaign(more: "rejections: {allowed_share: 0.2}")
    #expect(try sluice("run", campaign).exitCode == 0)
    let rescored = try sluice("rescore", "tiny.sluice", "--reference", "newer.csv")
    #expect(rescored.exitCode == 0, "\(rescored.errors)")
    #expect(rescored.output.isEmpty)
    #expect(
      rescored.errors.contains("tiny-2.sluice: 64 records = 56 rows + 8 rejected"), "\(rescored.errors)")
    #expect(rescored.errors.contains("8 rows of tiny.sluice are rejections now"), "\(rescored.errors)")
    // Back again: what was rejected stays so, and the person is told.
    let back = try sluice("rescore", "tiny-2.sluice", "--reference", "phases.csv")
    #expect(back.exitCode == 0, "\(back.errors)")
    #expect(back.errors.contains("tiny-3.sluice: 64 records = 56 rows + 8 rejected"), "\(back.errors)")
    #expect(
      back.errors.contains("8 records that the hull stage of tiny-2.sluice had rejected stay rejections"))
    #expect(try sluice("status", "tiny-3.sluice").output.contains("finished"))

    let text = try sluice("diff", "tiny.sluice", "tiny-2.sluice")
    #expect(text.exitCode == 0 && text.errors.isEmpty, "\(text.errors)")
    #expect(text.output.contains("CaTe new at -1.7000"), "\(text.output)")
    #expect(text.output.contains("rejected in the other run"), "\(text.output)")
    let csv = try sluice(
      "diff", "tiny.sluice", "tiny-2.sluice", "--format", "csv", "--output", "changes.csv")
    #expect(csv.exitCode == 0 && csv.output.isEmpty && csv.errors.contains("changes.csv: "))
    let rows = records(ofCSV: try files.folder.text("changes.csv"))
    #expect(Set(rows.map { $0["cause"] ?? "" }) == ["reference", "rejected"])
    let json = try sluice("diff", "tiny.sluice", "tiny-2.sluice", "--format", "json")
    let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect((object?["left"] as? [Any])?.count == rows.count)
    let nowhere = try sluice("diff", "tiny.sluice", "tiny-2.sluice", "--output", "no/folder/out")
    #expect(nowhere.exitCode == 2 && nowhere.errors.contains("no/folder/out"))
  }

  @Test func `more rejections than the campaign allows end with 1, and the run is there`() throws {
    #expect(try sluice("run", try files.campaign()).exitCode == 0)
    let outcome = try sluice("rescore", "tiny.sluice", "--reference", "newer.csv", "--output", "new")
    #expect(outcome.exitCode == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains("The leading reason is no_terminal_reference"), "\(outcome.errors)")
    #expect(try sluice("status", "new").exitCode == 0)
    let unfinished = try sluice("run", try files.campaign(named: "other"), "--limit", "9")
    #expect(unfinished.exitCode == 0)
    let refused = try sluice("rescore", "other.sluice", "--threshold", "1")
    #expect(refused.exitCode == 2 && refused.errors.contains("the run is not finished"))
  }

  @Test func `a rescoring killed at any moment leaves no run, and called again ends as one that was not`()
    throws
  {
    let elements =
      "[Li, Na, K, Rb, Cs, Mg, Ca, Sr, Ba, F, Cl, Br, I, O, S, Se, Te]"
    let campaign = try files.campaign(
      inputs:
        "- decorate: {prototype: half-Heusler, sites: {X: \(elements), Y: \(elements), Z: \(elements)}}",
      batch: 512)
    #expect(try sluice("run", campaign, "--jobs", "2").exitCode == 0)
    let clock = ContinuousClock()
    let start = clock.now
    #expect(
      try sluice("rescore", "tiny.sluice", "--reference", "newer.csv", "--output", "whole").exitCode == 0)
    let seconds = (clock.now - start) / .seconds(1)
    let expected = try files.export("whole")
    var generator = SeededGenerator(seed: 8)
    var kills = 0
    for round in 0..<12 {
      let output = path("killed-\(round)")
      let process = try Program.start(
        ["rescore", path("tiny.sluice"), "--reference", path("newer.csv"), "--output", output])
      Thread.sleep(forTimeInterval: Double.random(in: 0...(1.1 * seconds), using: &generator))
      process.killAtOnce()
      let outcome = process.wait()
      kills += outcome.signal == nil ? 0 : 1
      // The run is whole, or not there at all.
      if !FileManager.default.fileExists(atPath: output) {
        let again = try Program.run(
          ["rescore", path("tiny.sluice"), "--reference", path("newer.csv"), "--output", output])
        #expect(again.exitCode == 0, "\(again.errors)")
      }
      #expect(try files.export("killed-\(round)") == expected)
      #expect(!FileManager.default.fileExists(atPath: output + ".partial"))
    }
    #expect(kills > 0)
  }
}
