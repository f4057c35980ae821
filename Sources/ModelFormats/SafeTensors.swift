internal import TextFormats

/// The safetensors format: named tensors and a little text in one self-describing block of bytes.
///
/// Layout: UInt64 length n (little-endian), n bytes of JSON padded with spaces to a multiple of 8, then the numbers.
/// The JSON maps each name to `dtype`, `shape` and `data_offsets` (begin and end, relative to the first number) and
/// `__metadata__` to texts. Format: https://github.com/huggingface/safetensors. Types here: F32, F64 and I64.
public enum SafeTensors {
  /// Longest header that is read (bytes), as in the reference implementation.
  public static let maximumHeaderLength = 100_000_000

  /// The bytes of a file. Equal input in any order gives equal bytes: tensors lie by element size (largest first,
  /// which aligns each to its own size) and then by name, metadata by key.
  ///
  /// Names must be unique and differ from "__metadata__".
  public static func encode(_ tensors: [NamedTensor], metadata: [String: String] = [:]) -> [UInt8] {
    precondition(Set(tensors.map(\.name)).count == tensors.count, "tensor names must be unique")
    precondition(!tensors.contains { $0.name == metadataKey }, "\(metadataKey) is no tensor name")
    let sorted = tensors.sorted { left, right in
      if left.data.kind.size != right.data.kind.size { return left.data.kind.size > right.data.kind.size }
      return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
    var header = JSONTree.object(entries(of: sorted, metadata: metadata)).compactText
    while !header.utf8.count.isMultiple(of: 8) { header += " " }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.utf8.count + sorted.reduce(0) { $0 + $1.data.byteCount })
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: header.utf8)
    for tensor in sorted { tensor.data.append(to: &bytes) }
    return bytes
  }

  /// Reads a file: the tensors by name (in byte order of the names) and the metadata.
  ///
  /// - Throws: `SafeTensorsError` unless the bytes are exactly one valid file: known types, each name once, the
  ///   numbers of the tensors adjoining and covering everything after the header.
  public static func decode(
    _ bytes: [UInt8]
  ) throws(SafeTensorsError) -> (tensors: [NamedTensor], metadata: [String: String]) {
    guard bytes.count >= 8 else { throw .truncated(expected: 8, found: bytes.count) }
    let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= maximumHeaderLength else { throw .headerTooLong(length) }
    let dataStart = 8 + Int(length)
    guard dataStart <= bytes.count else { throw .truncated(expected: dataStart, found: bytes.count) }
    guard let entries = try header(bytes, 8..<dataStart).members else {
      throw .badHeader("not an object", offset: 8)
    }
    var metadata: [String: String] = [:]
    var descriptions: [Description] = []
    for entry in entries {
      if entry.name == metadataKey {
        metadata = try texts(entry.value)
      } else {
        descriptions.append(try Description(name: entry.name, entry.value))
      }
    }
    try checkCoverage(descriptions, dataCount: bytes.count - dataStart)
    var tensors: [NamedTensor] = []
    for description in descriptions.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
      let range = dataStart + description.begin..<dataStart + description.end
      tensors.append(
        NamedTensor(
          name: description.name, shape: description.shape,
          data: TensorData(description.kind, copying: bytes[range])))
    }
    return (tensors, metadata)
  }

  static let metadataKey = "__metadata__"

  /// The header, whose texts have to be UTF-8: names that differ must not become the same.
  private static func header(_ bytes: [UInt8], _ range: Range<Int>) throws(SafeTensorsError) -> JSONTree {
    guard String(validating: bytes[range], as: UTF8.self) != nil else {
      throw .badHeader("text that is not UTF-8", offset: range.lowerBound)
    }
    do throws(JSONError) {
      return try JSONTree(bytes, in: range)
    } catch {
      switch error {
      case .syntax(let reason, let offset): throw .badHeader(reason, offset: offset)
      case .repeatedName(let name, _): throw .duplicateName(name)
      }
    }
  }

  private static func entries(of tensors: [NamedTensor], metadata: [String: String]) -> JSONMembers {
    var entries: [JSONMembers.Member] = []
    if !metadata.isEmpty {
      let sorted = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      let texts = sorted.map { JSONMembers.Member($0.key, .string($0.value)) }
      entries.append(JSONMembers.Member(metadataKey, .object(JSONMembers(texts))))
    }
    var offset = 0
    for tensor in tensors {
      let end = offset + tensor.data.byteCount
      entries.append(
        JSONMembers.Member(
          tensor.name,
          .object([
            "dtype": .string(tensor.data.kind.rawValue),
            "shape": .array(tensor.shape.map { .count($0) }),
            "data_offsets": .array([.count(offset), .count(end)]),
          ])))
      offset = end
    }
    return JSONMembers(entries)
  }

  private static func texts(_ value: JSONTree) throws(SafeTensorsError) -> [String: String] {
    guard let entries = value.members else { throw .badHeader("metadata is no object", offset: 8) }
    var texts: [String: String] = [:]
    for entry in entries {
      guard let text = entry.value.text else {
        throw .badHeader("metadata \(entry.name) is no text", offset: 8)
      }
      texts[entry.name] = text
    }
    return texts
  }

  /// The tensors must lie one after the other, from the first byte to the last.
  private static func checkCoverage(_ tensors: [Description], dataCount: Int) throws(SafeTensorsError) {
    var position = 0
    for tensor in tensors.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      guard tensor.end <= dataCount else {
        throw .badOffsets(
          name: tensor.name, reason: "end \(tensor.end) lies behind the data of \(dataCount) bytes")
      }
      guard tensor.begin >= position else {
        throw .badOffsets(name: tensor.name, reason: "begin \(tensor.begin) overlaps another tensor")
      }
      guard tensor.begin == position else {
        throw .badOffsets(name: tensor.name, reason: "begin \(tensor.begin) leaves a gap after \(position)")
      }
      position = tensor.end
    }
    guard position == dataCount else { throw .trailingBytes(dataCount - position) }
  }
}

