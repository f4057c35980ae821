import Crystal

/// A set of elements as 118 bits: the key of a chemical system.
struct ElementMask: Hashable, Sendable, Comparable {
  var low: UInt64 = 0
  var high: UInt64 = 0

  init() {}

  init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// Whether only elements 1…118 are in it.
  var isValid: Bool { high >> 54 == 0 }

  init(atomicNumber: Int) {
    if atomicNumber <= 64 {
      low = 1 << UInt64(atomicNumber - 1)
    } else {
      high = 1 << UInt64(atomicNumber - 65)
    }
  }

  init(_ composition: Composition) {
    for part in composition.parts { self = union(ElementMask(atomicNumber: part.element.atomicNumber)) }
  }

  func contains(atomicNumber: Int) -> Bool {
    atomicNumber <= 64
      ? low >> UInt64(atomicNumber - 1) & 1 == 1 : high >> UInt64(atomicNumber - 65) & 1 == 1
  }

  func union(_ other: ElementMask) -> ElementMask {
    var result = self
    result.low |= other.low
    result.high |= other.high
    return result
  }

  var count: Int { low.nonzeroBitCount + high.nonzeroBitCount }

  /// The elements, by atomic number.
  var elements: [Element] {
    var result: [Element] = []
    for (word, base) in [(low, 1), (high, 65)] {
      var rest = word
      while rest != 0 {
        if let element = Element(rawValue: UInt8(base + rest.trailingZeroBitCount)) { result.append(element) }
        rest &= rest - 1
      }
    }
    return result
  }

  /// Orders by number of elements, then by the bits.
  static func < (left: ElementMask, right: ElementMask) -> Bool {
    (left.count, left.high, left.low) < (right.count, right.high, right.low)
  }

  /// A well-spread hash that is the same in every process.
  var spread: Int {
    var hash = (low ^ (high &* 0x9E37_79B9_7F4A_7C15)) &* 0xFF51_AFD7_ED55_8CCD
    hash ^= hash >> 32
    hash = hash &* 0xC4CE_B9FE_1A85_EC53
    return Int(truncatingIfNeeded: hash >> 33)
  }
}
