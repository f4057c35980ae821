import Crystal
import Dispatch
import Foundation
import StructureArchive
import TestSupport
import Testing

private func decode(
  _ text: String, _ format: RecordFormat, properties: [String] = [], occupancy: OccupancyPolicy = .reject
) throws(RecordError) -> DecodedRecord {
  let decoder = StructureDecoder(properties: properties, occupancy: occupancy, largestSiteCount: 1000)
  return try decoder.decode(
    ArchiveRecord(member: "folder/file.ext", index: 0, byteOffset: 0, bytes: Array(text.utf8), format: format)
  )
}

private func cif(
  symmetry: String, sites: String, cell: String = "4 4 4 90 90 90", columns: String = "label type_symbol"
) -> String {
  let numbers = cell.split(separator: " ")
  let names = ["length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"]
  let cellText = zip(names, numbers).map { "_cell_\($0) \($1)\n" }.joined()
  let tags = columns.split(separator: " ").map { "_atom_site_\($0)\n" }.joined()
  return """
    data_test
    \(cellText)\(symmetry)
    loop_
    \(tags)_atom_site_fract_x
    _atom_site_fract_y
    _atom_site_fract_z
    _atom_site_occupancy
    \(sites)

    """
}

private func operations(_ list: String...) -> String {
  "loop_\n_symmetry_equiv_pos_as_xyz\n" + list.map { "'\($0)'\n" }.joined()
}

@Suite struct DecoderTests {
  static let good =
    "{\"lattice\":[[4,0,0],[0,4,0],[0,0,4]],\"species\":[\"Cs\",\"Cl\"],"
    + "\"frac_coords\":[[0,0,0],[0.5,0.5,0.5]]}"

