internal import TestSupport

/// Changes bytes as a fuzzer does, repeatably: bits, stretches, cuts, splices and words of a dictionary.
public struct Mutator {
  private let seeds: [[UInt8]]
  private let words: [[UInt8]]
  private var generator: SeededGenerator

  /// A mutator of `seeds`, of which there is at least one.
  public init(seeds: [[UInt8]], dictionary: [String], seed: UInt64) {
    precondition(!seeds.isEmpty, "something to mutate")
    self.seeds = seeds
    words = dictionary.map { Array($0.utf8) }
    generator = SeededGenerator(seed: seed)
  }

  /// The next input: a seed after one to eight changes.
  public mutating func next() -> [UInt8] {
    var bytes = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
    for _ in 0..<(1 << Int.random(in: 0...3, using: &generator)) { change(&bytes) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    let start = Int.random(in: 0...bytes.count, using: &generator)
    let length = min(bytes.count - start, 1 << Int.random(in: 0...6, using: &generator))
    let stretch = start..<(start + length)
    switch Int.random(in: 0..<9, using: &generator) {
    case 0: bytes.removeSubrange(start...)
    case 1: bytes.removeSubrange(stretch)
    case 2: bytes.insert(contentsOf: bytes[stretch], at: start)
    case 3: if start < bytes.count { bytes[start] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
    case 4: for index in stretch { bytes[index] = UInt8.random(in: 0...255, using: &generator) }
    case 5:
      let extreme: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF]
      let byte = extreme[Int.random(in: 0..<extreme.count, using: &generator)]
      for index in stretch { bytes[index] = byte }
    case 6:
      let other = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
      let from = Int.random(in: 0...other.count, using: &generator)
      bytes.replaceSubrange(start..., with: other[from...])
    default:
      guard let word = words.randomElement(using: &generator) else { return }
      bytes.replaceSubrange(stretch, with: word)
    }
  }
}
