import CArchive
import Crystal
import Foundation
import TestSupport
import Testing

@testable import StructureArchive

/// What came of a record: its id, and its formula or the reason for which it is none.
private struct Outcome: Equatable, CustomStringConvertible {
  let id: String
  let what: String
  var description: String { "\(id) \(what)" }

  init(_ id: String, _ what: String) { (self.id, self.what) = (id, what) }

  init(_ record: ArchiveRecord) {
    do throws(RecordError) {
      let decoded = try StructureDecoder(properties: ["n"]).decode(record)
      let notes = decoded.notes.contains { $0.rule == .structuresPassedOver } ? " and others" : ""
      let number = decoded.properties["n"].map { " n=\($0)" } ?? ""
      self.init(decoded.id, formula(decoded.structure) + number + notes)
    } catch {
      self.init(record.defaultID, error.reason.rawValue)
    }
  }
}

/// Symbols and numbers of atoms, in the order of the sites.
private func formula(_ structure: Structure) -> String {
  var parts: [(symbol: String, count: Int)] = []
  for element in structure.elements {
    if parts.last?.symbol == element.symbol {
      parts[parts.count - 1].count += 1
    } else {
      parts.append((element.symbol, 1))
    }
  }
  return parts.map { "\($0.symbol)\($0.count == 1 ? "" : "\($0.count)")" }.joined()
}

private func outcomes(_ path: String) -> [Outcome] {
  let (records, error) = readAll(path)
  return records.map { Outcome($0) } + (error.map { [Outcome("", $0.rejectionReason.rawValue)] } ?? [])
}

/// The outcomes of a file with these bytes, plain, and as a member of a tar and of a zip file: all the same; also when
/// reading goes on at every place.
private func outcomes(_ name: String, _ bytes: some Sequence<UInt8>) throws -> [Outcome] {
  let folder = try ScratchFolder()
  let bytes = Array(bytes)
  let path = try folder.write(name, bytes)
  let plain = outcomes(path)
  try ResumeTests.check(path, atLeast: 0)
  for packing in [Packing.tar, .zip] {
    let path = try folder.write(
      "packed", packed([(name, bytes), ("z.cif", Array(block("z", "Na", "Cl").utf8))], as: packing))
    let found = outcomes(path)
    // An error of the member is a record in an archive, and the next member is read.
    #expect(found.map(\.what) == plain.map(\.what) + ["NaCl"], "\(packing)")
    try ResumeTests.check(path)
  }
  return plain
}

private func outcomes(_ name: String, _ text: String) throws -> [Outcome] { try outcomes(name, text.utf8) }

/// A data block of the rock-salt or caesium-chloride kind: two elements in a cube.
private func block(_ name: String, _ first: String, _ second: String, heading: String = "data_") -> String {
  """
  \(heading)\(name)
  _cell_length_a 4.2
  _cell_length_b 4.2
  _cell_length_c 4.2
  _cell_angle_alpha 90
  _cell_angle_beta 90
  _cell_angle_gamma 90
  loop_
  _atom_site_label
  _atom_site_type_symbol
  _atom_site_fract_x
  _atom_site_fract_y
  _atom_site_fract_z
  \(first)1 \(first) 0 0 0
  \(second)1 \(second) .5 .5 .5

  """
}

private func poscar(_ title: String, _ first: String, scale: String = "1.0", tail: String = "") -> String {
  "\(title)\n\(scale)\n4.2 0 0\n0 4.2 0\n0 0 4.2\n\(first) O\n1 1\nDirect\n0 0 0\n.5 .5 .5\n\(tail)"
}

private func structure(_ first: String) -> String {
  """
  {"@class": "Structure", "lattice": {"matrix": [[4.2, 0, 0], [0, 4.2, 0], [0, 0, 4.2]]}, "sites": [\
  {"species": [{"element": "\(first)", "occu": 1}], "abc": [0, 0, 0]}, \
  {"species": [{"element": "O", "occu": 1}], "abc": [0.5, 0.5, 0.5]}]}
  """
}

@Suite("Records never vanish: fixtures") struct RecordFixtureTests {
  static let files: [(String, [(String, String)])] = [
    ("blocks-on-one-line.cif", [("Mg", "MgO"), ("Ca", "CaO"), ("Sr", "SrO")]),
    ("blocks-indented.cif", [("Mg", "MgO"), ("Ca", "CaO"), ("Sr", "SrO")]),
    ("blocks-upper-case.cif", [("Mg", "MgO"), ("Ca", "CaO"), ("Sr", "SrO")]),
    ("blocks-cartesian-between.cif", [("a", "MgO"), ("b", "not_a_crystal"), ("c", "SrO")]),
    ("cut-in-header.cif", [("a", "MgO"), ("b", "truncated")]),
    ("cut-text-field.cif", [("a", "MgO"), ("b", "truncated")]),
    ("joined.poscar", [("1", "MgO"), ("2", "CaO"), ("3", "SrO")]),
    ("trajectory.xdatcar", [("1", "MgO"), ("2", "MgO")]),
    ("title-brace.poscar", [("", "MgO")]),
    ("pandas-columns.json", [("0", "MgO n=1.7"), ("1", "MgO n=1.7")]),
    ("structures-inside.json", [("1", "MgO"), ("2", "MgO")]),
  ]

  @Test(arguments: files.indices)
  func `every record of a file comes out or is refused`(index: Int) throws {
    let (file, wanted) = RecordFixtureTests.files[index]
    let stem = String(file.prefix { $0 != "." })
    let bytes = try Data(contentsOf: Fixtures.url("records/\(file)"))
    let expected = wanted.map { Outcome($0.0.isEmpty ? stem : "\(stem):\($0.0)", $0.1) }
    #expect(try outcomes(file, bytes) == expected)
  }

