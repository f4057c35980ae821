#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// ln x in double precision.
func logarithm(_ x: Double) -> Double { log(x) }

/// 2/√π ∫ e^(−t²) dt from x to infinity, in double precision.
func complementaryErrorFunction(_ x: Double) -> Double { erfc(x) }
