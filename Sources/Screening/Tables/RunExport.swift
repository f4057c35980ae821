internal import Crystal
internal import Foundation
public import ScreeningStore
internal import StructureArchive
internal import TextFormats

/// Writes lists of a run's rows for the next tool.
public struct RunExport: Sendable {
  /// Which records are written.
  public enum Selection: String, CaseIterable, Sendable {
    /// Rows at or below the threshold.
    case stable
    /// All rows.
    case all
    /// Rejections.
    case rejected
  }

  /// What the list is written as.
  public enum Format: String, CaseIterable, Sendable {
    /// Comma-separated values with a header.
    case csv
    /// One JSON object a line.
    case jsonl
    /// One archive of CIF files.
    case cif
    /// One archive of POSCAR files, the rank first in each name.
    case poscar
    /// One file of extended XYZ frames, the columns of the table in the comment lines.
    case extxyz
    /// OPTIMADE JSON lines, the columns of the table as fields of its own prefix.
    case optimade

    /// Whether the crystals are written, not only what the table says of them.
    var holdsStructures: Bool {
      switch self {
      case .csv, .jsonl: false
      case .cif, .poscar, .extxyz, .optimade: true
      }
    }
  }

  /// Which records.
  public let selection: Selection
  /// In which form.
  public let format: Format
  /// Model whose ranking is exported; nil for the first of the run.
  public let model: String?
  /// Largest energy above hull that counts as stable (eV/atom); nil for the campaign's own.
  public let threshold: Double?
  /// The hull that rows are selected and ranked by; nil for the run's standard one.
  public let hull: RankingHull?
  /// Whether rows whose distance is to be doubted are left out.
  public let leavesOutFlagged: Bool
  /// What rows are ranked by.
  public let order: RankingOrder
  /// Only so many records from the top of the list; nil for all.
  public let top: Int?

  /// An export; `top`, where given, is at least 1.
  public init(
    selection: Selection, format: Format, model: String? = nil, threshold: Double? = nil,
    hull: RankingHull? = nil, leavesOutFlagged: Bool = false, order: RankingOrder = .distance, top: Int? = nil
  ) {
    precondition(top ?? 1 > 0, "a list holds something")
    self.top = top
    self.order = order
    self.hull = hull
    self.leavesOutFlagged = leavesOutFlagged
    self.selection = selection
    self.format = format
    self.model = model
    self.threshold = threshold
  }

  /// Writes the list to `path`, in ranked order (rejections in the order of reading).
  ///
  /// Where no model of the run predicts an energy the order is that of scores, and nothing is stable.
  ///
  /// - Returns: records written, and the threshold that was used.
  /// - Throws: `ScreeningError`, `StoreError`, `ArchiveError`; rejected records have no structure, so no CIF.
  @discardableResult
  public func write(_ store: RunStore, to path: String) throws -> (records: Int, threshold: Double) {
    let description = try store.description()
    let threshold = threshold ?? description.stabilityThreshold ?? 0
    if selection == .rejected { return (try writeRejections(store, to: path), threshold) }
    if let index = try scoreModel(named: model, in: description) {
      return (try writeScores(store, description, by: index, to: path), threshold)
    }
    let index = try modelIndex(named: model, in: store)
    let hull = try hull ?? store.standardHull()
    try checkRanking(of: index, by: order, on: hull, in: description)
    let filter = RankingFilter(
      model: index, maximumEnergyAboveHull: selection == .stable ? threshold : nil, hull: hull,
      leavesOutFlagged: leavesOutFlagged, order: order, scoredModels: unrankedModels(in: description))
    let name = description.models.indices.contains(index) ? description.models[index].name : ""
    let sources = try store.sourceStates().map(\.source.name)
    let showsSymmetry = try symmetryTolerance(of: description) != nil
    let columns =
      ExportedRow.columns + (showsSymmetry ? ExportedRow.symmetryColumns : [])
      + scoreColumns(filter.scoredModels, description)
    let count = try writeRows(columns, of: store, to: path) { write in
      try store.forEachRanked(filter) { row in
        let crystal = ListedCrystal(
          key: row.key, id: row.materialID, reading: row.reading, spaceGroup: row.symmetry?.spaceGroup)
        try write(crystal) { rank in
          ExportedRow(
            rank: rank, row: row, model: name, source: exportedName(sources[row.key.source]),
            hull: filter.hull, showsSymmetry: showsSymmetry
          ).values
        }
      }
    }
    return (count, threshold)
  }

  private func scoreColumns(_ models: [Int], _ run: RunDescription) -> [String] {
    models.map { "score_\(run.models[$0].name)" }
  }

