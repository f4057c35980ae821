import Foundation
import ScreeningStore
import Testing

@Suite struct RunClaimTests {
  @Test func `a second holder is refused with the process id of the first, and let in after it`() throws {
    let folder = try TemporaryFolder()
    var first: RunClaim? = try RunClaim(folder: folder.path)
    let path = folder.file(RunClaim.fileName)
    #expect(first != nil)
    let own = Int(ProcessInfo.processInfo.processIdentifier)
    #expect(throws: RunClaimError.held(path: path, processID: own)) { try RunClaim(folder: folder.path) }
    first = nil
    let second = try RunClaim(folder: folder.path)
    #expect(throws: RunClaimError.held(path: path, processID: own)) { try RunClaim(folder: folder.path) }
    _ = second
  }

  @Test func `a claim left by a process that is gone stands in nobody's way`() throws {
    let folder = try TemporaryFolder()
    try Data("4194303 and a longer text than any process id\n".utf8).write(
      to: URL(filePath: folder.file(RunClaim.fileName)))
    let claim = try RunClaim(folder: folder.path)
    let text = try String(contentsOfFile: folder.file(RunClaim.fileName), encoding: .utf8)
    #expect(text == "\(ProcessInfo.processInfo.processIdentifier)\n")
    _ = claim
  }

  @Test func `a folder that is not there is an error with its path`() throws {
    let folder = try TemporaryFolder()
    do {
      _ = try RunClaim(folder: folder.file("missing"))
      Issue.record("there is nothing to claim")
    } catch {
      #expect(error.description.hasPrefix(folder.file("missing")))
    }
  }
}
