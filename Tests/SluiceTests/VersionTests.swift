import Foundation
import Screening
import ScreeningTestSupport
import TestSupport
import Testing

/// What the program says of itself.
@Suite("Version") struct VersionTests {
  @Test func `the version is the topmost released one of the changelog, and every command prints it`() throws
  {
    let changes = try String(
      contentsOf: Fixtures.repository.appending(path: "CHANGELOG.md"), encoding: .utf8)
    let heading = try #require(
      changes.split(separator: "\n").first { $0.hasPrefix("## ") && $0 != "## Unreleased" })
    #expect(heading == "## \(programVersion)")
    let outcome = try Program.run(["--version"])
    #expect(outcome.exitCode == 0 && outcome.errors.isEmpty)
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 3, "\(outcome.output)")
    #expect(lines.first == "sluice \(programVersion)")
    #expect(lines.dropFirst().first == "commit \(programCommit ?? "unknown")")
    #expect(lines.last == "kernels for \(kernelLevel)")
    #expect(try Program.run(["models", "show", "--version"]).output == outcome.output)
  }

  @Test func `a run records version and commit of the program that made it`() throws {
    let files = try CampaignFolder()
    try files.run(try files.campaign())
    let recorded = programCommit.map { "\(programVersion) (\($0))" } ?? programVersion
    #expect(try Program.run(["status", files.folder.path("run")]).output.contains("by sluice \(recorded)\n"))
  }

  /// Output of scripts/commit in a folder that holds a copy of it.
  private func commit(in folder: TemporaryFolder, _ path: String = "") throws -> String {
    let outcome = try ChildProcess.run(folder.path(path + "scripts/commit"), [])
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    return outcome.output.trimmingCharacters(in: .newlines)
  }

  private func git(_ folder: TemporaryFolder, _ arguments: String...) throws -> String {
    let identity = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-C", folder.path("")]
    let outcome = try ChildProcess.run("/usr/bin/env", ["git"] + identity + arguments)
    #expect(outcome.exitCode == 0, "\(arguments): \(outcome.errors)")
    return outcome.output.trimmingCharacters(in: .newlines)
  }

  @Test func `the commit is that of the checkout, marked where its sources differ, and unknown without git`()
    throws
  {
    let folder = try TemporaryFolder()
    for inner in ["", "copy/"] {
      try FileManager.default.createDirectory(
        atPath: folder.path(inner + "Sources"), withIntermediateDirectories: true)
      try FileManager.default.createDirectory(
        atPath: folder.path(inner + "scripts"), withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: Fixtures.repository.appending(path: "scripts/commit").path,
        toPath: folder.path(inner + "scripts/commit"))
    }
    try folder.write("scripts/commit export-subst\n", to: ".gitattributes")
    try folder.write("let a = 1\n", to: "Sources/a.swift")
    #expect(try commit(in: folder) == "")
    _ = try git(folder, "init", "--quiet")
    #expect(try commit(in: folder) == "")
    _ = try git(folder, "add", ".")
    _ = try git(folder, "commit", "--quiet", "--message", "first")
    let first = try git(folder, "rev-parse", "--short=12", "HEAD")
    #expect(try commit(in: folder) == first)
    // A copy within a checkout is not at its commit, and a page that changed is no part of the program.
    #expect(try commit(in: folder, "copy/") == "")
    try folder.write("text\n", to: "README.md")
    #expect(try commit(in: folder) == first)
    try folder.write("let b = 1\n", to: "Sources/b.swift")
    #expect(try commit(in: folder) == first + "-dirty")
    // What `git archive` writes knows its commit without git.
    _ = try git(folder, "archive", "--prefix=archived/", "--output", folder.path("archived.tar"), "HEAD")
    let unpacked = try ChildProcess.run(
      "/usr/bin/env", ["tar", "-xf", folder.path("archived.tar"), "-C", folder.path("")])
    #expect(unpacked.exitCode == 0, "\(unpacked.errors)")
    #expect(try commit(in: folder, "archived/") == first)
  }
}