  /// The list in the order of a model's scores.
  private func writeScores(
    _ store: RunStore, _ run: RunDescription, by model: Int, to path: String
  ) throws -> Int {
    try checkScoreRanking(
      of: model, by: order, hull: hull, leavesOutFlagged: leavesOutFlagged, in: run)
    guard selection == .all else {
      throw ScreeningError.invalid(
        "no model of this run predicts an energy, so nothing of it is stable; --select all lists its candidates by "
          + "what \(run.models[model].name) says, the largest first")
    }
    let others = run.models.indices.filter { $0 != model }
    let sources = try store.sourceStates().map(\.source.name)
    let showsSymmetry = try symmetryTolerance(of: run) != nil
    let columns =
      ExportedScore.columns + (showsSymmetry ? ExportedRow.symmetryColumns : [])
      + scoreColumns(others, run)
    return try writeRows(columns, of: store, to: path) { write in
      try store.forEachScored(by: model, others: others) { row in
        let crystal = ListedCrystal(
          key: row.key, id: row.materialID, reading: row.reading, spaceGroup: row.symmetry?.spaceGroup)
        try write(crystal) { rank in
          ExportedScore(
            rank: rank, row: row, model: run.models[model].name,
            source: exportedName(sources[row.key.source]), showsSymmetry: showsSymmetry
          ).values
        }
      }
    }
  }

  /// Writes rows in the form asked for; `body` calls its argument for each, which passes on the row's rank.
  private func writeRows(
    _ columns: [String], of store: RunStore, to path: String,
    _ body:
      @escaping (
        _ write: (_ crystal: ListedCrystal, _ values: (_ rank: Int) -> [ExportedRow.Value]) throws -> Void
      ) throws -> Void
  ) throws -> Int {
    var rank = 0
    /// Ends the iteration at the length asked for.
    struct Enough: Error {}
    func eachRow(_ write: (ListedCrystal, [ExportedRow.Value]) throws -> Void) throws {
      do {
        try body { crystal, values in
          if let top, rank == top { throw Enough() }
          rank += 1
          try write(crystal, values(rank))
        }
      } catch is Enough {}
    }
    if format.holdsStructures {
      // The store is read for structures only after the list has been read.
      var list: [StructureList.Row] = []
      try eachRow { list.append(StructureList.Row(crystal: $0, values: $1)) }
      return try StructureList(format, columns: columns, rows: list).write(store, to: path)
    }
    let writer = try LineWriter(path: path)
    if format == .csv { try writer.append(columns.map { csvField($0) }.joined(separator: ",")) }
    try eachRow { _, values in
      if format == .csv {
        try writer.append(values.map(\.csv).joined(separator: ","))
      } else {
        let members = zip(columns, values).map { JSONMembers.Member($0, $1.json) }
        try writer.append(JSONTree.object(JSONMembers(members)).compactText)
      }
    }
    try writer.finish()
    return rank
  }

  private func writeRejections(_ store: RunStore, to path: String) throws -> Int {
    guard !format.holdsStructures else {
      throw ScreeningError.invalid(
        "rejected records have no structure to write as \(format.rawValue); use csv or jsonl")
    }
    let writer = try LineWriter(path: path)
    if format == .csv { try writer.append(rejectionColumns) }
    var count = 0
    try store.forEachRejection { item in
      if let top, count == top { return }
      count += 1
      if format == .csv {
        let fields: [String] = [
          guardedField(exportedName(item.sourceName)), "\(item.key.record)", guardedField(item.member ?? ""),
          item.byteOffset.map { "\($0)" } ?? "", guardedField(item.materialID ?? ""), csvField(item.stage),
          item.reason, guardedField(item.message), item.reading.joined(separator: " "),
        ]
        try writer.append(fields.joined(separator: ","))
      } else {
        let object: JSONTree = .object([
          "source": .string(exportedName(item.sourceName)), "record": .count(item.key.record),
          "member": item.member.map { .string($0) } ?? .null,
          "byte_offset": item.byteOffset.map { .count($0) } ?? .null,
          "id": item.materialID.map { .string($0) } ?? .null, "stage": .string(item.stage),
          "reason": .string(item.reason), "message": .string(item.message),
          "reading": item.reading.isEmpty ? .null : .string(item.reading.joined(separator: " ")),
        ])
        try writer.append(object.compactText)
      }
    }
    try writer.finish()
    return count
  }
}

/// The columns of a list of rejections.
let rejectionColumns = "source,record,member,byte_offset,id,stage,reason,message,reading"

/// Sources go by their file name: an exported table is the same wherever the archive lies.
func exportedName(_ source: String) -> String {
  source.split(separator: "/").last.map(String.init) ?? source
}
