import Crystal
import Foundation
import TestSupport
import Testing

@testable import StructureArchive

/// Gives out bytes in pieces of a chosen size.
private final class DripSource: ByteSource {
  private let bytes: [UInt8]
  private let sizes: [Int]
  private var position = 0
  private var turn = 0
  private let piece: UnsafeMutableRawBufferPointer

  init(_ bytes: [UInt8], sizes: [Int]) {
    self.bytes = bytes
    self.sizes = sizes
    piece = .allocate(byteCount: sizes.max() ?? 1, alignment: 16)
  }

  deinit { piece.deallocate() }

  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? {
    guard position < bytes.count else { return nil }
    let count = min(sizes[turn % sizes.count], bytes.count - position)
    turn += 1
    // The piece before is overwritten, as a real source does.
    piece.initializeMemory(as: UInt8.self, repeating: 0xAA)
    piece.copyBytes(from: bytes[position..<(position + count)])
    position += count
    return UnsafeRawBufferPointer(rebasing: piece[..<count])
  }
}

/// The pieces that a splitter makes of `bytes`, which come in pieces of these sizes.
func pieces(
  _ bytes: [UInt8], sizes: [Int], limits: ArchiveLimits = .init()
) throws -> [RecordPiece] {
  let window = ByteWindow(capacity: 16)
  window.attach(DripSource(bytes, sizes: sizes), archive: "a", member: "m")
  let context = SplitterContext(window: window, limits: limits, archive: "a", member: "m")
  let splitter = ContentDetection.splitter(for: context)
  var pieces: [RecordPiece] = []
  while let piece = try splitter.next() { pieces.append(piece) }
  return pieces
}

@Suite struct ReaderTests {
  static let forms = [
    "lines", "list", "entries", "table", "frames", "cif", "cifs", "poscar", "pretty", "damaged",
  ]

  static func content(_ form: String) throws -> [UInt8] {
    let structures = try randomStructures(6, seed: 31)
    switch form {
    case "cif": return Array(cifText(id: "a", structure: structures[0]).utf8)
    case "cifs":
      let blocks = structures.map { cifText(id: "a", structure: $0) }.joined()
      return Array("data_global\n_journal_name\n;\ndata_not_a_block\n;\n\(blocks)data_trailer\n_a b\n".utf8)
    case "poscar": return Array(CrystalText.poscar(structures[0]).utf8)
    case "pretty":
      return Array(
        structures.map { CrystalText.line(id: "a", $0).replacingOccurrences(of: ",", with: ",\n ") }
          .joined(separator: "\n").utf8)
    case "damaged":
      let lines = structures.map { CrystalText.line(id: "a", $0) }
      return Array("no JSON\n\n{\"id\": \"cut\",\n\(lines.joined(separator: "\r\n"))\n\n".utf8)
    default: return TruncationTests.stream(form, structures)
    }
  }

  @Test(arguments: forms)
  func `records do not depend on the pieces in which bytes arrive`(form: String) throws {
    let bytes = try ReaderTests.content(form)
    let whole = try pieces(bytes, sizes: [1 << 16])
    let counts = ["cif": 1, "poscar": 1, "damaged": 8]
    #expect(whole.count == counts[form] ?? 6)
    for sizes in [[1], [2], [3, 1, 7], [13], [64, 1], [4096], [100, 5000]] {
      let dripped = try pieces(bytes, sizes: sizes)
      #expect(dripped.count == whole.count, "\(sizes)")
      for (left, right) in zip(whole, dripped) {
        #expect(left.bytes == right.bytes)
        #expect(left.offset == right.offset)
        #expect(left.number == right.number)
        #expect(left.format == right.format)
        if left.failure == nil {
          #expect(Array(bytes[left.offset..<(left.offset + left.bytes.count)]) == left.bytes)
        }
      }
    }
  }