/// Why bytes are not a safetensors file.
public enum SafeTensorsError: Error, Equatable, Sendable {
  /// The file holds fewer bytes than its beginning says.
  case truncated(expected: Int, found: Int)
  /// The header is longer than `SafeTensors.maximumHeaderLength`.
  case headerTooLong(UInt64)
  /// The header is no JSON, or not of the expected form; the offset is a byte position in the file.
  case badHeader(String, offset: Int)
  /// A name, of a tensor or within one object, that occurs twice.
  case duplicateName(String)
  /// A tensor of a type other than F32, F64 and I64.
  case unsupportedType(name: String, type: String)
  /// The shape does not give the number of bytes between the offsets.
  case sizeMismatch(name: String, shape: [Int], byteCount: Int)
  /// Offsets that are reversed, out of range, overlapping or leave a gap.
  case badOffsets(name: String, reason: String)
  /// Bytes after the last tensor.
  case trailingBytes(Int)
}

/// What the header says about one tensor.
private struct Description {
  let name: String
  let kind: TensorData.Kind
  let shape: [Int]
  let begin: Int
  let end: Int

  init(name: String, _ value: JSONTree) throws(SafeTensorsError) {
    guard let entries = value.members else { throw .badHeader("\(name) is no object", offset: 8) }
    var kind: TensorData.Kind?
    var shape: [Int]?
    var offsets: [Int]?
    for entry in entries {
      switch entry.name {
      case "dtype":
        guard let type = entry.value.text else { throw .badHeader("\(name): dtype is no text", offset: 8) }
        kind = TensorData.Kind(rawValue: type)
        if kind == nil { throw .unsupportedType(name: name, type: type) }
      case "shape": shape = try Self.integers(entry.value, name)
      case "data_offsets": offsets = try Self.integers(entry.value, name)
      default: throw .badHeader("\(name): unknown key \(entry.name)", offset: 8)
      }
    }
    guard let kind, let shape, let offsets, offsets.count == 2 else {
      throw .badHeader("\(name) lacks dtype, shape or two offsets", offset: 8)
    }
    guard offsets[0] <= offsets[1] else { throw .badOffsets(name: name, reason: "end before begin") }
    let byteCount = offsets[1] - offsets[0]
    guard let count = NamedTensor.elementCount(of: shape), byteCount.isMultiple(of: kind.size),
      count == byteCount / kind.size
    else {
      throw .sizeMismatch(name: name, shape: shape, byteCount: byteCount)
    }
    (self.name, self.kind, self.shape, begin, end) = (name, kind, shape, offsets[0], offsets[1])
  }

  private static func integers(_ value: JSONTree, _ name: String) throws(SafeTensorsError) -> [Int] {
    guard let items = value.elements else { throw .badHeader("\(name): expected a list", offset: 8) }
    var integers: [Int] = []
    for item in items {
      guard let number = item.wholeNumber, number >= 0 else {
        throw .badHeader("\(name): expected whole numbers", offset: 8)
      }
      integers.append(number)
    }
    return integers
  }
}

#if _endian(big)
  #error("The numbers are copied as they lie in memory, which is right on little-endian machines only")
#endif

extension TensorData {
  /// The element types with their names in the format.
  enum Kind: String {
    case float = "F32"
    case double = "F64"
    case int64 = "I64"

    /// Bytes per element.
    var size: Int { self == .float ? 4 : 8 }
  }

  var kind: Kind {
    switch self {
    case .float: .float
    case .double: .double
    case .int64: .int64
    }
  }

  var byteCount: Int { count * kind.size }

  init(_ kind: Kind, copying bytes: ArraySlice<UInt8>) {
    switch kind {
    case .float: self = .float(Self.copy(bytes, zero: 0))
    case .double: self = .double(Self.copy(bytes, zero: 0))
    case .int64: self = .int64(Self.copy(bytes, zero: 0))
    }
  }

  func append(to bytes: inout [UInt8]) {
    switch self {
    case .float(let values): values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    case .double(let values): values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    case .int64(let values): values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
  }

  private static func copy<Scalar: BitwiseCopyable>(_ bytes: ArraySlice<UInt8>, zero: Scalar) -> [Scalar] {
    var values = [Scalar](repeating: zero, count: bytes.count / MemoryLayout<Scalar>.size)
    values.withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
    return values
  }
}

extension SafeTensorsError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .truncated(let expected, let found): "the file is truncated: \(found) bytes of \(expected)"
    case .headerTooLong(let length): "the header claims \(length) bytes"
    case .badHeader(let what, let offset): "bad header at byte \(offset): \(what)"
    case .duplicateName(let name): "\"\(name)\" occurs twice"
    case .unsupportedType(let name, let type):
      "tensor \"\(name)\" has type \(type); F32, F64 and I64 are read"
    case .sizeMismatch(let name, let shape, let byteCount):
      "tensor \"\(name)\" of shape \(shape) does not fit into its \(byteCount) bytes"
    case .badOffsets(let name, let reason): "tensor \"\(name)\": \(reason)"
    case .trailingBytes(let count): "\(count) bytes follow the last tensor"
    }
  }
}
