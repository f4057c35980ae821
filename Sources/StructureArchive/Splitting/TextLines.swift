import CGemmiShim

/// The lines of a text, without their ends; ends are \n or \r\n.
struct TextLines {
  private let bytes: UnsafeRawBufferPointer
  /// Position of the next line.
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next line, or nil at the end.
  mutating func next() -> UnsafeRawBufferPointer? {
    guard position < bytes.count else { return nil }
    let start = position
    var end = start
    while end < bytes.count, bytes[end] != 10 { end += 1 }
    position = end + 1
    if end > start, bytes[end - 1] == 13 { end -= 1 }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
  }

  /// Space, tab and line ends.
  static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (byte >= 9 && byte <= 13) }

  /// The value of a line that holds one whole number and nothing else, at most 9 digits.
  static func wholeNumber(_ line: UnsafeRawBufferPointer) -> Int? {
    var value = 0
    var digits = 0
    var ended = false
    for byte in line {
      if isBlank(byte) {
        ended = digits > 0
      } else {
        guard byte >= 48, byte <= 57, !ended, digits < 9 else { return nil }
        value = value * 10 + Int(byte - 48)
        digits += 1
      }
    }
    return digits > 0 ? value : nil
  }

  /// Whether a line has the key "Lattice" in it, in any case: an equals sign follows, after blanks or a closing quote.
  static func holdsLattice(_ line: UnsafeRawBufferPointer) -> Bool {
    let key = Array("lattice".utf8)
    guard line.count > key.count else { return false }
    return (0..<(line.count - key.count)).contains { start in
      guard key.indices.allSatisfy({ line[start + $0] | 0x20 == key[$0] }) else { return false }
      let next = line[(start + key.count)...].first { !isBlank($0) && $0 != 34 && $0 != 39 }
      return next == UInt8(ascii: "=")
    }
  }
}

/// The fields of a line, separated by blanks.
struct TextFields {
  private let line: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ line: UnsafeRawBufferPointer) { self.line = line }

  /// The next field, or nil at the end of the line.
  mutating func next() -> UnsafeRawBufferPointer? {
    skipBlanks()
    guard position < line.count else { return nil }
    let start = position
    while position < line.count, !TextLines.isBlank(line[position]) { position += 1 }
    return UnsafeRawBufferPointer(rebasing: line[start..<position])
  }

  /// Whether the next field begins with a digit.
  var startsWithDigit: Bool {
    mutating get {
      skipBlanks()
      return position < line.count && line[position] >= 48 && line[position] <= 57
    }
  }

  /// The next field as a number; nil, without moving on, where it is none.
  mutating func number() -> Double? {
    skipBlanks()
    guard position < line.count, let base = line.baseAddress else { return nil }
    let start = base.assumingMemoryBound(to: UInt8.self) + position
    let end = base.assumingMemoryBound(to: UInt8.self) + line.count
    var value = 0.0
    guard let after = decimal_number(start, end, &value), after > start else { return nil }
    if after < end, !TextLines.isBlank(after.pointee) { return nil }
    position += after - start
    return value
  }

  /// The next three fields as a vector.
  mutating func vector() -> SIMD3<Double>? {
    guard let x = number(), let y = number(), let z = number() else { return nil }
    return SIMD3(x, y, z)
  }

  private mutating func skipBlanks() {
    while position < line.count, TextLines.isBlank(line[position]) { position += 1 }
  }
}
