import Foundation
import ScreeningStore
import Synchronization
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

  @Test func `one at a time holds the claim of a folder that its holders remove and make again`() throws {
    let folder = try TemporaryFolder()
    let place = folder.file("claimed")
    let holders = Atomic(0)
    let claims = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<200 {
        try? FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        // Held by another, or its folder has just been removed.
        guard let claim = try? RunClaim(folder: place) else { continue }
        #expect(holders.add(1, ordering: .relaxed).newValue == 1)
        claims.add(1, ordering: .relaxed)
        // No one else removes the file of a claim that is held.
        #expect(FileManager.default.fileExists(atPath: place + "/" + RunClaim.fileName))
        holders.subtract(1, ordering: .relaxed)
        try? FileManager.default.removeItem(atPath: place)
        withExtendedLifetime(claim) {}
      }
    }
    #expect(claims.load(ordering: .relaxed) > 0)
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
