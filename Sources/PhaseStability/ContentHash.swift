/// A 64-bit hash of a sequence of words, the same on every machine and in every process. Against accidents, not
/// against malice: a change within one word always changes the hash, as every step is a bijection of the state.
struct ContentHash {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ word: UInt64) {
    value = (value ^ word) &* 0x9E37_79B9_7F4A_7C15
    value ^= value >> 29
  }

  /// Adds a run of bytes and its length.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    let wholeWords = bytes.count / 8
    for index in 0..<wholeWords {
      add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)))
    }
    var rest: UInt64 = 0
    for index in (8 * wholeWords)..<bytes.count { rest = rest << 8 | UInt64(bytes[index]) }
    add(rest)
    add(UInt64(bytes.count))
  }
}

extension PhaseTable {
  /// The hash of the compositions and of the energies as text.
  var fingerprint: UInt64 {
    var hash = ContentHash()
    for system in systems {
      hash.add(system.mask.low)
      hash.add(system.mask.high)
      hash.add(UInt64(system.phaseCount))
    }
    for count in counts { hash.add(UInt64(count)) }
    for end in energyEnds { hash.add(UInt64(end)) }
    energyBytes.withUnsafeBytes { hash.add($0) }
    return hash.value
  }
}
