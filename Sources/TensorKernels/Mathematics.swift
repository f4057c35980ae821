#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// eˣ in double precision.
package func exponential(_ x: Double) -> Double { exp(x) }

/// The output function of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014, 453): every bit of the result
/// depends on every bit of the state.
@inlinable
package func mixedBits(_ state: UInt64) -> UInt64 {
  var z = state
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}

/// cos x in double precision, x in radians.
package func cosine(_ x: Double) -> Double { cos(x) }

/// log(1 + x) in double precision.
package func logarithm1p(_ x: Double) -> Double { log1p(x) }

/// ln x in double precision.
package func logarithm(_ x: Double) -> Double { log(x) }

/// 2/√π ∫ e^(−t²) dt from x to infinity, in double precision.
package func complementaryErrorFunction(_ x: Double) -> Double { erfc(x) }
