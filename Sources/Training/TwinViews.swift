public import Crystal

/// How two views of a crystal are drawn that a network is to find alike: some sites lose their element, each site loses some of
/// its edges, and sites may be displaced.
///
/// Source: R. Magar, Y. Wang and A. Barati Farimani, npj Comput. Mater. 8, 231 (2022), with the counts of their code, which
/// leaves displacements out.
public struct TwinViews: Hashable, Sendable {
  /// Share of the sites that lose their element: the whole number below it, at least one site.
  public var maskedSites = 0.1
  /// Share of the edges of a site that it loses: of n the whole number above (1 − share) n stay.
  public var droppedEdges = 0.1
  /// Largest displacement of a site (Å), uniform up to it in a random direction.
  public var displacement = 0.0

  /// The shares of the published code.
  public init() {}

  /// What a view is drawn by: it follows from the seed and these numbers alone.
  ///
  /// - Parameters:
  ///   - index: place of the crystal in its split.
  ///   - epoch: from 0.
  ///   - view: from 0.
  ///   - seed: seed of the training.
  public func generator(index: Int, epoch: Int, view: Int, seed: UInt64) -> SeededRandom {
    SeededRandom(
      seed: seed ^ 0x5457_494E_0000_0000, stream: UInt64(view) << 56 | UInt64(epoch) << 32 | UInt64(index))
  }

  /// The sites that lose their element, of `count`.
  public func masked(_ count: Int, using generator: inout some RandomNumberGenerator) -> [Int] {
    guard maskedSites > 0 else { return [] }
    return Array((0..<count).shuffled(using: &generator).prefix(max(1, Int(maskedSites * Double(count)))))
  }

  /// The edges that stay of the `count` edges of a site.
  public func kept(_ count: Int, using generator: inout some RandomNumberGenerator) -> [Int] {
    // Of ten a tenth is one, whatever the rounding of 1 − 0.1.
    let left = Int(((1 - droppedEdges) * Double(count) - 1e-9).rounded(.up))
    return Array((0..<count).shuffled(using: &generator).prefix(left))
  }

  /// The crystal with displaced sites.
  ///
  /// - Throws: `StructureError` where it is no crystal then.
  public func displaced(
    _ structure: Structure, using generator: inout some RandomNumberGenerator
  ) throws -> Structure {
    let positions = structure.fractionalPositions.map { position -> SIMD3<Double> in
      // A direction: a point of the ball, drawn from the cube around it.
      var direction = SIMD3<Double>.zero
      var square = 0.0
      repeat {
        for axis in 0..<3 { direction[axis] = Double.random(in: -1...1, using: &generator) }
        square = (direction * direction).sum()
      } while square > 1 || square < 1e-6
      let length = Double.random(in: 0...displacement, using: &generator)
      return position + structure.lattice.fractional(direction * (length / square.squareRoot()))
    }
    return try Structure(
      lattice: structure.lattice, elements: structure.elements, fractionalPositions: positions)
  }
}
