internal import COpenBLAS

/// A library of dense routines before it is checked: OpenBLAS, or in tests one that computes wrongly.
public struct DenseLibrary: Sendable {
  /// Loads the library; what is wrong where it cannot be loaded.
  package var load: @Sendable () -> DenseFault?
  /// Name of the processor that the kernels were chosen for, once it is loaded.
  package var coreName: @Sendable () -> String
  /// The routines in single precision.
  package var single: DenseRoutines<Float>
  /// The routines in double precision.
  package var double: DenseRoutines<Double>

  /// OpenBLAS with its LAPACK, on the calling thread alone.
  package static let openBLAS = DenseLibrary(
    load: {
      switch sluice_openblas_load() {
      case 0: nil
      case -1: .missing(reason: String(cString: sluice_openblas_problem()))
      case let signal: .ended(routine: "its start", signal: Int(signal))
      }
    },
    coreName: { String(cString: sluice_openblas_core()) },
    single: DenseRoutines(
      product: sluice_openblas_product_f32, eigen: sluice_openblas_eigen_f32,
      cholesky: sluice_openblas_cholesky_f32, choleskySolve: sluice_openblas_cholesky_solve_f32),
    double: DenseRoutines(
      product: sluice_openblas_product_f64, eigen: sluice_openblas_eigen_f64,
      cholesky: sluice_openblas_cholesky_f64, choleskySolve: sluice_openblas_cholesky_solve_f64))
}

/// Routines of one precision with the arguments and results of COpenBLAS.h.
public struct DenseRoutines<Scalar: DenseScalar>: Sendable {
  package typealias In = UnsafePointer<Scalar>?
  package typealias Out = UnsafeMutablePointer<Scalar>?
  package typealias Integers = UnsafeMutablePointer<Int32>?

  package var product:
    @Sendable (Int32, Int32, Int32, Int32, Int32, Int32, In, Int32, In, Int32, Int32, Out, Int32) -> Int32
  package var eigen: @Sendable (Int32, Int32, Out, Out, Out, Int32, Integers, Int32, Integers) -> Int32
  package var cholesky: @Sendable (Int32, Int32, Out, Integers) -> Int32
  package var choleskySolve: @Sendable (Int32, Int32, Int32, In, Out, Integers) -> Int32
}

/// What makes a library of dense routines unusable; the program's own take its place.
public enum DenseFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// It is not there, or lacks a routine.
  case missing(reason: String)
  /// A routine ended by a signal, for want of instructions for instance.
  case ended(routine: String, signal: Int)
  /// A routine gave wrong numbers.
  case wrong(routine: String)

  /// A sentence for the person.
  public var description: String {
    let fault =
      switch self {
      case .missing(let reason): "OpenBLAS is not there (\(reason))"
      case .ended(let routine, let signal): "OpenBLAS cannot run here (\(routine) ended by signal \(signal))"
      case .wrong(let routine): "OpenBLAS computes wrongly here (\(routine))"
      }
    return fault + "; own routines take its place, and wide layers take longer"
  }
}
