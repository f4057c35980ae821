internal import TensorKernels

/// Dense products and decompositions: those of a library where it computes rightly, and otherwise the program's own.
///
/// The check is made once, when the algebra is made: products of odd shapes in both precisions, an eigen-decomposition and
/// a Cholesky decomposition beside plain loops. All work is done on the calling thread, so that any number of threads may
/// call it at once; a result depends on the arguments alone, and on the processor that the library chose its kernels for.
public struct DenseAlgebra: Sendable {
  /// The algebra of OpenBLAS, loaded and checked when it is first asked for, which takes some milliseconds.
  public static let shared = DenseAlgebra(.openBLAS)

  /// What is wrong with the library; nil where it is used.
  public let fault: DenseFault?
  /// Name of the processor that the library chose its kernels for; nil where it is not used.
  public var coreName: String? { fault == nil ? library.coreName() : nil }
  let library: DenseLibrary

  /// Loads and checks a library. One thread at a time.
  package init(_ library: DenseLibrary) {
    self.library = library
    fault = library.load() ?? library.fault()
  }

  /// A product of matrices that do not overlap; see `ProductForm` for their shapes.
  ///
  /// A row's bits may depend on the rows beside it and on its place among them, unlike those of `KernelScalar.multiply`.
  /// Own kernels take room for a copy of B where it is transposed or m is no multiple of 16, and then for one of C.
  public func multiply<Scalar: DenseScalar>(
    _ shape: ProductShape, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>,
    into c: UnsafeMutablePointer<Scalar>
  ) {
    guard fault == nil else { return ownProduct(shape, a, b, into: c) }
    _ = Scalar.routines(of: library).product(shape, a, b, into: c, guarded: false)
  }
}

extension DenseRoutines {
  /// A product by the library; the number of the signal that ended it, where `guarded`, or 0.
  func product(
    _ shape: ProductShape, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>,
    into c: UnsafeMutablePointer<Scalar>, guarded: Bool
  ) -> Int32 {
    let (n, m, k) = (Int32(shape.rows), Int32(shape.columns), Int32(shape.inner))
    let (left, right) = (shape.form == .leftTransposed, shape.form == .rightTransposed)
    // Steps from row to row must not be 0, even of empty matrices.
    return product(
      guarded ? 1 : 0, left ? 1 : 0, right ? 1 : 0, n, m, k, a, max(1, left ? n : k), b,
      max(1, right ? k : m), shape.accumulates ? 1 : 0, c, max(1, m))
  }
}

/// The product by the kernels of `TensorKernels`, whose columns are a multiple of 16 and whose right matrix is not
/// transposed: otherwise over copies.
func ownProduct<Scalar: DenseScalar>(
  _ shape: ProductShape, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>,
  into c: UnsafeMutablePointer<Scalar>
) {
  let (n, m, k) = (shape.rows, shape.columns, shape.inner)
  let padded = (m + 15) / 16 * 16
  let (aRow, aColumn) = shape.form == .leftTransposed ? (1, n) : (k, 1)
  func multiply(_ b: UnsafePointer<Scalar>, into c: UnsafeMutablePointer<Scalar>) {
    Scalar.multiply(
      rows: n, columns: padded, inner: k, a, aRow: aRow, aColumn: aColumn, b, bias: nil, into: c,
      accumulate: shape.accumulates)
  }
  if shape.form != .rightTransposed, padded == m { return multiply(b, into: c) }
  let (bRow, bColumn) = shape.form == .rightTransposed ? (1, k) : (m, 1)
  let right = Buffer<Scalar>(capacity: k * padded)
  right.pointer.update(repeating: 0, count: k * padded)
  for row in 0..<k {
    for column in 0..<m { right.pointer[row * padded + column] = b[row * bRow + column * bColumn] }
  }
  if padded == m { return multiply(right.pointer, into: c) }
  let result = Buffer<Scalar>(capacity: n * padded)
  result.pointer.update(repeating: 0, count: n * padded)
  if shape.accumulates {
    for row in 0..<n { (result.pointer + row * padded).update(from: c + row * m, count: m) }
  }
  multiply(right.pointer, into: result.pointer)
  for row in 0..<n { (c + row * m).update(from: result.pointer + row * padded, count: m) }
}