  @Test func `records that name themselves keep their ids`() throws {
    let single = try Data(contentsOf: Fixtures.url("records/optimade-single.json"))
    #expect(try outcomes("a.json", single) == [Outcome("s1", "CCl")])
    let marked = try Data(contentsOf: Fixtures.url("records/byte-order-mark.jsonl"))
    #expect(try outcomes("a.jsonl", marked) == [Outcome("a", "MgO"), Outcome("a", "MgO")])
  }

  @Test func `archives are read to the end of their bytes, and links are named`() throws {
    #expect(
      outcomes(Fixtures.url("records/hard-link.tar").path) == [
        Outcome("a", "MgO"), Outcome("b", "unreadable"), Outcome("c", "CaO"),
      ])
    #expect(
      outcomes(Fixtures.url("records/joined.tar.gz").path) == [Outcome("a", "MgO"), Outcome("b", "CaO")])
    #expect(
      outcomes(Fixtures.url("records/blank-files.tar").path).map(\.what)
        == ["unreadable", "CsCl"] + Array(repeating: "unreadable", count: 4))
    let (records, error) = readAll(Fixtures.url("records/long-window.cif.zst").path)
    #expect(records.isEmpty)
    #expect(error?.description.contains("needs a larger window than 128 MiB") == true)
    #expect(error?.rejectionReason == .unreadable)
    for file in ["hard-link.tar", "joined.tar.gz", "blank-files.tar"] {
      try ResumeTests.check(Fixtures.url("records/\(file)").path)
    }
  }
}

@Suite("Records never vanish: blank files and encodings") struct BlankAndEncodedTests {
  static let blanks: [(name: String, bytes: [UInt8])] = [
    ("empty", []), ("newline", [10]), ("blanks", Array(" \t\r\n\n".utf8)), ("mark", [0xEF, 0xBB, 0xBF]),
    ("mark16", [0xFF, 0xFE]), ("mark16-blank", [0xFE, 0xFF, 0, 10]),
    ("zeros", [UInt8](repeating: 0, count: 700)), ("many-zeros", [UInt8](repeating: 0, count: 100_000)),
    ("many-blanks", [UInt8](repeating: 32, count: 300_000)), ("comment", Array("# nothing\n".utf8)),
  ]

  @Test(arguments: blanks.indices)
  func `a file without content is one rejection wherever it lies`(index: Int) throws {
    let (name, bytes) = BlankAndEncodedTests.blanks[index]
    #expect(try outcomes(name, bytes).map(\.what) == ["unreadable"])
    let folder = try ScratchFolder()
    for compression in Compression.allCases {
      let path = try folder.write("\(name).x", compressed(bytes, compression))
      #expect(outcomes(path).map(\.what) == ["unreadable"], "\(compression)")
    }
  }

  @Test func `every file of a folder is a record or a rejection, and a pipe is none`() throws {
    let folder = try ScratchFolder()
    for (name, bytes) in BlankAndEncodedTests.blanks { try folder.write("f/\(name)", bytes) }
    try folder.write("f/zz.cif", block("a", "Mg", "O"))
    #expect(mkfifo(folder.path("f/pipe"), 0o600) == 0)
    let found = outcomes(folder.path("f"))
    #expect(found.count == BlankAndEncodedTests.blanks.count + 2)
    #expect(found.filter { $0.what == "unreadable" }.count == BlankAndEncodedTests.blanks.count + 1)
    #expect(found.last == Outcome("zz", "MgO"))
  }

  @Test(arguments: [
    "[]", " [ ]\n", "{\"data\": [], \"meta\": {}}", "{\"entries\": []}",
    "{\"columns\": [\"structure\"], \"index\": [], \"data\": []}",
  ])
  func `a list without elements is one rejection`(text: String) throws {
    #expect(try outcomes("a.json", Array(text.utf8)) == [Outcome("a", "unreadable")])
    let folder = try ScratchFolder()
    try folder.write("f/a.json", Array(text.utf8))
    try folder.write("f/b.cif", block("b", "Mg", "O"))
    #expect(outcomes(folder.path("f")) == [Outcome("a", "unreadable"), Outcome("b", "MgO")])
    try ResumeTests.check(folder.path("f"))
  }

  static let texts: [(String, String, [String])] = [
    ("a.cif", block("a", "Mg", "O") + "_x 'ä'\n" + block("b", "Ca", "O"), ["MgO", "CaO"]),
    ("a.json", "[\(structure("Mg")),\n\(structure("Ca"))]", ["MgO", "CaO"]),
    ("a.jsonl", "\(structure("Mg"))\n\(structure("Ca"))\n", ["MgO", "CaO"]),
    ("a.vasp", poscar("Größe 😀", "Mg"), ["MgO"]),
    (
      "a.xyz",
      "2\nLattice=\"4 0 0 0 4 0 0 0 4\" note=\"é\"\nMg 0 0 0\nO 2 2 2\n1\nLattice=\"3 0 0 0 3 0 0 0 3\"\nFe 0 0 0\n",
      ["MgO", "Fe"]
    ),
  ]

