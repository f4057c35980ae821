internal import Foundation
internal import PipelineEngine
public import ScreeningStore
internal import StructureArchive
internal import TextFormats

/// Opens the store of a run directory for looking, also while the run is going on.
public func openRun(_ directory: String) throws -> RunStore {
  let path = directory + "/" + CampaignRun.storeName
  guard FileManager.default.fileExists(atPath: path) else {
    throw ScreeningError.unreadable(
      path: directory, reason: "no run directory (there is no \(CampaignRun.storeName) in it)")
  }
  return try RunStore.open(at: path, access: .readOnly)
}

/// The position of a model in a run.
///
/// - Parameter name: its name, or nil for the first model that has been placed on the hull.
/// - Throws: `ScreeningError.invalid` naming the models that there are, or where the model predicts no energy.
public func modelIndex(named name: String?, in store: RunStore) throws -> Int {
  let description = try store.description()
  let models = description.models
  guard let name else { return models.firstIndex { $0.property == formationEnergyProperty } ?? 0 }
  guard let index = models.firstIndex(where: { $0.name == name }) else {
    throw ScreeningError.invalid(
      "the run has no model \"\(name)\"; it has " + models.map(\.name).joined(separator: ", "))
  }
  guard !unrankedModels(in: description).contains(index) else {
    throw ScreeningError.invalid(
      "\(name) predicts \(models[index].property), and candidates are ranked by energies; its scores stand beside "
        + "those of the others")
  }
  return index
}

/// The models of a run by which nothing is ranked, since what they predict is no energy: by position, in order.
public func unrankedModels(in run: RunDescription) -> [Int] {
  run.models.indices.filter {
    ![formationEnergyProperty, hullDistanceProperty].contains(run.models[$0].property)
  }
}

/// Checks that a model's rows can be ranked by what is asked for.
///
/// - Throws: `ScreeningError.invalid` where the model has no calibration, or the hull no probabilities.
public func checkRanking(
  of model: Int, by order: RankingOrder, on hull: RankingHull, in run: RunDescription
) throws {
  guard order != .distance else { return }
  if run.models.indices.contains(model), run.models[model].calibration == nil {
    throw ScreeningError.invalid(
      "\(run.models[model].name) was not calibrated when the run was made, so its rows have neither sigma nor "
        + "probability; they can be ranked by mean")
  }
  if order == .probability, hull == .combined {
    throw ScreeningError.invalid(
      "probabilities are to lie on the hull of the references; on that of references and candidates rows can be ranked "
        + "by mean or pessimistic")
  }
}

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
