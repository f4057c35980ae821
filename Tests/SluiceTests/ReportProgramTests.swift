import Foundation
import TestSupport
import Testing

/// Whether Chromium and its driver are there, as Debian's packages chromium and chromium-driver bring them.
private let hasBrowser = ["chromium", "chromedriver"].allSatisfy { name in
  (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
  }
}

@Suite struct ReportProgramTests {
  @Test(
    .enabled(
      if: hasBrowser, "reports are looked at in a browser where chromium and chromium-driver are installed"))
  func `a report of hostile texts does nothing in a browser but show them`() throws {
    let script = Fixtures.repository.appending(path: "scripts/check-report").path
    let outcome = try ChildProcess.run(script, ["--sluice", try Program.path()])
    #expect(outcome.exitCode == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("no text has run as a script"))
  }
}