  @Test(
    arguments: texts.indices,
    [String.Encoding.utf8, .utf16LittleEndian, .utf16BigEndian, .utf32LittleEndian, .utf32BigEndian])
  func `a byte order mark changes nothing but the encoding`(index: Int, encoding: String.Encoding) throws {
    let (name, text, formulas) = BlankAndEncodedTests.texts[index]
    let bytes = [UInt8](try #require("\u{FEFF}\(text)".data(using: encoding)))
    #expect(try outcomes(name, bytes).map(\.what) == formulas)
    #expect(try TextEncoding.plainText(bytes, of: name) == Array(text.utf8))
    let folder = try ScratchFolder()
    let marked = readAll(try folder.write(name, bytes)).records
    let plain = readAll(try folder.write(name, text)).records
    #expect(marked.map(\.byteOffset) == plain.map(\.byteOffset))
    #expect(marked.map(\.bytes) == plain.map(\.bytes))
    for compression in [Compression.gzip, .zstd] {
      let path = try folder.write(name, compressed(bytes, compression))
      #expect(outcomes(path).map(\.what) == formulas)
      try ResumeTests.check(path)
    }
  }

  @Test func `text that breaks its encoding is refused after what precedes it`() throws {
    let lines = "\u{FEFF}\(structure("Mg"))\n\(structure("Ca"))\n"
    let whole = [UInt8](try #require(lines.data(using: .utf16LittleEndian)))
    #expect(try outcomes("a", whole + [0x0A]).map(\.what) == ["MgO", "CaO", "truncated"])
    #expect(try outcomes("a", whole + [0x00, 0xDC]).map(\.what) == ["MgO", "CaO", "unreadable"])
    #expect(try outcomes("a", whole + [0x00, 0xD8]).map(\.what) == ["MgO", "CaO", "truncated"])
    #expect(throws: ArchiveError.self) { try TextEncoding.plainText([0xFF, 0xFE, 0, 0xD8, 65, 0], of: "a") }
    #expect(throws: ArchiveError.self) { try TextEncoding.plainText([0xFF, 0xFE, 65], of: "a") }
  }

  @Test func `files with marks that were joined lose nothing`() throws {
    let mark = "\u{FEFF}"
    #expect(
      try outcomes("a.jsonl", "\(mark)\(structure("Mg"))\n\(mark)\(structure("Ca"))\n").map(\.what) == [
        "MgO", "CaO",
      ])
    #expect(
      try outcomes("a.cif", mark + block("a", "Mg", "O") + mark + block("b", "Ca", "O")).map(\.what)
        == ["MgO", "CaO"])
  }
}

@Suite("Records never vanish: CIF") struct BlockTests {
  static let siblings: [(String, String, [(String, String)])] = [
    (
      "headings in any case",
      block("a", "Mg", "O", heading: "DATA_") + block("b", "Ca", "O", heading: "Data_"),
      [("a", "MgO"), ("b", "CaO")]
    ),
    (
      "a heading behind the last value of a line",
      block("a", "Mg", "O").dropLast() + " data_b\n" + block("b", "Ca", "O").drop { $0 != "\n" },
      [("a", "MgO"), ("b", "CaO")]
    ),
    (
      "carriage returns", (block("a", "Mg", "O") + block("b", "Ca", "O")).replacing("\n", with: "\r\n"),
      [("a", "MgO"), ("b", "CaO")]
    ),
    (
      "headings in quotes, comments and text fields are none",
      block("a", "Mg", "O") + "_x 'data_q' # data_r\n_y \"it's data_s\"\n_z\n;\ndata_t\n_cell_length_a 1\n;\n"
        + block("b", "Ca", "O"), [("a", "MgO"), ("b", "CaO")]
    ),
    (
      "a quote within a value opens none", block("a", "Mg", "O") + "_x O1' _y a\"b\n" + block("b", "Ca", "O"),
      [("a", "MgO"), ("b", "CaO")]
    ),
    (
      "publication blocks go with the crystal that follows",
      "data_global\n_journal_name 'x'\n" + block("a", "Mg", "O") + "data_more\n_journal_name x\n"
        + block("b", "Ca", "O") + "data_end\n_journal_name x\n", [("a", "MgO"), ("b", "CaO")]
    ),
    (
      "a cell without sites, and sites without a cell, are refused",
      block("a", "Mg", "O") + "data_b\n_cell_length_a 3\n"
        + "data_c\nloop_\n_atom_site_label\n_atom_site_fract_x\nMg1 0\n" + block("d", "Ca", "O"),
      [("a", "MgO"), ("b", "not_a_crystal"), ("c", "not_a_crystal"), ("d", "CaO")]
    ),
    (
      "names that occur again get their number, in any order",
      block("a", "Mg", "O") + block("a", "Ca", "O") + block("a:2", "Sr", "O") + block("", "Ba", "O"),
      [("a", "MgO"), ("a:2", "CaO"), ("a:2:3", "SrO"), ("4", "BaO")]
    ),
    ("a cut heading", block("a", "Mg", "O") + "data_b", [("a", "MgO"), ("b", "truncated")]),
    ("a cut tag", block("a", "Mg", "O") + "data_b\n_cell_len", [("a", "MgO"), ("b", "truncated")]),
    ("a cut quote", block("a", "Mg", "O") + "data_b\n_x 'y", [("a", "MgO"), ("b", "truncated")]),
    (
      "a crystal that was begun", block("a", "Mg", "O") + "data_b\n_chemical_formula_sum MgO",
      [("a", "MgO"), ("b", "truncated")]
    ),
    (
      "references without a last newline", block("a", "Mg", "O") + "data_b\n_journal_year 1999",
      [("a", "MgO")]
    ),
    ("an end mark without a newline", block("a", "Mg", "O") + "data_b\n_x y\n#END", [("a", "MgO")]),
    (
      "a cut loop", block("a", "Mg", "O") + "data_b\nloop_\n_x\n_y\n1 2 3\n",
      [("a", "MgO"), ("b", "truncated")]
    ),
    (
      "a cut row of atoms", block("a", "Mg", "O") + block("b", "Ca", "O").dropLast(4),
      [("a", "MgO"), ("b", "truncated")]
    ),
    (
      "a frame", block("a", "Mg", "O") + "data_b\nsave_f\n_cell_length_a 1\nsave_\n" + block("c", "Ca", "O"),
      [("a", "MgO"), ("b", "not_a_crystal"), ("c", "CaO")]
    ),
    (
      "a frame that stays open", block("a", "Mg", "O") + "data_b\nsave_f\n_x 1\n",
      [("a", "MgO"), ("b", "truncated")]
    ),
  ]

