internal import Configuration
internal import Foundation
internal import ScreeningStore
internal import StructureArchive

/// Finds one record of an archive or of a run and explains how it was read.
public struct RecordSearch: Sendable {
  private let place: String
  private let policy: ReadingPolicy

  /// A search.
  ///
  /// - Parameters:
  ///   - place: an archive, or a run directory.
  ///   - policy: how an archive is read; a run is read as its campaign says.
  public init(_ place: String, policy: ReadingPolicy = ReadingPolicy()) {
    self.place = place
    self.policy = policy
  }

  /// Explains a record. In one thread: the same whoever asks.
  ///
  /// - Parameters:
  ///   - name: `#12` for the record with that number, else its id or the name of its member; of several records that go
  ///     by a name the first is explained.
  ///   - progress: called every thousand records with their number.
  /// - Throws: `ScreeningError` where there is no such record, or its archive is no longer what the run has read.
  public func explain(_ name: String, progress: (Int) -> Void = { _ in }) throws -> RecordExplanation {
    let wanted = RecordName(name)
    return FileManager.default.fileExists(atPath: place + "/" + CampaignRun.storeName)
      ? try explainInRun(wanted) : try explainInArchive(wanted, progress)
  }

  private func explainInArchive(
    _ wanted: RecordName, _ progress: (Int) -> Void
  ) throws -> RecordExplanation {
    let reader = try ArchiveReader(path: place)
    let decoder = policy.decoder()
    if case .number(let number) = wanted {
      try reader.skip(toRecord: number)
      guard let record = try reader.next() else {
        let count = reader.position.record
        throw ScreeningError.unreadable(
          path: place,
          reason: "has no record \(number): it has \(count)" + (count > 0 ? ", #0 to #\(count - 1)" : ""))
      }
      return RecordExplanation(record, in: place, by: decoder)
    }
    var first: RecordExplanation?
    while let record = try reader.next() {
      if wanted.matches(record, decoder) { return RecordExplanation(record, in: place, by: decoder) }
      if first == nil { first = RecordExplanation(record, in: place, by: decoder) }
      if (record.index + 1) % 1000 == 0 { progress(record.index + 1) }
    }
    let hint =
      Int(wanted.text) != nil
      ? "; '#\(wanted.text)' asks for the record with that number"
      : first.map { "; the first record is \"\($0.id)\" in \($0.member), or '#0'" } ?? ""
    throw ScreeningError.unreadable(
      path: place, reason: "no record has the id or the member \"\(wanted.text)\"" + hint)
  }

  private func explainInRun(_ wanted: RecordName) throws -> RecordExplanation {
    let store = try openRun(place)
    let number: Int? = if case .number(let number) = wanted { number } else { nil }
    guard let key = try store.firstRecord(named: wanted.text, number: number) else {
      throw ScreeningError.unreadable(
        path: place,
        reason:
          "no row and no rejection goes by \"\(wanted.text)\"; what a filter left out is not kept: ask one of "
          + (try store.sourceStates().map(\.source.name).joined(separator: ", ")))
    }
    var explanation = try RunArchives(store, directory: place).explanation(of: key)
    if let rejected = try store.rejection(of: key) {
      explanation.outcome = "rejected"
      explanation.rejection = RecordExplanation.Rejection(
        stage: rejected.stage, reason: rejected.reason, message: rejected.message,
        byteOffset: rejected.byteOffset)
    } else {
      explanation.outcome = "row"
    }
    return explanation
  }
}

/// How a record is asked for.
private enum RecordName {
  case number(Int)
  case name(String)

  init(_ text: String) {
    if text.hasPrefix("#"), let number = Int(text.dropFirst()), number >= 0 {
      self = .number(number)
    } else {
      self = .name(text)
    }
  }

  var text: String {
    switch self {
    case .number(let number): "#\(number)"
    case .name(let name): name
    }
  }

  /// Whether a record goes by the name.
  func matches(_ record: ArchiveRecord, _ decoder: StructureDecoder) -> Bool {
    guard case .name(let name) = self else { return false }
    if record.member == name || record.defaultID == name { return true }
    switch record.format {
    case .cif, .poscar, .unknown: return false
    // These can name an id of their own.
    case .json, .tableRow, .extendedXYZ: return (try? decoder.decode(record))?.id == name
    }
  }
}

/// The archives of a run, read as its campaign says.
private struct RunArchives {
  private let sources: [SourceDescription]
  private let inputs: [ConfigurationValue]

  init(_ store: RunStore, directory: String) throws {
    let description = try store.description()
    sources = description.sources
    inputs = try StoredCampaign(plan: description.plan).value.elements("inputs")
  }

  func explanation(of key: RecordKey) throws -> RecordExplanation {
    let source = sources[key.source]
    let (policy, limits) = try reading(of: key.source)
    guard try InputDigest.of(source.name) == source.fingerprint else {
      throw ScreeningError.inputChanged(
        path: source.name, detail: "it is no longer the archive that the run has read")
    }
    let decoder = policy.decoder()
    let reader = RecordsReader(
      [.archive(path: source.name, decoder: decoder, limits: limits)], of: [0])
    switch try reader.record(RecordKey(source: 0, record: key.record))?.content {
    case .archived(let record): return RecordExplanation(record, in: source.name, by: decoder)
    case .broken(_, let message): throw ScreeningError.unreadable(path: source.name, reason: message)
    default: throw ScreeningError.unreadable(path: source.name, reason: "has no record \(key.record)")
    }
  }

  /// How a source is read. A pattern stands for several sources; where the plan does not tell to which input a source
  /// belongs, all archives must be read alike.
  private func reading(of source: Int) throws -> (ReadingPolicy, ArchiveLimits) {
    if inputs.count == sources.count {
      let (kind, value) = inputs[source].tagged
      guard kind == "archive" else {
        throw ScreeningError.invalid(
          "\(sources[source].name): its candidates are made, not read; there is nothing to explain")
      }
      return (ReadingPolicy(value), archiveLimits(value))
    }
    let archives = inputs.map(\.tagged).filter { $0.tag == "archive" }.map(\.value)
    guard let first = archives.first,
      archives.allSatisfy({
        ReadingPolicy($0) == ReadingPolicy(first) && archiveLimits($0) == archiveLimits(first)
      })
    else {
      throw ScreeningError.invalid(
        "the inputs of this run are read in several ways; ask the archive itself: sluice doctor \(sources[source].name)"
      )
    }
    return (ReadingPolicy(first), archiveLimits(first))
  }
}
