internal import Networks
internal import TensorKernels

/// A small repeatable random generator (SplitMix64): the sequence follows from the seed alone, on every machine.
///
/// Source: G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014, 453.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator for stream `stream` of `seed`; streams of one seed are unrelated.
  public init(seed: UInt64, stream: UInt64 = 0) {
    var first = SeededRandom(state: seed)
    var second = SeededRandom(state: first.next() ^ (stream &* 0xD134_2543_DE82_EF95))
    state = second.next()
  }

  private init(state: UInt64) { self.state = state }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return mixedBits(state)
  }
}
