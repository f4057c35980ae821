internal import Crystal
internal import Foundation
public import PipelineEngine
internal import StructureArchive
internal import TextFormats

/// What a packing came to.
public struct PackReport: Sendable {
  /// Whether all inputs were read; where not, nothing was written.
  public internal(set) var isFinished = false
  /// Records read.
  public internal(set) var records = 0
  /// Records written.
  public internal(set) var packed = 0
  /// Frames written.
  public internal(set) var frames = 0
  /// Records that could not be read, by reason code.
  public internal(set) var rejected: [String: Int] = [:]
  /// The first few of them in words.
  public internal(set) var messages: [String] = []

  /// Number of records that could not be read.
  public var rejectedCount: Int { rejected.values.reduce(0, +) }
}

/// Rewrites archives as one packed file: JSON lines in zstd frames, with an index.
public struct ArchivePacking: Sendable {
  private let inputs: [String]
  private let recordsPerFrame: Int
  private let policy: ReadingPolicy
  private let jobs: Int

  /// A packing of `inputs`, one after the other; the same inputs give the same bytes for any number of jobs.
  public init(_ inputs: [String], recordsPerFrame: Int, policy: ReadingPolicy = ReadingPolicy(), jobs: Int) {
    self.inputs = inputs
    self.recordsPerFrame = recordsPerFrame
    self.policy = policy
    self.jobs = jobs
  }

  private enum Outcome: Sendable {
    case line([UInt8])
    case rejected(line: String, reason: RejectionReason, message: String)
  }

  /// Writes the archive, and what could not be read; both files take their names at the end.
  ///
  /// Every record read is packed or rejected. An archive that breaks off counts as one more record, rejected.
  /// - Parameters:
  ///   - output: file of the packed archive.
  ///   - rejected: CSV file of what could not be read; nil for none.
  ///   - stop: raised to give up: then nothing is written.
  ///   - progress: called now and then with the number of records read.
  /// - Throws: `ScreeningError`, `ArchiveError` where an input cannot be opened or the output not be written.
  public func write(
    to output: String, rejected: String?, stop: StopFlag, progress: (Int) -> Void
  ) throws -> PackReport {
    for input in inputs { try checkApart(input, output) }
    let decoder = policy.decoder(takesAllProperties: true)
    let sources = inputs.map { CrystalSource.archive(path: $0, decoder: decoder, limits: ArchiveLimits()) }
    let reader = SourceReader(
      sources, from: sources.map { _ in SourceStart() }, stamps: inputs.map { FileStamp(path: $0) })
    let writer = try PackedArchiveWriter(path: output, recordsPerFrame: recordsPerFrame)
    let table = try rejected.map { try LineWriter(path: $0) }
    try table?.append(rejectionColumns)
    var report = PackReport()
    let inputs = inputs
    let ending = try OrderedPipeline(jobs: jobs, batchSize: 256).run(
      read: { try reader.read() }, makeScratch: {},
      work: { _, records in records.compactMap { Self.outcome($0, decoder, inputs) } },
      write: { (outcomes: [Outcome]) in
        for outcome in outcomes {
          report.records += 1
          switch outcome {
          case .line(let line):
            try writer.append(line)
            report.packed += 1
          case .rejected(let line, let reason, let message):
            try table?.append(line)
            report.rejected[reason.rawValue, default: 0] += 1
            if report.messages.count < 20 { report.messages.append(message) }
          }
        }
        progress(report.records)
      }, stop: stop
    ).ending
    guard ending == .finished else { return report }
    try table?.finish()
    try writer.finish()
    report.frames = writer.frameCount
    report.isFinished = true
    return report
  }

  private static func outcome(
    _ record: SourceRecord, _ decoder: StructureDecoder, _ inputs: [String]
  ) -> Outcome? {
    switch record.content {
    case .archived(let archived):
      do throws(RecordError) {
        return .line(packedLine(try decoder.decode(archived)))
      } catch {
        return rejection(
          inputs[record.source], record.record, member: archived.member, id: archived.defaultID,
          byteOffset: archived.byteOffset + (error.byteOffset ?? 0), error.reason, error.message)
      }
    case .broken(let reason, let message):
      return rejection(
        inputs[record.source], record.record, member: nil, id: nil, byteOffset: nil, reason, message)
    case .decorated, .end: return nil
    }
  }

  private static func rejection(
    _ input: String, _ record: Int, member: String?, id: String?, byteOffset: Int?, _ reason: RejectionReason,
    _ message: String
  ) -> Outcome {
    let fields = [
      csvField(input), "\(record)", csvField(member ?? ""), byteOffset.map { "\($0)" } ?? "",
      csvField(id ?? ""), "read", reason.rawValue, csvField(message), "",
    ]
    let place = member.map { " \($0)" } ?? ""
    return .rejected(
      line: fields.joined(separator: ","), reason: reason,
      message: "\(input):\(place) record \(record): \(reason.rawValue): \(message)")
  }

  /// Writing into what is being read would never end well.
  private func checkApart(_ input: String, _ output: String) throws(ScreeningError) {
    func resolved(_ path: String) -> String { URL(filePath: path).resolvingSymlinksInPath().path }
    let (source, target) = (resolved(input), resolved(output))
    guard source != target, !target.hasPrefix(source + "/") else {
      throw .invalid("\(output): the output lies in the input \(input); name another place")
    }
  }
}

/// A record of a packed file: one JSON object with the id, the exact numbers of the structure, the rules by which it was
/// read where there are some, and all labels.
///
/// Numbers are written with the fewest digits that give the same double again. Labels that bear the name of one of the
/// fields are left out.
func packedLine(_ record: DecodedRecord) -> [UInt8] {
  let structure = record.structure
  var line: [UInt8] = []
  line.reserveCapacity(200 + 80 * structure.siteCount)
  func append(_ text: String) { line.append(contentsOf: text.utf8) }
  func append(_ vector: SIMD3<Double>) { append("[\(vector.x),\(vector.y),\(vector.z)]") }
  append("{\"id\":\(jsonText(record.id)),\"lattice\":[")
  let lattice = structure.lattice
  for (index, vector) in [lattice.a, lattice.b, lattice.c].enumerated() {
    if index > 0 { append(",") }
    append(vector)
  }
  append("],\"species\":[")
  for (index, element) in structure.elements.enumerated() {
    append(index > 0 ? ",\"\(element.symbol)\"" : "\"\(element.symbol)\"")
  }
  append("],\"frac_coords\":[")
  for (index, point) in structure.fractionalPositions.enumerated() {
    if index > 0 { append(",") }
    append(point)
  }
  append("]")
  if !record.notes.isEmpty {
    append(",\"reading\":\"\(record.notes.rules.map(\.rawValue).joined(separator: ","))\"")
  }
  let reserved: Set<String> = ["id", "lattice", "species", "frac_coords", "reading"]
  for (name, value) in record.properties.sorted(by: { $0.key < $1.key }) where !reserved.contains(name) {
    append(",\(jsonText(name)):\(value)")
  }
  append("}")
  return line
}
