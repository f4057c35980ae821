internal import TensorKernels

/// out (columns, rows) = matrix (rows, columns) transposed.
func transpose<Scalar: BitwiseCopyable>(
  _ matrix: UnsafePointer<Scalar>, rows: Int, columns: Int, into out: UnsafeMutablePointer<Scalar>
) {
  for row in 0..<rows {
    for column in 0..<columns { out[column * rows + row] = matrix[row * columns + column] }
  }
}