  static let malformed: [(text: String, format: RecordFormat, reason: RejectionReason)] = [
    ("", .json, .unreadable),
    ("{", .json, .truncated),
    ("{\"lattice\":[[4,0,0],[0,4", .json, .truncated),
    ("[1, 2]", .json, .unreadable),
    ("{\"a\": nonsense}", .json, .unreadable),
    ("{}", .json, .notACrystal),
    ("{\"structure\": {}}", .json, .notACrystal),
    ("{\"frac_coords\":[]}", .json, .notACrystal),
    (good.replacingOccurrences(of: "[[4,0,0],[0,4,0],[0,0,4]]", with: "null"), .json, .notACrystal),
    (good.replacingOccurrences(of: "[[4,0,0],[0,4,0],[0,0,4]]", with: "\"cubic\""), .json, .unreadable),
    (good.replacingOccurrences(of: "[0,0,4]]", with: "[0,4,0]]"), .json, .notACrystal),
    (good.replacingOccurrences(of: "[0,0,4]]", with: "[0,0]]"), .json, .unreadable),
    (good.replacingOccurrences(of: "[0,0,4]]", with: "[0,0,4,5]]"), .json, .unreadable),
    (good.replacingOccurrences(of: ",[0.5,0.5,0.5]", with: ""), .json, .unreadable),
    (good.replacingOccurrences(of: ",[0.5,0.5,0.5]", with: ",[0.5,0.5,null]"), .json, .notACrystal),
    (good.replacingOccurrences(of: ",[0.5,0.5,0.5]", with: ",[0.5,0.5,NaN]"), .json, .notACrystal),
    (good.replacingOccurrences(of: ",[0.5,0.5,0.5]", with: ",[0.5,0.5,-Infinity]"), .json, .notACrystal),
    (good.replacingOccurrences(of: ",[0.5,0.5,0.5]", with: ",[0.5,0.5,1e300]"), .json, .notACrystal),
    (good.replacingOccurrences(of: ",[0.5,0.5,0.5]", with: ",[0.5,0.5,1e400]"), .json, .unreadable),
    (good.replacingOccurrences(of: "\"Cl\"", with: "\"Xx\""), .json, .unknownElement),
    (good.replacingOccurrences(of: "\"Cl\"", with: "\"Vacancy\""), .json, .unknownElement),
    (good.replacingOccurrences(of: "\"Cl\"", with: "17"), .json, .unreadable),
    ("{\"lattice\":[[4,0,0],[0,4,0],[0,0,4]],\"species\":[],\"frac_coords\":[]}", .json, .notACrystal),
    ("{\"attributes\": {\"lattice_vectors\": null}}", .json, .notACrystal),
    ("[null, 0.5]", .tableRow(columns: ["structure", "y"]), .notACrystal),
    ("", .cif, .unreadable),
    ("data_x\n_cell_length_a 4\n", .cif, .notACrystal),
    ("data_x\nloop_\n_a\n_b\n1 2 3\n", .cif, .truncated),
    ("data_x\n_a _b 1\n", .cif, .unreadable),
    ("data_x\n_a\n;\nopen text\n", .cif, .truncated),
    (cif(symmetry: "", sites: "A Fe 0 0 0 1", cell: "4 4 ? 90 90 90"), .cif, .notACrystal),
    (cif(symmetry: "", sites: "A Fe 0 0 0 1", cell: "4 4 0 90 90 90"), .cif, .notACrystal),
    (cif(symmetry: "", sites: "A Fe 0 0 0 1", cell: "4 4 4 90 90 190"), .cif, .notACrystal),
    (cif(symmetry: "", sites: "A Fe 0 0 0 1", cell: "4 4 4 150 150 150"), .cif, .notACrystal),
    (cif(symmetry: "", sites: "A Fe 0 0 ? 1"), .cif, .atomsNotListed),
    (cif(symmetry: "", sites: "A Fe 0 0 zero 1"), .cif, .unreadable),
    (cif(symmetry: "", sites: "A Qq 0 0 0 1"), .cif, .unknownElement),
    (cif(symmetry: "", sites: "A H2O 0 0 0 1"), .cif, .unknownElement),
    (cif(symmetry: "", sites: "A Fe 0 0 0 0.5"), .cif, .partialOccupancy),
    (cif(symmetry: "", sites: "A Fe 0 0 0 0"), .cif, .notACrystal),
    (cif(symmetry: operations("x,y"), sites: "A Fe 0 0 0 1"), .cif, .unreadable),
    (cif(symmetry: operations("x,y,q"), sites: "A Fe 0 0 0 1"), .cif, .unreadable),
    (cif(symmetry: operations("x,y,x"), sites: "A Fe 0 0 0 1"), .cif, .unreadable),
    (cif(symmetry: "_symmetry_space_group_name_H-M 'Z 9'", sites: "A Fe 0 0 0 1"), .cif, .symmetryNotSettled),
    ("x\n1\n4 0 0\n0 4 0\n0 0 4\n2 1\nDirect\n0 0 0\n0 0 0\n0 0 0\n", .poscar, .unreadable),
    ("x\n1\n4 0 0\n0 4 0\n0 0 4\nFe\n2\nDirect\n0 0 0\n", .poscar, .truncated),
    ("x\n1\n4 0 0\n0 4 0\n", .poscar, .truncated),
    ("x\n1\n4 0 0\n0 4 0\n0 0\nFe\n1\nDirect\n0 0 0\n", .poscar, .unreadable),
    ("x\n0\n4 0 0\n0 4 0\n0 0 4\nFe\n1\nDirect\n0 0 0\n", .poscar, .notACrystal),
    ("x\n1\n4 0 0\n0 4 0\n0 0 4\nFe\n1\n\n0 0 0\n", .poscar, .unreadable),
    ("x\n1\n4 0 0\n0 4 0\n0 0 4\nQq\n1\nDirect\n0 0 0\n", .poscar, .unknownElement),
    ("x\n1\n4 0 0\n0 4 0\n0 0 4\nFe O\n1\nDirect\n0 0 0\n", .poscar, .unreadable),
    ("x\n1\n4 0 0\n0 4 0\n0 0 4\nFe\n1 2\nDirect\n0 0 0\n", .poscar, .unreadable),
    ("x\n1\n4 0 0\n0 4 0\n0 0 4\nFe\n999999999\nDirect\n0 0 0\n", .poscar, .tooManySites),
    ("x\n1\n4 0 0\n0 4 0\n0 0 4\nFe\n1\nDirect\n0 0 nan\n", .poscar, .notACrystal),
    ("1\nno lattice\nFe 0 0 0\n", .extendedXYZ, .notACrystal),
    ("2\nLattice=\"4 0 0 0 4 0 0 0 4\"\nFe 0 0 0\n", .extendedXYZ, .truncated),
    ("1\nLattice=\"4 0 0 0 4 0 0 0\"\nFe 0 0 0\n", .extendedXYZ, .notACrystal),
    ("1\nLattice=\"4 0 0 0 4 0 0 0 4\"\nFe 0 0\n", .extendedXYZ, .unreadable),
    ("1\nLattice=\"4 0 0 0 4 0 0 0 4\"\nQq 0 0 0\n", .extendedXYZ, .unknownElement),
    ("1\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=pos:R:3\n0 0 0\n", .extendedXYZ, .unreadable),
    ("0\nLattice=\"4 0 0 0 4 0 0 0 4\"\n", .extendedXYZ, .notACrystal),
    ("5000\nLattice=\"4 0 0 0 4 0 0 0 4\"\n", .extendedXYZ, .tooManySites),
    ("hello", .unknown, .unreadable),
  ]

