/// NumPy's format of one array (`.npy`): a header in Python's notation and the numbers, as they lie in memory.
///
/// Written is version 1.0 in rows (C order). Read are versions 1.0 to 3.0 of `<f4` and `<f8`. Format:
/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
public struct NumPyArray: Hashable, Sendable {
  /// Lengths of the axes.
  public let shape: [Int]
  /// The numbers, row-major: 32-bit or 64-bit floats.
  public let data: TensorData

  /// An array of floats; `data` must hold as many numbers as `shape` says.
  public init(shape: [Int], data: TensorData) {
    precondition(NamedTensor.elementCount(of: shape) == data.count, "as many numbers as the shape says")
    self.shape = shape
    self.data = data
  }

  /// The numbers in double precision.
  public var doubles: [Double] {
    switch data {
    case .float(let values): values.map { Double($0) }
    case .double(let values): values
    case .int64(let values): values.map { Double($0) }
    }
  }

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// The bytes of a file's beginning, for numbers that are written after it.
  ///
  /// - Parameters:
  ///   - type: `<f4` or `<f8`.
  ///   - shape: lengths of the axes.
  public static func header(type: String, shape: [Int]) -> [UInt8] {
    let axes = shape.map { "\($0)" }.joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': (\(axes)), }".utf8)
    let needed = magic.count + 4 + text.count + 1
    // The numbers begin at a multiple of 64 bytes.
    let count = (needed + 63) / 64 * 64 - magic.count - 4
    return magic + [1, 0, UInt8(count & 255), UInt8(count >> 8)] + text
      + [UInt8](repeating: 32, count: count - text.count - 1) + [10]
  }

  /// The bytes of a file.
  public func encoded() -> [UInt8] {
    var bytes = Self.header(type: data.kind == .float ? "<f4" : "<f8", shape: shape)
    data.append(to: &bytes)
    return bytes
  }

  /// Reads a file.
  ///
  /// - Throws: `NumPyError`.
  public init(_ bytes: [UInt8]) throws(NumPyError) {
    guard bytes.count >= 10, Array(bytes[..<6]) == Self.magic else { throw .notAnArray }
    let isLong = bytes[6] > 1
    guard (1...3).contains(bytes[6]), bytes.count >= 12 else { throw .badHeader("version \(bytes[6])") }
    let count = (0..<(isLong ? 4 : 2)).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    let start = (isLong ? 12 : 10) + count
    guard start <= bytes.count else { throw .truncated(expected: start, found: bytes.count) }
    let text = String(decoding: bytes[(start - count)..<start], as: UTF8.self)
    guard let type = Self.value(of: "descr", in: text) else { throw .badHeader("no descr") }
    guard let order = Self.value(of: "fortran_order", in: text), let axes = Self.value(of: "shape", in: text)
    else { throw .badHeader("no fortran_order or no shape") }
    guard order == "False" else { throw .unsupported("columns one after the other (fortran_order)") }
    var shape: [Int] = []
    for axis in axes.split(separator: ",").map({ $0.filter { $0 != " " } }) where !axis.isEmpty {
      guard let length = Int(axis), length >= 0 else { throw .badHeader("the shape is (\(axes))") }
      shape.append(length)
    }
    guard let kind = ["<f4": TensorData.Kind.float, "<f8": .double][type] else {
      throw .unsupported("numbers of type \(type)")
    }
    guard let elements = NamedTensor.elementCount(of: shape), elements <= Int.max / 8 else {
      throw .badHeader("the shape is (\(axes))")
    }
    guard bytes.count - start == elements * kind.size else {
      throw .truncated(expected: start + elements * kind.size, found: bytes.count)
    }
    self.init(shape: shape, data: TensorData(kind, copying: bytes[start...]))
  }

  /// What stands behind a key of the header, without its quotes or parentheses.
  private static func value(of key: String, in header: String) -> String? {
    let parts = header.split(separator: "'\(key)':", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let rest = parts[1].drop { $0 == " " }
    switch rest.first {
    case "'":
      return rest.dropFirst().split(separator: "'", omittingEmptySubsequences: false).first.map(String.init)
    case "(":
      return rest.dropFirst().split(separator: ")", omittingEmptySubsequences: false).first.map(String.init)
    default: return String(rest.prefix { $0.isLetter })
    }
  }
}

/// Why bytes are no array that is read.
public enum NumPyError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The bytes do not begin as the format's do.
  case notAnArray
  /// The header says nothing that makes sense.
  case badHeader(String)
  /// The array is of a kind that is not read.
  case unsupported(String)
  /// The file holds fewer or more bytes than its header says.
  case truncated(expected: Int, found: Int)

  /// The error for a person.
  public var description: String {
    switch self {
    case .notAnArray: "not an array in NumPy's format (.npy)"
    case .badHeader(let reason): "not an array in NumPy's format: \(reason) in its header"
    case .unsupported(let what): "\(what) are not read; rows of <f4 or <f8 are"
    case .truncated(let expected, let found): "\(found) bytes where the header asks for \(expected)"
    }
  }
}
