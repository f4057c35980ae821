/// Noise on the bond lengths that a network is trained with, so that it cannot learn a crystal by the last digits of its
/// bonds.
///
/// Each edge of a graph is lengthened or shortened on its own. What is added follows from the seed, the structure and the
/// edge alone, whatever the batch and the thread; it is the sum of four uniform numbers, which is bell-shaped and ends at
/// 2√3 standard deviations.
public struct DistanceNoise: Hashable, Sendable {
  /// Standard deviation (Å).
  public let deviation: Double
  /// Another seed, other noise: one for each epoch.
  public let seed: UInt64

  /// Noise of the given size.
  public init(deviation: Double, seed: UInt64) {
    self.deviation = deviation
    self.seed = seed
  }

  /// What is added to the length of edge `edge` of structure `structure` (Å), both counted within a collection.
  public func offset(structure: Int, edge: Int) -> Double {
    var generator = SeededRandom(
      seed: seed ^ UInt64(truncatingIfNeeded: structure) &* 0x9E37_79B9_7F4A_7C15,
      stream: UInt64(truncatingIfNeeded: edge))
    let bits = generator.next()
    var sum = 0.0
    for part in 0..<4 { sum += Double(bits >> UInt64(16 * part) & 0xFFFF) + 0.5 }
    // Four uniform numbers of 0 … 65536 have the mean 131072 and the standard deviation 65536 / √3.
    return (sum - 131_072) / 65_536 * 3.0.squareRoot() * deviation
  }
}
