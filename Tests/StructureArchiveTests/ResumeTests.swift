import Crystal
import Foundation
import StructureArchive
import TestSupport
import Testing

/// Going on at any record gives what an undisturbed reading gives: the same records, numbers, offsets and error.
@Suite struct ResumeTests {
  /// Everything a caller sees of a record.
  struct Seen: Hashable {
    let member: String
    let index: Int
    let byteOffset: Int
    let bytes: [UInt8]
    let format: RecordFormat
    let failure: RecordError?
    let id: String

    init(_ record: ArchiveRecord) {
      member = record.member
      index = record.index
      byteOffset = record.byteOffset
      bytes = record.bytes
      format = record.format
      failure = record.failure
      id = record.defaultID
    }
  }

  static func read(
    _ reader: ArchiveReader, limit: Int = Int.max
  ) -> (records: [Seen], error: ArchiveError?) {
    var records: [Seen] = []
    do throws(ArchiveError) {
      while records.count < limit, let record = try reader.next() { records.append(Seen(record)) }
      return (records, nil)
    } catch {
      return (records, error)
    }
  }

  /// Checks every place of an archive, or those in `places`.
  static func check(_ path: String, places: [Int]? = nil, atLeast: Int = 1) throws {
    let whole = read(try ArchiveReader(path: path))
    #expect(whole.records.count >= atLeast, "\(path)")
    for place in places ?? Array(0...whole.records.count) {
      let first = try ArchiveReader(path: path)
      _ = read(first, limit: place)
      let position = try #require(ArchivePosition(bytes: first.position.bytes))
      #expect(position == first.position)
      let rest = try ArchiveReader(path: path, resumingAt: position)
      // Within an archive in an archive the place is where the outer member begins.
      try rest.skip(toRecord: place)
      let (records, error) = read(rest)
      #expect(records == Array(whole.records[place...]), "\(path) from \(place): \(position)")
      #expect(error == whole.error, "\(path) from \(place)")
    }
  }

  /// Members of every kind, with a bad one, one of many records, and an empty one.
  static func members(seed: UInt64) throws -> [(name: String, bytes: [UInt8])] {
    let structures = try randomStructures(9, seed: seed)
    let lines = structures[0..<4].enumerated().map { CrystalText.line(id: "l\($0)", $1) + "\n" }
    let list = structures[4..<7].enumerated().map { CrystalText.line(id: "j\($0)", $1) }
    return [
      ("a.cif", Array(cifText(id: "a", structure: structures[7]).utf8)),
      ("many.jsonl", Array(lines.joined().utf8)), ("bad.txt", Array("nothing of use\n".utf8)),
      ("../../etc/POSCAR", Array(CrystalText.poscar(structures[8]).utf8)),
      ("list.json", Array("[\(list.joined(separator: ",\n"))]".utf8)),
      (".hidden", Array("x".utf8)), ("empty", []),
      (
        "frames.xyz",
        Array((CrystalText.frame(id: "f", structures[0]) + CrystalText.frame(id: "g", structures[1])).utf8)
      ),
      (
        "two.cif",
        Array((cifText(id: "b", structure: structures[2]) + cifText(id: "c", structure: structures[3])).utf8)
      ),
      (
        String(repeating: "long/", count: 50) + "name.cif",
        Array(cifText(id: "d", structure: structures[5]).utf8)
      ),
    ]
  }

  @Test(arguments: Packing.allCases)
  func `an archive of members goes on at every record`(packing: Packing) throws {
    let folder = try ScratchFolder()
    let whole = try packed(ResumeTests.members(seed: 71), as: packing)
    try ResumeTests.check(try folder.write("a.\(packing.suffix)", whole), atLeast: 15)
    for share in [0.35, 0.7, 0.95] {
      try ResumeTests.check(try folder.write("cut", whole[..<Int(share * Double(whole.count))]), atLeast: 0)
    }
  }

