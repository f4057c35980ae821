import Crystal
import Foundation
import StructureArchive
import TestSupport
import Testing

/// An archive that is cut yields the records that are whole, then one error that says where.
@Suite struct TruncationTests {
  static let streams = ["lines", "list", "entries", "table", "frames"]

  static func stream(_ kind: String, _ structures: [Structure]) -> [UInt8] {
    let text: String
    switch kind {
    case "lines":
      text = structures.enumerated().map { CrystalText.line(id: "r\($0.offset)", $0.element) + "\n" }.joined()
    case "list":
      text = "[" + structures.map(CrystalText.dictionary).joined(separator: ",\n ") + "]\n"
    case "entries":
      let entries = structures.map { "{\"energy\": 1, \"structure\": \(CrystalText.dictionary($0))}" }
      text = "{\"entries\": [\(entries.joined(separator: ", "))]}"
    case "table":
      let rows = structures.map { "[\(CrystalText.dictionary($0)), 0.5]" }
      text =
        "{\"columns\": [\"structure\", \"y\"], \"index\": [0], \"data\": [\(rows.joined(separator: ","))]}"
    default:
      text = structures.enumerated().map { CrystalText.frame(id: "r\($0.offset)", $0.element) }.joined()
    }
    return Array(text.utf8)
  }

  @Test func `a wrong checksum behind the last member of a compressed tar is an error`() throws {
    let members = try randomStructures(3, seed: 13).enumerated().map { index, structure in
      (name: "\(index).cif", bytes: Array(cifText(id: "\(index)", structure: structure).utf8))
    }
    var bytes = try packed(members, as: .tarGzip)
    let folder = try ScratchFolder()
    #expect(readAll(try folder.write("good.tar.gz", bytes[...])).error == nil)
    // The last eight bytes are the checksum and the length of what was compressed.
    bytes[bytes.count - 8] ^= 1
    let (records, error) = readAll(try folder.write("bad.tar.gz", bytes[...]))
    #expect(records.count == 3)
    #expect(error != nil)
  }

  @Test(arguments: Packing.allCases)
  func `an archive cut anywhere yields whole members, then truncated`(packing: Packing) throws {
    let structures = try randomStructures(12, seed: 11)
    let members = structures.enumerated().map { index, structure in
      (name: "m/\(index).cif", bytes: Array(cifText(id: "\(index)", structure: structure).utf8))
    }
    let whole = try packed(members, as: packing)
    let folder = try ScratchFolder()
    var generator = SeededGenerator(seed: 12)
    let cuts =
      (0..<60).map { _ in Int.random(in: 1..<whole.count, using: &generator) } + [1, whole.count - 1]
    for cut in cuts {
      let path = try folder.write("cut.\(packing.suffix)", whole[..<cut])
      let (records, error) = readAll(path)
      // Bytes that no longer show what they are become one record that is refused, or an error.
      let decoder = StructureDecoder()
      let good = records.compactMap { try? decoder.decode($0) }
      for (index, decoded) in good.enumerated() {
        #expect(decoded.id == "\(index)")
        #expect(agree(decoded.structure, structures[index], within: 1e-10), "cut at \(cut)")
      }
      if good.count < structures.count, error == nil {
        #expect(records.count == good.count + 1, "\(packing) cut at \(cut): a loss must show")
      }
      if case .cannotWrite = error { Issue.record("reading does not write") }
    }
    let (records, error) = readAll(try folder.write("whole.\(packing.suffix)", whole))
    #expect(records.count == structures.count)
    #expect(error == nil)
  }