  @Test(arguments: ["lines", "list", "entries", "table", "frames", "cif", "poscar"])
  func `a record beyond the limit is refused, and the others come out`(form: String) throws {
    let small = try randomStructures(3, seed: 32)
    let lattice = small[0].lattice
    let large = try Structure(
      lattice: lattice, elements: Array(repeating: Element.all[5], count: 2000),
      fractionalPositions: (0..<2000).map { SIMD3(Double($0) / 2000, 0.5, 0.25) })
    let structures = [small[0], large, small[1], small[2]]
    let limits = ArchiveLimits(largestRecord: 20_000)
    if form == "cif" || form == "poscar" {
      let members = structures.enumerated().map { index, structure in
        (
          name: "\(index)",
          bytes: Array(
            (form == "cif" ? cifText(id: "x", structure: structure) : CrystalText.poscar(structure)).utf8)
        )
      }
      let folder = try ScratchFolder()
      let (records, error) = readAll(
        try folder.write("a.tar.gz", packed(members, as: .tarGzip)), limits: limits)
      #expect(error == nil)
      #expect(records.map { $0.failure?.reason } == [nil, .tooLarge, nil, nil])
      return
    }
    for sizes in [[1 << 16], [700, 1]] {
      let found = try pieces(TruncationTests.stream(form, structures), sizes: sizes, limits: limits)
      #expect(found.map { $0.failure?.reason } == [nil, .tooLarge, nil, nil])
      #expect(found[1].bytes.isEmpty)
    }
  }

  @Test func `the window holds no more than the limit and a few pieces`() throws {
    let window = ByteWindow(capacity: 16)
    let endless = [UInt8](repeating: UInt8(ascii: "x"), count: 3_000_000)
    window.attach(DripSource(endless, sizes: [1000]), archive: "a", member: "m")
    let limits = ArchiveLimits(largestRecord: 10_000)
    let splitter = LineSplitter(SplitterContext(window: window, limits: limits, archive: "a", member: "m"))
    let piece = try #require(try splitter.next())
    #expect(piece.failure?.reason == .tooLarge)
    #expect(window.capacityInBytes < 40_000)
    #expect(try splitter.next() == nil)
  }

  @Test(arguments: Packing.allCases)
  func `members are told apart by content, whatever their names`(packing: Packing) throws {
    let s = try randomStructures(5, seed: 33)
    let lines = s.map { CrystalText.line(id: "line", $0) }.joined(separator: "\n")
    let folder = try ScratchFolder()
    let members: [(name: String, text: String)] = [
      ("x/one.poscar", cifText(id: "a", structure: s[0])), ("x/POSCAR", CrystalText.poscar(s[1])),
      ("three.txt", lines), ("four", CrystalText.frame(id: "f", s[3])), ("five.cif", "not a crystal"),
      (".hidden", "x"), ("__MACOSX/five.cif", "x"), ("six.json", CrystalText.line(id: "", s[4])),
      ("seven", ""),
    ]
    let bytes = try packed(members.map { ($0.name, Array($0.text.utf8)) }, as: packing)
    let (records, error) = readAll(try folder.write("archive", bytes))
    #expect(error == nil)
    let formats: [RecordFormat] =
      [.cif, .poscar] + Array(repeating: .json, count: 5) + [.extendedXYZ, .unknown, .json, .unknown]
    #expect(records.map(\.format) == formats)
    #expect(records.map(\.index) == Array(0..<11))
    let ids = records.map(\.defaultID)
    #expect(ids == ["one", "x"] + (1...5).map { "three:\($0)" } + ["four:1", "five", "six", "seven"])
    let reasons = records.map { record -> RejectionReason? in
      do throws(RecordError) {
        _ = try StructureDecoder().decode(record)
        return nil
      } catch {
        return error.reason
      }
    }
    #expect(reasons.filter { $0 != nil } == [.unreadable, .unreadable])
  }

  @Test(arguments: Compression.allCases)
  func `single files are read plain and compressed`(compression: Compression) throws {
    let s = try randomStructures(4, seed: 34)
    let folder = try ScratchFolder()
    for (text, count) in [
      (cifText(id: "a", structure: s[0]), 1), (CrystalText.poscar(s[1]), 1),
      (s.map { CrystalText.line(id: "line", $0) }.joined(separator: "\n"), 4),
      (s.map { CrystalText.frame(id: "f", $0) }.joined(), 4),
      (CrystalText.dictionary(s[2]), 1),
    ] {
      let path = try folder.write("name.data", compressed(Array(text.utf8), compression))
      let (records, error) = readAll(path)
      #expect(error == nil)
      #expect(records.count == count, "\(text.prefix(20))")
      #expect(records.allSatisfy { $0.member == "name.data" && $0.defaultID.hasPrefix("name") })
      #expect(try ArchiveReader.countRecords(path: path) == count)
      for record in records { _ = try StructureDecoder().decode(record) }
    }
  }

