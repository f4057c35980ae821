#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// eˣ in double precision.
package func exponential(_ x: Double) -> Double { exp(x) }

/// cos x in double precision, x in radians.
package func cosine(_ x: Double) -> Double { cos(x) }

/// log(1 + x) in double precision.
package func logarithm1p(_ x: Double) -> Double { log1p(x) }