  @Test(arguments: siblings.indices)
  func `every block with a cell or sites comes out or is refused`(index: Int) throws {
    let (name, text, wanted) = BlockTests.siblings[index]
    #expect(try outcomes("f.cif", text) == wanted.map { Outcome("f:\($0.0)", $0.1) }, "\(name)")
  }

  @Test func `one block goes by the name of its file`() throws {
    #expect(try outcomes("f.cif", "data_global\n_x 1\n" + block("a", "Mg", "O")) == [Outcome("f", "MgO")])
    #expect(
      try outcomes("f.cif", "  data_a _x 1\n" + block("a", "Mg", "O").dropFirst(6)) == [Outcome("f", "MgO")])
    #expect(try outcomes("f.cif", "data_a\n_x\n;open\n") == [Outcome("f", "truncated")])
  }

  @Test func `a text of two blocks cut anywhere loses no record in silence`() throws {
    let first = block("a", "Mg", "O")
    let text = Array((first + block("b", "Ca", "O")).utf8)
    let folder = try ScratchFolder()
    for cut in (first.utf8.count + 5)..<text.count {
      let found = outcomes(try folder.write("f.cif", text[..<cut]))
      #expect(found.count == 2, "cut at \(cut): \(found)")
      #expect(found[0] == Outcome("f:a", "MgO"))
    }
  }

  @Test func `blocks beyond the limit are refused, and those behind them are read`() throws {
    let folder = try ScratchFolder()
    let long = block("b", "Ca", "O") + String(repeating: "# a remark\n_x 'y'\n", count: 3000)
    let line = block("c", "Ca", "O") + "_x '" + String(repeating: "data_ ", count: 5000) + "'\n"
    let path = try folder.write("f.cif", block("a", "Mg", "O") + long + line + block("d", "Sr", "O"))
    let (records, error) = readAll(path, limits: ArchiveLimits(largestRecord: 10_000))
    #expect(error == nil)
    #expect(records.map(\.failure?.reason) == [nil, .tooLarge, .tooLarge, nil])
    #expect(records.map(\.defaultID) == ["f:a", "f:b", "f:c", "f:d"])
  }
}

@Suite("Records never vanish: POSCAR") struct JoinedPOSCARTests {
  static let siblings: [(String, String, [(String, String)])] = [
    (
      "velocities and blank lines between",
      poscar("a", "Mg", tail: "\n0 0 0\n.1 .1 .1\n\n") + poscar("b", "Ca"),
      [("1", "MgO"), ("2", "CaO")]
    ),
    (
      "three scale factors", poscar("a", "Mg") + poscar("b", "Ca", scale: "1 1 1") + poscar("c", "Sr"),
      [("1", "MgO"), ("2", "CaO"), ("3", "SrO")]
    ),
    (
      "titles that are numbers or empty", poscar("1", "Mg") + poscar("", "Ca") + poscar("2 2", "Sr"),
      [("1", "MgO"), ("2", "CaO"), ("3", "SrO")]
    ),
    (
      "a damaged header between",
      poscar("a", "Mg") + poscar("b", "Ca").replacing("0 4.2 0", with: "0 x 0") + poscar("c", "Sr"),
      [("1", "MgO"), ("2", "unreadable"), ("3", "SrO")]
    ),
    (
      "the form of VASP 4 between", poscar("a", "Mg") + poscar("b", "Ca").replacing("Ca O\n", with: ""),
      [("1", "MgO"), ("2", "unreadable")]
    ),
    (
      "too few positions", poscar("a", "Mg").replacing(".5 .5 .5\n", with: "") + poscar("b", "Ca"),
      [("1", "truncated"), ("2", "CaO")]
    ),
    (
      "cut in a header", poscar("a", "Mg") + "b\n1.0\n4.2 0 0\n", [("1", "MgO"), ("2", "truncated")]
    ),
    (
      "headers repeated before frames",
      (1...3).map { poscar("x", "Mg").replacing("Direct", with: "Direct configuration=   \($0)") }.joined(),
      [("1", "MgO"), ("2", "MgO"), ("3", "MgO")]
    ),
    (
      "trajectories joined",
      poscar("x", "Mg").replacing("Direct", with: "Direct configuration= 1")
        + "Direct configuration= 2\n0 0 0\n.5 .5 .5\n"
        + poscar("y", "Ca").replacing("Direct", with: "direct configuration= 1")
        + "direct configuration= 2\n0 0 0\n.5 .5 .5\n",
      [("1", "MgO"), ("2", "MgO"), ("3", "CaO"), ("4", "CaO")]
    ),
    (
      "blank lines before frames",
      poscar("x", "Mg").replacing("Direct", with: "\nDirect configuration= 1")
        + "\nDirect configuration= 2\n0 0 0\n.5 .5 .5\n"
        + poscar("y", "Ca").replacing("Direct", with: " \n\nDirect configuration= 1"),
      [("1", "MgO"), ("2", "MgO"), ("3", "CaO")]
    ),
    (
      "frames behind a header without counts",
      poscar("x", "Mg").replacing("1 1\nDirect", with: "Direct configuration= 1")
        + "Direct configuration= 2\n0 0 0\n.5 .5 .5\n",
      [("1", "unreadable"), ("2", "unreadable")]
    ),
    (
      "a header without its scale factor between",
      poscar("a", "Mg") + poscar("b", "Ca").replacing("b\n1.0\n", with: "b\n") + poscar("c", "Sr"),
      [("1", "MgO"), ("2", "unreadable"), ("3", "SrO")]
    ),
    (
      "a scale factor that is no number",
      poscar("a", "Mg") + poscar("b", "Ca", scale: "one") + poscar("c", "Sr"),
      [("1", "MgO"), ("2", "unreadable"), ("3", "SrO")]
    ),
    (
      "a header without counts between, behind velocities",
      poscar("a", "Mg", tail: "\n0 0 0\n0 0 0\n") + poscar("b", "Ca").replacing("1 1\n", with: "")
        + poscar("c", "Sr"),
      [("1", "MgO"), ("2", "unreadable"), ("3", "SrO")]
    ),
    (
      "a header without a mode between",
      poscar("a", "Mg") + poscar("b", "Ca").replacing("Direct\n", with: "") + poscar("c", "Sr"),
      [("1", "MgO"), ("2", "unreadable"), ("3", "SrO")]
    ),
    (
      "frames behind a damaged header do not go by the one before",
      poscar("x", "Mg").replacing("Direct", with: "Direct configuration= 1")
        + poscar("y", "Ca").replacing("1 1\nDirect", with: "Direct configuration= 1")
        + "Direct configuration= 2\n0 0 0\n.5 .5 .5\n",
      [("1", "MgO"), ("2", "unreadable"), ("3", "unreadable")]
    ),
    (
      "a cut frame",
      poscar("x", "Mg").replacing("Direct", with: "Direct configuration= 1")
        + "Direct configuration= 2\n0 0 0\n",
      [("1", "MgO"), ("2", "truncated")]
    ),
  ]

