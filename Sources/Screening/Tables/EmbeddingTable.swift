internal import Crystal
internal import Foundation
internal import ModelFormats
internal import Networks
internal import StructureArchive
internal import TextFormats

/// Embeddings of every crystal of an archive.
public struct EmbeddingTable: Sendable {
  /// How a table is written.
  public enum Format: String, CaseIterable, Sendable {
    /// NumPy's format, 32-bit floats, shape (rows, width); ids beside it in a CSV file.
    case npy
    /// CSV: ids and numbers.
    case csv
  }

  private let embedder: CrystalEmbedder
  private let jobs: Int

  /// A table of what `embedder` says.
  public init(_ embedder: CrystalEmbedder, jobs: Int) {
    self.embedder = embedder
    self.jobs = jobs
  }

  /// The file of ids beside a file in NumPy's format: `X.csv` of `X.npy`.
  public static func idFile(of path: String) -> String {
    (path.hasSuffix(".npy") ? String(path.dropLast(4)) : path) + ".csv"
  }

  /// Writes a row a crystal, or a site where they are not pooled, in the order of the input.
  ///
  /// CSV has the columns `id`, of sites `site` and `element` too, and in that format one a number, as `convs.0_12`.
  ///
  /// - Throws: `ScreeningError`, `ArchiveError`.
  public func write(_ input: String, to output: String, format: Format) throws -> TableReport {
    let ofSites = embedder.pooling == .none
    let ids = try LineWriter(
      path: format == .csv ? output : Self.idFile(of: output), inputs: [input])
    var columns = ofSites ? ["id", "site", "element"] : ["id"]
    if format == .csv { columns += embedder.columns }
    try ids.append(columns.map { csvField($0) }.joined(separator: ","))
    let array = format == .csv ? nil : try ArrayWriter(path: output, width: embedder.width, input: input)
    var report = TableReport()
    let embedder = embedder
    try streamCrystals(
      input, jobs: jobs, report: &report,
      work: { scratch, records in
        records.map { record in
          do throws(InputError) {
            return .value((record, try embedder.rows(record.structure, scratch.embedder)))
          } catch {
            return .rejected(error.rejectionReason, "\(record.id): \(describe(error))")
          }
        }
      },
      write: { (value: (record: DecodedRecord, numbers: [Float])) in
        let id = csvField(value.record.id)
        let width = embedder.width
        for row in 0..<(ofSites ? value.record.structure.siteCount : 1) {
          let numbers = value.numbers[row * width..<(row + 1) * width]
          var line = id
          if ofSites { line += ",\(row),\(value.record.structure.elements[row].symbol)" }
          if format == .csv { line += numbers.map { ",\($0)" }.joined() }
          try ids.append(line)
          try array?.append(numbers)
        }
      })
    try array?.finish()
    try ids.finish()
    return report
  }
}

extension CrystalEmbedder {
  /// Names of the numbers of a row: the layer and the number within it.
  var columns: [String] { layerWidths.flatMap { layer in (0..<layer.width).map { "\(layer.name)_\($0)" } } }
}

/// Writes rows of 32-bit floats in NumPy's format; how many there are is known at the end alone.
private final class ArrayWriter {
  private let path: String
  private let width: Int
  private var bytes: [UInt8] = []
  private var count = 0

  init(path: String, width: Int, input: String) throws {
    if namesSameFile(input, path) {
      throw ScreeningError.invalid("\(path) would replace \(input), which it is made from; name another file")
    }
    self.path = path
    self.width = width
  }

  func append(_ row: ArraySlice<Float>) throws {
    row.withUnsafeBytes { bytes.append(contentsOf: $0) }
    count += 1
  }

  func finish() throws {
    try writeAtomically(NumPyArray.header(type: "<f4", shape: [count, width]) + bytes, to: path)
  }
}
