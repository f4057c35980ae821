import Crystal
import Foundation
import PipelineEngine
import Screening
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing

@Suite("Packing and examining archives") struct PackingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func decoded(_ path: String, all: Bool = true) throws -> [DecodedRecord] {
    let decoder = StructureDecoder(takesAllProperties: all)
    let reader = try ArchiveReader(path: path)
    var records: [DecodedRecord] = []
    while let record = try reader.next() {
      if let decoded = try? decoder.decode(record) { records.append(decoded) }
    }
    return records
  }

  private func pack(
    _ inputs: [String], to output: String, rejected: String? = nil, frame: Int = 10, jobs: Int = 1,
    stop: StopFlag = StopFlag()
  ) throws -> PackReport {
    try ArchivePacking(inputs, recordsPerFrame: frame, jobs: jobs).write(
      to: output, rejected: rejected, stop: stop, progress: { _ in })
  }

  /// Numbers that lose something in fewer digits than they need.
  private func awkward(_ count: Int) throws -> [Structure] {
    var generator = SeededGenerator(seed: 31)
    return try (0..<count).map { index in
      let structure = try randomStructure(siteCount: 1 + index % 5, using: &generator)
      var positions = structure.fractionalPositions
      positions[0] = SIMD3(0.1 + 0.2, -1.0 / 3.0, index % 2 == 0 ? Double.leastNonzeroMagnitude : -0.0)
      return try Structure(
        lattice: structure.lattice, elements: structure.elements, fractionalPositions: positions)
    }
  }

  @Test func `packed records are the same crystals to the last bit, with id and labels`() throws {
    let structures = try awkward(25)
    let lines = try structures.enumerated().map { index, structure in
      try recordLine(
        id: "r\"\(index)\\é\u{1}", structure: structure,
        properties: ["energy": 0.1 * Double(index), "e_above_hull": 1e-300, "a \\\"b\\\"": -7])
    }
    let input = try folder.write(lines.joined(separator: "\n") + "\n", to: "a.jsonl")
    let report = try pack([input], to: folder.path("a.zst"))
    #expect(report.isFinished && report.packed == 25 && report.frames == 3 && report.rejectedCount == 0)
    let (before, after) = (try decoded(input), try decoded(folder.path("a.zst")))
    #expect(after.map(\.structure) == structures)
    #expect(after.map(\.id) == before.map(\.id))
    #expect(after.map(\.properties) == before.map(\.properties))
    try #require(after.count == 25)
    #expect(after[3].properties == ["energy": 0.1 * 3.0, "e_above_hull": 1e-300, "a \"b\"": -7])
    #expect(
      zip(after, structures).allSatisfy {
        $0.structure.fractionalPositions[0].z.sign == $1.fractionalPositions[0].z.sign
      })
    // Packing again changes nothing.
    _ = try pack([folder.path("a.zst")], to: folder.path("b.zst"), jobs: 3)
    #expect(
      try Data(contentsOf: URL(filePath: folder.path("a.zst")))
        == Data(contentsOf: URL(filePath: folder.path("b.zst"))))
  }

  @Test func `the rules by which a record was read are kept when it is packed, once and twice`() throws {
    let shared = """
      {"@class": "Structure", "id": "s", "lattice": {"matrix": [[4, 0, 0], [0, 4, 0], [0, 0, 4]]}, "sites": [\
      {"species": [{"element": "Na", "occu": 0.7}, {"element": "K", "occu": 0.3}], "abc": [0, 0, 0]}, \
      {"species": [{"element": "D", "occu": 1}], "abc": [0.5, 0.5, 0.5]}]}
      """.replacing("\n", with: "")
    let input = try folder.write(shared + "\n", to: "shared.jsonl")
    func packed(_ input: String, to output: String) throws -> String {
      _ = try ArchivePacking(
        [input], recordsPerFrame: 10, policy: ReadingPolicy(occupancy: .majority), jobs: 1
      )
      .write(to: folder.path(output), rejected: nil, stop: StopFlag(), progress: { _ in })
      return folder.path(output)
    }
    let once = try packed(input, to: "a.zst")
    let record = try #require(try decoded(once).first)
    #expect(record.notes.rules == [.majorityOccupancy, .isotopeAsHydrogen])
    #expect(record.structure.composition.reducedFormula == "NaH")
    #expect(
      try Data(contentsOf: URL(filePath: once))
        == Data(contentsOf: URL(filePath: packed(once, to: "b.zst"))))
  }

  @Test func `every form that Sluice reads keeps its crystals, ids and labels when packed`() throws {
    let structures = try awkward(4)
    func row(_ vector: SIMD3<Double>) -> String { "[\(vector.x),\(vector.y),\(vector.z)]" }
    let texts = structures.enumerated().map {
      index, structure -> (optimade: String, entry: String, frame: String) in
      let lattice = structure.lattice
      let rows = [lattice.a, lattice.b, lattice.c].map(row).joined(separator: ",")
      let cartesian = structure.fractionalPositions.map { lattice.cartesian($0) }
      let species = structure.elements.map { "\"\($0.symbol)\"" }.joined(separator: ",")
      let sites = zip(structure.elements, structure.fractionalPositions).map {
        "{\"species\":[{\"element\":\"\($0.symbol)\",\"occu\":1}],\"abc\":\(row($1))}"
      }.joined(separator: ",")
      let atoms = zip(structure.elements, cartesian).map { "\($0.symbol) \($1.x) \($1.y) \($1.z)\n" }.joined()
      let plain = rows.filter { !"[]".contains($0) }.replacing(",", with: " ")
      return (
        "{\"type\":\"structures\",\"id\":\"o\(index)\",\"attributes\":{\"_x_energy\":1.25,\"nsites\":\(structure.siteCount),\"lattice_vectors\":[\(rows)],\"cartesian_site_positions\":[\(cartesian.map(row).joined(separator: ","))],\"species_at_sites\":[\(species)]}}",
        "{\"entry_id\":\"e\(index)\",\"energy\":-3.5,\"correction\":0.25,\"data\":{\"gap\":1.5},\"structure\":{\"lattice\":{\"matrix\":[\(rows)]},\"sites\":[\(sites)]}}",
        "\(structure.siteCount)\nLattice=\"\(plain)\" Properties=species:S:1:pos:R:3 id=f\(index) energy=-1.5 pbc=\"T T T\"\n\(atoms)"
      )
    }
    let table =
      "{\"columns\":[\"structure\",\"gap\"],\"data\":["
      + texts.map { "[\($0.entry.dropFirst(0)),0.75]" }.joined(separator: ",") + "]}"
    let inputs = [
      try folder.write(texts.map { $0.optimade + "\n" }.joined(), to: "optimade.jsonl"),
      try folder.write("[" + texts.map(\.entry).joined(separator: ",") + "]", to: "entries.json"),
      try folder.write(texts.map(\.frame).joined(), to: "frames.xyz"),
      try folder.write(table, to: "table.json"),
      try folder.write(
        structures.enumerated().map { cifText(id: "x\($0)", structure: $1) }.joined(), to: "blocks.cif"),
    ]
    for input in inputs {
      let report = try pack([input], to: folder.path("packed.zst"))
      #expect(report.packed == 4, "\(input)")
      let (before, after) = (try decoded(input), try decoded(folder.path("packed.zst")))
      #expect(after.map(\.structure) == before.map(\.structure), "\(input)")
      #expect(after.map(\.id) == before.map(\.id), "\(input)")
      #expect(after.map(\.properties) == before.map(\.properties), "\(input)")
      #expect(before.allSatisfy { !$0.properties.isEmpty }, "\(input)")
      // What is asked for by name is among what is taken unasked.
      for name in before[0].properties.keys {
        let named = StructureDecoder(properties: [name])
        let record = try #require(try ArchiveReader(path: input).next())
        #expect(try named.decode(record).properties[name] == before[0].properties[name], "\(input): \(name)")
      }
    }
    #expect(try decoded(inputs[1])[0].properties == ["energy": -3.5, "correction": 0.25, "gap": 1.5])
  }

  @Test func `records read are records packed and records listed as rejected`() throws {
    let good = try recordLine(id: "a", structure: awkward(1)[0])
    let bad =
      "{\"id\":\"b\",\"lattice\":[[1,0,0],[0,1,0],[0,0,1]],\"species\":[\"Xx\"],\"frac_coords\":[[0,0,0]]}"
    try folder.write([good, bad, good, "{", good].joined(separator: "\n"), to: "tree/a.jsonl")
    let whole = try pack([folder.path("tree")], to: folder.path("whole.zst"))
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: folder.path("whole.zst"))))
    let cut = try folder.write(Array(bytes.prefix(60)), to: "cut.zst")
    let report = try pack(
      [folder.path("tree"), cut], to: folder.path("out.zst"), rejected: folder.path("rejected.csv"), jobs: 2)
    #expect(whole.packed == 3)
    #expect(report.records == report.packed + report.rejectedCount)
    #expect(report.packed == 3)
    #expect(report.rejected == ["unknown_element": 1, "truncated": 2])
    let rejections = records(ofCSV: try folder.text("rejected.csv"))
    #expect(rejections.map { $0["record"] } == ["1", "3", "0"])
    #expect(rejections[0]["member"] == "a.jsonl")
    #expect(rejections[0]["byte_offset"] == "\(good.utf8.count + 1)")
    #expect(rejections[2]["source"] == cut)
  }

  @Test func `a packing that is stopped, or would write into its input, leaves nothing`() throws {
    let input = try folder.write(recordLine(id: "a", structure: awkward(1)[0]), to: "tree/a.json")
    let stop = StopFlag()
    stop.raise()
    let report = try pack(
      [input], to: folder.path("out.zst"), rejected: folder.path("rejected.csv"), stop: stop)
    #expect(!report.isFinished)
    #expect(throws: ScreeningError.self) { try pack([folder.path("tree")], to: folder.path("tree/out.zst")) }
    #expect(throws: ScreeningError.self) { try pack([input], to: input) }
    #expect(throws: ArchiveError.self) { try pack([folder.path("absent")], to: folder.path("out.zst")) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path()) == ["tree"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("tree")) == ["a.json"])
  }

  @Test func `an examination counts what is there`() throws {
    var generator = SeededGenerator(seed: 32)
    let salts = ["Na", "Cl"].compactMap { Element(symbol: $0) }
    let structures = try (0..<9).map {
      try randomStructure(siteCount: $0 + 1, using: &generator, elements: salts)
    }
    var lines = try structures.enumerated().map { try recordLine(id: "r\($0 % 7)", structure: $1) }
    lines.insert("{\"id\":\"bad\"}", at: 4)
    let path = try folder.write(lines.joined(separator: "\n"), to: "a.jsonl")
    var time = 0.0
    let report = try ArchiveExamination(path).run(
      clock: {
        time += 2
        return time
      }, progress: { _ in })
    #expect(report.records == 10 && report.structures == 9)
    #expect(report.seconds == 2)
    #expect(report.sites?.minimum == 1 && report.sites?.median == 5 && report.sites?.maximum == 9)
    let sodium = structures.count { $0.elements.contains(salts[0]) }
    #expect(report.elements["Na"] == sodium)
    #expect(Set(report.elements.keys).isSubset(of: ["Na", "Cl"]))
    #expect(report.duplicateIDs == 2 && report.duplicateExamples == ["r0", "r1"])
    #expect(report.forms == ["JSON": 9])
    #expect(report.container == "file" && report.compression.isEmpty)
    let rejection = try #require(report.rejections.first)
    #expect(rejection.reason == "not_a_crystal" && rejection.records == 1)
    #expect(rejection.examples[0].record == 4)
    #expect(rejection.examples[0].byteOffset == lines[..<4].reduce(0) { $0 + $1.utf8.count + 1 })
    #expect(!report.isReadable)
    _ = try pack([path], to: folder.path("a.zst"))
    let packed = try ArchiveExamination(folder.path("a.zst")).run(clock: { 0 }, progress: { _ in })
    #expect(packed.isReadable && packed.indexedRecords == 9 && packed.compression == ["zstd"])
  }

  @Test func `many ids are told apart, and each duplicate is found`() throws {
    let line = try recordLine(id: "@", structure: awkward(1)[0])
    let lines = (0..<6000).map { line.replacing("@", with: "id-\($0 % 5000)") }
    let path = try folder.write(lines.joined(separator: "\n"), to: "a.jsonl")
    let report = try ArchiveExamination(path).run(clock: { 0 }, progress: { _ in })
    #expect(report.duplicateIDs == 1000)
    #expect(report.comparedAllIDs)
  }
}
