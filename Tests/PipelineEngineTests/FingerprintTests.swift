import Foundation
import PipelineEngine
import TestSupport
import Testing

@Suite struct FingerprintTests {
  // FIPS 180-2, appendix B, and its empty message.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func `published digests are met`(message: String, digest: String) {
    #expect(Fingerprint(of: message).hexadecimal == digest)
  }

  @Test(arguments: 0..<8) func `pieces give the digest of the whole, as a file does`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let size = Int.random(in: 0..<(3 << 20), using: &generator)
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ Int(seed)) }
    var stream = FingerprintStream()
    var start = 0
    while start < size {
      let end = min(size, start + Int.random(in: 1..<500_000, using: &generator))
      bytes[start..<end].withUnsafeBytes { stream.append($0) }
      start = end
    }
    let whole = Fingerprint(of: bytes)
    #expect(stream.finish() == whole)
    let url = FileManager.default.temporaryDirectory.appending(path: "fingerprint-\(UUID().uuidString)")
    try Data(bytes).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    #expect(try Fingerprint(ofFile: url.path) == whole)
  }

  @Test func `a file that cannot be read is an error with its path`() {
    for path in ["/nonexistent/file", FileManager.default.temporaryDirectory.path] {
      do {
        _ = try Fingerprint(ofFile: path)
        Issue.record("\(path) has no fingerprint")
      } catch {
        #expect(error.description.hasPrefix(path))
      }
    }
  }

  @Test func `the order of parts matters when they are combined`() {
    let (a, b) = (Fingerprint(of: "a"), Fingerprint(of: "b"))
    #expect(Fingerprint(combining: [a, b]) != Fingerprint(combining: [b, a]))
    #expect(Fingerprint(combining: [a]) != a)
  }

  @Test func `only 64 lower-case digits are a fingerprint`() {
    let digits = Fingerprint(of: "x").hexadecimal
    #expect(Fingerprint(hexadecimal: digits) == Fingerprint(of: "x"))
    for text in ["", digits + "0", digits.uppercased(), String(digits.dropLast()) + "g"] {
      #expect(Fingerprint(hexadecimal: text) == nil)
    }
  }
}