  @Test(arguments: malformed.indices)
  func `bad input is refused for the right reason`(index: Int) {
    let (text, format, reason) = DecoderTests.malformed[index]
    do throws(RecordError) {
      let decoded = try decode(text, format)
      Issue.record("decoded to \(decoded.structure.composition): \(text)")
    } catch {
      #expect(error.reason == reason, "\(error) for \(text)")
      #expect(!error.message.isEmpty)
    }
  }

  @Test func `properties are those that are numbers, and NaN beside a crystal does no harm`() throws {
    let text =
      DecoderTests.good.dropLast() + ",\"a\":1,\"b\":null,\"c\":\"1\",\"d\":NaN,\"e\":true,\"f\":-2.5e3}"
    let decoded = try decode(String(text), .json, properties: ["a", "b", "c", "d", "e", "f", "g"])
    #expect(decoded.properties == ["a": 1, "f": -2500])
    #expect(decoded.id == "file")
  }

  @Test func `oxidation states are left out`() throws {
    let text = DecoderTests.good.replacingOccurrences(of: "\"Cs\",\"Cl\"", with: "\"Cs1+\",\"Cl-\"")
    #expect(try decode(text, .json).structure.elements.map(\.symbol) == ["Cs", "Cl"])
    let sites = "A Fe3+ 0 0 0 1\nB O2- 0.5 0.5 0.5 1\nC D 0.5 0 0 1"
    let structure = try decode(cif(symmetry: "", sites: sites), .cif).structure
    // Deuterium is hydrogen to a structure.
    #expect(structure.elements.map(\.symbol) == ["Fe", "O", "H"])
  }

  @Test func `species come from labels where there is no type symbol`() throws {
    let sites = "Fe1 0 0 0 1\nO2A 0.5 0.5 0.5 1\nOw 0.5 0 0 1"
    let structure = try decode(cif(symmetry: "", sites: sites, columns: "label"), .cif).structure
    #expect(structure.elements.map(\.symbol) == ["Fe", "O", "O"])
  }

  @Test func `symmetry operations multiply sites and special positions are counted once`() throws {
    let inversion = operations("x,y,z", "-x,-y,-z")
    #expect(try decode(cif(symmetry: inversion, sites: "A Fe 0 0 0 1"), .cif).structure.siteCount == 1)
    #expect(try decode(cif(symmetry: inversion, sites: "A Fe 0.5 0.5 0 1"), .cif).structure.siteCount == 1)
    #expect(try decode(cif(symmetry: inversion, sites: "A Fe 0.2 0.5 0 1"), .cif).structure.siteCount == 2)
  }

  @Test(arguments: [
    "_symmetry_space_group_name_H-M 'F m -3 m'", "_space_group_name_H-M_alt 'F m -3 m'",
    "_space_group_IT_number 225", "_symmetry_Int_Tables_number 225", "_space_group_name_Hall '-F 4 2 3'",
  ])
  func `rock salt comes from two sites and its space group, however that is named`(symmetry: String) throws {
    let text = cif(
      symmetry: symmetry, sites: "A Na 0 0 0 1\nB Cl 0.5 0.5 0.5 1", cell: "5.64 5.64 5.64 90 90 90")
    let structure = try decode(text, .cif).structure
    #expect(structure.composition.formula == "Na4Cl4")
    #expect(abs(try nearestDistance(structure, of: 0) - 2.82) < 1e-9)
  }