  @Test func `a folder is read in the order of names, and a damaged file does not end it`() throws {
    let s = try randomStructures(3, seed: 35)
    let folder = try ScratchFolder()
    let tar = try packed([("p.cif", Array(cifText(id: "p", structure: s[0]).utf8))], as: .tarZstd)
    try folder.write("b.tar.zst", tar)
    try folder.write("c/deep/x.cif", cifText(id: "x", structure: s[1]))
    try folder.write("a-cut.tar.zst", tar[..<(tar.count / 2)])
    try folder.write(".DS_Store", "x")
    try folder.write("d.vasp", CrystalText.poscar(s[2]))
    let (records, error) = readAll(folder.url.path)
    #expect(error == nil)
    #expect(records.map(\.defaultID) == ["a-cut", "p", "x", "d"])
    #expect(records.map(\.member) == ["a-cut.tar.zst", "p.cif", "c/deep/x.cif", "d.vasp"])
    #expect(records[0].failure?.reason == .truncated)
    #expect(records.dropFirst().allSatisfy { $0.failure == nil })
  }

  @Test func `a damaged member of a zip file is one refusal`() throws {
    let s = try randomStructures(8, seed: 36)
    var bytes = try packed(
      s.enumerated().map { ("\($0.offset).cif", Array(cifText(id: "x", structure: $0.element).utf8)) },
      as: .zip)
    // Compressed data of the fourth member, well behind its local header.
    let header = try #require(bytes.firstRange(of: Array("3.cif".utf8)))
    for offset in 60..<90 { bytes[header.upperBound + offset] ^= 0x55 }
    let folder = try ScratchFolder()
    let (records, error) = readAll(try folder.write("a.zip", bytes))
    #expect(error == nil)
    let good = records.filter { (try? StructureDecoder().decode($0)) != nil }.map(\.defaultID)
    #expect(good == ["0", "1", "2", "4", "5", "6", "7"])
    #expect(records.count == 8)
  }

