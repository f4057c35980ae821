import Crystal
import Foundation
import ScreeningStore
import TestSupport

/// A folder of its own for one test, removed when the last holder lets go.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "sluice-store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String = "run.sqlite") -> String { path + "/" + name }
}

/// A run with two sources and two models.
let exampleRun = RunDescription(
  name: "example", plan: "name: example\n", planFingerprint: "00ff", created: "2025-01-02T03:04:05Z",
  sluiceVersion: "0.1", stabilityThreshold: 0.05,
  models: [
    ModelDescription(
      name: "formation", fingerprint: "aa", property: "formation_energy", unit: "eV/atom", memberCount: 3),
    ModelDescription(name: "gap", fingerprint: "bb", property: "band_gap", unit: "eV", memberCount: 1),
  ],
  sources: [SourceDescription(name: "a.tar.zst", fingerprint: "cc"), SourceDescription(name: "b.cif")])

/// A row with made-up but distinct numbers.
func exampleRow(
  _ record: Int, source: Int = 0, id: String? = nil, energyAboveHull: Double, payload: [UInt8]? = nil
) -> ScreenedRow {
  ScreenedRow(
    key: RecordKey(source: source, record: record), materialID: id ?? "m-\(record)", formula: "NaCl",
    chemicalSystem: "Cl-Na", siteCount: 8, volume: 179.4, payload: payload,
    scores: [
      Score(model: 0, mean: -2 + energyAboveHull, standardDeviation: 0.01, members: [-2, -2.1, .pi]),
      Score(model: 1, mean: 5.5),
    ],
    stabilities: [
      Stability(
        model: 0, energy: -2 + energyAboveHull, energyAboveHull: energyAboveHull,
        decompositionEnergy: energyAboveHull, decomposition: "NaCl")
    ])
}

/// A rejection.
func exampleRejection(_ record: Int, source: Int = 0, reason: RejectionReason = .unreadable) -> RejectedRecord
{
  RejectedRecord(
    key: RecordKey(source: source, record: record), member: "x/\(record).cif", byteOffset: 10 * record,
    materialID: nil, stage: "read", reason: reason, message: "no \"cell\"")
}

/// The rules by which record `record` was read: mostly none, else one or two.
func exampleReading(_ record: Int, seed: UInt64) -> [ReadingRule] {
  var generator = SeededGenerator(seed: seed &* 7919 &+ UInt64(record))
  let count = max(0, Int.random(in: 0..<6, using: &generator) - 3)
  return Array(ReadingRule.allCases.shuffled(using: &generator).prefix(count))
}

/// What becomes of record `record` in the made-up stream that the tests store: a row, a rejection or a filtered one.
func exampleBatch(source: Int = 0, records: Range<Int>, seed: UInt64 = 1, isFinished: Bool = false)
  -> StoreBatch
{
  var batch = StoreBatch(progress: [
    SourceProgress(
      source: source, records: records, resumeToken: Array("at \(records.upperBound)".utf8),
      isFinished: isFinished)
  ])
  for record in records {
    let reading = exampleReading(record, seed: seed)
    var generator = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(record))
    switch Int.random(in: 0..<10, using: &generator) {
    case 0:
      let reason = RejectionReason.allCases.randomElement(using: &generator) ?? .unreadable
      batch.rejections.append(exampleRejection(record, source: source, reason: reason))
      batch.rejections[batch.rejections.count - 1].reading = reading
    case 1, 2:
      let stage = Bool.random(using: &generator) ? "elements" : "sites"
      batch.filtered.append(FilteredRecord(key: RecordKey(source: source, record: record), stage: stage))
    default:
      // Few distinct energies and ids, so that ties are common.
      let energy = Double(Int.random(in: 0..<5, using: &generator)) / 50
      let id = "m-\(Int.random(in: 0..<8, using: &generator))"
      batch.rows.append(exampleRow(record, source: source, id: id, energyAboveHull: energy))
      batch.rows[batch.rows.count - 1].reading = reading
    }
  }
  return batch
}