  @Test(arguments: siblings.indices)
  func `every file and frame comes out or is refused`(index: Int) throws {
    let (name, text, wanted) = JoinedPOSCARTests.siblings[index]
    #expect(try outcomes("f.vasp", text) == wanted.map { Outcome("f:\($0.0)", $0.1) }, "\(name)")
  }

  static let titles = [
    "{MgO} relaxed", "[1] MgO", "{\"id\": 1}", "data_MgO", "# MgO", "2", "", "  ", "Lattice=\"\"", "PK",
    "loop_",
  ]

  @Test(arguments: titles)
  func `a title may be any text`(title: String) throws {
    #expect(try outcomes("f", poscar(title, "Mg")) == [Outcome("f", "MgO")])
  }

  @Test func `what follows the positions makes no other record`() throws {
    for tail in [
      "\n", "\n0 0 0\n0.1 0.2 0.3\n", "\nDirect\n0 0 0\n0 0 0\n", "Cartesian\n0.1 0 0\n0 0 0\n",
      "\n 0.1E-01 0.0E+00 0.0E+00\n 0.0E+00 0.0E+00 0.0E+00\n\n 1\n  0.5E+00\n  0.1E+01 0.0E+00 0.0E+00 0.0E+00\n"
        + " 0.0 0.0 0.0\n 0.5 0.5 0.5\n 0.1 0.0 0.0\n 0.0 0.0 0.0\n 0.0 0.0 0.0\n 0.0 0.0 0.0\n",
      "Lattice velocities and vectors\n  1\n 0.0 0.0 0.0\n 0.0 0.0 0.0\n 0.0 0.0 0.0\n 4.2 0.0 0.0\n 0.0 4.2 0.0\n 0.0 0.0 4.2\n",
      "a remark of whoever made this\n",
    ] {
      #expect(try outcomes("f", poscar("x", "Mg", tail: tail)) == [Outcome("f", "MgO")], "\(tail)")
    }
  }

  @Test func `files beyond the limit are refused, and those behind them are read`() throws {
    let folder = try ScratchFolder()
    let long = poscar("b", "Ca", tail: String(repeating: "0.1 0.2 0.3\n", count: 3000))
    let path = try folder.write("f.vasp", poscar("a", "Mg") + long + poscar("c", "Sr"))
    let (records, error) = readAll(path, limits: ArchiveLimits(largestRecord: 10_000))
    #expect(error == nil)
    #expect(records.map(\.failure?.reason) == [nil, .tooLarge, nil])
  }
}

