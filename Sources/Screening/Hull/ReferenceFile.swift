internal import Crystal
internal import Foundation
internal import PhaseStability
internal import StructureArchive
internal import TextFormats

/// How reference phases are read where their file leaves it open.
public struct ReferenceReading: Hashable, Sendable {
  /// Which energies of entries count.
  public enum Energies: String, CaseIterable, Sendable {
    /// Formation energies.
    case formation
    /// Total energies, from which formation energies are made.
    case total
  }

  /// Which energies of entries count; nil for formation energies where all entries have them, else total energies.
  public var energies: Energies?
  /// File of the elements' energies (eV/atom), for entries with total energies; nil to take the lowest of each
  /// element among the entries.
  public var elementalEnergies: String?
  /// Whether entries whose energies are corrected by different schemes are taken as they are.
  public var acceptsMixedCorrections: Bool
  /// File of offsets by element that are taken off the phases' energies; nil for none.
  public var offsets: String?

  /// The way entries are read; the defaults decide by what the entries hold.
  public init(
    energies: Energies? = nil, elementalEnergies: String? = nil, acceptsMixedCorrections: Bool = false,
    offsets: String? = nil
  ) {
    self.energies = energies
    self.elementalEnergies = elementalEnergies
    self.acceptsMixedCorrections = acceptsMixedCorrections
    self.offsets = offsets
  }
}

/// Reference phases as they came out of a file.
struct LoadedReferences: Sendable {
  let references: HullReferences
  /// What a person should know about how they were read.
  let notes: [String]
  /// Whether the index that was offered holds them already.
  let isIndexed: Bool
  /// Elements left out with all their phases, since offsets say nothing of some of these.
  var unalignedElements: Set<Element> = []

