internal import TensorKernels

/// out (columns, rows) = matrix (rows, columns) transposed.
func transpose<Scalar: BitwiseCopyable>(
  _ matrix: UnsafePointer<Scalar>, rows: Int, columns: Int, into out: UnsafeMutablePointer<Scalar>
) {
  for row in 0..<rows {
    for column in 0..<columns { out[column * rows + row] = matrix[row * columns + column] }
  }
}

/// out (width) += Σ of the first `width` numbers of the rows of g, which are `stride` apart.
func addRows<Scalar: KernelScalar>(
  _ g: UnsafePointer<Scalar>, rows: Int, width: Int, stride: Int, to out: UnsafeMutablePointer<Scalar>
) {
  for row in 0..<rows {
    for channel in 0..<width { out[channel] += g[row * stride + channel] }
  }
}
