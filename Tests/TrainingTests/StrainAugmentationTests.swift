import Crystal
import Networks
import TestSupport
import Testing
import Training

@Suite("Strained copies") struct StrainAugmentationTests {
  private let augmentation = StrainAugmentation(strain: 0.2, shear: 0.04, displacement: 0.05, share: 1)

  private func crystal() throws -> Structure {
    var generator = SeededGenerator(seed: 3)
    return try randomStructure(siteCount: 5, using: &generator)
  }

  @Test func `a copy follows from seed, epoch, position and view alone`() throws {
    let crystal = try crystal()
    let copy = augmentation.copy(of: crystal, index: 7, epoch: 2, seed: 1)
    #expect(copy != nil && copy == augmentation.copy(of: crystal, index: 7, epoch: 2, seed: 1))
    for other in [(8, 2, 1), (7, 3, 1), (7, 2, 2)] {
      #expect(
        copy != augmentation.copy(of: crystal, index: other.0, epoch: other.1, seed: UInt64(other.2)))
    }
    let views = (0..<3).map { augmentation.copy(of: crystal, index: 7, epoch: 2, view: $0, seed: 1) }
    #expect(views[0] == copy && views[1] != copy && views[2] != copy && views[1] != views[2])
  }

  @Test func `volumes are uniform within the strain, and a shear leaves them as they are`() throws {
    let crystal = try crystal()
    let ratios = (0..<2000).compactMap { index in
      augmentation.copy(of: crystal, index: index, epoch: 0, seed: 0).map {
        $0.lattice.volume / crystal.lattice.volume
      }
    }
    #expect(ratios.count == 2000)
    // exp(±0.2)
    #expect(ratios.allSatisfy { $0 > 0.818 && $0 < 1.222 })
    #expect(ratios.count { $0 < 1 } > 900 && ratios.count { $0 < 1 } < 1100)
    #expect(ratios.count { $0 > 1.1052 } > 400 && ratios.count { $0 > 1.1052 } < 600)
    let sheared = StrainAugmentation(strain: 0, shear: 0.1, displacement: 0, share: 1)
    for index in 0..<50 {
      let copy = try #require(sheared.copy(of: crystal, index: index, epoch: 0, seed: 0))
      #expect(abs(copy.lattice.volume / crystal.lattice.volume - 1) < 1e-12)
      #expect(copy.fractionalPositions == crystal.fractionalPositions)
      #expect(copy.lattice != crystal.lattice)
    }
  }

  @Test func `displacements have the deviation asked for, in every direction alike`() throws {
    let crystal = try crystal()
    let displaced = StrainAugmentation(strain: 0, shear: 0, displacement: 0.05, share: 1)
    var squares = SIMD3<Double>()
    var count = 0.0
    for index in 0..<1000 {
      let copy = try #require(displaced.copy(of: crystal, index: index, epoch: 0, seed: 0))
      for (old, new) in zip(crystal.fractionalPositions, copy.fractionalPositions) {
        let shift = crystal.lattice.cartesian(new - old)
        squares += shift * shift
        count += 1
      }
    }
    // Cut off at three deviations, the deviation is 0.9866 of the normal one; 5,000 draws give it within 1 %.
    for axis in 0..<3 { #expect(abs((squares[axis] / count).squareRoot() - 0.0493) < 0.002) }
  }

  @Test func `the share says how many crystals an epoch strains, and each epoch strains others`() throws {
    let crystal = try crystal()
    let half = StrainAugmentation(strain: 0.1, shear: 0, displacement: 0, share: 0.5)
    func chosen(_ epoch: Int) -> Set<Int> {
      Set((0..<1000).filter { half.copy(of: crystal, index: $0, epoch: epoch, seed: 5) != nil })
    }
    let (first, second) = (chosen(0), chosen(1))
    #expect(abs(first.count - 500) < 60 && abs(second.count - 500) < 60)
    #expect(abs(first.intersection(second).count - 250) < 50)
  }

  @Test func `a copy of the same shape is the crystal with all lengths times its factor`() throws {
    let crystal = try crystal()
    let isotropic = StrainAugmentation(strain: 0.1, shear: 0, displacement: 0, share: 0.7)
    #expect(isotropic.isIsotropic && !augmentation.isIsotropic)
    for index in 0..<40 {
      let copy = isotropic.copy(of: crystal, index: index, epoch: 3, seed: 1)
      let factor = isotropic.lengthFactor(index: index, epoch: 3, seed: 1)
      #expect((copy == nil) == (factor == nil))
      guard let copy, let factor else { continue }
      let difference = copy.lattice.a - factor * crystal.lattice.a
      #expect(difference.x * difference.x + difference.y * difference.y < 1e-20)
      #expect(copy.fractionalPositions == crystal.fractionalPositions)
    }
  }
}