  @Test(arguments: Compression.allCases)
  func `a file of records goes on at every record`(compression: Compression) throws {
    let folder = try ScratchFolder()
    let structures = try randomStructures(12, seed: 72)
    for kind in ["lines", "optimade", "list", "cif", "frames"] {
      let texts = structures.enumerated().map { index, structure in
        switch kind {
        case "optimade": CrystalText.optimade(id: "\(index)", structure) + "\n"
        case "list": CrystalText.line(id: "\(index)", structure)
        case "cif": cifText(id: "\(index)", structure: structure)
        case "frames": CrystalText.frame(id: "\(index)", structure)
        default: CrystalText.line(id: "\(index)", structure) + "\n"
        }
      }
      let text =
        switch kind {
        case "optimade":
          "{\"x-optimade\":{\"meta\":{}}}\n{\"type\":\"info\",\"id\":\"x\"}\n" + texts.joined()
            + "\n{\"type\":\"references\"}\n"
        case "list": "{\"columns\": [\"id\"], \"data\": [" + texts.joined(separator: ", ") + "], \"x\": 1}"
        default: texts.joined()
        }
      let bytes = try compressed(Array(text.utf8), compression)
      try ResumeTests.check(try folder.write(kind, bytes), atLeast: 12)
      try ResumeTests.check(try folder.write("cut", bytes[..<(bytes.count * 4 / 5)]), atLeast: 0)
    }
  }

  @Test func `zstd files of several frames go on at every record, with sizes in their headers and without`()
    throws
  {
    let folder = try ScratchFolder()
    let structures = try randomStructures(24, seed: 73)
    var bytes: [UInt8] = []
    for (index, start) in stride(from: 0, to: 24, by: 6).enumerated() {
      let lines = structures[start..<(start + 6)].enumerated().map {
        CrystalText.line(id: "\(start + $0)", $1) + "\n"
      }
      if index % 2 == 0 {
        bytes += try compressed(Array(lines.joined().utf8), .zstd)
      } else {
        let writer = try PackedArchiveWriter(path: folder.path("frame"), recordsPerFrame: 100)
        for line in lines { try writer.append(String(line.dropLast())) }
        try writer.finish()
        bytes += Array(try Data(contentsOf: URL(filePath: folder.path("frame"))))
      }
    }
    try ResumeTests.check(try folder.write("frames.zst", bytes), atLeast: 24)
    // A tar archive whose compressed frames begin anywhere.
    let tar = try packed(ResumeTests.members(seed: 74), as: .tar)
    var pieces: [UInt8] = []
    for start in stride(from: 0, to: tar.count, by: 3000) {
      pieces += try compressed(Array(tar[start..<min(tar.count, start + 3000)]), .zstd)
    }
    try ResumeTests.check(try folder.write("frames.tar.zst", pieces), atLeast: 15)
  }

  @Test func `folders, archives in them and in archives go on at every record`() throws {
    let folder = try ScratchFolder()
    let members = try ResumeTests.members(seed: 75)
    let inner = try packed(members, as: .tarGzip)
    let cif = try compressed(members[0].bytes, .gzip)
    let outer: [(name: String, bytes: [UInt8])] = [
      members[0], ("inner.tar.gz", inner), ("one.cif.gz", cif), members[1],
      ("inner.zip", try packed(members, as: .zip)),
      ("bad.gz", Array(cif.dropLast(30))), ("many.jsonl.zst", try compressed(members[1].bytes, .zstd)),
      members[3],
    ]
    for packing in Packing.allCases {
      let path = try folder.write("nested.\(packing.suffix)", packed(outer, as: packing))
      try ResumeTests.check(path, atLeast: 40)
    }
    for (index, member) in members.enumerated() where !member.bytes.isEmpty {
      try folder.write("tree/\(index % 3)/\(index)", member.bytes)
    }
    try folder.write("tree/1/inner.tar.gz", inner)
    try folder.write("tree/cut.tar.gz", inner.dropLast(300))
    try folder.write("tree/nested.zip", packed(outer, as: .zip))
    try ResumeTests.check(folder.path("tree"), atLeast: 60)
  }

  @Test func `bytes that are no place are refused`() throws {
    #expect(ArchivePosition(bytes: []) == nil)
    #expect(ArchivePosition(bytes: Array("1 2 3".utf8)) == nil)
    #expect(ArchivePosition(bytes: Array("2 1 0 0 0 0 0 0".utf8)) == nil)
    #expect(ArchivePosition(bytes: Array("1 -1 0 0 0 0 0 0".utf8)) == nil)
    #expect(ArchivePosition(bytes: Array("1 1 9 0 0 0 0 0".utf8)) == nil)
  }
}
