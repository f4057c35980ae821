internal import CKernels

/// What of the processor the kernels use: of the levels they are compiled for, the highest that it runs.
public enum ProcessorLevel: Int32, Sendable, CustomStringConvertible {
  /// They are compiled for one level alone: for another architecture, or under the thread sanitizer.
  case only = 0
  /// Any x86-64.
  case baseline = 1
  /// x86-64-v3.
  case avx2 = 3
  /// x86-64-v4.
  case avx512 = 4

  /// That of this processor.
  public static let current = ProcessorLevel(rawValue: sluice_kernel_level()) ?? .only

  /// Its instructions and its name, for people.
  public var description: String {
    switch self {
    case .only: "no level of their own"
    case .baseline: "SSE2 (x86-64)"
    case .avx2: "AVX2 (x86-64-v3)"
    case .avx512: "AVX-512 (x86-64-v4)"
    }
  }
}