  @Test func `a coordinate that is a third to all its digits is a third, and no other is touched`() throws {
    let thirds = ["0.3333": 1.0, "0.6667": 2, "0.66666": 2, "0.333333(2)": 1, "-0.3333": -1]
    for (text, count) in thirds {
      let structure = try decode(cif(symmetry: "", sites: "A Na \(text) 0 0 1"), .cif).structure
      #expect(structure.fractionalPositions[0].x == count / 3, "\(text)")
    }
    for text in ["0.333", "0.33345", "0.3334", "0.3332", "0.6665", "0.0000", "0.99999", "1.3333"] {
      let structure = try decode(cif(symmetry: "", sites: "A Na \(text) 0 0 1"), .cif).structure
      #expect(structure.fractionalPositions[0].x == Double(text), "\(text)")
    }
  }

  @Test func `listed operations win over the symbol`() throws {
    let symmetry = "_symmetry_space_group_name_H-M 'P -1'\n" + operations("x,y,z", "-x,-y,-z+1/2")
    let positions = try decode(cif(symmetry: symmetry, sites: "A Na 0.1 0.2 0.3 1"), .cif).structure
      .fractionalPositions
    #expect(positions.count == 2)
    #expect(abs(positions[1].z - 0.2) < 1e-12)
  }

  @Test func `operations may be written in many ways`() throws {
    for shift in ["x+1/2,y,z", "1/2+x,y,z", "x + 0.5, Y, z", "+x+.5,+y,+z", " x+6/12 , y , z "] {
      let text = cif(symmetry: operations("x,y,z", shift), sites: "A Na 0.1 0.2 0.3 1")
      let structure = try decode(text, .cif).structure
      #expect(structure.siteCount == 2)
      #expect(abs(structure.fractionalPositions[1].x - 0.6) < 1e-12, "\(shift)")
    }
    let third = cif(
      symmetry: operations("x,y,z", "-y,x-y,z+0.3333", "-x+y,-x,z+0.6667"), sites: "A Na 0.1 0.2 0.3 1",
      cell: "4 4 5 90 90 120")
    #expect(abs(try decode(third, .cif).structure.fractionalPositions[1].z - (0.3 + 1.0 / 3)) < 1e-12)
  }