  @Test func `a tar archive without its end mark is reported`() throws {
    let s = try randomStructures(1, seed: 37)
    let bytes = try packed([("0.cif", Array(cifText(id: "x", structure: s[0]).utf8))], as: .tar)
    let last = try #require(bytes.lastIndex { $0 != 0 })
    let folder = try ScratchFolder()
    let (records, error) = readAll(try folder.write("a.tar", bytes[..<((last / 512 + 1) * 512)]))
    #expect(records.count == 1)
    guard case .truncated(_, "0.cif", _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `after its error a reader has ended`() throws {
    let folder = try ScratchFolder()
    let reader = try ArchiveReader(path: folder.write("cut.jsonl", "{\"id\": \"a\""))
    #expect(throws: ArchiveError.self) { try reader.next() }
    #expect(try reader.next() == nil)
    #expect(throws: ArchiveError.self) { try ArchiveReader(path: folder.path("absent")) }
  }

  @Test func `lines that describe an OPTIMADE stream are no records`() throws {
    let s = try randomStructures(2, seed: 38)
    let text = """
      {"x-optimade": {"meta": {"api_version": "1.1.0"}}}
      {"meta": {"provider": {"name": "Test", "prefix": "test"}}}
      {"type": "info", "id": "structures", "properties": {}}
      \(CrystalText.optimade(id: "one", s[0]))
      {"type": "references", "id": "r"}
      \(CrystalText.optimade(id: "two", s[1]))
      {"meta": {"what": "a record that is no crystal"}}
      """
    let found = try pieces(Array(text.utf8), sizes: [1000])
    #expect(found.map(\.number) == [4, 6, 7])
  }

  @Test func `a frame with more atoms than its header says is no smaller crystal`() throws {
    let frame = "2\nLattice=\"4 4 4\"\nCs 0 0 0\nCl 2 2 2\n"
    let surplus = frame.replacing("2\nL", with: "1\nL")
    for text in [surplus + frame, frame + surplus, frame + surplus + "\n" + frame] {
      let found = try pieces(Array(text.utf8), sizes: [3])
      let expected = text.split(separator: "\nL").dropLast().map { $0.hasSuffix("1") }
      #expect(found.map { $0.failure?.reason == .unreadable } == expected, "\(text)")
      let words = found.compactMap { $0.failure?.message }
      #expect(words == ["the frame has more lines of atoms than the 1 that its header says"])
    }
  }

  @Test func `a damaged frame does not take the next one with it`() throws {
    let s = try randomStructures(5, seed: 39)
    var frames = s.map { CrystalText.frame(id: "f", $0) }
    frames[1] = "999\n" + frames[1].drop { $0 != "\n" }.dropFirst()
    frames[3] = "what?\n" + frames[3].drop { $0 != "\n" }.dropFirst()
    let found = try pieces(Array(frames.joined().utf8), sizes: [50])
    #expect(found.map { $0.failure?.reason } == [nil, .unreadable, nil, .unreadable, nil])
  }
}

@Suite struct DamagedListTests {
  static let faults: [(from: String, to: String)] = [
    ("\"occu\": 1}]", "\"occu\": 1]"), ("\"sites\": [", "\"sites\": "),
    ("\"label\": \"a\"}]}", "\"label\": \"a\"]}"),
    ("\"label\": \"a\"}]}", "\"label\": \"a}]}"), ("\"lattice\": {", "\"lattice\": \n\"{"),
    ("\"@class\": \"Structure\", ", "\"@class\": \"Structure, "),
  ]

  @Test(arguments: faults.indices, [false, true])
  func `an element with unmatched brackets or quotes does not take the others with it`(
    fault: Int, isNested: Bool
  ) throws {
    let s = try randomStructures(5, seed: 51)
    var elements = s.map { CrystalText.dictionary($0) }
    let (from, to) = DamagedListTests.faults[fault]
    let range = try #require(elements[2].range(of: from))
    elements[2].replaceSubrange(range, with: to)
    let list = "[" + elements.joined(separator: ", ") + "]"
    let text = isNested ? "{\"data\": \(list), \"meta\": {\"a\": [1]}}" : list
    for sizes in [[1 << 16], [7]] {
      let found = try pieces(Array(text.utf8), sizes: sizes)
      let good = found.filter { piece in
        let record = ArchiveRecord(
          member: "m", index: 0, byteOffset: 0, bytes: piece.bytes, format: piece.format,
          failure: piece.failure)
        return (try? StructureDecoder().decode(record)) != nil
      }
      #expect(good.count == 4)
      #expect(found.count == 5)
    }
  }

  @Test func `an element that swallows the rest of the list is an error, and the ones before it come out`()
    throws
  {
    var elements = try randomStructures(4, seed: 54).map { CrystalText.dictionary($0) }
    elements[1].removeLast(2)
    let folder = try ScratchFolder()
    let text = "{\"data\": [\(elements.joined(separator: ", "))], \"meta\": {}}"
    let (records, error) = readAll(try folder.write("a.json", text))
    #expect(records.count >= 1)
    #expect(error != nil)
  }

  @Test func `a list that ends before its document is reported`() throws {
    let s = try randomStructures(2, seed: 52).map { CrystalText.dictionary($0) }
    for text in [
      "[\(s[0])], \(s[1])]", "{\"data\": [\(s[0])]}, \(s[1])]}", "{\"data\": [\(s[0])]], \(s[1])}",
    ] {
      #expect(throws: ArchiveError.self, "\(text)") { try pieces(Array(text.utf8), sizes: [64]) }
    }
  }

  @Test func `a zip file that has lost a member is reported`() throws {
    let s = try randomStructures(30, seed: 53)
    var bytes = try packed(
      s.enumerated().map { ("\($0.offset).cif", Array(cifText(id: "x", structure: $0.element).utf8)) },
      as: .zip)
    let header = try #require(bytes.firstRange(of: Array("7.cif".utf8)))
    bytes.removeSubrange((header.lowerBound - 20)..<(header.upperBound + 40))
    let folder = try ScratchFolder()
    let (records, error) = readAll(try folder.write("a.zip", bytes))
    #expect(error != nil || records.count == 30)
  }
}
