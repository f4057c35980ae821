/// Numbers that describe crystals: row-major, shape (rows, columns), a row a crystal.
public struct FeatureMatrix: Hashable, Sendable {
  /// Number of rows.
  public let rowCount: Int
  /// Numbers a row.
  public let columnCount: Int
  /// All numbers.
  public private(set) var values: [Double]

  /// A matrix; `values` must hold as many numbers as the shape says.
  public init(rowCount: Int, columnCount: Int, values: [Double]) {
    precondition(values.count == rowCount * columnCount, "as many numbers as the shape says")
    self.rowCount = rowCount
    self.columnCount = columnCount
    self.values = values
  }

  /// The numbers of a row.
  public subscript(row: Int) -> ArraySlice<Double> {
    values[row * columnCount..<(row + 1) * columnCount]
  }

  /// Some of the rows, in the order of `indices`.
  public func rows(_ indices: [Int]) -> FeatureMatrix {
    var chosen: [Double] = []
    chosen.reserveCapacity(indices.count * columnCount)
    for index in indices { chosen.append(contentsOf: self[index]) }
    return FeatureMatrix(rowCount: indices.count, columnCount: columnCount, values: chosen)
  }

  /// Changes every number, given its column.
  mutating func update(_ body: (_ number: Double, _ column: Int) -> Double) {
    let width = columnCount
    values.withUnsafeMutableBufferPointer { values in
      for first in stride(from: 0, to: values.count, by: max(1, width)) {
        for column in 0..<width { values[first + column] = body(values[first + column], column) }
      }
    }
  }
}
