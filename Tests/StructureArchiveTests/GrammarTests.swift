import Crystal
import StructureArchive
import Testing

private func decode(_ text: String, _ format: RecordFormat) throws(RecordError) -> DecodedRecord {
  try StructureDecoder(takesAllProperties: true).decode(
    ArchiveRecord(member: "file", index: 0, byteOffset: 0, bytes: Array(text.utf8), format: format))
}

private func error(_ text: String, _ format: RecordFormat) -> RecordError? {
  do throws(RecordError) {
    _ = try decode(text, format)
    return nil
  } catch {
    return error
  }
}

private let cell = "Lattice=\"4.2 0 0 0 4.2 0 0 0 4.2\""

/// A frame of MgO with this comment line.
private func frame(_ comment: String, _ atoms: String = "Mg 0 0 0\nO 2.1 2.1 2.1") -> String {
  "2\n\(comment)\n\(atoms)\n"
}

@Suite("The grammar of extended XYZ") struct ExtendedXYZGrammarTests {
  @Test(
    arguments: [
      (cell, nil), ("Lattice = \"4.2 0 0 0 4.2 0 0 0 4.2\" Properties = species:S:1:pos:R:3 e = -1.5", -1.5),
      ("e=\"-1.5\"\t\(cell)", -1.5), ("e={-1.5} \(cell)", -1.5), ("e=[-1.5] \(cell)", -1.5),
      ("\(cell) e=-15D-1", -1.5),
      ("flag \(cell) other e=-1.5", -1.5), ("\"e\"=-1.5 \(cell)", -1.5), ("'e' = -1.5 \(cell)", -1.5),
      ("note=\"e=3 Lattice=\\\"1 2\\\"\" \(cell) e=-1.5", -1.5), ("note='e=3 \"x' \(cell) e=-1.5", -1.5),
      ("note=\"a \\\\\" e=-1.5 \(cell)", -1.5), ("list=[\"e=3\", \"]\"] \(cell) e=-1.5", -1.5),
      ("m=[[1, 2], [3, 4]] \(cell) e=-1.5", -1.5), ("m={e=3 4} \(cell) e=-1.5", -1.5),
      ("it=isn't \(cell) e=-1.5", -1.5), ("e=-1.5 e=-1.5 \(cell)", -1.5), ("e=T \(cell)", nil),
      ("e \(cell)", nil), ("e=\"-1.5 2\" \(cell)", nil),
      ("Lattice=[[4.2, 0, 0], [0, 4.2, 0], [0, 0, 4.2]] e=-1.5", -1.5),
      ("Lattice={4.2 4.2 4.2} e=-1.5", -1.5),
      ("LATTICE='4.2 0 0 0 4.2 0 0 0 4.2' e=-1.5", -1.5),
      ("\"Lattice\" =\"4.2 0 0 0 4.2 0 0 0 4.2\" e=-1.5", -1.5),
    ] as [(String, Double?)])
  func `a value is that of its key, whatever else the line holds`(comment: String, energy: Double?) throws {
    let decoded = try decode(frame(comment), .extendedXYZ)
    #expect(decoded.structure.elements.map(\.symbol) == ["Mg", "O"])
    #expect(length(decoded.structure.fractionalPositions[1] - SIMD3(repeating: 0.5)) < 1e-12)
    #expect(decoded.properties["e"] == energy)
    #expect(decoded.id == "file")
  }

  @Test(arguments: [
    ("id=mine \(cell)", "mine"), ("note=\"id=other\" id=mine \(cell)", "mine"),
    ("id=\"my \\\"own\\\"\" \(cell)", "my \"own\""),
    ("id = 7 \(cell)", "7"), ("xid=other material_id=mp-1 \(cell)", "mp-1"), ("id=a\\ b \(cell)", "a b"),
    ("note='id=other' \(cell)", "file"), ("id=[1, 2] \(cell)", "file"), ("id \(cell)", "file"),
  ])
  func `an id comes from a key of its own`(comment: String, id: String) throws {
    #expect(try decode(frame(comment), .extendedXYZ).id == id)
  }

