import CKernelLevels
import TensorKernels

/// A processor level that the kernels are compiled for.
enum KernelLevel: String, CaseIterable {
  case baseline = "default"
  case v3
  case v4

  private var number: sluice_level {
    switch self {
    case .baseline: sluice_level_default
    case .v3: sluice_level_v3
    case .v4: sluice_level_v4
    }
  }

  /// The name that the product has for it; `only` where there are no levels.
  var processorLevel: ProcessorLevel {
    switch self {
    case .baseline: .baseline
    case .v3: .avx2
    case .v4: .avx512
    }
  }

  /// The levels that this processor runs, lowest first; the loader picks the last.
  static let supported = allCases.filter { sluice_level_is_supported($0.number) != 0 }

  /// The kernels in single precision.
  var single: KernelTable<Float> { KernelTable(sluice_level_f32(number)) }
  /// The kernels in double precision.
  var double: KernelTable<Double> { KernelTable(sluice_level_f64(number)) }
}

/// The kernels of one level and precision with the arguments of CKernels.h.
struct KernelTable<Scalar: KernelScalar> {
  typealias In = UnsafePointer<Scalar>?
  typealias Out = UnsafeMutablePointer<Scalar>?
  typealias Index = UnsafePointer<Int32>?
  typealias Sum = UnsafeMutablePointer<Double>?

  let gaussianTaps: (In, Int, Scalar, Int32, Out, UnsafeMutablePointer<Int32>?) -> Void
  let gemm: (Int, Int, Int, In, Int, Int, In, Int, In, Out, Int, Int32) -> Void
  let edgeStatistics: (Int, Int, In, Index, Index, In, Index, In, In, Sum, Sum) -> Void
  let edgeGate: (Int, Int, In, Index, Index, In, Index, In, In, In, In, Out) -> Void
  let edgeGateBackwardStatistics:
    (Int, Int, In, Index, Index, In, Index, In, In, In, In, In, In, In, Sum, Sum) -> Void
  let edgeGateBackward:
    (Int, Int, In, Index, Index, In, Index, In, In, In, In, In, In, In, In, In, In, In, Out, Out) -> Void
  let columnStatistics: (Int, Int, In, In, Sum, Sum) -> Void
  let residualSoftplus: (Int, Int, In, In, In, In, Out) -> Void
  let residualSoftplusBackward: (Int, Int, In, In, In, In, Out, Sum, Sum) -> Void
  let normalizationBackward: (Int, Int, In, In, In, In, In, In, In, In, Out) -> Void
  let softplus: (Int, Scalar, Out) -> Void
  let softplusBackward: (Int, Scalar, In, Out) -> Void
  let edgeAssemble: (Int, Int, Index, Index, In, Int, In, Int, Out) -> Void
  let edgeScatter: (Int, Int, Index, Index, In, Out, Int, Out, Int) -> Void
  let pairGate:
    (Int, Int, Int, Index, Index, UnsafePointer<Int32>?, In, In, In, In, Int, In, In, Out, Out) -> Void
  let pairGateBackward: (Int, Int, Int, Index, In, In, In, In, In, In, Out) -> Void
  let tripletGate: (Int, Int, Int, Index, In, In, In, In, In, Int32, Out, Out) -> Void
  let tripletGateBackward: (Int, Int, Int, Index, In, In, In, In, In, Int32, In, In, Out, Out) -> Void
  let tripletStatistics: (Int, Int, Index, In, In, In, In, Sum, Sum) -> Void
  let columnProducts: (Int, Int, In, In, Sum, Sum) -> Void
  let tripletNormalizationBackward: (Int, Int, Index, In, In, In, In, In, In, In, In, In, Out, Out) -> Void
  let filterSum: (Int, Int, Index, Index, In, In, Index, In, In, Index, In, Out) -> Void
  let filterSumBackward: (Int, Int, Index, Index, In, In, Index, In, In, Index, In, In, Out, Out, Out) -> Void
  let edgeGatedMean: (Int, Int, Int, Index, Index, In, In, Index, In, Out, Out, Out) -> Void
  let edgeGatedMeanBackward: (Int, Int, Index, Index, In, In, In, In, In, In, Int32, Out, Out) -> Void
  let residualSiLU: (Int, Int, In, Index, In, In, In, Out) -> Void
  let siLUBackward: (Int, Int, In, In, In, In, In, In, Out, Sum, Sum) -> Void
  let scatterRows: (Int, Int, Index, In, Out) -> Void
  let silu: (Int, In, Out) -> Void
  let siLUSlope: (Int, In, Out) -> Void
  let edgeSum: (Int, Int, Index, In, In, Out) -> Void
  let edgeSumBackward: (Int, Int, Index, In, In, Int32, Out) -> Void

  let addRows: (Int, Int, In, Int, Out) -> Void
  let addToRows: (Int, Int, In, Out, Int) -> Void
  let adamStep: (Int, AdamStep<Scalar>, In, Out, Out, Out) -> Void

  /// How far a result may be from the plain loop in double, relative to the size of what is added up.
  var tolerance: Double { MemoryLayout<Scalar>.size == 4 ? 2e-6 : 1e-14 }
}
