import Foundation
import ScreeningTestSupport
import TestSupport
import Testing

/// `sluice pack` and `sluice doctor` as a person calls them.
@Suite("Packing and examining, as commands") struct PackProgramTests {
  let folder: TemporaryFolder
  let good =
    "{\"id\":\"a\",\"lattice\":[[4,0,0],[0,4,0],[0,0,4]],\"species\":[\"Na\"],\"frac_coords\":[[0,0,0]]}\n"

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(good, to: "good.jsonl")
    try folder.write(good + "{}\n", to: "bad.jsonl")
  }

  @Test func `pack ends with 1 where something was rejected, unless that is allowed`() throws {
    func pack(_ arguments: String...) throws -> ChildProcess.Outcome {
      try Program.run(["pack"] + arguments, currentFolder: folder.path())
    }
    #expect(try pack("good.jsonl", "--output", "a.zst").exitCode == 0)
    let rejecting = try pack("good.jsonl", "bad.jsonl", "--output", "b.zst", "--rejected", "r.csv")
    #expect(rejecting.exitCode == 1)
    #expect(rejecting.errors.contains("b.zst: 3 records = 2 packed in 1 frames + 1 rejected"))
    #expect(try folder.lines("r.csv").count == 2)
    #expect(FileManager.default.fileExists(atPath: folder.path("b.zst")))
    #expect(try pack("bad.jsonl", "--output", "c.zst", "--allow-rejections").exitCode == 0)
    #expect(try pack("absent", "--output", "d.zst").exitCode == 2)
    #expect(try pack("good.jsonl", "--output", "d.zst", "--frame-records", "0").exitCode == 64)
    #expect(!FileManager.default.fileExists(atPath: folder.path("d.zst")))
    // A device takes the bytes, and stays a device.
    #expect(try pack("good.jsonl", "--output", "/dev/null").exitCode == 0)
    var status = stat()
    #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
  }

  @Test func `doctor ends with 0 where all is readable, with 1 otherwise, and says why`() throws {
    let fine = try Program.run(["doctor", folder.path("good.jsonl")])
    #expect(fine.exitCode == 0)
    #expect(fine.output.contains("records      1 = 1 structures + 0 rejected"))
    let bad = try Program.run(
      ["doctor", folder.path("good.jsonl"), folder.path("bad.jsonl"), "--format", "json"])
    #expect(bad.exitCode == 1)
    let parsed = try JSONSerialization.jsonObject(with: Data(bad.output.utf8)) as? [[String: Any]]
    let reports = try #require(parsed)
    #expect(reports.count == 2)
    #expect(reports[1]["records"] as? Int == 2)
    let rejections = try #require(reports[1]["rejections"] as? [[String: Any]])
    #expect(rejections.first?["reason"] as? String == "not_a_crystal")
    #expect(try Program.run(["doctor", folder.path("absent")]).exitCode == 2)
  }

  @Test func `doctor explains one record, and ends with 1 where it is rejected`() throws {
    let fine = try Program.run(["doctor", folder.path("bad.jsonl"), "--explain", "a"])
    #expect(fine.exitCode == 0)
    #expect(fine.output.contains("#0\n  id           a\n"))
    #expect(fine.output.contains("  read as      Na, JSON\n               1 sites: Na\n"))
    let bad = try Program.run(["doctor", folder.path("bad.jsonl"), "--explain", "#1"])
    #expect(bad.exitCode == 1)
    #expect(bad.output.contains("  rejected     at read, not_a_crystal, byte "))
    let parsed = try JSONSerialization.jsonObject(
      with: Data(
        Program.run(["doctor", folder.path("good.jsonl"), "--explain", "#0", "--format", "json"]).output.utf8)
    )
    #expect((parsed as? [String: Any])?["id"] as? String == "a")
    #expect(try Program.run(["doctor", folder.path("good.jsonl"), "--explain", "b"]).exitCode == 2)
    let two = try Program.run(
      ["doctor", folder.path("good.jsonl"), folder.path("bad.jsonl"), "--explain", "a"])
    #expect(two.exitCode == 64)
  }

  @Test func `init finds the model that ships, writes a campaign once, and again only when forced`() throws {
    func start(_ arguments: String...) throws -> ChildProcess.Outcome {
      try Program.run(["init"] + arguments, currentFolder: folder.path())
    }
    let outcome = try start("good.jsonl")
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(try folder.text("campaign.yaml").contains("fixtures/models/cogn-formation-energy"))
    #expect(try Program.run(["plan", folder.path("campaign.yaml")]).exitCode == 0)
    // So are the references, by their name and with what they cannot know.
    let limits = "knows no phase that was published later"
    #expect(outcome.errors.contains(limits), "\(outcome.errors)")
    #expect(
      try folder.text("campaign.yaml").contains("\n  - hull:\n      reference: materials-project-2019\n"))
    #expect(try folder.text("campaign.yaml").contains(limits))
    try folder.write("formula,formation_energy_per_atom\nNaCl,-2\n", to: "phases.csv")
    #expect(try start("good.jsonl", "--reference", "phases.csv", "--force").exitCode == 0)
    #expect(try folder.text("campaign.yaml").contains("\n      reference: phases.csv\n"))
    let refused = try start("bad.jsonl")
    #expect(refused.exitCode == 2 && refused.errors.contains("--force"))
    #expect(try start("bad.jsonl", "--force").exitCode == 0)
    #expect(try folder.text("campaign.yaml").contains("name: bad"))
    #expect(try start("absent", "--output", "other.yaml").exitCode == 2)
  }
}
