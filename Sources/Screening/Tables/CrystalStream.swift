internal import Crystal
internal import CrystalGraphs
internal import Networks
internal import PipelineEngine
internal import StructureArchive

/// How many records of an input became lines, and what became of the others.
public struct TableReport: Sendable {
  /// Lines written.
  public internal(set) var written = 0
  /// Records that could not be written, by reason code.
  public internal(set) var rejected: [String: Int] = [:]
  /// The first few rejections in words.
  public internal(set) var messages: [String] = []

  mutating func reject(_ reason: RejectionReason, _ message: String) {
    rejected[reason.rawValue, default: 0] += 1
    if messages.count < 20 { messages.append(message) }
  }
}

/// Something computed from each crystal of an archive, or why it was not.
enum RecordOutcome<Value: Sendable>: Sendable {
  case value(Value)
  case rejected(RejectionReason, String)
}

/// Streams an archive's crystals through `work` in parallel and hands each outcome to `write` in order.
func streamCrystals<Value: Sendable>(
  _ input: String, jobs: Int, properties: [String] = [], report: inout TableReport,
  work: @escaping @Sendable (TableScratch, [DecodedRecord]) throws -> [RecordOutcome<Value>],
  write: (Value) throws -> Void
) throws {
  let reader = try ArchiveReader(path: input)
  let decoder = StructureDecoder(properties: properties)
  _ = try OrderedPipeline(jobs: jobs, batchSize: 128).run(
    read: { try reader.next() },
    makeScratch: { TableScratch() },
    work: { scratch, records in
      var outcomes: [RecordOutcome<Value>] = []
      var decoded: [DecodedRecord] = []
      // Runs of readable records are worked on together; a bad one in between keeps its place.
      for record in records {
        do throws(RecordError) {
          decoded.append(try decoder.decode(record))
        } catch {
          outcomes += try work(scratch, decoded)
          decoded.removeAll()
          outcomes.append(
            .rejected(error.reason, "\(input): \(record.member) record \(record.index): \(error)"))
        }
      }
      return outcomes + (try work(scratch, decoded))
    },
    write: { (outcomes: [RecordOutcome<Value>]) in
      for outcome in outcomes {
        switch outcome {
        case .value(let value):
          try write(value)
          report.written += 1
        case .rejected(let reason, let message): report.reject(reason, message)
        }
      }
    })
}

/// A worker's memory for tables.
final class TableScratch {
  let inputs = InputEncoder.Scratch()
  let ensemble = Ensemble.Scratch()
  let embedder = CrystalEmbedder.Scratch()
  let identity = CrystalIdentity.Scratch()
  var collection = GraphCollection()
}
