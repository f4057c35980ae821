import Crystal
import Foundation
import Screening
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("Volumes fitted to known members") struct FittedPrototypeTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  /// Rock salts with cell lengths that are 10 % above the plain estimate for sodium, and crystals that are none.
  private func members() -> [String] {
    let halves = (["Li", "Na", "K", "Rb", "Cs"], ["F", "Cl", "Br", "I"])
    let edges = [
      "Li": 2.4, "Na": 2.8, "K": 3.1, "Rb": 3.3, "Cs": 3.5, "F": 0, "Cl": 0.4, "Br": 0.55, "I": 0.8,
    ]
    return halves.0.flatMap { metal in
      halves.1.flatMap { anion in
        let edge = (edges[metal] ?? 0) + (edges[anion] ?? 0)
        let cell = "[[0,\(edge),\(edge)],[\(edge),0,\(edge)],[\(edge),\(edge),0]]"
        return [
          """
          {"id":"\(metal)\(anion)","lattice":\(cell),"species":["\(metal)","\(anion)"],\
          "frac_coords":[[0,0,0],[0.5,0.5,0.5]]}
          """,
          """
          {"id":"off-\(metal)\(anion)","lattice":\(cell),"species":["\(metal)","\(anion)"],\
          "frac_coords":[[0,0,0],[0.4,0.5,0.5]]}
          """,
        ]
      }
    }
  }

  private func table() throws -> PrototypeFitReport {
    _ = try files.archive(members(), named: "members.jsonl")
    return try PrototypeFitting("rock-salt", jobs: 2)
      .fit([files.folder.path("members.jsonl")], to: files.folder.path("table.csv"))
  }

  private static func inputs(_ table: String = "table.csv") -> String {
    "- decorate: {prototype: rock-salt, sites: {A: [Li, Na, K, Rb, Cs], X: [F, Cl, Br, I]}, "
      + "volume: {fitted: {table: \(table)}}}"
  }

  @Test func `members are found among crystals, and decorations come close to their volumes`() throws {
    let report = try table()
    #expect(report.crystalCount == 40)
    #expect(report.memberCount == 20)
    let quality = try #require(report.qualities.first)
    #expect(quality.fitted < 0.7 * quality.plain, "\(quality)")
    let text = try files.folder.text("table.csv")
    #expect(text.contains("# 20 members among 40 crystals of members.jsonl, digest "))
    try files.run(try files.campaign(inputs: Self.inputs()))
    let rows = Dictionary(uniqueKeysWithValues: try files.table().map { ($0["id"] ?? "", $0) })
    // 2 (2.8 + 0.4)³ Å³.
    let volume = try #require(rows["rock-salt:Na-Cl"]?["volume_A3"].flatMap { Double($0) })
    #expect(abs(volume / 65.536 - 1) < 0.05)
  }

  @Test func `the table is part of the plan's identity`() throws {
    _ = try table()
    let campaign = try files.campaign(inputs: Self.inputs())
    try files.run(campaign, limit: 5)
    let text = try files.folder.text("table.csv")
    try files.folder.write(text.replacing("rock-salt,A,Na,4,", with: "rock-salt,A,Na,5,"), to: "table.csv")
    #expect(message { try files.run(campaign) }.contains("digest"))
    try files.folder.write(text, to: "table.csv")
    #expect(try files.run(campaign).isFinished)
  }

  @Test func `what a fit wrote is read as it was, and written again alike`() throws {
    _ = try table()
    let first = try files.folder.text("table.csv")
    _ = try table()
    #expect(try files.folder.text("table.csv") == first)
    let lines = first.split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(lines[0] == "prototype,label,element,members,volume_A3,stretch")
    #expect(lines.count > 2 * 80)
  }

  @Test(arguments: [
    ("rock-salt,A,Na,4,", "rock-salt,A,Nq,4,", "\"Nq\" is no element"),
    ("rock-salt,A,Na,4,", "rock-salt,A,Na,4,,", "7 fields where the header has 6"),
    ("rock-salt,A,Na,4,", "rock-salt,A,Na,many,", "\"many\" is no number"),
    ("rock-salt,A,Na,4,", "rock-salt,A,Na,4,-", "is no volume"),
    ("rock-salt,A,Na,4,", "perovskite,A,Na,4,", "prototype perovskite in a table for rock-salt"),
    ("rock-salt,A,Na,4,", "rock-salt,A,K,4,", "K on A stands twice"),
    ("members,volume_A3", "members,volume", "the header must begin with prototype,label,element"),
  ])
  func `a damaged table is refused with its line`(old: String, new: String, part: String) throws {
    _ = try table()
    try files.folder.write(try files.folder.text("table.csv").replacing(old, with: new), to: "table.csv")
    let text = message { _ = try CampaignPlan(file: try files.campaign(inputs: Self.inputs())) }
    #expect(text.contains("table.csv: line "), "\(text)")
    #expect(text.contains(part), "\(text)")
  }

  @Test func `a table of another prototype, an absent one and too few members are refused`() throws {
    _ = try table()
    let other = Self.inputs().replacing("prototype: rock-salt", with: "prototype: CsCl")
    let text = message { _ = try CampaignPlan(file: try files.campaign(inputs: other)) }
    #expect(text.contains("the table was fitted for rock-salt, not for CsCl"), "\(text)")
    let absent = message {
      _ = try CampaignPlan(file: try files.campaign(inputs: Self.inputs("absent.csv")))
    }
    #expect(absent.contains("absent.csv does not exist"), "\(absent)")
    let none = message {
      _ = try PrototypeFitting("perovskite", jobs: 1)
        .fit([files.folder.path("members.jsonl")], to: files.folder.path("none.csv"))
    }
    #expect(none.contains("perovskite: 0 known members"), "\(none)")
    #expect(!FileManager.default.fileExists(atPath: files.folder.path("none.csv")))
    #expect(
      message { _ = try PrototypeFitting("novel", jobs: 1) }.contains("no prototype and no file \"novel\""))
  }
}
