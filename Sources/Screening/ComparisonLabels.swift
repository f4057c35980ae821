internal import Crystal
internal import Foundation
internal import PhaseStability
internal import StructureArchive

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
    let bytes = try readWholeFile(path: path)
    guard let first = bytes.first(where: { $0 > 32 }) else {
      throw ScreeningError.unreadable(path: path, reason: "the file is empty")
    }
    let isJSON = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    let records = isJSON ? try Self.json(path) : try Self.csv(path, bytes)
    self.kind = try kind ?? Self.kind(of: records, path)
    for record in records {
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
    let labelled = records.filter { !$0.values.isEmpty }
    for kind in LabelKind.allCases where labelled.allSatisfy({ $0.values[kind] != nil }) { return kind }
    let withoutEnergy = labelled.first { $0.values[.formationEnergy] == nil }?.place ?? ""
    let withoutDistance = labelled.first { $0.values[.energyAboveHull] == nil }?.place ?? ""
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
      guard found.failure == nil, found.format == .json, let tree = JSONTree(found.bytes),
        let root = tree.members
      else {
        throw ScreeningError.unreadable(path: path, reason: "\(number): cannot be read as a JSON object")
      }
      // The header lines of OPTIMADE.
      if root["x-optimade"] != nil || root["type"]?.text == "info" { continue }
      let fields = EntryFields(root)
      let names = ["id", "material_id", "entry_id", "mat_id", "jid"]
      guard let id = names.lazy.compactMap({ Self.identifier(fields[$0]) }).first else {
        throw ScreeningError.unreadable(
          path: path, reason: "\(number): no id under \(names.joined(separator: ", "))")
      }
      var record = Record(place: "\(number) (\(id))", id: id)
      for kind in LabelKind.allCases {
        guard let field = fields[kind.rawValue] else { continue }
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

  private static func csv(_ path: String, _ bytes: [UInt8]) throws -> [Record] {
    var records: [Record] = []
    var header: [String] = []
    let text = String(decoding: bytes, as: UTF8.self)
    func trimmed(_ field: String) -> String { field.trimmingCharacters(in: .whitespaces) }
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    where !line.allSatisfy(\.isWhitespace) && !(header.isEmpty && line.hasPrefix("#")) {
      let fields = csvFields(line).map(trimmed)
      let place = "line \(index + 1)"
      guard !header.isEmpty else {
        header = fields
        guard header.contains("id"), LabelKind.allCases.contains(where: { header.contains($0.rawValue) })
        else {
          throw ScreeningError.unreadable(
            path: path, reason: "\(place): no header with the columns id and \(kindNames)")
        }
        continue
      }
      // A surplus field would often be a decimal comma: half a number must not pass for a whole one.
      guard fields.count == header.count else {
        throw ScreeningError.unreadable(
          path: path, reason: "\(place): \(fields.count) fields where the header has \(header.count)")
      }
      let columns = Dictionary(zip(header, fields)) { first, _ in first }
      guard let id = columns["id"], !id.isEmpty else {
        throw ScreeningError.unreadable(path: path, reason: "\(place): no id")
      }
      var record = Record(place: "\(place) (\(id))", id: id)
      for kind in LabelKind.allCases {
        guard let field = columns[kind.rawValue], !field.isEmpty else { continue }
        guard let number = DecimalNumber(field)?.doubleValue, number.isFinite, let value = Double(field)
        else {
          throw ScreeningError.unreadable(
            path: path, reason: "\(record.place): \(kind.rawValue) \"\(field)\" is no finite number")
        }
        record.values[kind] = value
      }
      record.composition = columns["formula"].flatMap { try? Composition(formula: $0) }
      records.append(record)
    }
    return records
  }
}
