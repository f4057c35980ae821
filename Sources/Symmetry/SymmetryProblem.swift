internal import CSpglib
internal import Crystal

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the symmetry of a crystal follows from, alike for crystals that differ in size and elements alone.
///
/// Lengths are in a unit in which a site takes up 20 Å³, about as in crystals: spglib compares volumes with the tolerance. Elements
/// are numbers in the order of the sites. Lengths and coordinates are rounded to 1e-10 and the tolerance to seven bits, downwards:
/// two decorations of a prototype are then one problem, bit for bit, and what is found for one holds for the other.
struct SymmetryProblem: Hashable {
  /// Lengths of reduced lattice vectors (Å) that a crystal has; beyond them spglib can take minutes for a single site.
  private static let lengths = 0.5...1e4
  /// Volume of a cell over the product of its lengths below which it is skew; reduced cells have at least 0.7.
  private static let skewness = 0.05

  /// Lattice vectors. spglib looks for the nearest image of a site by rounding fractional differences, which goes wrong in skew
  /// cells; these are reduced. Others stay, so that letters are those that spglib gives elsewhere for the same cell.
  private let vectors: [SIMD3<Double>]
  /// Fractional coordinates from 0 to 1.
  private let positions: [SIMD3<Double>]
  private let types: [Int32]
  private let tolerance: Double
  /// The unit of lengths (Å); what is found does not depend on it.
  private let unit: Unit

  /// A number that is no part of what a problem is.
  private struct Unit: Hashable {
    let length: Double
    static func == (left: Unit, right: Unit) -> Bool { true }
    func hash(into hasher: inout Hasher) {}
  }

  /// - Throws: `SymmetryError.degenerateCell`.
  init(_ structure: Structure, tolerance: Double) throws(SymmetryError) {
    let own = structure.lattice
    let reduced: Lattice
    do { reduced = try own.minkowskiReduced().lattice } catch { throw .degenerateCell }
    guard [reduced.a, reduced.b, reduced.c].allSatisfy({ Self.lengths.contains(length($0)) }) else {
      throw .degenerateCell
    }
    let isSkew = own.volume < Self.skewness * length(own.a) * length(own.b) * length(own.c)
    let lattice = isSkew ? reduced : own
    let size = cbrt(lattice.volume / (20 * Double(structure.siteCount)))
    unit = Unit(length: size)
    vectors = [lattice.a, lattice.b, lattice.c].map { Self.rounded($0 / size) }
    positions = structure.fractionalPositions.map { position in
      // Wrapped before and after, so that coordinates far from the cell cost no digits.
      let wrapped = position - position.rounded(.down)
      let point = Self.rounded(isSkew ? lattice.fractional(own.cartesian(wrapped)) : wrapped)
      return point - point.rounded(.down)
    }
    var numbers: [Element: Int32] = [:]
    types = structure.elements.map { element in
      let number = numbers[element] ?? Int32(numbers.count + 1)
      numbers[element] = number
      return number
    }
    let scaled = tolerance / size
    self.tolerance =
      scaled.ulp * (scaled / scaled.ulp / Self.toleranceSteps).rounded(.down) * Self.toleranceSteps
  }

  /// 2⁴⁶: of the 53 bits of a tolerance the upper seven count.
  private static let toleranceSteps = Double(sign: .plus, exponent: 46, significand: 1)

  private static func rounded(_ vector: SIMD3<Double>) -> SIMD3<Double> {
    (vector * 1e10).rounded(.toNearestOrEven) / 1e10
  }

  /// What is the same for all crystals of the problem.
  struct Solution {
    let spaceGroup: SpaceGroup
    let hallNumber: Int
    let letters: [Character]
    let orbits: [Int]
    /// Number of sites of the conventional cell.
    let conventionalSites: Int
  }

  /// Asks spglib.
  ///
  /// - Throws: `SymmetryError`.
  func solution() throws(SymmetryError) -> Solution {
    typealias Vector = (Double, Double, Double)
    let (a, b, c) = (vectors[0], vectors[1], vectors[2])
    var columns: [Vector] = [(a.x, b.x, c.x), (a.y, b.y, c.y), (a.z, b.z, c.z)]
    var points: [Vector] = positions.map { ($0.x, $0.y, $0.z) }
    var types = types
    let count = types.count
    guard let dataset = spg_get_dataset(&columns, &points, &types, Int32(count), tolerance) else {
      throw reason()
    }
    defer { spg_free_dataset(dataset) }
    let found = dataset.pointee
    guard let group = SpaceGroup(number: Int(found.spacegroup_number)), Int(found.n_atoms) == count,
      let letters = found.wyckoffs, let orbits = found.crystallographic_orbits
    else { throw .notFound }
    return Solution(
      spaceGroup: group, hallNumber: Int(found.hall_number),
      letters: (0..<count).map { Self.letter(Int(letters[$0])) },
      orbits: (0..<count).map { Int(orbits[$0]) }, conventionalSites: Int(found.n_std_atoms))
  }

  private static func letter(_ index: Int) -> Character {
    let code = index < 26 ? Int(UInt8(ascii: "a")) + index : Int(UInt8(ascii: "A")) + index - 26
    return Character(UnicodeScalar(UInt8(clamping: code)))
  }

  /// Why spglib found nothing. Its own error code is shared by all threads, so what it refuses at first is looked for here.
  private func reason() -> SymmetryError {
    for first in positions.indices {
      for second in positions.indices.dropFirst(first + 1) where types[first] == types[second] {
        let difference = positions[second] - positions[first]
        let nearest = difference - difference.rounded(.toNearestOrEven)
        let distance = length(nearest.x * vectors[0] + nearest.y * vectors[1] + nearest.z * vectors[2])
        if distance < tolerance {
          return .coincidentSites(siteA: first, siteB: second, distance: distance * unit.length)
        }
      }
    }
    return .notFound
  }
}