  /// The fingerprint of the phases, hexadecimal.
  var fingerprint: String {
    let digits = String(references.fingerprint, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// What the references are, in one line.
  var summary: String {
    let duplicates = references.duplicateCount > 0 ? ", \(references.duplicateCount) duplicates left out" : ""
    let missing = references.missingTerminals.map(\.symbol)
    let supplied = missing.isEmpty ? "" : "; no elemental reference for \(missing.joined(separator: ", "))"
    let zero = missing.isEmpty || !references.options.suppliesElementsAtZero ? "" : ", taken as 0"
    return "\(references.phaseCount) reference phases from \(references.name)\(duplicates)\(supplied)\(zero)"
      + notes.map { "; \($0)" }.joined()
  }

  /// Writes their index, whole or not at all.
  ///
  /// - Throws: `ScreeningError.unwritable`.
  func saveIndex(to path: String) throws {
    do {
      try references.saveIndex(to: path)
    } catch {
      throw ScreeningError.unwritable(path: path, reason: describe(error))
    }
  }
}

extension LoadedReferences {
  /// The references with offsets taken off.
  fileprivate func moved(by table: EnergyOffsetTable, _ path: String) throws -> LoadedReferences {
    do {
      let (moved, leftOut, leftOutPhases) = try references.moved(by: table.offsets)
      var notes = notes + ["energies moved by \(table.summary)"]
      if !leftOut.isEmpty {
        notes.append(
          "\(leftOutPhases) phases left out with \(leftOut.map(\.symbol).joined(separator: ", ")), of which "
            + "some have no offset")
      }
      return LoadedReferences(
        references: moved, notes: notes, isIndexed: false, unalignedElements: Set(leftOut))
    } catch {
      throw ScreeningError.unreadable(
        path: path, reason: "cannot be moved by \(table.path): \(describe(error))")
    }
  }

  /// The same with notes in front.
  fileprivate func adding(_ first: [String]) -> LoadedReferences {
    LoadedReferences(
      references: references, notes: first + notes, isIndexed: isIndexed, unalignedElements: unalignedElements
    )
  }

  /// Why a candidate has no place on the hull: an element that was left out here is not one that was never there.
  func rejection(_ error: HullError) -> (reason: RejectionReason, message: String) {
    if case .noTerminalReference(let element) = error, unalignedElements.contains(element) {
      return (
        .energyNotAligned,
        "the phases of \(element) were left out of the references: the offsets hold none for some of them"
      )
    }
    return (error.rejectionReason, describe(error))
  }
}

/// A file of reference phases, told apart by content: an index, a table, or entries in JSON.
enum ReferenceFile {
  /// Reads the phases.
  ///
  /// - Parameters:
  ///   - path: the file; tables and entries may be compressed.
  ///   - reading: what decides where the file does not.
  ///   - index: path of an index that is used instead where it belongs to the file as it is now.
  /// - Throws: `ScreeningError`, naming the file and the row.
  static func load(
    _ path: String, reading: ReferenceReading = ReferenceReading(), index: String? = nil
  ) throws -> LoadedReferences {
    let described = try ReferenceDescription(of: path).map { [$0.words] } ?? []
    guard let offsets = reading.offsets else {
      return try loadAsGiven(path, reading, index).adding(described)
    }
    // An index holds no word of the elements that were left out, so moved phases are made anew.
    return try loadAsGiven(path, reading, nil).adding(described).moved(
      by: try EnergyOffsetTable(path: offsets), path)
  }

  private static func loadAsGiven(
    _ path: String, _ reading: ReferenceReading, _ index: String?
  ) throws -> LoadedReferences {
    if isIndex(path) {
      do {
        return LoadedReferences(
          references: try HullReferences.load(indexAt: path), notes: [], isIndexed: false)
      } catch {
        throw ScreeningError.unreadable(path: path, reason: describe(error))
      }
    }
    let bytes = try readWholeText(path: path)
    let form = TextForm(bytes)
    guard form != .empty else { throw ScreeningError.unreadable(path: path, reason: "the file is empty") }
    let isJSON = form == .json
    let source = SourceFingerprint(bytes: bytes + (isJSON ? try reading.fingerprintBytes() : []))
    let name = URL(filePath: path).lastPathComponent
    // An index that cannot be read is an index that is not there: its source is.
    if let index, let known = try? HullReferences.load(indexAt: index), known.source == source,
      known.name == name
    {
      return LoadedReferences(references: known, notes: [], isIndexed: true)
    }
    do {
      guard isJSON else {
        return LoadedReferences(
          references: try HullReferences(csv: bytes, name: name), notes: [], isIndexed: false)
      }
      let (entries, notes) = try ComputedEntries(path: path, reading: reading).phases()
      return LoadedReferences(
        references: try HullReferences(entries: entries, name: name, source: source), notes: notes,
        isIndexed: false)
    } catch let error as HullError {
      throw ScreeningError.unreadable(path: path, reason: describe(error))
    }
  }

  /// Whether the file begins as an index does.
  static func isIndex(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? file.close() }
    return (try? file.read(upToCount: 8)) == Data("SLUIHULL".utf8)
  }
}

extension ReferenceReading {
  /// What sets one way of reading apart from another, the elements' energies included.
  fileprivate func fingerprintBytes() throws -> [UInt8] {
    let elements = try elementalEnergies.map { try readWholeFile(path: $0) } ?? []
    return Array("\(energies?.rawValue ?? "any") \(acceptsMixedCorrections) ".utf8) + elements
  }
}

/// Writes and draws what belongs to a set of references.
public struct ReferenceIndex: Sendable {
  private let loaded: LoadedReferences

  /// The references of a file.
  ///
  /// - Throws: `ScreeningError` where they cannot be read.
  public init(reference: String, reading: ReferenceReading = ReferenceReading()) throws {
    loaded = try ReferenceFile.load(reference, reading: reading)
  }

  /// What the references are, for the person.
  public var summary: String { loaded.summary }

  /// Writes the index file, whole or not at all.
  ///
  /// - Returns: its size in bytes.
  public func write(to path: String) throws -> Int {
    try loaded.saveIndex(to: path)
    return ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int) ?? 0
  }
}
