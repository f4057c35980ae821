import Foundation
import TestSupport
import Testing

/// What `make lint` says of documents.
@Suite struct DocumentCheckTests {
  private func check(_ text: String) throws -> ChildProcess.Outcome {
    let folder = try TemporaryFolder()
    try folder.write(text, to: "page.md")
    let script = Fixtures.repository.appending(path: "scripts/check-targets").path
    return try ChildProcess.run(script, [folder.path("page.md")])
  }

  @Test func `a target of make that a document names and that is not there is refused`() throws {
    let good = try check(
      "`make test FILTER=Name`, then make something of it.\n\n```\n$ make build demo  # make both\n```\n")
    #expect(good.exitCode == 0, "\(good.output)\(good.errors)")
    for (text, line, target) in [
      ("Call `make test-swift`.\n", 1, "test-swift"), ("```\nmake build absent  # both\n```\n", 2, "absent"),
      ("```\ncd folder && COUNT=5 make demo2\n```\n", 2, "demo2"),
    ] {
      let bad = try check(text)
      #expect(bad.exitCode == 1)
      #expect(bad.output.contains("page.md:\(line): there is no target \(target)\n"), "\(bad.output)")
    }
  }
}
