internal import ModelFormats
internal import Regression
internal import StructureArchive

/// Rows of numbers by id: an array in NumPy's format and a table of ids beside it.
public struct FeatureFile: Sendable {
  /// The array.
  public let path: String
  let features: FeatureMatrix
  private let rows: [String: Int]

  /// Reads an array of the shape (rows, columns) and its ids.
  ///
  /// - Parameters:
  ///   - path: the array.
  ///   - ids: CSV file with a column `id`, a line a row; nil for the one beside the array (`EmbeddingTable.idFile`).
  /// - Throws: `ScreeningError`, `ArchiveError`; also where an id stands twice, or a number is not finite.
  public init(path: String, ids: String? = nil) throws {
    self.path = path
    let bytes = try readWholeFile(path: path)
    let array: NumPyArray
    do throws(NumPyError) { array = try NumPyArray(bytes) } catch {
      throw ScreeningError.unreadable(path: path, reason: "\(error)")
    }
    guard array.shape.count == 2, array.shape[1] > 0 else {
      throw ScreeningError.unreadable(
        path: path, reason: "the shape is \(array.shape); a row of numbers for each crystal was expected")
    }
    let values = array.doubles
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw ScreeningError.unreadable(
        path: path,
        reason: "the number in row \(index / array.shape[1]), column \(index % array.shape[1]), is not finite"
      )
    }
    features = FeatureMatrix(rowCount: array.shape[0], columnCount: array.shape[1], values: values)
    var table = try TableFile(path: ids ?? EmbeddingTable.idFile(of: path), comments: .aboveHeader)
    let column = try table.column("id")
    var rows: [String: Int] = [:]
    var count = 0
    while try table.next() {
      let id = try table.text(column)
      guard rows.updateValue(count, forKey: id) == nil else {
        throw table.problem("the id \(id) stands twice")
      }
      count += 1
    }
    guard count == features.rowCount else {
      throw ScreeningError.unreadable(
        path: table.path, reason: "\(count) ids of \(features.rowCount) rows in \(path)")
    }
    self.rows = rows
  }

  /// The numbers of a crystal; nil where it is not there.
  func row(_ id: String) -> ArraySlice<Double>? { rows[id].map { features[$0] } }
}