  @Test(arguments: streams, Compression.allCases)
  func `a stream cut anywhere yields whole records, then truncated`(
    kind: String, compression: Compression
  ) throws {
    let structures = try randomStructures(8, seed: 13)
    let plain = TruncationTests.stream(kind, structures)
    let whole = try compressed(plain, compression)
    let folder = try ScratchFolder()
    var generator = SeededGenerator(seed: 14)
    for _ in 0..<25 {
      let cut = Int.random(in: (whole.count / 10)..<(whole.count - 1), using: &generator)
      let (records, error) = readAll(try folder.write("cut", whole[..<cut]))
      let decoder = StructureDecoder()
      let good = records.compactMap { try? decoder.decode($0) }
      #expect(zip(good, structures).allSatisfy { agree($0.structure, $1, within: 1e-10) })
      #expect(good.count <= structures.count)
      if compression == .none, kind != "frames" {
        // Every record that ends before the cut is there, and none is refused.
        #expect(records.count == good.count, "\(kind) cut at \(cut)")
        let left = try #require(
          good.count < structures.count ? error : .truncated(archive: "", member: "", byteOffset: 0))
        guard case .truncated = left else {
          Issue.record("\(kind) cut at \(cut): \(left)")
          continue
        }
      }
      #expect(error != nil || records.count == structures.count || kind == "lines" || kind == "frames")
    }
  }

  @Test(arguments: streams)
  func `a zstd stream cut anywhere loses only records that are not whole`(kind: String) throws {
    // Some 600 kB: zstd decodes blocks of 128 KiB one by one.
    let structures = try randomStructures(1500, seed: 15)
    let plain = TruncationTests.stream(kind, structures)
    let folder = try ScratchFolder()
    let path = folder.path("s.zst")
    let writer = try ZstdLineWriter(path: path, level: 1)
    for line in plain.split(separator: 10, omittingEmptySubsequences: false) {
      try writer.append(String(decoding: line, as: UTF8.self))
    }
    try writer.finish()
    let whole = Array(try Data(contentsOf: URL(filePath: path)))
    let (records, error) = readAll(path)
    #expect(records.count == structures.count)
    #expect(error == nil)
    for share in [0.5, 0.8, 0.99] {
      let cut = Int(Double(whole.count) * share)
      let (records, error) = readAll(try folder.write("cut.zst", whole[..<cut]))
      guard case .truncated(let archive, let member, let offset) = error else {
        Issue.record("\(kind) at \(share): \(String(describing: error))")
        continue
      }
      #expect(archive.hasSuffix("cut.zst"))
      #expect(member == "cut.zst")
      #expect(offset > 0)
      #expect(Double(records.count) >= (share * Double(plain.count) - 400_000) / Double(plain.count) * 1500)
      let decoder = StructureDecoder()
      #expect(records.allSatisfy { (try? decoder.decode($0)) != nil })
    }
  }

  @Test func `a plain file of lines cut at every byte never traps and never invents`() throws {
    let structures = try randomStructures(3, seed: 16)
    let plain = TruncationTests.stream("lines", structures)
    let folder = try ScratchFolder()
    for cut in 0..<plain.count {
      let (records, error) = readAll(try folder.write("cut.jsonl", plain[..<cut]))
      let newlines = plain[..<cut].count { $0 == 10 }
      let atEnd = cut < plain.count && plain[cut] == 10
      // A file without a byte is one that is refused.
      #expect(records.count == newlines + (atEnd || cut == 0 ? 1 : 0), "cut at \(cut)")
      let betweenLines = cut == 0 || plain[cut - 1] == 10 || atEnd
      #expect((error == nil) == betweenLines, "cut at \(cut): \(String(describing: error))")
    }
  }

  @Test(arguments: [RecordFormat.cif, .poscar, .extendedXYZ, .json])
  func `a record cut at every byte is refused or whole, and never traps`(format: RecordFormat) throws {
    let structure = try randomStructures(1, seed: 17)[0]
    let text =
      switch format {
      case .cif: cifText(id: "a", structure: structure)
      case .poscar: CrystalText.poscar(structure)
      case .extendedXYZ: CrystalText.frame(id: "a", structure)
      default: CrystalText.line(id: "a", structure)
      }
    let bytes = Array(text.utf8)
    let decoder = StructureDecoder(properties: ["energy"])
    for cut in 0..<bytes.count {
      let record = ArchiveRecord(
        member: "a", index: 0, byteOffset: 0, bytes: Array(bytes[..<cut]), format: format)
      do throws(RecordError) {
        let decoded = try decoder.decode(record)
        #expect(decoded.structure.siteCount <= structure.siteCount)
      } catch {
        // A list of sites that is cut short contradicts the formula that a CIF states.
        let reasons: [RejectionReason] = [
          .unreadable, .truncated, .notACrystal, .unknownElement, .formulaContradicted,
        ]
        #expect(reasons.contains(error.reason), "\(error)")
      }
    }
  }

  @Test func `a byte changed anywhere never traps`() throws {
    let structure = try randomStructures(1, seed: 18)[0]
    let texts: [(RecordFormat, String)] = [
      (.cif, cifText(id: "a", structure: structure)), (.poscar, CrystalText.poscar(structure)),
      (.extendedXYZ, CrystalText.frame(id: "a", structure)), (.json, CrystalText.line(id: "a", structure)),
      (.json, CrystalText.dictionary(structure)), (.json, CrystalText.optimade(id: "a", structure)),
    ]
    var generator = SeededGenerator(seed: 19)
    let decoder = StructureDecoder(properties: ["energy"], occupancy: .majority)
    for (format, text) in texts {
      for _ in 0..<400 {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
            in: 0...255, using: &generator)
        }
        let record = ArchiveRecord(member: "a", index: 0, byteOffset: 0, bytes: bytes, format: format)
        if let decoded = try? decoder.decode(record) {
          #expect(decoded.structure.siteCount >= 1)
          #expect(decoded.structure.lattice.volume.isFinite)
        }
      }
    }
  }

  @Test(arguments: Packing.allCases)
  func `an archive with changed bytes never traps`(packing: Packing) throws {
    let structures = try randomStructures(6, seed: 20)
    let members = structures.enumerated().map { index, structure in
      (name: "\(index).cif", bytes: Array(cifText(id: "\(index)", structure: structure).utf8))
    }
    let whole = try packed(members, as: packing)
    let folder = try ScratchFolder()
    var generator = SeededGenerator(seed: 21)
    for _ in 0..<60 {
      var bytes = whole
      for _ in 0..<3 {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      let (records, _) = readAll(try folder.write("changed", bytes))
      #expect(records.count < 1000)
    }
  }
}