@Suite("Records never vanish: JSON documents") struct JSONDocumentTests {
  static let siblings: [(String, String, [(String, String)])] = [
    (
      "listed by id",
      "{\"mp-1\": \(structure("Mg")), \"mp-2\": {\"lattice\": 1}, \"mp-3\": \(structure("Ca"))}",
      [("mp-1", "MgO"), ("mp-2", "not_a_crystal"), ("mp-3", "CaO")]
    ),
    (
      "listed by id, as entries",
      "{\"x1\": {\"structure\": \(structure("Mg")), \"n\": 2.0},\n \"x2\": {\"structure\": \(structure("Ca"))}}",
      [("x1", "MgO n=2.0"), ("x2", "CaO")]
    ),
    (
      "rows by number",
      "{\"0\": {\"structure\": \(structure("Mg")), \"n\": 2}, \"1\": {\"structure\": \(structure("Ca"))}}",
      [("f:0", "MgO n=2.0"), ("f:1", "CaO")]
    ),
    (
      "columns with ids for rows",
      "{\"n\": {\"mp-1\": 1, \"mp-2\": null}, \"structure\": {\"mp-1\": \(structure("Mg")), \"mp-2\": \(structure("Ca"))}}",
      [("mp-1", "MgO n=1.0"), ("mp-2", "CaO")]
    ),
    (
      "columns with a column of ids",
      "{\"material_id\": {\"0\": \"a\", \"1\": \"b\"}, \"structure\": {\"0\": \(structure("Mg")), \"1\": null}}",
      [("a", "MgO"), ("f:1", "not_a_crystal")]
    ),
    (
      "columns that are lists", "{\"structure\": [\(structure("Mg")), \(structure("Ca"))], \"n\": [1, 2]}",
      [("f:1", "MgO n=1.0"), ("f:2", "CaO n=2.0")]
    ),
    (
      "rows before the names of their columns",
      "{\"data\": [[\(structure("Mg")), 1.5], [\(structure("Ca")), 2]], \"index\": [0, 1], \"columns\": [\"structure\", \"n\"]}",
      [("f:1", "MgO n=1.5"), ("f:2", "CaO n=2.0")]
    ),
    (
      "rows between names and index",
      "{\n \"index\": [0],\n \"data\": [\n  [1.5, \(structure("Mg"))]],\n \"columns\": [\"n\", \"structure\"]}",
      [("f:1", "MgO n=1.5")]
    ),
    (
      "rows whose columns are never named",
      "{\"data\": [[\(structure("Mg")), 1.5]], \"entries\": [\(structure("Ca"))], \"index\": [0]}",
      [("f:1", "unreadable"), ("f:2", "CaO")]
    ),
    (
      "columns named by numbers and lists",
      "{\"columns\": [7, [\"a\", \"b\"]], \"data\": [[\(structure("Mg")), 1.5]]}", [("f:1", "MgO")]
    ),
    (
      "rows with fewer or more cells than columns",
      "{\"columns\": [\"structure\", \"n\"], \"data\": [[\(structure("Mg"))], [\(structure("Ca")), 1, 2], [\(structure("Sr")), 1]]}",
      [("f:1", "unreadable"), ("f:2", "unreadable"), ("f:3", "SrO n=1.0")]
    ),
    (
      "a column that stands twice",
      "{\"columns\": [\"structure\", \"n\", \"n\"], \"data\": [[\(structure("Mg")), 1, 2], [\(structure("Ca")), 1, 1]]}",
      [("f:1", "unreadable"), ("f:2", "CaO n=1.0")]
    ),
    (
      "rows of one key",
      "{\"structure\": {\"0\": \(structure("Mg")), \"0\": \(structure("Ca")), \"1\": \(structure("Sr"))}, \"n\": {\"1\": 3}}",
      [("f:0", "unreadable"), ("f:0", "unreadable"), ("f:1", "SrO n=3.0")]
    ),
    (
      "columns that are lists of other lengths",
      "{\"n\": [1], \"structure\": [\(structure("Mg")), \(structure("Ca"))]}",
      [("f:1", "MgO"), ("f:2", "CaO")]
    ),
    (
      "two columns of crystals",
      "{\"initial\": {\"0\": \(structure("Ca"))}, \"structure\": {\"0\": \(structure("Mg"))}}",
      [("f:0", "MgO and others")]
    ),
    (
      "a document of several roles",
      "{\"version\": 1, \"unitcell\": \(structure("Mg")), \"primitive\": \(structure("Mg")), \"force\": [[0]], \"x\": {}}",
      [("f:unitcell", "MgO"), ("f:primitive", "MgO")]
    ),
    (
      "a record with others beside it",
      "{\"structure\": \(structure("Mg")), \"initial\": \(structure("Ca")), \"steps\": [\(structure("Ca"))]}",
      [("f", "MgO and others")]
    ),
    (
      "one under a key of its own", "{\"meta\": {}, \"result\": \(structure("Mg"))}", [("f", "MgO")]
    ),
    (
      "a list behind a crystal", "{\"primitive\": \(structure("Ca")), \"entries\": [\(structure("Mg"))]}",
      [("f:1", "MgO and others")]
    ),
    (
      "two lists",
      "{\"structures\": [\(structure("Mg"))], \"x\": [1, {}], \"results\": [\(structure("Ca"))], \"entries\": [1]}",
      [("f:1", "MgO"), ("f:2", "CaO")]
    ),
    (
      "listed by id and cut", "{\"mp-1\": \(structure("Mg")), \"mp-2\": {\"latt",
      [("mp-1", "MgO"), ("", "truncated")]
    ),
    (
      "lines that are records", "\(structure("Mg"))\n{\"a\": \(structure("Ca"))}\n",
      [("f:1", "MgO"), ("f:2", "not_a_crystal")]
    ),
  ]

  @Test(arguments: siblings.indices)
  func `every crystal of a document comes out or is named`(index: Int) throws {
    let (name, text, wanted) = JSONDocumentTests.siblings[index]
    #expect(try outcomes("f.json", text) == wanted.map { Outcome($0.0, $0.1) }, "\(name)")
  }

  @Test func `rows before their columns are refused one by one where the table is too large to be held`()
    throws
  {
    let folder = try ScratchFolder()
    let rows = (0..<2000).map { _ in "[\(structure("Mg")), 1]" }.joined(separator: ", ")
    let path = try folder.write("f.json", "{\"data\": [\(rows)], \"columns\": [\"structure\", \"n\"]}")
    let (records, error) = readAll(path, limits: ArchiveLimits(largestRecord: 2000))
    #expect(error == nil && records.count == 2000)
    for record in records.prefix(3) {
      let refusal = #expect(throws: RecordError.self) { try StructureDecoder().decode(record) }
      #expect(refusal?.message.contains("'columns' names its cells, which must stand before") == true)
    }
    #expect(records.allSatisfy { (try? StructureDecoder().decode($0)) == nil })
    #expect(readAll(path).records.allSatisfy { (try? StructureDecoder().decode($0)) != nil })
  }

  @Test func `a document listed by id is read piece by piece where it is larger than a record`() throws {
    let folder = try ScratchFolder()
    let members = (0..<200).map { "\"mp-\($0)\": \(structure($0 % 2 == 0 ? "Mg" : "Ca"))" }
    let path = try folder.write("f.json", "{\(members.joined(separator: ", "))}")
    let (records, error) = readAll(path, limits: ArchiveLimits(largestRecord: 2000))
    #expect(error == nil)
    #expect(records.map(\.defaultID) == (0..<200).map { "mp-\($0)" })
    #expect(records.allSatisfy { $0.failure == nil })
  }
}

