import Crystal
import Foundation
import StructureArchive
import TestSupport
import Testing

@Suite struct RoundTripTests {
  @Test(arguments: ["tar.zst", "tar.gz", "tar", "zip"])
  func `an exported archive reads back as the same structures`(suffix: String) throws {
    let folder = try ScratchFolder()
    let structures = try randomStructures(25, seed: 1)
    let path = folder.path("export.\(suffix)")
    let writer = try StructureFileArchive(path: path)
    for (index, structure) in structures.enumerated() {
      try writer.append(id: "s-\(index)", structure: structure)
    }
    #expect(!FileManager.default.fileExists(atPath: path))
    try writer.finish()
    let (records, error) = readAll(path)
    #expect(error == nil)
    #expect(records.count == structures.count)
    for (record, structure) in zip(records, structures) {
      let decoded = try StructureDecoder().decode(record)
      #expect(decoded.id == "s-\(record.index)")
      #expect(record.member == "s-\(record.index).cif")
      #expect(agree(decoded.structure, structure, within: 1e-10))
    }
  }

  @Test(arguments: ["tar.zst", "tar.gz", "zip"])
  func `the same structures give the same bytes`(suffix: String) throws {
    let folder = try ScratchFolder()
    let structures = try randomStructures(5, seed: 2)
    let files = try ["one", "two"].map { name in
      let path = folder.path("\(name).\(suffix)")
      let writer = try StructureFileArchive(path: path)
      for structure in structures { try writer.append(id: "x", structure: structure) }
      try writer.finish()
      return try Data(contentsOf: URL(filePath: path))
    }
    #expect(files[0] == files[1])
  }

  @Test func `names that could lead elsewhere or collide are made safe and unique`() throws {
    let folder = try ScratchFolder()
    let path = folder.path("names.tar.zst")
    let structure = try randomStructures(1, seed: 3)[0]
    let writer = try StructureFileArchive(path: path)
    for id in ["../../etc/passwd", "", ".hidden", "a b", "a_b", "a/b", "é"] {
      try writer.append(id: id, structure: structure)
    }
    try writer.finish()
    let (records, error) = readAll(path)
    #expect(error == nil)
    #expect(
      records.map(\.member) == [
        "_._.._etc_passwd.cif", "structure.cif", "_hidden.cif", "a_b.cif", "a_b-2.cif", "a_b-3.cif", "__.cif",
      ])
  }

  @Test func `an archive that is not finished does not get its name`() throws {
    let folder = try ScratchFolder()
    let path = folder.path("unfinished.tar.zst")
    do {
      let writer = try StructureFileArchive(path: path)
      try writer.append(id: "a", structure: try randomStructures(1, seed: 4)[0])
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
  }

  @Test func `an archive name without a known suffix, and a place that cannot be written, are refused`()
    throws
  {
    let folder = try ScratchFolder()
    #expect(throws: ArchiveError.self) { try StructureFileArchive(path: folder.path("a.rar")) }
    #expect(throws: ArchiveError.self) {
      try StructureFileArchive(path: folder.path("no/such/folder/a.tar.zst"))
    }
    #expect(throws: ArchiveError.self) { try ZstdLineWriter(path: folder.path("no/such/folder/a.jsonl.zst")) }
  }

  @Test func `lines written to zstd come back`() throws {
    let folder = try ScratchFolder()
    let path = folder.path("lines.jsonl.zst")
    let writer = try ZstdLineWriter(path: path)
    let lines = (0..<20_000).map {
      "{\"id\":\"\($0)\",\"text\":\"\(String(repeating: "ü", count: $0 % 7))\"}"
    }
    for line in lines { try writer.append(line) }
    try writer.finish()
    let text = String(decoding: try readWholeFile(path: path), as: UTF8.self)
    #expect(text == lines.joined(separator: "\n") + "\n")
    #expect(try ArchiveReader.countRecords(path: path) == lines.count)
  }

  @Test(arguments: Compression.allCases)
  func `a whole file is decompressed by its content`(compression: Compression) throws {
    let folder = try ScratchFolder()
    let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7 &* 31) }
    let path = try folder.write("file.csv", compressed(content, compression))
    #expect(try readWholeFile(path: path) == content)
    #expect(throws: ArchiveError.tooLarge(archive: path, limit: 1000)) {
      try readWholeFile(path: path, limit: 1000)
    }
  }

  @Test func `a whole file is neither a folder, nor an archive, nor missing, and may be empty`() throws {
    let folder = try ScratchFolder()
    let archive = try folder.write("a.tar", packed([("a", [1]), ("b", [2])], as: .tar))
    #expect(throws: ArchiveError.self) { try readWholeFile(path: archive) }
    #expect(throws: ArchiveError.self) { try readWholeFile(path: folder.url.path) }
    #expect(throws: ArchiveError.self) { try readWholeFile(path: folder.path("absent")) }
    #expect(try readWholeFile(path: folder.write("empty", "")) == [])
  }

  @Test func `own JSON lines, OPTIMADE, dictionaries, POSCAR and extended XYZ decode to what was written`()
    throws
  {
    let decoder = StructureDecoder(properties: ["energy"])
    for structure in try randomStructures(20, seed: 5) {
      let dictionary = CrystalText.dictionary(structure)
      let texts: [(format: RecordFormat, text: String, energy: Double?)] = [
        (.json, CrystalText.line(id: "x", structure, extra: ",\"energy\":-1.5"), -1.5),
        (.json, CrystalText.line(id: "x", structure, extra: ",\"energy\":null"), nil),
        (.json, CrystalText.optimade(id: "x", structure), nil),
        (.json, dictionary, nil),
        (.json, "{\"entry_id\": \"x\", \"energy\": -1.5, \"structure\": \(dictionary)}", -1.5),
        (.json, "{\"data\": {\"mat_id\": \"x\", \"energy\": -1.5}, \"structure\": \(dictionary)}", -1.5),
        (.tableRow(columns: ["structure", "energy"]), "[\(dictionary), -1.5]", -1.5),
        (.poscar, CrystalText.poscar(structure), nil),
        (.extendedXYZ, CrystalText.frame(id: "x", structure), -1.5),
        (.cif, cifText(id: "x", structure: structure), nil),
      ]
      for (format, text, energy) in texts {
        let record = ArchiveRecord(
          member: "x", index: 0, byteOffset: 0, bytes: Array(text.utf8), format: format)
        let decoded = try decoder.decode(record)
        #expect(agree(decoded.structure, structure, within: 1e-10), "\(format)")
        #expect(decoded.id == "x")
        #expect(decoded.properties == (energy.map { ["energy": $0] } ?? [:]), "\(text)")
      }
    }
  }
}
