import Foundation
import TestSupport
import Testing

@testable import StructureArchive

@Suite("Gzip") struct GzipTests {
  @Test(arguments: [0, 1, 1000, 300_000])
  func `what is compressed is read again by gzip, and is the same each time`(count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count))
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...9, using: &generator) }
    let packed = gzip(bytes)
    #expect(packed == gzip(bytes))
    // RFC 1952: the marks, deflate, no flags, no time.
    #expect(Array(packed.prefix(8)) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0])
    let folder = try TemporaryFolder()
    try Data(packed).write(to: folder.url.appending(path: "bytes.gz"))
    let unpacked = try ChildProcess.run(
      "/usr/bin/env", ["sh", "-c", "gzip -dc bytes.gz > bytes"], currentFolder: folder.url.path)
    #expect(unpacked.exitCode == 0, "\(unpacked.errors)")
    #expect(try [UInt8](Data(contentsOf: folder.url.appending(path: "bytes"))) == bytes)
  }
}