  @Test func `of a shared site the majority remains when that is asked for`() throws {
    let shared = "A Fe 0 0 0 0.3\nB Co 0 0 0 0.7\nC O 0.5 0.5 0.5 1\nD H 0.5 0 0 0.4\nE Li 0 0.5 0 0.6"
    let text = cif(symmetry: "", sites: shared)
    let structure = try decode(text, .cif, occupancy: .majority).structure
    #expect(structure.elements.map(\.symbol) == ["Co", "O", "Li"])
    let site = "\"abc\": [0, 0, 0]"
    let pymatgen = """
      {"lattice": {"matrix": [[4,0,0],[0,4,0],[0,0,4]]}, "sites": [
      {"species": [{"element": "Fe", "occu": 0.3}, {"element": "Co", "occu": 0.7}], \(site)},
      {"species": [{"element": "H", "occu": 0.4}], \(site)}, {"species": [{"element": "Li", "occu": 0.6}], \(site)}]}
      """
    #expect(
      try decode(pymatgen, .json, occupancy: .majority).structure.elements.map(\.symbol) == ["Co", "Li"])
    let optimade = """
      {"attributes": {"lattice_vectors": [[4,0,0],[0,4,0],[0,0,4]],
      "cartesian_site_positions": [[0,0,0],[2,2,2],[0,2,0]], "species_at_sites": ["mixed", "O", "rare"],
      "species": [{"name": "mixed", "chemical_symbols": ["Fe", "Co"], "concentration": [0.3, 0.7]},
      {"name": "O", "chemical_symbols": ["O"], "concentration": [1.0]},
      {"name": "rare", "chemical_symbols": ["H", "vacancy"], "concentration": [0.2, 0.8]}]}}
      """
    let decoded = try decode(optimade, .json, occupancy: .majority).structure
    #expect(decoded.elements.map(\.symbol) == ["Co", "O"])
    #expect(decoded.fractionalPositions[1] == SIMD3(0.5, 0.5, 0.5))
    for (text, format) in [(text, RecordFormat.cif), (pymatgen, .json), (optimade, .json)] {
      do throws(RecordError) {
        _ = try decode(text, format)
        Issue.record("a shared site was accepted")
      } catch {
        #expect(error.reason == .partialOccupancy)
      }
    }
  }

  @Test
  func `POSCAR scale factors, Cartesian coordinates, selective dynamics and tagged symbols are understood`()
    throws
  {
    let plain = "x\n1\n4 0 0\n0 4 0\n0 0 4\nFe O\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n"
    let wanted = try decode(plain, .poscar).structure
    for text in [
      "x\n2.0 remark\n2 0 0\n0 2 0\n0 0 2\nFe O\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n",
      "x\n-64\n1 0 0\n0 1 0\n0 0 1\nFe O\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n",
      "x\n1 2 4\n4 0 0\n0 2 0\n0 0 1\nFe O\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n",
      "x\n2\n2 0 0\n0 2 0\n0 0 2\nFe O\n1 1\nCartesian\n0 0 0\n1 1 1\n",
      "x\n1\n4 0 0\n0 4 0\n0 0 4\nFe O\n1 1\nSelective dynamics\nkartesian\n0 0 0 T T F\n2 2 2 F F F\n",
      "x\r\n1\r\n4 0 0\r\n0 4 0\r\n0 0 4\r\nFe_pv O/0b9a\r\n1 1\r\nDirect\r\n0 0 0 Fe\r\n.5 5D-1 +0.5 O\r\n\r\n0 0 0\r\n",
    ] {
      let structure = try decode(text, .poscar).structure
      #expect(agree(structure, wanted, within: 1e-14), "\(text)")
    }
  }

  @Test func `extended XYZ columns, quotes and brackets are understood`() throws {
    let wanted = try decode(
      "2\nLattice=\"4 0 0 0 4 0 0 0 4\"\nFe 0 0 0\nO 2 2 2\n", .extendedXYZ
    ).structure
    for (comment, lines) in [
      (
        "lattice='4 0 0 0 4 0 0 0 4' Properties=id:I:1:species:S:1:forces:R:3:pos:R:3",
        "1 Fe 9 9 9 0 0 0\n2 O 9 9 9 2 2 2"
      ),
      ("Lattice=[[4,0,0],[0,4,0],[0,0,4]] e=1", "Fe 0 0 0\nO 2 2 2"),
      ("flag Lattice={4 0 0 0 4 0 0 0 4} Properties=pos:R:3:species:S:1", "0 0 0 Fe\n2 2 2 O"),
    ] {
      let decoded = try decode("2\n\(comment)\n\(lines)\n", .extendedXYZ, properties: ["e"])
      #expect(agree(decoded.structure, wanted, within: 1e-14), "\(comment)")
      #expect(decoded.properties["e"] == (comment.contains("e=1") ? 1 : nil))
    }
  }

  @Test func `decoding in parallel gives the same as decoding in turn`() throws {
    let structures = try randomStructures(400, seed: 41)
    let records = structures.enumerated().map { index, structure in
      ArchiveRecord(
        member: "m", index: index, byteOffset: 0,
        bytes: Array(
          (index % 2 == 0
            ? CrystalText.line(id: "\(index)", structure) : cifText(id: "x", structure: structure)).utf8),
        format: index % 2 == 0 ? .json : .cif)
    }
    let decoder = StructureDecoder()
    let failures = FailureCount()
    DispatchQueue.concurrentPerform(iterations: records.count) { index in
      let decoded = try? decoder.decode(records[index])
      if decoded.map({ agree($0.structure, structures[index], within: 1e-10) }) != true { failures.add() }
    }
    #expect(failures.value == 0)
  }

  @Test func `JARVIS atoms are read`() throws {
    let text = """
      {"jid": "JVASP-1", "e": -1, "atoms": {"lattice_mat": [[4,0,0],[0,4,0],[0,0,4]], "coords": [[0,0,0],[2,2,2]],
      "elements": ["Cs", "Cl"], "cartesian": true}}
      """
    let decoded = try decode(text, .json, properties: ["e"])
    #expect(decoded.id == "JVASP-1")
    #expect(decoded.structure.fractionalPositions == [SIMD3(0, 0, 0), SIMD3(0.5, 0.5, 0.5)])
    #expect(decoded.properties == ["e": -1])
  }
}

/// A count that several threads may raise.
private final class FailureCount: @unchecked Sendable {
  private let lock = NSLock()
  private var count = 0

  var value: Int { lock.withLock { count } }

  func add() { lock.withLock { count += 1 } }
}