@Suite("Records never vanish: archives") struct WholeArchiveTests {
  private let crystals = ["Mg", "Ca", "Sr"].map {
    (name: "\($0).cif", bytes: Array(block("x", $0, "O").utf8))
  }

  @Test(arguments: [Packing.tar, .tarGzip, .tarBzip2, .tarXz, .tarZstd])
  func `archives joined one behind the other are read to the end`(packing: Packing) throws {
    let folder = try ScratchFolder()
    let parts = try crystals.map { try packed([$0], as: packing) }
    let path = try folder.write("joined", parts.joined())
    #expect(outcomes(path).map(\.what) == ["MgO", "CaO", "SrO"])
    try ResumeTests.check(path)
  }

  @Test(arguments: Packing.allCases)
  func `bytes behind the end of an archive are reported`(packing: Packing) throws {
    let folder = try ScratchFolder()
    let whole = try packed(crystals, as: packing)
    for rest in [crystals[0].bytes, Array("x".utf8)] {
      let (records, error) = readAll(try folder.write("a", whole + rest))
      #expect(records.count == 3, "\(packing)")
      #expect(error?.rejectionReason == .unreadable && error?.description.contains("follow") == true)
    }
    if packing != .tarZstd {
      #expect(readAll(try folder.write("a", whole + [UInt8](repeating: 0, count: 1024))).error == nil)
    }
  }

  @Test(arguments: Compression.allCases.filter { $0 != .none })
  func `bytes behind a compressed stream are reported`(compression: Compression) throws {
    let folder = try ScratchFolder()
    let bytes = try compressed(crystals[0].bytes, compression) + crystals[1].bytes
    #expect(outcomes(try folder.write("a", bytes)).map(\.what).last == "unreadable")
  }

  @Test func `bytes behind the end of a tar archive are told from one that is cut`() throws {
    let folder = try ScratchFolder()
    let whole = try packed(crystals, as: .tar)
    let padding = [UInt8](repeating: 0, count: 200_000)
    let end = whole.count - whole.reversed().prefix { $0 == 0 }.count
    let blocks = (end + 511) / 512 * 512
    for text in [[UInt8](repeating: 74, count: 100), [UInt8](repeating: 74, count: 3000)] {
      for bytes in [whole + text, whole + padding + text, whole[..<blocks] + padding[..<512] + text] {
        let error = readAll(try folder.write("a.tar", bytes)).error
        #expect(error?.description.contains("bytes that are no tar archive follow its end") == true)
      }
      let error = readAll(try folder.write("a.tar", whole[..<blocks] + text)).error
      #expect(error != nil && error?.description.contains("follow") == false)
    }
  }

  @Test(arguments: [Packing.tar, .tarGzip, .zip])
  func `an archive without files is one rejection`(packing: Packing) throws {
    let folder = try ScratchFolder()
    let hidden = [(name: ".a.cif", bytes: crystals[0].bytes)]
    let bytes = try packed(hidden, as: packing)
    #expect(outcomes(try folder.write("a", bytes)).map(\.what) == ["unreadable"])
    try folder.write("f/a", bytes)
    try folder.write("f/b.cif", crystals[1].bytes)
    #expect(outcomes(folder.path("f")) == [Outcome("a", "unreadable"), Outcome("b", "CaO")])
    try ResumeTests.check(folder.path("f"))
    let outer = try folder.write(
      "o", packed([(name: "in.\(packing.suffix)", bytes: bytes), crystals[1]], as: .tar))
    #expect(outcomes(outer).map(\.what) == ["unreadable", "CaO"])
    try ResumeTests.check(outer)
  }

  @Test func `a link to a folder is named`() throws {
    let folder = try ScratchFolder()
    try folder.write("f/sub/a.cif", crystals[0].bytes)
    try FileManager.default.createSymbolicLink(atPath: folder.path("f/link"), withDestinationPath: "sub")
    let (records, _) = readAll(folder.path("f"))
    #expect(records.map(\.defaultID) == ["link", "a"])
    #expect(records[0].failure?.message.contains("a symbolic link to a folder") == true)
  }

  @Test func `a zip file behind other bytes does not pass for a POSCAR`() throws {
    let folder = try ScratchFolder()
    let bytes = Array("title".utf8) + [0, 1] + Array(poscar("", "Mg").utf8)
    #expect(outcomes(try folder.write("a", bytes)).map(\.what) == ["unreadable"])
  }

  @Test func `a zip file before another one is reported`() throws {
    let folder = try ScratchFolder()
    let bytes = try packed([crystals[0]], as: .zip) + packed([crystals[1]], as: .zip)
    #expect(outcomes(try folder.write("a.zip", bytes)).map(\.what) == ["CaO", "unreadable"])
  }

  @Test(arguments: ["symbolic", "hard", "fifo", "folder"])
  func `members that are no files are named`(kind: String) throws {
    let folder = try ScratchFolder()
    for isTar in [true, false] where isTar || kind == "symbolic" || kind == "folder" {
      let bytes = try packedWithSpecial(kind, isTar: isTar)
      let path = try folder.write("a", bytes)
      let expected = kind == "folder" ? ["MgO", "CaO"] : ["MgO", "unreadable", "CaO"]
      #expect(outcomes(path).map(\.what) == expected, "\(kind) tar \(isTar)")
      try ResumeTests.check(path)
    }
  }

  @Test func `a member that ends within a record takes no other member with it`() throws {
    let folder = try ScratchFolder()
    let cut = Array("[\(structure("Ba")), {\"lattice\":".utf8)
    for packing in Packing.allCases {
      let path = try folder.write("a", packed([crystals[0], ("cut.json", cut), crystals[1]], as: packing))
      #expect(outcomes(path).map(\.what) == ["MgO", "BaO", "truncated", "CaO"], "\(packing)")
      try ResumeTests.check(path)
    }
  }

