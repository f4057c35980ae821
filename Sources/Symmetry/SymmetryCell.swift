internal import CSpglib
internal import Crystal

/// A crystal in the form that spglib takes: a basis that is not skew, and coordinates within the cell.
///
/// spglib looks for the nearest image of a site by rounding fractional differences, which goes wrong in skew cells; these are
/// reduced. Others stay, so that letters are those that spglib gives elsewhere for the same cell.
struct SymmetryCell {
  private typealias Vector = (Double, Double, Double)

  /// Lengths of reduced lattice vectors (Å) that a crystal has; beyond them spglib can take minutes for a single site.
  private static let lengths = 0.5...1e4
  /// Volume of a cell over the product of its lengths below which it is skew; reduced cells have at least 0.7.
  private static let skewness = 0.05

  private let lattice: Lattice
  /// Columns are the lattice vectors.
  private var columns: [Vector]
  private var positions: [Vector]
  private var types: [Int32]

  /// - Throws: `SymmetryError.degenerateCell`.
  init(_ structure: Structure) throws(SymmetryError) {
    do {
      let own = structure.lattice
      let reduced = try own.minkowskiReduced().lattice
      guard [reduced.a, reduced.b, reduced.c].allSatisfy({ Self.lengths.contains(length($0)) }) else {
        throw SymmetryError.degenerateCell
      }
      let isSkew = own.volume < Self.skewness * length(own.a) * length(own.b) * length(own.c)
      lattice = isSkew ? reduced : own
    } catch {
      throw .degenerateCell
    }
    let (a, b, c) = (lattice.a, lattice.b, lattice.c)
    columns = [(a.x, b.x, c.x), (a.y, b.y, c.y), (a.z, b.z, c.z)]
    positions = []
    for position in structure.fractionalPositions {
      // Wrapped before and after, so that coordinates far from the cell cost no digits.
      let wrapped = position - position.rounded(.down)
      let point = lattice.fractional(structure.lattice.cartesian(wrapped))
      let inside = point - point.rounded(.down)
      positions.append((inside.x, inside.y, inside.z))
    }
    types = structure.elements.map { Int32($0.rawValue) }
  }

  /// What spglib says, to be freed by the caller; nil where it finds nothing.
  mutating func dataset(tolerance: Double) -> UnsafeMutablePointer<SpglibDataset>? {
    spg_get_dataset(&columns, &positions, &types, Int32(types.count), tolerance)
  }

  /// Why spglib found nothing. Its own error code is shared by all threads, so what it refuses at first is looked for here.
  func reason(tolerance: Double) -> SymmetryError {
    let points = positions.map { SIMD3($0.0, $0.1, $0.2) }
    for first in points.indices {
      for second in points.indices.dropFirst(first + 1) where types[first] == types[second] {
        let difference = points[second] - points[first]
        let distance = length(lattice.cartesian(difference - difference.rounded(.toNearestOrEven)))
        if distance < tolerance {
          return .coincidentSites(siteA: first, siteB: second, distance: distance)
        }
      }
    }
    return .notFound
  }
}
