internal import TensorKernels

/// How far two rows are from each other.
enum DistanceMeasure: Sendable {
  /// Σ (a_k − b_k)².
  case squared
  /// Σ |a_k − b_k|.
  case absolute
}

/// Distances between rows and a fixed set of rows, the points, in tiles that stay in a core's cache.
///
/// Squared distances are |a|² + |b|² − 2 a · b with the product by `KernelScalar.multiply`, absolute ones a sum in the order
/// of the columns. Tiles do not depend on threads, and a row's distances, to the last bit, not on the rows beside it.
struct PairwiseDistances: Sendable {
  /// Rows of a tile.
  static let height = 128
  /// Points of a tile; a multiple of 16, as the product asks.
  static let width = 256

  let points: FeatureMatrix
  let measure: DistanceMeasure
  /// The points of each tile side by side, shape (columns, width), with zeros behind the last point; in panels for the product.
  private let tiles: [[Double]]
  /// |b|² of each point.
  private let norms: [Double]

  init(to points: FeatureMatrix, _ measure: DistanceMeasure) {
    self.points = points
    self.measure = measure
    let (count, depth) = (points.rowCount, points.columnCount)
    tiles = stride(from: 0, to: count, by: Self.width).map { first in
      var tile = [Double](repeating: 0, count: depth * Self.width)
      for point in first..<min(first + Self.width, count) {
        for (column, value) in points[point].enumerated() {
          tile[column * Self.width + point - first] = value
        }
      }
      guard measure == .squared, depth > 0 else { return tile }
      return [Double](unsafeUninitializedCapacity: tile.count) { panels, filled in
        Double.pack(tile, rows: depth, columns: Self.width, into: panels.baseAddress.unsafelyUnwrapped)
        filled = tile.count
      }
    }
    norms = measure == .squared ? (0..<count).map { squaredLength(points[$0]) } : []
  }

  /// Blocks of rows that are computed at once.
  static func blocks(_ rowCount: Int) -> [Range<Int>] {
    stride(from: 0, to: rowCount, by: height).map { $0..<min($0 + height, rowCount) }
  }

  /// The distances of a block of rows to the first `count` points or more.
  ///
  /// - Parameters:
  ///   - rows: at most `height` rows of `matrix`.
  ///   - count: so many points at least are looked at: all of the tile that holds the last one.
  ///   - out: row r of the block goes to `out + r * rowStride`, and only so many numbers as there are points.
  ///   - scratch: working memory of the thread.
  func compute(
    _ rows: Range<Int>, of matrix: FeatureMatrix, points count: Int, into out: UnsafeMutablePointer<Double>,
    rowStride: Int, scratch: Buffer<Double>
  ) {
    precondition(matrix.columnCount == points.columnCount, "rows of one width")
    precondition(rows.count <= Self.height, "a block of rows")
    let depth = points.columnCount
    let tile = scratch.reserve(Self.height * Self.width)
    matrix.values.withUnsafeBufferPointer { values in
      // Of rows without columns every distance is 0.
      guard let base = values.baseAddress, depth > 0 else {
        for row in 0..<rows.count { (out + row * rowStride).update(repeating: 0, count: count) }
        return
      }
      let own = base + rows.lowerBound * depth
      let lengths = measure == .squared ? rows.map { squaredLength(matrix[$0]) } : []
      for (number, points) in tiles.enumerated() where number * Self.width < count {
        let first = number * Self.width
        let used = min(Self.width, count - first)
        switch measure {
        case .squared:
          Double.multiply(
            rows: rows.count, columns: Self.width, inner: depth, own, aRow: depth, panels: points, bias: nil,
            into: tile)
          for row in 0..<rows.count {
            let (products, out) = (tile + row * Self.width, out + row * rowStride + first)
            for point in 0..<used {
              out[point] = max(0, lengths[row] + norms[first + point] - 2 * products[point])
            }
          }
        case .absolute:
          points.withUnsafeBufferPointer { points in
            for row in 0..<rows.count {
              absoluteDistances(
                own + row * depth, points.baseAddress.unsafelyUnwrapped, depth: depth, into: tile)
              (out + row * rowStride + first).update(from: tile, count: used)
            }
          }
        }
      }
    }
  }
}

/// Σ x².
private func squaredLength(_ row: ArraySlice<Double>) -> Double { row.reduce(0) { $0 + $1 * $1 } }

/// Σ_k |a_k − b_kj| for the points j of a tile, shape (depth, width), in the order of k.
private func absoluteDistances(
  _ row: UnsafePointer<Double>, _ tile: UnsafePointer<Double>, depth: Int,
  into out: UnsafeMutablePointer<Double>
) {
  let magnitude = SIMD8<UInt64>(repeating: ~0 >> 1)
  let lanes = 8
  // Two vectors at once: sums wait for each other, and four registers each are what every processor has.
  for first in stride(from: 0, to: PairwiseDistances.width, by: 2 * lanes) {
    var (low, high) = (SIMD8<Double>(), SIMD8<Double>())
    var points = UnsafeRawPointer(tile + first)
    for column in 0..<depth {
      let value = SIMD8<Double>(repeating: row[column])
      let a = value - points.loadUnaligned(as: SIMD8<Double>.self)
      let b = value - points.loadUnaligned(fromByteOffset: 64, as: SIMD8<Double>.self)
      low += unsafeBitCast(unsafeBitCast(a, to: SIMD8<UInt64>.self) & magnitude, to: SIMD8<Double>.self)
      high += unsafeBitCast(unsafeBitCast(b, to: SIMD8<UInt64>.self) & magnitude, to: SIMD8<Double>.self)
      points += PairwiseDistances.width * MemoryLayout<Double>.stride
    }
    UnsafeMutableRawPointer(out + first).storeBytes(of: low, as: SIMD8<Double>.self)
    UnsafeMutableRawPointer(out + first + lanes).storeBytes(of: high, as: SIMD8<Double>.self)
  }
}
