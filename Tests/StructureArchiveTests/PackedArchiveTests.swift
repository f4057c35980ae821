import Crystal
import Foundation
import StructureArchive
import TestSupport
import Testing

/// A packed file is an ordinary zstd file, and any record of it is reached without those before it.
@Suite struct PackedArchiveTests {
  let folder: ScratchFolder
  let lines: [String]

  init() throws {
    folder = try ScratchFolder()
    lines = try randomStructures(47, seed: 81).enumerated().map { CrystalText.line(id: "r\($0)", $1) }
  }

  private func pack(_ name: String, frame: Int = 10) throws -> String {
    let path = folder.path(name)
    let writer = try PackedArchiveWriter(path: path, recordsPerFrame: frame)
    for line in lines { try writer.append(line) }
    try writer.finish()
    #expect(writer.frameCount == (lines.count + frame - 1) / frame)
    return path
  }

  private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

  private func ids(_ reader: ArchiveReader) throws -> [Int] {
    var indices: [Int] = []
    while let record = try reader.next() {
      #expect(String(decoding: record.bytes, as: UTF8.self) == lines[record.index])
      indices.append(record.index)
    }
    return indices
  }

  @Test func `a packed file reads as its lines, from any record on`() throws {
    for frame in [1, 10, 47, 100] {
      let path = try pack("\(frame).zst", frame: frame)
      for start in [0, 1, 9, 10, 11, 40, 46, 47] {
        let reader = try ArchiveReader(path: path)
        try reader.skip(toRecord: start)
        #expect(try ids(reader) == Array(start..<47))
      }
      #expect(try ArchiveReader.countRecords(path: path) == 47)
      try ResumeTests.check(path, places: [0, 1, 9, 10, 25, 46, 47])
    }
    #expect(try bytes(pack("a")) == bytes(pack("b")))
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    #expect(!names.contains { $0.hasSuffix(".partial") })
  }

  @Test func `other programs decompress a packed file`() throws {
    let path = try pack("all.jsonl.zst")
    let plain = try readWholeFile(path: path)
    #expect(String(decoding: plain, as: UTF8.self) == lines.map { $0 + "\n" }.joined())
    let zstd = "/usr/bin/zstd"
    guard FileManager.default.isExecutableFile(atPath: zstd) else { return }
    let outcome = try ChildProcess.run(zstd, ["-dc", path])
    #expect(outcome.exitCode == 0)
    #expect(outcome.output == lines.map { $0 + "\n" }.joined())
  }

  @Test func `only the head of the file and the frames needed are decompressed`() throws {
    let many = (0..<60).flatMap { _ in lines }
    let path = folder.path("all.zst")
    let writer = try PackedArchiveWriter(path: path, recordsPerFrame: 500)
    for line in many { try writer.append(line) }
    try writer.finish()
    var damaged = try bytes(path)
    // In the third frame: whoever decompresses it meets an error.
    for offset in 0..<40 { damaged[damaged.count / 2 + offset] ^= 0x5A }
    let broken = try folder.write("damaged.zst", damaged)
    let whole = readAll(broken)
    #expect(whole.error != nil && whole.records.count < 2000)
    func rest(_ reader: ArchiveReader) throws -> [Int] {
      var indices: [Int] = []
      while let record = try reader.next() {
        #expect(String(decoding: record.bytes, as: UTF8.self) == many[record.index])
        indices.append(record.index)
      }
      return indices
    }
    let byIndex = try ArchiveReader(path: broken)
    try byIndex.skip(toRecord: 2600)
    #expect(try rest(byIndex) == Array(2600..<2820))
    let intact = try ArchiveReader(path: path)
    for _ in 0..<2700 { _ = try intact.next() }
    #expect(try rest(ArchiveReader(path: broken, resumingAt: intact.position)) == Array(2700..<2820))
    // Without the index and the table at the end, the headers of the frames lead there.
    let bare = damaged.prefix(try #require(firstSkippable(damaged)))
    let headers = try folder.write("bare.zst", bare)
    #expect(try rest(ArchiveReader(path: headers, resumingAt: intact.position)) == Array(2700..<2820))
  }

  private func firstSkippable(_ bytes: [UInt8]) -> Int? {
    (0..<(bytes.count - 16)).first { Array(bytes[($0 + 8)..<($0 + 16)]) == Array("SLUICEPK".utf8) }
  }

  @Test func `an index that does not fit its file is left aside`() throws {
    let path = try pack("a.zst")
    let good = try bytes(path)
    let joined = try folder.write("joined.zst", good + good)
    #expect(try ArchiveReader.countRecords(path: joined) == 94)
    let reader = try ArchiveReader(path: joined)
    try reader.skip(toRecord: 60)
    var count = 0
    while try reader.next() != nil { count += 1 }
    #expect(count == 34)
    let start = try #require(firstSkippable(good))
    for position in start..<good.count {
      var changed = good
      changed[position] ^= 0x11
      let file = try folder.write("changed.zst", changed)
      // Whatever the index says, records are counted as they are, or the file is refused.
      let (records, error) = readAll(file)
      #expect(records.count == 47 || error != nil, "byte \(position)")
      if let counted = try? ArchiveReader.countRecords(path: file) {
        #expect(counted == 47, "byte \(position)")
      }
      let reader = try ArchiveReader(path: file)
      if (try? reader.skip(toRecord: 30)) != nil, let record = try? reader.next() {
        #expect(record.index == 30)
        #expect(String(decoding: record.bytes, as: UTF8.self) == lines[30], "byte \(position)")
      }
    }
  }

  @Test func `a file without records is whole, and an unfinished one is not left behind`() throws {
    let writer = try PackedArchiveWriter(path: folder.path("none.zst"))
    try writer.finish()
    let (records, error) = readAll(folder.path("none.zst"))
    #expect(records.isEmpty)
    #expect(error == nil)
    var open: PackedArchiveWriter? = try PackedArchiveWriter(path: folder.path("open.zst"))
    try open?.append(lines[0])
    open = nil
    #expect(!FileManager.default.fileExists(atPath: folder.path("open.zst")))
    #expect(!FileManager.default.fileExists(atPath: folder.path("open.zst.partial")))
  }
}
