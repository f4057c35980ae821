/// A three-dimensional lattice. Row vectors a, b, c in Å: x_cartesian = f₁ a + f₂ b + f₃ c.
public struct Lattice: Hashable, Sendable {
  /// First lattice vector (Å).
  public let a: SIMD3<Double>
  /// Second lattice vector (Å).
  public let b: SIMD3<Double>
  /// Third lattice vector (Å).
  public let c: SIMD3<Double>
  /// Volume of the cell |a · (b × c)| (Å³).
  public let volume: Double
  /// Reciprocal rows without 2π: f₁ = x · reciprocalA, and so on (Å⁻¹).
  public let reciprocalA: SIMD3<Double>
  /// See `reciprocalA`.
  public let reciprocalB: SIMD3<Double>
  /// See `reciprocalA`.
  public let reciprocalC: SIMD3<Double>

  /// A lattice from its row vectors (Å).
  ///
  /// - Throws: `LatticeError.notFinite` for NaN or infinite components; `.singular` where the volume is below
  ///   1e-6 of the product of the lengths, or a length is below 1e-3 Å (no crystal).
  public init(a: SIMD3<Double>, b: SIMD3<Double>, c: SIMD3<Double>) throws(LatticeError) {
    guard a.isFinite, b.isFinite, c.isFinite else { throw .notFinite }
    let bc = cross(b, c)
    let signed = dot(a, bc)
    let lengths = (length(a), length(b), length(c))
    guard lengths.0 > 1e-3, lengths.1 > 1e-3, lengths.2 > 1e-3,
      abs(signed) > 1e-6 * lengths.0 * lengths.1 * lengths.2, (1 / signed).isFinite
    else { throw .singular(volume: abs(signed)) }
    self.a = a
    self.b = b
    self.c = c
    self.volume = abs(signed)
    self.reciprocalA = bc / signed
    self.reciprocalB = cross(c, a) / signed
    self.reciprocalC = cross(a, b) / signed
  }

  /// Cartesian position (Å) of fractional coordinates.
  @inlinable
  public func cartesian(_ fractional: SIMD3<Double>) -> SIMD3<Double> {
    fractional.x * a + fractional.y * b + fractional.z * c
  }

  /// Fractional coordinates of a Cartesian position (Å).
  @inlinable
  public func fractional(_ cartesian: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(dot(cartesian, reciprocalA), dot(cartesian, reciprocalB), dot(cartesian, reciprocalC))
  }

  /// Distances between opposite faces of the cell (Å): how thick it is along each reciprocal direction.
  public var thicknesses: SIMD3<Double> {
    SIMD3(1 / length(reciprocalA), 1 / length(reciprocalB), 1 / length(reciprocalC))
  }
}

/// Why three vectors are not a lattice.
public enum LatticeError: Error, Equatable, Sendable {
  /// A component is NaN or infinite.
  case notFinite
  /// The vectors span no volume (volume in Å³).
  case singular(volume: Double)
}

/// Scalar product.
@inlinable
public func dot(_ left: SIMD3<Double>, _ right: SIMD3<Double>) -> Double {
  left.x * right.x + left.y * right.y + left.z * right.z
}

/// Vector product.
@inlinable
public func cross(_ left: SIMD3<Double>, _ right: SIMD3<Double>) -> SIMD3<Double> {
  SIMD3(
    left.y * right.z - left.z * right.y,
    left.z * right.x - left.x * right.z,
    left.x * right.y - left.y * right.x)
}

/// Euclidean length.
@inlinable
public func length(_ vector: SIMD3<Double>) -> Double { dot(vector, vector).squareRoot() }

extension SIMD3 where Scalar == Double {
  /// Whether all three components are finite.
  @inlinable public var isFinite: Bool { x.isFinite && y.isFinite && z.isFinite }
}