  @Test(arguments: [
    ("pos:R:3:Z:I:1", "0 0 0 12\n2.1 2.1 2.1 8"), ("numbers:I:1:pos:R:3", "12 0 0 0\n8 2.1 2.1 2.1"),
    ("species:S:1:pos:R:3:Z:I:1", "Mg 0 0 0 12\nO 2.1 2.1 2.1 8"),
    ("fixed:L:1:symbols:S:1:pos:R:3", "T Mg 0 0 0\nF O 2.1 2.1 2.1"),
    ("species:S:1:pos:R:3:forces:R:3:tag:S:1", "Mg 0 0 0 1 2 3 a\nO 2.1 2.1 2.1 4 5 6 b"),
    ("Species:s:1:POS:r:3", "Mg2+ 0 0 0\nO 2.1 2.1 2.1"),
  ])
  func `columns are those that Properties names`(properties: String, atoms: String) throws {
    let decoded = try decode(frame("\(cell) Properties=\(properties)", atoms), .extendedXYZ)
    #expect(decoded.structure.elements.map(\.symbol) == ["Mg", "O"])
    #expect(length(decoded.structure.fractionalPositions[1] - SIMD3(repeating: 0.5)) < 1e-12)
  }

  @Test(arguments: [
    (frame("\(cell) note=\"open e=1"), RejectionReason.unreadable, "quote"),
    (frame("\(cell) list=[1, 2"), .unreadable, "bracket"),
    (frame("\(cell) pbc=\"T T T"), .unreadable, "quote"),
    (frame("Lattice=\"4 0 0 0 4 0 0 0\""), .notACrystal, "nine"),
    (frame("Lattice=\"4 0 0 0 4 0 0 0 x\""), .notACrystal, "nine"),
    (frame("note=\"Lattice=1\""), .notACrystal, "no Lattice"),
    (frame("e= \(cell)"), .notACrystal, "no Lattice"),
    (frame("\(cell) Lattice=\"1 1 1\""), .unreadable, "twice"),
    (frame("\(cell) e=1 e=2"), .unreadable, "twice"),
    (frame("\(cell) Properties=pos:R:3", "0 0 0\n2 2 2"), .unreadable, "Z:I:1"),
    (frame("\(cell) Properties=species:I:1:pos:R:3", "12 0 0 0\n8 2 2 2"), .unreadable, "Z:I:1"),
    (frame("\(cell) Properties=species:S:1:pos:R"), .unreadable, "list"),
    (frame("\(cell) Properties=species:S:1:pos:Q:3"), .unreadable, "list"),
    (frame("\(cell) Properties=species:S:1:forces:R:3"), .unreadable, "pos"),
    (frame("\(cell) Properties=species:S:1:pos:R:3:f:R:3"), .unreadable, "4 columns where Properties says 7"),
    (frame("\(cell) Properties=species:S:1:pos:R:3", "Mg 0 0 0\nO 2 2 2 2"), .unreadable, "5 columns"),
    (frame("\(cell) Properties=Z:I:1:pos:R:3", "12 0 0 0\n0 2 2 2"), .unknownElement, "'0'"),
    (frame("\(cell) Properties=Z:I:1:pos:R:3", "12 0 0 0\n119 2 2 2"), .unknownElement, "'119'"),
    (frame("\(cell) Properties=Z:I:1:pos:R:3", "12 0 0 0\nO 2 2 2"), .unknownElement, "'O'"),
    (frame("\(cell) Properties=species:S:1:Z:I:1:pos:R:3", "Mg 20 0 0 0\nO 8 2 2 2"), .unreadable, "Ca"),
    (frame("\(cell) lattice=\"5 5 5\""), .unreadable, "twice"),
    (
      frame("\(cell) Properties=species:S:1:pos:R:3:positions:R:3", "Mg 0 0 0 1 1 1\nO 2 2 2 1 1 1"),
      .unreadable,
      "'positions'"
    ),
  ])
  func `what cannot be read is named`(text: String, reason: RejectionReason, words: String) {
    let found = error(text, .extendedXYZ)
    #expect(found?.reason == reason, "\(text)")
    #expect(found?.message.contains(words) == true, "\(found.map { "\($0)" } ?? "accepted")")
  }
}

@Suite("The grammar of POSCAR") struct POSCARGrammarTests {
  private static func text(
    title: String = "t", species: String = "Mg O\n1 1", mode: String = "Direct",
    sites: String = "0 0 0\n.5 .5 .5\n"
  ) -> String {
    "\(title)\n1.0\n4.2 0 0\n0 4.2 0\n0 0 4.2\n\(species)\n\(mode)\n\(sites)"
  }

