internal import Crystal
internal import Foundation
internal import PhaseStability
internal import StructureArchive
internal import TextFormats

/// What a file of labels says of its crystals.
public enum LabelKind: String, CaseIterable, Sendable {
  /// Formation energies (eV/atom), which still have to be placed on the hull.
  case formationEnergy = "formation_energy_per_atom"
  /// Energies above hull (eV/atom), taken as they are.
  case energyAboveHull = "e_above_hull"
}

/// A label of one crystal.
struct ComparisonLabel {
  /// Where it stands, for messages: "line 3".
  let place: String
  /// Energy (eV/atom) of the file's kind.
  let value: Double
  /// Composition that the record names; nil where it names none.
  let composition: Composition?
}

/// Labels by id: CSV with a column `id`, or JSON records with an id, plain or compressed.
struct ComparisonLabels {
  let kind: LabelKind
  private(set) var byID: [String: ComparisonLabel] = [:]
  /// Labels that repeat an earlier one.
  private(set) var duplicateCount = 0
  /// Records with neither kind of number.
  private(set) var withoutValueCount = 0

  /// One record with what it may hold.
  private struct Record {
    let place: String
    let id: String
    var values: [LabelKind: Double] = [:]
    /// Kinds that it has NaN or an infinity for, which is an error where they count.
    var notFinite: [LabelKind: String] = [:]
    var composition: Composition?
  }

  /// Reads the labels.
  ///
  /// - Parameters:
  ///   - path: the file, told apart by content.
  ///   - kind: which number counts; nil for the formation energy where all records have one, else the energy above
  ///     hull.
  /// - Throws: `ScreeningError` naming file and record where something cannot be read, where two labels of one id
  ///   disagree, or where records have different kinds of labels.
  init(path: String, kind: LabelKind? = nil) throws {
    let text = try readWholeText(path: path)
    let records = TextForm(text) == .json ? try Self.json(path) : try Self.csv(path, text)
    self.kind = try kind ?? Self.kind(of: records, path)
    for record in records {
      if let text = record.notFinite[self.kind] {
        throw ScreeningError.unreadable(
          path: path, reason: "\(record.place): \(self.kind.rawValue) \"\(text)\" is no finite number")
      }
      guard let value = record.values[self.kind] else {
        withoutValueCount += 1
        continue
      }
      if let earlier = byID[record.id] {
        guard earlier.value == value else {
          throw ScreeningError.unreadable(
            path: path,
            reason: "two labels of \(record.id) disagree: \(earlier.value) eV/atom in \(earlier.place), "
              + "\(value) eV/atom in \(record.place); leave one of them out")
        }
        duplicateCount += 1
      } else {
        byID[record.id] = ComparisonLabel(
          place: record.place, value: value, composition: record.composition)
      }
    }
    guard !byID.isEmpty else {
      throw ScreeningError.unreadable(
        path: path, reason: "no record with a number under \(kind?.rawValue ?? Self.kindNames)")
    }
  }

  private static var kindNames: String { LabelKind.allCases.map(\.rawValue).joined(separator: " or ") }

  /// The kind that all labelled records share.
  private static func kind(of records: [Record], _ path: String) throws -> LabelKind {
    func has(_ kind: LabelKind, _ record: Record) -> Bool {
      record.values[kind] != nil || record.notFinite[kind] != nil
    }
    let labelled = records.filter { record in LabelKind.allCases.contains { has($0, record) } }
    for kind in LabelKind.allCases where labelled.allSatisfy({ has(kind, $0) }) { return kind }
    let withoutEnergy = labelled.first { !has(.formationEnergy, $0) }?.place ?? ""
    let withoutDistance = labelled.first { !has(.energyAboveHull, $0) }?.place ?? ""
    throw ScreeningError.unreadable(
      path: path,
      reason: "\(withoutEnergy) has no \(LabelKind.formationEnergy.rawValue) and \(withoutDistance) no "
        + "\(LabelKind.energyAboveHull.rawValue); say with --label which of them counts")
  }

  // MARK: JSON

  private static func json(_ path: String) throws -> [Record] {
    var records: [Record] = []
    let archive = try ArchiveReader(path: path)
    while let found = try archive.next() {
      let number = "record \(found.index + 1)"
      let fields: EntryFields
      do throws(EntryProblem) {
        guard let read = try EntryFields(found) else { continue }
        fields = read
      } catch {
        throw ScreeningError.unreadable(path: path, reason: "\(number): \(error.reason)")
      }
      let names = ["id", "material_id", "entry_id", "mat_id", "jid"]
      guard let id = names.lazy.compactMap({ Self.identifier(fields[$0]) }).first else {
        throw ScreeningError.unreadable(
          path: path, reason: "\(number): no id under \(names.joined(separator: ", "))")
      }
      var record = Record(place: "\(number) (\(id))", id: id)
      for kind in LabelKind.allCases {
        guard let field = fields[kind.rawValue] else {
          record.notFinite[kind] = fields.notFinite([kind.rawValue])?.text
          continue
        }
        guard case .number(let text) = field, let value = Double(text), value.isFinite else {
          throw ScreeningError.unreadable(
            path: path, reason: "\(record.place): \(kind.rawValue) is no finite number")
        }
        record.values[kind] = value
      }
      // Where the candidate came through, its own composition counts, and the label needs none.
      record.composition = try? fields.composition(of: found).composition
      records.append(record)
    }
    return records
  }

  /// An id as text; whole numbers are ids, too.
  private static func identifier(_ value: JSONTree?) -> String? {
    switch value {
    case .string(let text): text.isEmpty ? nil : text
    case .number(let text): text
    default: nil
    }
  }

  // MARK: CSV

  private static func csv(_ path: String, _ text: [UInt8]) throws -> [Record] {
    var table = try TableFile(path: path, text: text, comments: .aboveHeader)
    let idColumn = try table.column("id")
    var kindColumns: [(kind: LabelKind, column: Int)] = []
    for kind in LabelKind.allCases {
      if let column = try table.columnIfPresent(kind.rawValue) { kindColumns.append((kind, column)) }
    }
    guard !kindColumns.isEmpty else {
      throw table.problem("no header with the columns id and \(kindNames)")
    }
    let formulaColumn = try table.columnIfPresent("formula")
    var records: [Record] = []
    while try table.next() {
      let id = try table.text(idColumn)
      guard !id.isEmpty else { throw table.problem("no id") }
      var record = Record(place: "line \(table.line) (\(id))", id: id)
      for (kind, column) in kindColumns {
        if try table.isNotFinite(column) {
          record.notFinite[kind] = try table.text(column)
        } else {
          record.values[kind] = try table.number(column)
        }
      }
      if let formulaColumn { record.composition = try? Composition(formula: table.text(formulaColumn)) }
      records.append(record)
    }
    return records
  }
}
