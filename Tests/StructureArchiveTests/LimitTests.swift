import Crystal
import Foundation
import StructureArchive
import TestSupport
import Testing

/// Archives that claim too much stop at a stated bound, and cost no more than themselves.
@Suite struct LimitTests {
  let folder: ScratchFolder
  let crystals: [(name: String, bytes: [UInt8])]
  /// Real bombs in small: 16 MiB from some kilobytes.
  let filling = [UInt8](repeating: UInt8(ascii: "a"), count: 16 << 20)
  let limits = ArchiveLimits(largestRecord: 1 << 20, largestExpansion: 20, freeExpansion: 1 << 20)

  init() throws {
    folder = try ScratchFolder()
    crystals = try randomStructures(4, seed: 91).enumerated().map { index, structure in
      ("\(index).cif", Array(cifText(id: "\(index)", structure: structure).utf8))
    }
  }

  private func expectBomb(_ path: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let (records, error) = readAll(path, limits: limits)
    guard case .expandsTooFar(let archive, let bound, 20) = error else {
      Issue.record(
        "\(path): \(String(describing: error)), \(records.map(\.failure))", sourceLocation: sourceLocation)
      return
    }
    #expect(archive == path)
    let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    #expect(bound == max(1 << 20, 20 * size))
    #expect(error?.description.contains("\(bound) bytes") == true)
    #expect(error?.rejectionReason == .tooLarge)
    #expect(records.allSatisfy { $0.bytes.count <= limits.largestRecord })
  }

  @Test(arguments: Compression.allCases.filter { $0 != .none })
  func `a stream that expands beyond the bound is stopped`(compression: Compression) throws {
    try expectBomb(folder.write("bomb", compressed(filling, compression)))
    let zeros = [UInt8](repeating: 0, count: 16 << 20)
    try expectBomb(folder.write("zeros", compressed(zeros, compression)))
    // The same bytes without a bound are one record that is too large.
    let (records, error) = readAll(folder.path("bomb"), limits: ArchiveLimits(largestRecord: 1 << 20))
    #expect(error == nil)
    #expect(records.map(\.failure?.reason) == [.tooLarge])
  }

  @Test(arguments: [Packing.tarGzip, .tarBzip2, .tarXz, .tarZstd, .zip])
  func `a member that expands beyond the bound stops its archive, after what stands before it`(
    packing: Packing
  ) throws {
    let path = try folder.write("bomb", packed([crystals[0], ("bomb", filling), crystals[1]], as: packing))
    try expectBomb(path)
    #expect(readAll(path, limits: limits).records.first?.member == "0.cif")
  }

  @Test func `a bomb in an archive in an archive is stopped by the size of the outermost`() throws {
    let inner = try packed([("bomb", filling)], as: .zip)
    try expectBomb(folder.write("nested.zip", packed([("inner.zip", inner)], as: .zip)))
    try expectBomb(folder.write("nested.tar", packed([("bomb.zst", compressed(filling, .zstd))], as: .tar)))
    // In a folder only the file is lost.
    try folder.write("tree/a.zip", inner)
    try folder.write("tree/b.cif", crystals[0].bytes)
    let (records, error) = readAll(folder.path("tree"), limits: limits)
    #expect(error == nil)
    #expect(records.map(\.failure?.reason) == [.tooLarge, nil])
  }

  @Test func `an ordinary archive expands as far as it needs`() throws {
    let many = (0..<400).map { ("m/\($0).cif", crystals[$0 % 4].bytes) }
    for packing in Packing.allCases {
      let (records, error) = readAll(try folder.write("many", packed(many, as: packing)))
      #expect(error == nil)
      #expect(records.count == 400)
    }
  }

  @Test func `archives lie as deep as the limits allow, and the rest is read on`() throws {
    let inner = try packed([crystals[0], ("deep.zip", packed([crystals[1]], as: .zip))], as: .zip)
    let outer: [(name: String, bytes: [UInt8])] = [
      crystals[2], ("inner.zip", inner), ("a.cif.gz", try compressed(crystals[3].bytes, .gzip)), crystals[3],
    ]
    for packing in Packing.allCases {
      let path = try folder.write("outer", packed(outer, as: packing))
      func read(_ depth: Int) -> (names: [String], failures: [RejectionReason?]) {
        let (records, error) = readAll(path, limits: ArchiveLimits(deepestNesting: depth))
        #expect(error == nil)
        return (records.map(\.member), records.map(\.failure?.reason))
      }
      #expect(read(0).names == ["2.cif", "inner.zip", "a.cif.gz", "3.cif"])
      #expect(read(0).failures == [nil, .unreadable, .unreadable, nil])
      #expect(read(1).names == ["2.cif", "inner.zip/0.cif", "inner.zip/deep.zip", "a.cif.gz", "3.cif"])
      #expect(read(1).failures == [nil, nil, .unreadable, nil, nil])
      #expect(
        read(2).names == ["2.cif", "inner.zip/0.cif", "inner.zip/deep.zip/1.cif", "a.cif.gz", "3.cif"])
      #expect(read(2).failures.allSatisfy { $0 == nil })
    }
    let (records, _) = readAll(folder.path("outer"))
    #expect(records[2].failure?.message.contains("deeper than the allowed 1") == true)
    #expect(records[3].defaultID == "a")
  }

  @Test(arguments: Packing.allCases)
  func `a member beyond its bound is one rejection, and the next one is read`(packing: Packing) throws {
    let lines = try randomStructures(40, seed: 92).enumerated().map {
      CrystalText.line(id: "\($0)", $1) + "\n"
    }
    let path = try folder.write(
      "large", packed([crystals[0], ("many.jsonl", Array(lines.joined().utf8)), crystals[1]], as: packing))
    let (records, error) = readAll(path, limits: ArchiveLimits(largestMember: 4096))
    #expect(error == nil)
    #expect(records.first?.member == "0.cif")
    #expect(records.last?.member == "1.cif")
    #expect(records.filter { $0.failure != nil }.map(\.failure?.reason) == [.tooLarge])
    #expect(records.count < 30)
  }

  @Test func `more records than allowed end the reading with an error`() throws {
    let path = try folder.write("a.tar", packed(crystals, as: .tar))
    let (records, error) = readAll(path, limits: ArchiveLimits(mostRecords: 3))
    #expect(records.count == 3)
    #expect(error == .tooManyRecords(archive: path, limit: 3))
    #expect(readAll(path, limits: ArchiveLimits(mostRecords: 4)).error == nil)
  }

  @Test(arguments: Compression.allCases.filter { $0 != .none && $0 != .bzip2 })
  func `a cut stream gives every line that is whole in what can be decoded`(compression: Compression) throws {
    // Random digits: some 400 kB that hardly compress, so that a share of the file is about a share of the lines.
    let lines = try randomStructures(900, seed: 93).enumerated().map {
      CrystalText.line(id: "\($0)", $1) + "\n"
    }
    let whole = try compressed(Array(lines.joined().utf8), compression)
    for share in [0.3, 0.6, 0.9] {
      let cut = try folder.write("cut", whole[..<Int(share * Double(whole.count))])
      let (records, error) = readAll(cut)
      guard case .truncated = error else {
        Issue.record("\(compression): \(String(describing: error))")
        continue
      }
      // zstd decodes whole blocks of 128 KiB, the others byte by byte; libarchive loses 64 KiB and more.
      let lost = compression == .zstd ? 0.4 : 0.02
      #expect(Double(records.count) >= (share - lost) * 900, "\(compression) at \(share): \(records.count)")
    }
  }
}
