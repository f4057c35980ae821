internal import Foundation
internal import PipelineEngine
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

  /// An export.
  public init(
    selection: Selection, format: Format, model: String? = nil, threshold: Double? = nil,
    hull: RankingHull? = nil, leavesOutFlagged: Bool = false, order: RankingOrder = .distance
  ) {
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
  /// - Returns: records written, and the threshold that was used.
  /// - Throws: `ScreeningError`, `StoreError`, `ArchiveError`; rejected records have no structure, so no CIF.
  @discardableResult
  public func write(_ store: RunStore, to path: String) throws -> (records: Int, threshold: Double) {
    let description = try store.description()
    let threshold = threshold ?? description.stabilityThreshold ?? 0
    if selection == .rejected { return (try writeRejections(store, to: path), threshold) }
    let index = try modelIndex(named: model, in: store)
    let hull = try hull ?? store.standardHull()
    try checkRanking(of: index, by: order, on: hull, in: description)
    let filter = RankingFilter(
      model: index, maximumEnergyAboveHull: selection == .stable ? threshold : nil, hull: hull,
      leavesOutFlagged: leavesOutFlagged, order: order, scoredModels: unrankedModels(in: description))
    let name = description.models.indices.contains(index) ? description.models[index].name : ""
    switch format {
    case .cif: return (try writeCIF(store, filter, to: path), threshold)
    case .csv, .jsonl: return (try writeRows(store, filter, description, model: name, to: path), threshold)
    }
  }

  private func writeRows(
    _ store: RunStore, _ filter: RankingFilter, _ run: RunDescription, model: String, to path: String
  ) throws -> Int {
    let writer = try LineWriter(path: path)
    let sources = try store.sourceStates().map(\.source.name)
    let columns = ExportedRow.columns + filter.scoredModels.map { "score_\(run.models[$0].name)" }
    if format == .csv { try writer.append(columns.map { csvField($0) }.joined(separator: ",")) }
    var rank = 0
    try store.forEachRanked(filter) { row in
      rank += 1
      let values = ExportedRow(
        rank: rank, row: row, model: model, source: exportedName(sources[row.key.source]), hull: filter.hull
      ).values
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

  private func writeCIF(_ store: RunStore, _ filter: RankingFilter, to path: String) throws -> Int {
    let writer = try CIFArchiveWriter(path: path)
    var count = 0
    var missing = 0
    let rows = try store.ranked(filter)
    for row in rows {
      guard let structure = try store.structure(of: row.key) else {
        missing += 1
        continue
      }
      try writer.append(id: row.materialID, structure: structure, reading: row.reading)
      count += 1
    }
    try writer.finish()
    guard missing == 0 else {
      throw ScreeningError.invalid(
        "\(missing) of \(rows.count) structures are not in the store (store.structures was false); "
          + "\(path) holds the other \(count)")
    }
    return count
  }

  private func writeRejections(_ store: RunStore, to path: String) throws -> Int {
    guard format != .cif else {
      throw ScreeningError.invalid("rejected records have no structure to write as CIF; use csv or jsonl")
    }
    let writer = try LineWriter(path: path)
    if format == .csv { try writer.append(rejectionColumns) }
    var count = 0
    try store.forEachRejection { item in
      count += 1
      if format == .csv {
        let fields: [String] = [
          csvField(exportedName(item.sourceName)), "\(item.key.record)", csvField(item.member ?? ""),
          item.byteOffset.map { "\($0)" } ?? "", csvField(item.materialID ?? ""), csvField(item.stage),
          item.reason,
          csvField(item.message), item.reading.joined(separator: " "),
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
