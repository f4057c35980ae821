import Crystal
import Foundation
import PhaseStability
import ScreeningTestSupport
import TestSupport
import Testing

@testable import Screening

@Suite("Files of reference phases") struct HullReferenceFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Total energies (eV per formula as written) of a small system, elements included.
  private static let totals: [(formula: String, energy: Double)] = [
    ("Na", -1.3), ("Na2", -2.5), ("Cl2", -3.6), ("Cl", -1.7), ("O2", -9.8), ("NaCl", -6.9), ("Na2Cl2", -13.9),
    ("NaClO3", -24.0), ("Na2O", -10.9),
  ]

  /// The same as formation energies per atom, by hand: the lowest Na is −1.3, Cl −1.8, O −4.9.
  private static let formations: [(formula: String, energy: Double)] = [
    ("Na", 0), ("Na2", 0.05), ("Cl2", 0), ("Cl", 0.1), ("O2", 0), ("NaCl", (-6.9 + 3.1) / 2),
    ("Na2Cl2", (-13.9 + 6.2) / 4), ("NaClO3", (-24.0 + 3.1 + 14.7) / 5), ("Na2O", (-10.9 + 2.6 + 4.9) / 3),
  ]

  private func csv(_ phases: [(formula: String, energy: Double)], named name: String = "r.csv") throws
    -> String
  {
    let lines = phases.map { "\($0.formula),\($0.energy)\n" }
    return try folder.write("formula,formation_energy_per_atom\n" + lines.joined(), to: name)
  }

  private func composition(_ formula: String) throws -> String {
    let parts = try Composition(formula: formula).parts
    return "{" + parts.map { "\"\($0.element)\": \($0.count).0" }.joined(separator: ", ") + "}"
  }

  /// pymatgen entries with the total energies, and what `more` adds to each.
  private func entries(
    named name: String = "entries.json", more: (_ formula: String) -> String = { _ in "" }
  ) throws -> String {
    let list = try Self.totals.map { formula, energy in
      """
      {"@module": "pymatgen.entries.computed_entries", "@class": "ComputedEntry", "energy": \(energy),
       "composition": \(try composition(formula)), "entry_id": "t-\(formula)"\(more(formula))}
      """
    }
    return try folder.write("{\"entries\": [\(list.joined(separator: ",\n"))]}", to: name)
  }

  private func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return describe(error) }
    return "no error"
  }

  private func load(_ path: String, _ reading: ReferenceReading = .init()) throws -> HullReferences {
    try ReferenceFile.load(path, reading: reading).references
  }

  /// Energies by reduced formula.
  private func energies(_ references: HullReferences) -> [String: Double] {
    let phases = (0..<references.phaseCount).map { references.phase(at: $0) }
    return Dictionary(uniqueKeysWithValues: phases.map { ($0.composition.reducedFormula, $0.energyPerAtom) })
  }

  private func expectSame(_ left: HullReferences, _ right: HullReferences) {
    let (a, b) = (energies(left), energies(right))
    #expect(Set(a.keys) == Set(b.keys))
    for (formula, energy) in a { #expect(abs(energy - (b[formula] ?? .nan)) < 1e-14, "\(formula)") }
    #expect(left.duplicateCount == right.duplicateCount)
  }

  @Test func `total energies give the formation energies that they stand for`() throws {
    let table = try load(try csv(Self.formations))
    #expect(table.duplicateCount == 3)
    let derived = try ReferenceFile.load(try entries())
    expectSame(derived.references, table)
    #expect(derived.summary.contains("the lowest entry of each element"))
    let given = try folder.write(
      "# eV\nelement,energy_per_atom\nNa,-1.3\nCl,-1.8\nO,-4.9\n", to: "elements.csv")
    let object = try folder.write("{\"Na\": -1.3, \"Cl\": -1.8, \"O\": -4.9}", to: "elements.json")
    for file in [given, object] {
      let references = try load(try entries(), ReferenceReading(elementalEnergies: file))
      expectSame(references, table)
    }
    #expect(
      message {
        _ = try load(
          try entries(), ReferenceReading(elementalEnergies: try folder.write("{\"Na\": -1}", to: "x")))
      }
      .contains("O (first in entry 5 (t-O2)), Cl (first in entry 3 (t-Cl2))"))
  }

  @Test func `the same phases are read from lines, lists and OPTIMADE`() throws {
    let table = try load(try csv(Self.formations))
    let flat = Self.formations.map {
      "{\"id\": \"x\", \"formula\": \"\($0.formula)\", \"formation_energy_per_atom\": \($0.energy)}"
    }
    let lines = try folder.write(flat.joined(separator: "\n") + "\n", to: "lines.jsonl")
    let list = try folder.write("[" + flat.joined(separator: ", ") + "]", to: "list.json")
    let header =
      "{\"x-optimade\": {\"meta\": {\"api_version\": \"1.1.0\"}}}\n{\"type\": \"info\", \"id\": \"structures\"}\n"
    let optimade = Self.formations.map {
      """
      {"type": "structures", "id": "o", "attributes": {"chemical_formula_reduced": "\($0.formula)", \
      "nsites": 1, "_oqmd_delta_e": \($0.energy), "_oqmd_band_gap": null}}
      """
    }
    let provider = try folder.write(header + optimade.joined(separator: "\n") + "\n", to: "optimade.jsonl")
    for path in [lines, list, provider] {
      let references = try load(path)
      // Given energies come through to the last digit.
      #expect(energies(references) == energies(table))
      expectSame(references, table)
    }
  }

  @Test func `a total energy of a cell is shared by the atoms of the cell, not of the formula`() throws {
    let text = """
      {"attributes": {"chemical_formula_reduced": "ClNa", "nsites": 8, "_x_energy": -27.6}}
      {"attributes": {"chemical_formula_reduced": "Na", "nsites": 2, "_x_energy": -2.6}}
      {"attributes": {"chemical_formula_reduced": "Cl", "nsites": 4, "_x_energy": -7.2}}

      """
    let references = try load(try folder.write(text, to: "cells.jsonl"))
    #expect(abs((energies(references)["NaCl"] ?? .nan) - (-27.6 / 8 + 1.55)) < 1e-14)
    let odd = text.replacing("\"nsites\": 8", with: "\"nsites\": 7")
    let path = try folder.write(odd, to: "odd.jsonl")
    #expect(message { _ = try load(path) }.contains("entry 1: 7 atoms are no multiple of NaCl"))
  }

  @Test func `corrections count, whether summed or listed`() throws {
    let plain = energies(try load(try entries()))
    let summed = energies(try load(try entries { $0 == "NaCl" ? ", \"correction\": -0.5" : "" }))
    #expect(abs((summed["NaCl"] ?? 0) - ((-7.4 + 3.1) / 2)) < 1e-14)
    #expect(abs((plain["NaCl"] ?? 0) - ((-13.9 / 4) + 1.55)) < 1e-14)
    let listed = energies(
      try load(
        try entries {
          $0 == "NaCl"
            ? ", \"energy_adjustments\": [{\"value\": -0.3}, {\"adj_per_atom\": -0.2, \"n_atoms\": 1}]" : ""
        }))
    #expect(abs((listed["NaCl"] ?? 0) - (summed["NaCl"] ?? 1)) < 1e-14)
  }

  private func adjusted(_ name: String) -> String {
    ", \"correction\": -0.1, \"energy_adjustments\": [{\"@class\": \"ConstantEnergyAdjustment\", \"value\": -0.1, "
      + "\"cls\": {\"@class\": \"\(name)\"}}]"
  }

  @Test
  func `entries corrected by different schemes are refused, and so are bare ones beside a named scheme`()
    throws
  {
    let isCompound = { (formula: String) in ["NaCl", "Na2Cl2", "NaClO3", "Na2O"].contains(formula) }
    let whole = try entries { isCompound($0) ? self.adjusted("MaterialsProject2020Compatibility") : "" }
    _ = try load(whole)
    let mixed = try entries {
      isCompound($0)
        ? self.adjusted($0 == "Na2O" ? "MaterialsProjectCompatibility" : "MaterialsProject2020Compatibility")
        : ""
    }
    let text = message { _ = try load(mixed) }
    #expect(text.contains("MaterialsProject2020Compatibility: 3 entries, first entry 6 (t-NaCl)"), "\(text)")
    #expect(text.contains("MaterialsProjectCompatibility: 1 entries, first entry 9 (t-Na2O)"), "\(text)")
    let bare = try entries { $0 == "NaCl" ? self.adjusted("MaterialsProject2020Compatibility") : "" }
    #expect(message { _ = try load(bare) }.contains("none: 3 entries, first entry 7 (t-Na2Cl2)"))
    let unnamed = try entries {
      isCompound($0) ? ($0 == "Na2O" ? ", \"correction\": -0.1" : self.adjusted("A")) : ""
    }
    #expect(message { _ = try load(unnamed) }.contains("unnamed: 1 entries"))
    for path in [mixed, bare, unnamed] { _ = try load(path, ReferenceReading(acceptsMixedCorrections: true)) }
  }

  @Test func `total energies of different functionals are refused unless a mixing scheme joined them`() throws
  {
    func run(_ type: String) -> String { ", \"parameters\": {\"run_type\": \"\(type)\"}" }
    _ = try load(try entries { $0 == "Na2O" ? run("GGA_U") : run("GGA") })
    let two = try entries { $0 == "Na2O" ? run("r2SCAN") : run("GGA") }
    #expect(message { _ = try load(two) }.contains("GGA in entry 1 (t-Na), R2SCAN in entry 9 (t-Na2O)"))
    let joined = try entries {
      ($0 == "Na2O" ? run("r2SCAN") : run("GGA"))
        + ", \"energy_adjustments\": [{\"value\": 0, \"cls\": {\"@class\": \"MaterialsProjectDFTMixingScheme\"}}]"
    }
    _ = try load(joined)
  }

  @Test func `entries without an energy are left out and counted, entries of two kinds refused`() throws {
    let some = """
      {"formula": "NaCl", "formation_energy_per_atom": -2}
      {"formula": "KCl", "formation_energy_per_atom": null}

      """
    let loaded = try ReferenceFile.load(try folder.write(some, to: "some.jsonl"))
    #expect(loaded.summary.contains("1 entries without an energy left out"))
    #expect(loaded.references.entryCount == 1)
    #expect(loaded.summary.contains("no elemental reference for Na, Cl, taken as 0"))
    let kinds =
      "{\"formula\": \"NaCl\", \"formation_energy_per_atom\": -2}\n{\"formula\": \"K\", \"energy\": -1}\n"
    let path = try folder.write(kinds, to: "kinds.jsonl")
    #expect(
      message { _ = try load(path) }.contains(
        "entry 1 has a formation energy and entry 2 a total energy only"))
  }

  @Test func `what cannot be read is an error that names the row`() throws {
    let header = "formula,formation_energy_per_atom\n"
    for (text, expected) in [
      (header + "NaCl,-2\nXx2O,-1\n", "line 3: \"Xx2O\" is no formula"),
      (header + "NaCl,-2\nKCl,nan\n", "line 3: \"nan\" is no finite energy"),
      (header + "NaCl,-2\nKCl,\n", "line 3: \"\" is no finite energy"),
      (header + "NaCl,-2,1\n", "line 2: 3 fields where the header has 2"),
      (header, "there is no reference phase"), ("", "the file is empty"), (" \n\n", "the file is empty"),
      ("a,b\n1,2\n", "no column \"formula\""),
      ("{\"formula\": \"NaCl\"}\n", "entry 1: no number under formation_energy_per_atom"),
      (
        "{\"id\": \"a\", \"formation_energy_per_atom\": -1}\n",
        "entry 1 (a): neither composition, formula nor"
      ),
      (
        "{\"formula\": \"NaCl\", \"formation_energy_per_atom\": NaN}\n",
        "entry 1: formation_energy_per_atom is NaN"
      ),
      ("{\"formula\": \"Xq\", \"formation_energy_per_atom\": -1}\n", "entry 1: \"Xq\" is no formula"),
      ("{\"composition\": {\"Na\": 0.5}, \"formation_energy_per_atom\": -1}\n", "the amount of Na"),
      (
        "{\"formula\": \"NaCl\", \"formation_energy_per_atom\": 1e9}\n",
        "entry 1: 1000000000.0 eV/atom is no formation energy"
      ),
      (
        "{\"formula\": \"NaCl\", \"energy\": -6}\n", "no energy of the pure element for Na (first in entry 1)"
      ),
      ("[]", "the list of records is empty"),
    ] {
      let path = try folder.write(text, to: "bad")
      let found = message { _ = try load(path) }
      #expect(found.contains(expected) && found.contains(path), "\(text): \(found)")
    }
    #expect(message { _ = try load(folder.path("absent.csv")) }.contains("absent.csv"))
  }

  @Test func `entries cut or altered anywhere are read or refused in words, never tripped over`() throws {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: try entries { _ in self.adjusted("A") })))
    var generator = SeededGenerator(seed: 77)
    var refused = 0
    for _ in 0..<150 {
      var changed = bytes
      if Bool.random(using: &generator) {
        changed.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
      } else {
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
          let position = Int.random(in: 0..<bytes.count, using: &generator)
          changed[position] = Array("{}[]\",:\\0e-.n\u{1}".utf8).randomElement(using: &generator) ?? 0
        }
      }
      let path = try folder.write(changed, to: "changed.json")
      do { _ = try load(path) } catch {
        refused += 1
        #expect(!describe(error).isEmpty)
      }
    }
    #expect(refused > 100)
  }

  @Test func `an index stands for its file, and a damaged one is refused in words`() throws {
    let table = try csv(Self.formations)
    let index = folder.path("r.hull")
    let size = try ReferenceIndex(reference: table).write(to: index)
    let loaded = try ReferenceFile.load(index)
    #expect(loaded.references.fingerprint == (try load(table)).fingerprint)
    #expect(loaded.summary.contains("from r.csv, 3 duplicates left out"))
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: index)))
    #expect(bytes.count == size)
    for length in [8, 20, 100, size - 1] {
      let cut = try folder.write(Array(bytes.prefix(length)), to: "cut.hull")
      #expect(message { _ = try load(cut) }.contains("the index is cut short"), "\(length)")
    }
    var altered = bytes
    altered[size / 2] ^= 4
    let path = try folder.write(altered, to: "altered.hull")
    #expect(message { _ = try load(path) }.contains("the index is damaged"))
  }

  @Test func `an index beside its source is used while the source stays as it is`() throws {
    let table = try csv(Self.formations)
    let index = folder.path("kept.hull")
    try ReferenceFile.load(table).references.saveIndex(to: index)
    #expect(try ReferenceFile.load(table, index: index).isIndexed)
    let changed = try csv(Self.formations + [("NaCl3", -0.5)])
    let loaded = try ReferenceFile.load(changed, index: index)
    #expect(!loaded.isIndexed && loaded.references.phaseCount == 7)
    let json = try entries()
    try ReferenceFile.load(json).references.saveIndex(to: index)
    #expect(try ReferenceFile.load(json, index: index).isIndexed)
    #expect(
      try !ReferenceFile.load(json, reading: ReferenceReading(energies: .total), index: index).isIndexed)
    try folder.write("not an index", to: "kept.hull")
    #expect(try !ReferenceFile.load(table, index: index).isIndexed)
  }
}
