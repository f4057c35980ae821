internal import Configuration
internal import Foundation
internal import Networks
internal import PhaseStability
internal import ScreeningStore
internal import StructureArchive
internal import Training

/// Which changes of a plan leave the rows of a run as they are, so that its rejected records alone are read again.
///
/// What is accepted is proven, not believed: rows are compared with inputs that changed, and references may only
/// gain phases of elements that no row can hold.
struct RetryRules {
  private let plan: CampaignPlan
  private let directory: String

  init(_ plan: CampaignPlan, directory: String) {
    self.plan = plan
    self.directory = directory
  }

  /// Checks what has changed since the run was made or last retried.
  ///
  /// - Returns: the sources whose files have changed.
  /// - Throws: `ScreeningError.retryRefused` with what may not change.
  func check(_ store: RunStore) throws -> Set<Int> {
    let found = try store.description()
    guard found.planFingerprint != plan.fingerprint else { return [] }
    let earlier = try ConfigurationDocument(text: found.plan, file: CampaignRun.planName).tree()
    let refused = PlanIdentity.differences(from: earlier, to: plan.tree)
      .filter { !Self.isAcceptable($0) }.map(\.description)
    guard refused.isEmpty, found.sources.count == plan.sources.count else {
      throw ScreeningError.retryRefused(
        runDirectory: directory,
        differences: refused.isEmpty
          ? ["inputs: \(found.sources.count) → \(plan.sources.count)"] : refused)
    }
    try checkReferences()
    var changed: Set<Int> = []
    for (index, source) in found.sources.enumerated()
    where source.fingerprint != plan.sourceFingerprints[index] {
      changed.insert(index)
    }
    try compareRows(of: changed, store)
    return changed
  }

  /// Whether a change of this key alone cannot touch a row, or is looked at by itself afterwards.
  static func isAcceptable(_ difference: ConfigurationDifference) -> Bool {
    let key = difference.keyPath
    let isInput = key.hasPrefix("campaign.inputs[")
    if key == "campaign.rejections.allowed_share" { return true }
    if ["inputs", PlanIdentity.namesKey, "references", "hulls"].contains(where: {
      key.hasPrefix("digests.\($0)[")
    }) {
      return difference.before != nil && difference.after != nil
    }
    if isInput, key.hasSuffix("].archive.occupancy") { return difference.after?.contains("majority") == true }
    if isInput, key.hasSuffix("].archive.formula") { return difference.after?.contains("note") == true }
    if isInput, key.contains("].archive.path") { return difference.before != nil && difference.after != nil }
    if isInput, key.contains("].archive.limits.") || key.hasSuffix("].archive.maximum_records") {
      // A limit may rise or, where it can be absent, go.
      guard let before = difference.before.flatMap(Double.init) else { return false }
      return difference.after.map { (Double($0) ?? 0) > before } ?? key.hasSuffix("maximum_records")
    }
    return key.hasPrefix("campaign.stages[") && key.hasSuffix("].hull.reference")
  }

  /// A phase more can lower the hull below a row, unless it holds an element that no row can hold.
  private func checkReferences() throws {
    guard let now = plan.references?.references else { return }
    let path = directory + "/" + CampaignRun.referenceIndexName
    let before: HullReferences
    do {
      before = try HullReferences.load(indexAt: path)
    } catch {
      throw ScreeningError.unreadable(
        path: path, reason: "needed to see which references are new, and cannot be read: \(describe(error))")
    }
    guard before.fingerprint != now.fingerprint else { return }
    func refuse(_ what: String) -> ScreeningError {
      .retryRefused(runDirectory: directory, differences: ["references: " + what])
    }
    for index in 0..<before.phaseCount {
      let phase = before.phase(at: index)
      guard let other = now.phaseIndex(of: phase.composition),
        now.phase(at: other).energyPerAtom == phase.energyPerAtom
      else { throw refuse("\(phase.formula) is gone or has another energy") }
    }
    let known = Set((0..<before.phaseCount).flatMap { before.phase(at: $0).composition.elements })
    for index in 0..<now.phaseCount {
      let phase = now.phase(at: index)
      guard before.phaseIndex(of: phase.composition) == nil else { continue }
      guard phase.composition.elements.contains(where: { !known.contains($0) }) else {
        throw refuse("\(phase.formula) is new and may lie below rows of this run")
      }
    }
  }

  /// Reads the inputs that changed and compares what they say of the records that are rows.
  private func compareRows(of changed: Set<Int>, _ store: RunStore) throws {
    guard !changed.isEmpty else { return }
    let reader = RecordsReader(plan.sources, of: changed)
    let states = try store.sourceStates()
    func refuse(_ source: Int, _ what: String) -> ScreeningError {
      .retryRefused(runDirectory: directory, differences: ["\(plan.sources[source].name): " + what])
    }
    try store.forEachRow { stored in
      let key = stored.row.key
      guard changed.contains(key.source) else { return }
      guard case .archived(let archived)? = try reader.record(key)?.content,
        case .archive(_, let decoder, _) = plan.sources[key.source], let now = try? decoder.decode(archived)
      else { throw refuse(key.source, "record \(key.record) was a crystal and can no longer be read as one") }
      let row = ScreenedRow(key: key, materialID: now.id, structure: now.structure, keepsStructure: false)
      guard row.materialID == stored.row.materialID, row.formula == stored.row.formula,
        row.siteCount == stored.row.siteCount, row.volume == stored.row.volume
      else { throw refuse(key.source, "record \(key.record) is another crystal than the one of this run") }
      guard now.notes.rules == stored.row.reading else {
        throw refuse(key.source, "record \(key.record) is read by other rules than in this run")
      }
    }
    // Records that were read must still be there, all but one that stood for an unreadable rest.
    for source in changed where states[source].records > 1 {
      let last = RecordKey(source: source, record: states[source].records - 2)
      let reader = RecordsReader(plan.sources, of: [source])
      guard try reader.record(last) != nil else {
        throw refuse(source, "fewer records than the \(states[source].records) that were read")
      }
    }
  }
}

/// Reads chosen records of some sources, in ascending order of their keys.
final class RecordsReader {
  private let reader: SourceReader
  private var pending: SourceRecord?

  init(_ sources: [CrystalSource], of chosen: Set<Int>) {
    reader = SourceReader(sources, from: sources.indices.map { chosen.contains($0) ? SourceStart() : nil })
  }

  /// The record with this key; nil where the source ends before it.
  func record(_ key: RecordKey) throws -> SourceRecord? {
    while true {
      guard let next = try pending ?? reader.read() else { return nil }
      pending = next
      guard (next.source, next.record) <= (key.source, key.record) else { return nil }
      // The end of a source has the number of the record that is not there.
      if next.source == key.source, next.record == key.record {
        if case .end = next.content { return nil }
        pending = nil
        return next
      }
      pending = nil
    }
  }
}
