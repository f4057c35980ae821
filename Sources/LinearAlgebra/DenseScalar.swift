public import TensorKernels

/// A floating-point type of dense matrices: `Float` or `Double`.
public protocol DenseScalar: KernelScalar, BitwiseCopyable {
  /// The routines of a library in this precision.
  static func routines(of library: DenseLibrary) -> DenseRoutines<Self>
}

extension Float: DenseScalar {
  /// See `DenseScalar`.
  public static func routines(of library: DenseLibrary) -> DenseRoutines<Float> { library.single }
}

extension Double: DenseScalar {
  /// See `DenseScalar`.
  public static func routines(of library: DenseLibrary) -> DenseRoutines<Double> { library.double }
}

/// How the matrices of a product are stored, each row-major and without gaps.
public enum ProductForm: String, CaseIterable, Sendable {
  /// C (n, m) = A (n, k) · B (k, m).
  case plain
  /// C (n, m) = Aᵀ · B with A (k, n), B (k, m).
  case leftTransposed
  /// C (n, m) = A · Bᵀ with A (n, k), B (m, k).
  case rightTransposed
}

/// Form and shape of a product of n rows, m columns and the inner size k.
public struct ProductShape: Hashable, Sendable {
  /// How the matrices are stored.
  public let form: ProductForm
  /// Rows n of C.
  public let rows: Int
  /// Columns m of C.
  public let columns: Int
  /// Terms k of each sum.
  public let inner: Int
  /// Whether the product is added to C rather than put in its place.
  public let accumulates: Bool

  /// A shape; sizes are 0 … 2³¹ − 1, as OpenBLAS takes them.
  public init(_ form: ProductForm = .plain, rows: Int, columns: Int, inner: Int, accumulates: Bool = false) {
    let sizes = 0...Int(Int32.max)
    precondition(
      sizes.contains(rows) && sizes.contains(columns) && sizes.contains(inner), "sizes of 32 bits")
    self.form = form
    self.rows = rows
    self.columns = columns
    self.inner = inner
    self.accumulates = accumulates
  }
}
