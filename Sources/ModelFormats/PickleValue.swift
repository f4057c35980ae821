/// A plain value read from a pickle.
public indirect enum PickleValue: Hashable, Sendable {
  /// None.
  case none
  /// True or False.
  case bool(Bool)
  /// An integer of at most 64 bits.
  case int(Int)
  /// A longer integer: two's complement, little-endian.
  case bigInteger([UInt8])
  /// A floating-point number (a numpy float64 scalar reads as one).
  case float(Double)
  /// A text.
  case string(String)
  /// Raw bytes.
  case bytes([UInt8])
  /// A list.
  case list([PickleValue])
  /// A tuple.
  case tuple([PickleValue])
  /// A dictionary (ordered or not), entries as written.
  case dictionary([PickleEntry])
  /// A tensor of 32-bit floats, row-major whatever its strides in the file.
  case tensor(PickleTensor)

  /// The value of the last entry with the text key `key`; nil when absent or when this is no dictionary.
  public subscript(key: String) -> PickleValue? {
    guard case .dictionary(let entries) = self else { return nil }
    return entries.last { $0.key == .string(key) }?.value
  }

  /// The integer, if this is one.
  public var intValue: Int? {
    if case .int(let value) = self { return value }
    return nil
  }

  /// The number, if this is a float or an integer that a Double holds exactly.
  public var doubleValue: Double? {
    switch self {
    case .float(let value): value
    case .int(let value): Double(exactly: value)
    default: nil
    }
  }
}

/// One entry of a dictionary.
public struct PickleEntry: Hashable, Sendable {
  /// The key.
  public let key: PickleValue
  /// The value.
  public let value: PickleValue

  /// A key with its value.
  public init(key: PickleValue, value: PickleValue) {
    self.key = key
    self.value = value
  }
}

/// A tensor of 32-bit floats.
public struct PickleTensor: Hashable, Sendable {
  /// Lengths of the axes; empty for a single number.
  public let shape: [Int]
  /// The elements, row-major: as many as the product of `shape`.
  public let values: [Float]
}
