import Foundation
import FuzzTargets
import TestSupport
import Testing

/// The inputs under `fixtures/fuzz` and repeatable changes of them; `make fuzz` looks further.
@Suite("Hostile bytes") struct CorpusTests {
  private func corpus(_ target: FuzzTarget) throws -> [[UInt8]] {
    let folder = Fixtures.url("fuzz/\(target.rawValue)")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
      [UInt8](try Data(contentsOf: folder.appending(path: $0)))
    }
  }

  /// A reader that traps or hangs takes this test down with it, which is what it is for.
  @Test(arguments: FuzzTarget.allCases)
  func `a reader answers any bytes`(target: FuzzTarget) throws {
    let seeds = try corpus(target)
    #expect(!seeds.isEmpty)
    for bytes in seeds { target.read(bytes) }
    var mutator = Mutator(seeds: seeds, dictionary: target.dictionary, seed: 1)
    for _ in 0..<300 { target.read(mutator.next()) }
  }
}
