import Crystal
import Foundation
import StructureArchive
import TestSupport
import Testing

/// The same 400 crystals in the forms in which people have them, written by other programs.
@Suite struct SharedFormatsTests {
  static let files = [
    "cifs.tar.zst", "cifs.tar.gz", "by_id.zip", "poscars.tar.zst", "pymatgen_entries.json.bz2",
    "matbench_style.json.gz", "structures.extxyz.zst", "optimade.jsonl.zst",
  ]

  struct Expected: Decodable {
    let id: String
    let formula: String
    let sites: Int
    let volume: Double
    let nearestDistance: Double

    enum CodingKeys: String, CodingKey {
      case id, formula, sites
      case volume = "volume_A3"
      case nearestDistance = "nearest_distance_A"
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"), arguments: files)
  func `every form of the same crystals gives the same crystals`(file: String) throws {
    let folder = try #require(Fixtures.sharedData).appending(path: "formats")
    let expected = try readWholeFile(path: folder.appending(path: "expected.jsonl.zst").path)
      .split(separator: 10).map { try JSONDecoder().decode(Expected.self, from: Data($0)) }
    let reader = try ArchiveReader(path: folder.appending(path: file).path)
    let decoder = StructureDecoder(properties: ["e_form", "formation_energy_per_atom", "e_above_hull"])
    let holdsIds = file != "matbench_style.json.gz"
    // Odd CIFs list the sites that symmetry leaves, of a conventional cell that may hold another number of sites.
    let isReduced = file.contains("cif") || file.contains("by_id")
    // Written with 8 decimals, the others with all digits.
    let tolerance = isReduced || file.contains("xyz") ? 2e-6 : 1e-9
    var count = 0
    while let record = try reader.next() {
      try #require(count < expected.count)
      let wanted = expected[count]
      let decoded = try decoder.decode(record)
      let structure = decoded.structure
      #expect(record.index == count)
      if holdsIds { #expect(decoded.id == wanted.id) }
      let formula = try Composition(formula: wanted.formula)
      #expect(structure.composition.reduced == formula.reduced, "\(wanted.id)")
      if isReduced && count % 2 == 1 {
        let ratio =
          structure.lattice.volume / Double(structure.siteCount) / (wanted.volume / Double(wanted.sites))
        #expect(abs(ratio - 1) < 0.005, "\(wanted.id)")
      } else {
        #expect(structure.siteCount == wanted.sites)
        #expect(abs(structure.lattice.volume / wanted.volume - 1) < tolerance, "\(wanted.id)")
        let nearest = try nearestDistance(structure, of: 0)
        #expect(abs(nearest - wanted.nearestDistance) < 100 * tolerance, "\(wanted.id) \(nearest)")
      }
      count += 1
    }
    #expect(count == 400)
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `symmetry-reduced CIFs of a public database give the cells and distances that pymatgen gives`() throws
  {
    // Formula of the cell and distance (Å) from site 0 to its nearest neighbor, by pymatgen.
    let wanted: [String: (formula: String, distance: Double)] = [
      "1000041": ("Na4Cl4", 2.8100), "1000050": ("KCl", 3.1471), "1101051": ("Zn2S2", 2.3421),
      "1507756": ("BaTiO3", 2.7920), "7206075": ("Ti4O8", 1.9301), "9000046": ("C8", 1.4180),
      "9009743": ("CsCl", 3.5637), "9011050": ("Ge8", 2.4498), "9011998": ("Si8", 2.3517),
      "9012304": ("C8", 1.5444),
    ]
    let folder = try #require(Fixtures.sharedData).appending(path: "weights/sample_cifs")
    let (records, error) = readAll(folder.path)
    #expect(error == nil)
    #expect(records.count == wanted.count)
    for record in records {
      let decoded = try StructureDecoder().decode(record)
      let (formula, distance) = try #require(wanted[decoded.id])
      #expect(decoded.structure.composition == (try Composition(formula: formula)), "\(decoded.id)")
      let found = try nearestDistance(decoded.structure, of: 0)
      #expect(abs(found - distance) < 1e-4, "\(decoded.id)")
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `properties come along from every form that holds them`() throws {
    let folder = try #require(Fixtures.sharedData).appending(path: "formats")
    let names = [
      "matbench_style.json.gz": "e_form", "structures.extxyz.zst": "formation_energy_per_atom",
      "pymatgen_entries.json.bz2": "e_above_hull",
    ]
    let wanted = ["e_form": -1.688237, "formation_energy_per_atom": -1.688237, "e_above_hull": 1.818672]
    for (file, name) in names {
      let reader = try ArchiveReader(path: folder.appending(path: file).path)
      let record = try #require(try reader.next())
      let decoded = try StructureDecoder(properties: [name, "absent"]).decode(record)
      #expect(decoded.properties == [name: try #require(wanted[name])], "\(file)")
    }
  }
}

/// The distance (Å) from a site to the nearest other atom, its own images included.
func nearestDistance(_ structure: Structure, of site: Int) throws -> Double {
  let lattice = structure.lattice
  let reduced = try lattice.minkowskiReduced().lattice
  var best = Double.infinity
  for other in 0..<structure.siteCount {
    let difference = structure.fractionalPositions[other] - structure.fractionalPositions[site]
    var folded = reduced.fractional(lattice.cartesian(difference))
    folded -= folded.rounded(.toNearestOrEven)
    for i in -1...1 {
      for j in -1...1 {
        for k in -1...1 where other != site || (i, j, k) != (0, 0, 0) {
          best = min(best, length(reduced.cartesian(folded + SIMD3(Double(i), Double(j), Double(k)))))
        }
      }
    }
  }
  return best
}
