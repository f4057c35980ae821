import Crystal

/// A crystal in its Minkowski-reduced cell, sites wrapped into it, with the way back to the cell as given.
///
/// In the reduced cell few translations have to be looked at, however skewed the given basis is. Translations are
/// counted in the reduced basis here; `image(_:from:to:)` gives them in the basis and for the positions as given.
struct ReducedCell: ~Copyable {
  /// Number of sites N.
  private(set) var siteCount = 0
  /// Reduced lattice vectors (Å), shortest first.
  private(set) var basis = (SIMD3<Double>(), SIMD3<Double>(), SIMD3<Double>())
  /// Reciprocal vectors of the reduced basis (Å⁻¹), without 2π.
  private(set) var reciprocal = (SIMD3<Double>(), SIMD3<Double>(), SIMD3<Double>())
  /// Distances between opposite faces of the reduced cell (Å).
  private(set) var thicknesses = SIMD3<Double>()
  /// Volume of the cell (Å³).
  private(set) var volume = 0.0
  /// Fractional coordinates in the reduced basis, 0 ≤ f ≤ 1.
  private(set) var fractional = GrowableBuffer<SIMD3<Double>>()
  /// Cartesian coordinates (Å) of the wrapped sites.
  private(set) var cartesian = GrowableBuffer<SIMD3<Double>>()
  /// Least and greatest fractional coordinates over the sites.
  private(set) var lowest = SIMD3<Double>()
  private(set) var highest = SIMD3<Double>()

  /// How many reduced cells away, along each axis, a translation can be told in 32 bits.
  private(set) var reach = 0

  private var transformation = (SIMD3<Int>(1, 0, 0), SIMD3<Int>(0, 1, 0), SIMD3<Int>(0, 0, 1))
  /// Translation, in the given basis, from each wrapped site to the site as given.
  private var shifts = GrowableBuffer<SIMD3<Int>>()

  /// The pair of a site and its own image, where the lattice alone brings them closer than `minimumDistance` (Å).
  ///
  /// Asked before anything is gathered: the sphere of a neighbor search holds no end of images of such a cell.
  func ownImageCloser(than minimumDistance: Double) -> GraphError? {
    let shortest = length(basis.0)
    return shortest < minimumDistance ? .sitesTooClose(siteA: 0, siteB: 0, distance: shortest) : nil
  }

  /// Radius (Å) of the sphere that holds so many sites at the crystal's mean density.
  func radius(holding sites: Double) -> Double {
    let volume = sites * volume / Double(siteCount)
    return cubeRoot(volume * 3 / (4 * Double.pi))
  }

  /// Reduces the lattice of `structure` and wraps its sites.
  mutating func load(_ structure: Structure) throws(GraphError) {
    let reduced: ReducedLattice
    do { reduced = try structure.lattice.minkowskiReduced() } catch { throw .degenerateLattice(error) }
    let lattice = reduced.lattice
    basis = (lattice.a, lattice.b, lattice.c)
    reciprocal = (lattice.reciprocalA, lattice.reciprocalB, lattice.reciprocalC)
    thicknesses = lattice.thicknesses
    volume = lattice.volume
    transformation = reduced.transformation
    siteCount = structure.siteCount
    fractional.reserve(siteCount)
    cartesian.reserve(siteCount)
    shifts.reserve(siteCount)
    wrap(structure.fractionalPositions)
    reach = largestReach()
    guard reach > 0 else { throw .imageOutOfRange }
  }

  private mutating func wrap(_ positions: [SIMD3<Double>]) {
    // position = f · given = f · T⁻¹ · reduced; T is unimodular, so T⁻¹ = ± its adjugate, and integer.
    let (r0, r1, r2) = transformation
    let c0 = wrappingCross(r1, r2)
    let c1 = wrappingCross(r2, r0)
    let c2 = wrappingCross(r0, r1)
    let determinant = r0.x &* c0.x &+ r0.y &* c0.y &+ r0.z &* c0.z
    let sign = determinant < 0 ? -1.0 : 1.0
    // Columns of T⁻¹ are the cross products of the rows of T.
    let (i0, i1, i2) = (sign * SIMD3<Double>(c0), sign * SIMD3<Double>(c1), sign * SIMD3<Double>(c2))
    var low = SIMD3<Double>(repeating: .infinity)
    var high = -low
    for site in 0..<siteCount {
      let given = positions[site]
      let givenCell = wholePart(given)
      let inside = given - SIMD3<Double>(givenCell)
      let turned = SIMD3(dot(inside, i0), dot(inside, i1), dot(inside, i2))
      let cell = wholePart(turned)
      let wrapped = turned - SIMD3<Double>(cell)
      fractional.base[site] = wrapped
      cartesian.base[site] = wrapped.x * basis.0 + wrapped.y * basis.1 + wrapped.z * basis.2
      shifts.base[site] = givenImage(cell) &+ givenCell
      low.replace(with: wrapped, where: wrapped .< low)
      high.replace(with: wrapped, where: wrapped .> high)
    }
    (lowest, highest) = (low, high)
  }

  /// A translation of the reduced basis, in the given basis.
  @inline(__always)
  func givenImage(_ image: SIMD3<Int>) -> SIMD3<Int> {
    image.x &* transformation.0 &+ image.y &* transformation.1 &+ image.z &* transformation.2
  }

  /// The translation, in the given basis and between positions as given, that belongs to the translation `image`
  /// of the reduced basis between wrapped positions.
  @inline(__always)
  func image(_ image: SIMD3<Int>, from center: Int, to neighbor: Int) -> SIMD3<Int32> {
    SIMD3<Int32>(truncatingIfNeeded: givenImage(image) &+ shifts.base[center] &- shifts.base[neighbor])
  }

  /// The greatest number of reduced cells along an axis for which no translation overflows 32 bits.
  private func largestReach() -> Int {
    var largest = 1
    for row in [transformation.0, transformation.1, transformation.2] {
      for axis in 0..<3 { largest = max(largest, abs(row[axis])) }
    }
    var shift = 0
    for site in 0..<siteCount {
      for axis in 0..<3 { shift = max(shift, abs(shifts.base[site][axis])) }
    }
    return shift > Int(Int32.max) / 4 ? 0 : (Int(Int32.max) - 2 * shift) / (3 * largest)
  }
}

/// The greatest whole numbers not above the components, which must be below 2⁶² in magnitude.
@inline(__always)
private func wholePart(_ value: SIMD3<Double>) -> SIMD3<Int> {
  // A conversion and a comparison; `rounded(.down)` is a call into the C library without SSE4.1.
  let (x, y, z) = (Int(value.x), Int(value.y), Int(value.z))
  return SIMD3(
    Double(x) > value.x ? x &- 1 : x, Double(y) > value.y ? y &- 1 : y, Double(z) > value.z ? z &- 1 : z)
}

private func wrappingCross(_ left: SIMD3<Int>, _ right: SIMD3<Int>) -> SIMD3<Int> {
  SIMD3(
    left.y &* right.z &- left.z &* right.y, left.z &* right.x &- left.x &* right.z,
    left.x &* right.y &- left.y &* right.x)
}
