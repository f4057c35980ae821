import Crystal

/// Along which lattice vectors a record says that its crystal repeats: all three for a crystal, two for a slab, one for
/// a chain.
struct Periodicity {
  /// Vacuum (Å) that parts the images of a slab or chain well enough that no neighbor is found across it.
  static let leastVacuum = 10.0
  private static let names = ["a", "b", "c"]

  /// For each lattice vector whether the crystal repeats along it; nil where only their number is given.
  let along: [Bool]?
  /// Number of directions of repetition.
  let count: Int

  init(along: [Bool]) {
    self.along = along
    count = along.count { $0 }
  }

  init(count: Int) {
    along = nil
    self.count = count
  }

  /// What to note of a slab or chain, which is read as the crystal of its images.
  ///
  /// - Throws: `.notACrystal` for molecules, and where images would come so close that they act on each other: the
  ///   record does not mean them.
  func note(for structure: Structure) throws(RecordError) -> ReadingNote {
    guard count > 0 else { throw Periodicity.molecule }
    let vacuums = Periodicity.vacuums(of: structure)
    // Where it is not said along which, it is along those with the most vacuum.
    let open: [Int] =
      if let along {
        (0..<3).filter { !along[$0] }
      } else {
        Array((0..<3).sorted { (-vacuums[$0], $0) < (-vacuums[$1], $1) }.prefix(3 - count)).sorted()
      }
    let kind = count == 2 ? "a slab" : "a chain"
    let list = open.map { Periodicity.names[$0] }.joined(separator: " and ")
    let least = open.map { vacuums[$0] }.min() ?? 0
    let rounded = ((max(0, least) * 10).rounded() / 10)
    guard least >= Periodicity.leastVacuum else {
      throw RecordError(
        reason: .notACrystal,
        message: "\(kind), not periodic along \(list), with \(rounded) Å of vacuum there: below "
          + "\(Periodicity.leastVacuum) Å its images, which the record does not mean, would act on it")
    }
    return ReadingNote(
      rule: .partlyPeriodic,
      message: "\(kind), not periodic along \(list): read as a crystal with \(rounded) Å of vacuum there")
  }

  /// The refusal of a record that repeats in no direction.
  static let molecule = RecordError(
    reason: .notACrystal,
    message: "the record says that it is periodic in no direction: a molecule or cluster")

  // The distance (Å) between the planes that bound neighboring images along each lattice vector. Positions are taken as
  // they are: along a direction without repetition they must not be wrapped.
  private static func vacuums(of structure: Structure) -> [Double] {
    let thicknesses = structure.lattice.thicknesses
    return (0..<3).map { axis in
      let values = structure.fractionalPositions.map { $0[axis] }
      let extent = (values.max() ?? 0) - (values.min() ?? 0)
      return thicknesses[axis] * (1 - extent)
    }
  }
}
