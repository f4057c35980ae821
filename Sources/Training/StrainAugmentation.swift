public import Crystal
internal import Networks
internal import TensorKernels

/// Strained copies of training crystals that keep the label of the relaxed one.
///
/// What is screened has a guessed cell; a network that saw relaxed cells alone takes the deviation of the guess for
/// physics. Trained on copies strained at random with the label of the relaxed crystal, it learns to say the energy after
/// relaxation (J. Gibson, A. Hire and R. G. Hennig, npj Computational Materials 8, 211 (2022)).
///
/// A copy has the lattice vectors r ↦ exp(v/3) (1 + ε) r / det(1 + ε)^⅓ and its sites displaced: v is uniform in
/// ±`strain`, ε symmetric and traceless with normal components of deviation `shear`, each Cartesian component of a
/// displacement normal of deviation `displacement`.
public struct StrainAugmentation: Hashable, Sendable {
  /// Largest change of ln V, either way.
  public var strain: Double
  /// Standard deviation of the components of the strain at constant volume.
  public var shear: Double
  /// Standard deviation of the Cartesian components of the sites' displacements (Å).
  public var displacement: Double
  /// Share of the crystals that are strained in an epoch, each epoch others; the rest is taken as it is.
  public var share: Double

  /// Largest deviation of a component from its mean, in standard deviations: a copy stays a crystal.
  private static let largestDeviation = 3.0

  /// Random strains of this size.
  ///
  /// - Precondition: nothing is negative, strain and shear at most 0.3, the share at most 1.
  public init(strain: Double, shear: Double, displacement: Double, share: Double) {
    precondition((0...0.3).contains(strain) && (0...0.3).contains(shear), "a strain of a crystal")
    precondition(displacement >= 0 && (0...1).contains(share), "a length and a share")
    self.strain = strain
    self.shear = shear
    self.displacement = displacement
    self.share = share
  }

  /// The copy of crystal `index` for an epoch, or nil where that epoch takes the crystal as it is.
  ///
  /// It follows from seed, epoch, index and view alone.
  ///
  /// - Parameters:
  ///   - structure: the relaxed crystal.
  ///   - index: its position in the training split.
  ///   - epoch: the epoch, from 0.
  ///   - view: which of several copies of the crystal in that epoch, from 0.
  ///   - seed: seed of the member that is trained.
  public func copy(of structure: Structure, index: Int, epoch: Int, view: Int = 0, seed: UInt64) -> Structure?
  {
    guard var generator = generator(index: index, epoch: epoch, view: view, seed: seed) else { return nil }
    return try? strained(structure, using: &generator)
  }

  /// Whether copies differ from their crystals in size alone.
  public var isIsotropic: Bool { shear == 0 && displacement == 0 }

  /// What `copy` multiplies all lengths by where it is isotropic; nil where the epoch takes the crystal as it is.
  public func lengthFactor(index: Int, epoch: Int, view: Int = 0, seed: UInt64) -> Double? {
    precondition(isIsotropic, "a copy of the same shape")
    guard var generator = generator(index: index, epoch: epoch, view: view, seed: seed) else { return nil }
    return exponential(volumeStrain(using: &generator) / 3)
  }

  /// What a copy is drawn by; nil where the epoch takes the crystal as it is.
  private func generator(index: Int, epoch: Int, view: Int, seed: UInt64) -> SeededRandom? {
    var generator = SeededRandom(
      seed: seed ^ 0x5354_5241_494E_0000, stream: UInt64(view) << 56 | UInt64(epoch) << 32 | UInt64(index))
    return Double.random(in: 0..<1, using: &generator) < share ? generator : nil
  }

  private func volumeStrain(using generator: inout SeededRandom) -> Double {
    strain > 0 ? Double.random(in: -strain...strain, using: &generator) : 0
  }

  private func strained(
    _ structure: Structure, using generator: inout SeededRandom
  ) throws -> Structure {
    let volume = volumeStrain(using: &generator)
    var diagonal = SIMD3<Double>()
    var mixed = SIMD3<Double>()
    for axis in 0..<3 { diagonal[axis] = shear * Self.normal(using: &generator) }
    for axis in 0..<3 { mixed[axis] = shear * Self.normal(using: &generator) }
    diagonal -= SIMD3(repeating: diagonal.sum() / 3)
    // Rows of 1 + ε; mixed holds ε_yz, ε_xz, ε_xy.
    let rows = (
      SIMD3(1 + diagonal.x, mixed.z, mixed.y), SIMD3(mixed.z, 1 + diagonal.y, mixed.x),
      SIMD3(mixed.y, mixed.x, 1 + diagonal.z)
    )
    let determinant = dot(rows.0, cross(rows.1, rows.2))
    let scale = exponential((volume - logarithm1p(determinant - 1)) / 3)
    func moved(_ vector: SIMD3<Double>) -> SIMD3<Double> {
      scale * SIMD3(dot(rows.0, vector), dot(rows.1, vector), dot(rows.2, vector))
    }
    let old = structure.lattice
    let lattice = try Lattice(a: moved(old.a), b: moved(old.b), c: moved(old.c))
    let positions = structure.fractionalPositions.map { position in
      guard displacement > 0 else { return position }
      var shift = SIMD3<Double>()
      for axis in 0..<3 { shift[axis] = displacement * Self.normal(using: &generator) }
      return position + lattice.fractional(shift)
    }
    return try Structure(
      lattice: lattice, elements: structure.elements, fractionalPositions: positions)
  }

  /// A standard normal number within ±`largestDeviation` (G. E. P. Box and M. E. Muller, Ann. Math. Stat. 29, 610
  /// (1958)); what lies beyond is drawn anew.
  private static func normal(using generator: inout SeededRandom) -> Double {
    while true {
      let radius = (-2 * logarithm1p(-Double.random(in: 0..<1, using: &generator))).squareRoot()
      let value = radius * cosine(2 * .pi * Double.random(in: 0..<1, using: &generator))
      if abs(value) <= largestDeviation { return value }
    }
  }
}
