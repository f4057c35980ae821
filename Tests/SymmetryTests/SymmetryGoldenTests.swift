import Crystal
import Foundation
import StructureArchive
import Symmetry
import TestSupport
import Testing

/// Real crystals beside spglib's own Python package (`scripts/symmetry-goldens`).
@Suite struct SymmetryGoldenTests {
  private struct Golden {
    let id: String
    let number: Int
    let symbol: String
    let letters: String
    let orbits: [Int]
    let numberWithinTenth: Int?
  }

  private static func goldens() throws -> [Golden] {
    let text = try String(contentsOf: Fixtures.url("goldens/symmetry.csv"), encoding: .utf8)
    return try text.split(separator: "\n").dropFirst().map { line in
      let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      return Golden(
        id: fields[0], number: try #require(Int(fields[1])), symbol: fields[2], letters: fields[3],
        orbits: fields[4].split(separator: " ").compactMap { Int($0) }, numberWithinTenth: Int(fields[5]))
    }
  }

  /// The crystals of the shared test split with these ids.
  private static func crystals(_ ids: Set<String>) throws -> [String: Structure] {
    let path = try #require(Fixtures.sharedData).appending(path: "mp/test.jsonl.zst").path
    let reader = try ArchiveReader(path: path)
    var crystals: [String: Structure] = [:]
    while crystals.count < ids.count, let record = try reader.next() {
      // The id stands first in every record; decoding only the wanted ones keeps unoptimized tests fast.
      let head = String(decoding: record.bytes.prefix(60), as: UTF8.self).split(separator: "\"", maxSplits: 4)
      guard head.count > 3, ids.contains(String(head[3])) else { continue }
      crystals[String(head[3])] = try StructureDecoder().decode(record).structure
    }
    return crystals
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `space groups, orbits and letters of real crystals are those of the Python package`() throws {
    let goldens = try Self.goldens()
    #expect(goldens.count > 100)
    let crystals = try Self.crystals(Set(goldens.map(\.id)))
    var exchanged = 0
    for golden in goldens {
      let structure = try #require(crystals[golden.id], "\(golden.id)")
      let found = try CrystalSymmetry(of: structure, tolerance: 0.01)
      #expect(found.spaceGroup.number == golden.number, "\(golden.id)")
      #expect(found.spaceGroup.symbol == golden.symbol, "\(golden.id)")
      #expect(found.orbits == golden.orbits, "\(golden.id)")
      // In few crystals rounding decides which of two like origins is taken, and with it which letter is which.
      let pairs = Set(zip(found.wyckoffLetters, golden.letters).map { "\($0)\($1)" })
      #expect(pairs.count == Set(golden.letters).count, "\(golden.id)")
      #expect(pairs.count == Set(found.wyckoffLetters).count, "\(golden.id)")
      if String(found.wyckoffLetters) != golden.letters { exchanged += 1 }
      let wider = try? CrystalSymmetry(of: structure, tolerance: 0.1)
      #expect(wider?.spaceGroup.number == golden.numberWithinTenth, "\(golden.id)")
    }
    #expect(exchanged <= 3)
  }
}
