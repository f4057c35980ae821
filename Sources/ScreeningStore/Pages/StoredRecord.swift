/// A value of a row, as SQLite keeps it.
enum StoredValue: Hashable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob([UInt8])
}

/// Reads bytes one after the other; past the end they are zeros, and `isPastEnd` says so.
struct ByteReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position: Int

  init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  var isPastEnd: Bool { position > bytes.count }

  private mutating func next() -> UInt8 {
    defer { position += 1 }
    return position < bytes.count ? bytes[position] : 0
  }

  /// An integer of one to nine bytes, the more significant ones first, seven bits each but for the ninth, which has eight.
  mutating func variableInteger() -> Int64 {
    var value: UInt64 = 0
    for _ in 0..<8 {
      let byte = next()
      value = value << 7 | UInt64(byte & 0x7f)
      if byte < 0x80 { return Int64(bitPattern: value) }
    }
    return Int64(bitPattern: value << 8 | UInt64(next()))
  }
}

/// The columns of a row or of an entry of an index: their types and lengths, then the values.
struct StoredRecord {
  private let payload: UnsafeRawBufferPointer

  init(_ payload: UnsafeRawBufferPointer) { self.payload = payload }

  /// All values; nil for bytes that are no record.
  func values() -> [StoredValue]? {
    var values: [StoredValue] = []
    let isWhole = forEach { type, bytes in values.append(Self.value(of: type, bytes)) }
    return isWhole ? values : nil
  }

  /// Writes the numbers of some columns, without making an array for each row.
  ///
  /// - Parameters:
  ///   - columns: which, ascending.
  ///   - numbers: takes them; what is no number is `nothing`, as are columns that were added to the table after the row.
  /// - Returns: false where the bytes are no record from the first to the last; then the numbers mean nothing.
  func readNumbers(at columns: [Int], into numbers: inout [StoredNumber]) -> Bool {
    for index in numbers.indices { numbers[index] = .nothing }
    var (column, found) = (0, 0)
    return forEach { type, bytes in
      if found < columns.count, column == columns[found] {
        numbers[found] = Self.number(of: type, bytes)
        found += 1
      }
      column += 1
    }
  }

  /// Calls a function with type and bytes of each column; false where the bytes are no record from the first to the last.
  @inline(__always)
  private func forEach(_ body: (Int, UnsafeRawBufferPointer) -> Void) -> Bool {
    var types = ByteReader(payload)
    let headerSize = Int(types.variableInteger())
    guard headerSize >= 1, headerSize <= payload.count else { return false }
    var start = headerSize
    while types.position < headerSize {
      let type = Int(types.variableInteger())
      guard type >= 0 else { return false }
      let size = Self.size(of: type)
      guard start + size <= payload.count else { return false }
      body(type, UnsafeRawBufferPointer(rebasing: payload[start..<start + size]))
      start += size
    }
    return types.position == headerSize && start == payload.count
  }

  private static func size(of type: Int) -> Int {
    switch type {
    case 0, 8, 9, 10, 11: 0
    case 1...4: type
    case 5: 6
    case 6, 7: 8
    default: (type - 12) / 2
    }
  }

  private static func value(of type: Int, _ bytes: UnsafeRawBufferPointer) -> StoredValue {
    guard type < 12 else {
      return type % 2 == 0 ? .blob(Array(bytes)) : .text(String(decoding: bytes, as: UTF8.self))
    }
    return switch number(of: type, bytes) {
    case .nothing: .null
    case .integer(let value): .integer(value)
    case .real(let value): .real(value)
    }
  }

  private static func number(of type: Int, _ bytes: UnsafeRawBufferPointer) -> StoredNumber {
    switch type {
    case 8: return .integer(0)
    case 9: return .integer(1)
    case 1...7:
      var bits: UInt64 = type < 7 && bytes[0] >= 0x80 ? .max : 0
      for byte in bytes { bits = bits << 8 | UInt64(byte) }
      return type == 7 ? .real(Double(bitPattern: bits)) : .integer(Int64(bitPattern: bits))
    default: return .nothing
    }
  }
}

/// A number of a row, as SQLite keeps it.
enum StoredNumber: Hashable {
  /// NULL, or no number.
  case nothing
  case integer(Int64)
  case real(Double)

  /// The number that is meant: a whole number in a column of reals is stored as an integer.
  var value: Double? {
    switch self {
    case .nothing: nil
    case .integer(let value): Double(value)
    case .real(let value): value
    }
  }

  /// Whether it is stored as a real number.
  var isReal: Bool { if case .real = self { true } else { false } }
}

/// The bytes of an entry of an index: a number and the two columns of the key of the row that it leads to.
final class IndexEntry {
  private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 32, alignment: 8)
  private var count = 0

  deinit { memory.deallocate() }

  /// Bytes as they lie in a page: the size of the record, and the record. Valid until the next entry is made.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

  /// Makes the entry, in place of the one before.
  ///
  /// - Parameters:
  ///   - value: what the index sorts by; integers are kept as such.
  ///   - key, model: key of the row.
  func set(_ value: StoredNumber, key: Int64, model: Int64) {
    // Size of the record, size of its header and three types, then the values.
    var end = 5
    switch value {
    case .real(let number):
      memory[2] = 7
      append(number.bitPattern, size: 8, at: &end)
    case .integer(let number): memory[2] = append(number, at: &end)
    case .nothing: memory[2] = 0
    }
    memory[1] = 4
    memory[3] = append(key, at: &end)
    memory[4] = append(model, at: &end)
    memory[0] = UInt8(end - 1)
    count = end
  }

  /// Appends an integer in as few bytes as hold it and returns its type.
  private func append(_ number: Int64, at end: inout Int) -> UInt8 {
    if number == 0 { return 8 }
    if number == 1 { return 9 }
    // Bits that say something, and one for the sign.
    let bits = 65 - (number < 0 ? ~number : number).leadingZeroBitCount
    let size = bits <= 32 ? (bits + 7) / 8 : bits <= 48 ? 6 : 8
    append(UInt64(bitPattern: number), size: size, at: &end)
    return size <= 4 ? UInt8(size) : size == 6 ? 5 : 6
  }

  private func append(_ bits: UInt64, size: Int, at end: inout Int) {
    for index in 0..<size {
      memory[end + index] = UInt8(truncatingIfNeeded: bits >> UInt64(8 * (size - 1 - index)))
    }
    end += size
  }
}