  private func packedWithSpecial(_ kind: String, isTar: Bool) throws -> [UInt8] {
    guard let handle = archive_write_new(), let entry = archive_entry_new() else { throw PackingFault() }
    defer {
      archive_write_free(handle)
      archive_entry_free(entry)
    }
    _ = isTar ? archive_write_set_format_pax_restricted(handle) : archive_write_set_format_zip(handle)
    var buffer = [UInt8](repeating: 0, count: 1 << 17)
    var used = 0
    try buffer.withUnsafeMutableBytes { target in
      guard archive_write_open_memory(handle, target.baseAddress, target.count, &used) == ARCHIVE_OK else {
        throw PackingFault()
      }
      for index in 0..<3 {
        archive_entry_clear(entry)
        archive_entry_set_perm(entry, 0o644)
        if index == 1 {
          archive_entry_set_pathname(entry, "special")
          switch kind {
          case "symbolic":
            archive_entry_set_filetype(entry, 0o120000)
            archive_entry_set_symlink(entry, "Mg.cif")
          case "hard":
            archive_entry_set_filetype(entry, 0o100000)
            archive_entry_set_hardlink(entry, "Mg.cif")
          case "fifo": archive_entry_set_filetype(entry, 0o010000)
          default: archive_entry_set_filetype(entry, 0o040000)
          }
          guard archive_write_header(handle, entry) == ARCHIVE_OK else { throw PackingFault() }
          continue
        }
        let (name, bytes) = crystals[index / 2]
        archive_entry_set_pathname(entry, name)
        archive_entry_set_filetype(entry, 0o100000)
        archive_entry_set_size(entry, Int64(bytes.count))
        guard archive_write_header(handle, entry) == ARCHIVE_OK,
          archive_write_data(handle, bytes, bytes.count) == bytes.count
        else { throw PackingFault() }
      }
      guard archive_write_close(handle) == ARCHIVE_OK else { throw PackingFault() }
    }
    return Array(buffer[..<used])
  }
}

@Suite("Records never vanish: plain references") struct PlainReferenceTests {
  /// The beginnings of records, found by going through every token of every line.
  private func plainStarts(_ text: [UInt8]) -> [Int] {
    text.withUnsafeBytes { bytes in
      var starts = [0]
      var (isInTextField, holdsCrystal) = (false, false)
      var start = 0
      while start < bytes.count {
        let end = bytes[start...].firstIndex(of: 10) ?? bytes.count
        var first = start
        if start < end, bytes[start] == UInt8(ascii: ";") {
          isInTextField.toggle()
          first += 1
        }
        var tokens = CIFTokens(bytes, from: first, to: end)
        while !isInTextField, let token = tokens.nextOfLine() {
          if token.kind == .heading, holdsCrystal {
            starts.append(token.range.lowerBound)
            holdsCrystal = false
          }
          let tag = UnsafeRawBufferPointer(rebasing: bytes[token.range])
          if token.kind == .tag, CIFTokens.belongsToCrystal(tag) { holdsCrystal = true }
        }
        start = end + 1
      }
      return starts
    }
  }

  @Test func `the quick scan of CIF text finds the records that all tokens show`() throws {
    let words = [
      "data_a", "DATA_b", "global_", "loop_", "_cell_length_a", "_atom_site_label", "_atom_sites_x", "_x",
      "save_f",
      "1.0", "'data_c'", "\"it's", "a'b", "#", ";", "\n;", "\n;\n", "\n", "\n", "\r\n", "\t", "O1_2", "data",
      "_",
    ]
    var generator = SeededGenerator(seed: 401)
    for round in 0..<600 {
      var text = "data_first\n"
      for _ in 0..<Int.random(in: 1...60, using: &generator) {
        text += words.randomElement(using: &generator) ?? ""
        if Bool.random(using: &generator) { text += " " }
      }
      let bytes = Array(text.utf8)
      for size in [1, 3, 1 << 16] {
        let starts = try pieces(bytes, sizes: [size]).map(\.offset)
        let plain = plainStarts(bytes)
        // The last part may be no record, where it has no crystal in it.
        #expect(starts == plain || starts == Array(plain.dropLast()), "\(round): \(text)")
      }
    }
  }

  @Test func `transcoding gives what another program's does`() throws {
    var generator = SeededGenerator(seed: 402)
    for _ in 0..<200 {
      var text = ""
      for _ in 0..<Int.random(in: 0...40, using: &generator) {
        let range: ClosedRange<UInt32> = [1...127, 128...0x7FF, 0x800...0xFFFF, 0x10000...0x10FFFF]
          .randomElement(
            using: &generator)!
        let value = UInt32.random(in: range, using: &generator)
        // Zero bytes behind a mark of UTF-16 make one of UTF-32. A further mark would be taken for text by one and for a mark by the other.
        if value != 0xFEFF, let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
      }
      for encoding in [
        String.Encoding.utf8, .utf16LittleEndian, .utf16BigEndian, .utf32LittleEndian, .utf32BigEndian,
      ] {
        let bytes = [UInt8](try #require("\u{FEFF}\(text)".data(using: encoding)))
        #expect(try TextEncoding.plainText(bytes, of: "a") == Array(text.utf8))
      }
    }
  }

  @Test func `names are unique, and beyond the bound on memory too`() {
    var generator = SeededGenerator(seed: 403)
    for most in [0, 3, 100] {
      var names = RecordNames(most: most)
      var given: Set<String> = []
      for number in 1...300 {
        let name = ["a", "b", "a:2", "", "c\(Int.random(in: 0...9, using: &generator))"].randomElement(
          using: &generator)!
        let unique = names.unique(name, number: number)
        #expect(given.insert(unique).inserted, "\(unique)")
        #expect(unique.hasPrefix(name))
      }
    }
  }
}