  @Test(arguments: [
    text(mode: "Fractional"), text(mode: "fract"), text(mode: "direct"), text(mode: "Whatever"),
    text(mode: "Selective\nReduced", sites: "0 0 0 T T T\n.5 .5 .5 F F F\n"),
    text(species: "Mg\nO\n1\n1"), text(species: "Mg O\n1\n1"), text(species: "Mg\nO\n1 1"),
    text(species: "Mg O ! oxide\n1 1 ! each"),
    text(species: "Mg # metal\nO\n1\n1"), text(species: "Mg_pv O_s/0a1b\n1 1"),
    text(species: "Mg O C\n1 1 0"),
    text(title: "{MgO} [relaxed] \"1\""), text(title: ""), text(title: "7"),
    text(sites: "0 0 0 Mg\n.5 .5 .5 O\n\n0 0 0\n0 0 0\n"), text(sites: "0 0 0 Mg1\n.5 .5 .5 O2-\n"),
    text(sites: "0 0 0 F F F\n.5 .5 .5 T T F\n"), text(sites: "0 0 0 at Ca\n.5 .5 .5 ! Ca\n"),
    text(mode: "Selective\nDirect", sites: "0 0 0 T T F Mg\n.5 .5 .5 F F F\n"),
    text(mode: "\n \nDirect configuration=     1"),
    text(sites: "0 0 0\n.5 .5 .5\nCartesian\n0 0 0\n0 0 0\n"),
    text(mode: "kartesisch", sites: "0 0 0\n2.1 2.1 2.1\n"), text(mode: "Cart", sites: "0 0 0\n2.1 2.1 2.1"),
  ])
  func `all these are one crystal`(text: String) throws {
    let decoded = try decode(text, .poscar)
    #expect(decoded.structure.elements.map(\.symbol) == ["Mg", "O"])
    #expect(length(decoded.structure.fractionalPositions[1] - SIMD3(repeating: 0.5)) < 1e-12)
    #expect(decoded.notes.isEmpty)
  }

  @Test(arguments: [
    (text(species: "1 1"), RejectionReason.unreadable, "VASP 4"),
    (text(title: "Mg O", species: "1 1"), .unreadable, "VASP 4"),
    (text(species: "1 1 ! Mg O"), .unreadable, "VASP 4"), (text(species: "Mg O\n1"), .unreadable, "1 for 2"),
    (text(species: "Mg\nO\n1\n1\n1"), .unreadable, "missing"),
    (text(species: "Mg O\n1 1 1"), .unreadable, "more counts"),
    (text(species: "Mg O\n1\n1 1"), .unreadable, "more counts"),
    (text(species: "\n1 1"), .unreadable, "no element symbols"),
    (text(species: "Mg Oo\n1 1"), .unknownElement, "Oo"),
    (text(mode: "0 0 0"), .unreadable, "mode is missing"),
    (text(mode: " "), .unreadable, "mode is missing"), (text(sites: "0 0 0\n"), .truncated, "1 of 2"),
    (text(species: "Mg O\n1 2"), .truncated, "2 of 3"),
    (text(sites: "0 0 0\n.5 .5 .5\n.1 .1 .1\n"), .unreadable, "more positions"),
    (text(sites: "0 0 0\n\n.5 .5 .5\n"), .unreadable, "site 1"),
    (text(species: "Mg O\n1 x"), .unreadable, "1 for 2"),
    (text(sites: "0 0 0 Mg\n.5 .5 .5 S\n"), .unreadable, "site 1 is O by the symbols and S"),
    (
      text(mode: "Selective\nDirect", sites: "0 0 0 T T F Ca\n.5 .5 .5 F F F O\n"), .unreadable,
      "site 0 is Mg by the symbols and Ca"
    ),
    (text().replacing("\n1.0\n", with: "\n1.0 1.1\n"), .unreadable, "two scale factors"),
    (text(species: "Mg O", mode: "Direct configuration= 1"), .unreadable, "counts of atoms are missing"),
    (text(mode: "\nDirect"), .unreadable, "mode is missing"),
  ])
  func `what cannot be read is named`(text: String, reason: RejectionReason, words: String) {
    let found = error(text, .poscar)
    #expect(found?.reason == reason, "\(text)")
    #expect(found?.message.contains(words) == true, "\(found.map { "\($0)" } ?? "accepted")")
  }
}
