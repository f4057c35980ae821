internal import Crystal
internal import CrystalGraphs
internal import Foundation
internal import PhaseStability
internal import StructureArchive

/// A compound with its formation energy in one database.
struct EnergyRecord: Sendable {
  /// The reduced composition; more than one element.
  let composition: Composition
  /// Formation energy (eV/atom), finite.
  let energy: Double
  /// The crystal, where the file has it.
  let structure: Structure?
}

/// Formation energies out of files: CSV with `formula` and `formation_energy_per_atom`, archives of crystals that
/// carry a formation energy, entries in JSON, or an index of phases; told apart by content.
struct EnergyRecords {
  private(set) var records: [EnergyRecord] = []
  /// Records of a single element, which stand at 0 on any scale.
  private(set) var elementCount = 0
  /// Records without a formation energy.
  private(set) var withoutEnergyCount = 0
  /// Records that cannot be read, and the first few in words.
  private(set) var rejected = TableReport()
  /// Records read in all.
  private(set) var readCount = 0

  private static let energyNames = ComputedEntry.formationNames

  /// Reads files one after the other.
  ///
  /// - Parameters:
  ///   - paths: the files.
  ///   - wanted: compositions to keep; nil for all.
  /// - Throws: `ScreeningError`, `ArchiveError` where a file as a whole cannot be read, and for any line of a CSV.
  init(_ paths: [String], of wanted: Set<Composition>? = nil) throws {
    for path in paths {
      if ReferenceFile.isIndex(path) {
        let references = try ReferenceFile.load(path).references
        for phase in (0..<references.phaseCount).map({ references.phase(at: $0) }) {
          add(phase.composition, phase.energyPerAtom, nil, wanted)
        }
      } else {
        try read(path, wanted)
      }
    }
  }

  private mutating func add(
    _ composition: Composition, _ energy: Double, _ structure: Structure?, _ wanted: Set<Composition>?
  ) {
    readCount += 1
    let composition = composition.reduced
    guard composition.parts.count > 1 else {
      elementCount += 1
      return
    }
    guard wanted?.contains(composition) ?? true else { return }
    records.append(EnergyRecord(composition: composition, energy: energy, structure: structure))
  }

  private mutating func read(_ path: String, _ wanted: Set<Composition>?) throws {
    let archive = try ArchiveReader(path: path)
    let decoder = StructureDecoder(properties: Self.energyNames)
    var isFirst = true
    while let record = try archive.next() {
      // A table is no record of any kind that archives have.
      if isFirst, record.failure == nil, record.format == .unknown { return try readTable(path, wanted) }
      isFirst = false
      var structure: Structure?
      var failure: RecordError?
      do throws(RecordError) {
        let decoded = try decoder.decode(record)
        structure = decoded.structure
        let energies = Self.energyNames.lazy.compactMap { decoded.properties[$0] }
        if let energy = energies.first, abs(energy) <= PhaseEntry.largestEnergy {
          add(decoded.structure.composition, energy, decoded.structure, wanted)
          continue
        }
      } catch {
        failure = error
      }
      try addEntry(record, structure, failure, path, wanted)
    }
  }

  /// Adds a record that is no crystal with an energy under the common names: an entry, perhaps.
  private mutating func addEntry(
    _ record: ArchiveRecord, _ structure: Structure?, _ failure: RecordError?, _ path: String,
    _ wanted: Set<Composition>?
  ) throws {
    var fields: EntryFields?
    do throws(EntryProblem) {
      fields = try EntryFields(record)
      // The header lines of OPTIMADE.
      if fields == nil { return }
    } catch {
      // What is no JSON object may still be a crystal.
      fields = nil
    }
    guard let composition = structure?.composition ?? (try? fields?.composition(of: record).composition)
    else {
      readCount += 1
      let words = failure.map { "\($0)" } ?? "no composition"
      rejected.reject(
        failure?.reason ?? .unreadable, "\(path): \(record.member) record \(record.index): \(words)")
      return
    }
    guard let energy = fields?.number(Self.energyNames), abs(energy) <= PhaseEntry.largestEnergy else {
      readCount += 1
      withoutEnergyCount += 1
      return
    }
    add(composition, energy, structure, wanted)
  }

  private mutating func readTable(_ path: String, _ wanted: Set<Composition>?) throws {
    var table = try CandidateTable(path: path)
    while let line = try table.next() {
      if let problem = line.problem { throw ScreeningError.unreadable(path: path, reason: "\(problem)") }
      let composition: Composition
      do {
        composition = try Composition(formula: line.formula)
      } catch {
        throw ScreeningError.unreadable(
          path: path, reason: "line \(line.number): \"\(line.formula)\" is no formula (\(error))")
      }
      guard let energy = DecimalNumber(line.energy)?.doubleValue, abs(energy) <= PhaseEntry.largestEnergy
      else {
        throw ScreeningError.unreadable(
          path: path, reason: "line \(line.number): \"\(line.energy)\" is no formation energy")
      }
      add(composition, energy, nil, wanted)
    }
  }
}
