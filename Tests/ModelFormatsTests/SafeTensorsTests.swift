import Foundation
import ModelFormats
import TestSupport
import Testing

@Suite struct SafeTensorsTests {
  private func randomTensors(_ generator: inout SeededGenerator) -> [NamedTensor] {
    (0..<Int.random(in: 0...6, using: &generator)).map { index in
      let shape = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
        Int.random(in: 0...5, using: &generator)
      }
      let count = shape.reduce(1, *)
      let bits = (0..<count).map { _ in generator.next() }
      let data: TensorData =
        switch index % 3 {
        case 0: .float(bits.map { Float(bitPattern: UInt32($0 & 0x7F7F_FFFF)) })
        case 1: .double(bits.map { Double(bitPattern: $0 & 0x7FE_FFFF_FFFF_FFFF) })
        default: .int64(bits.map { Int64(bitPattern: $0) })
        }
      return NamedTensor(name: "layer.\(index % 2)/\"w\" ü\n\(index)", shape: shape, data: data)
    }
  }

  @Test(arguments: 0..<64)
  func `decoding what was encoded gives the same tensors and texts`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let tensors = randomTensors(&generator)
    let metadata = seed % 2 == 0 ? [:] : ["format": "sluice", "quote\"\\\u{1}": "tab\t 🙂"]
    let bytes = SafeTensors.encode(tensors, metadata: metadata)
    let decoded = try SafeTensors.decode(bytes)
    #expect(decoded.tensors == tensors.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
    #expect(decoded.metadata == metadata)
    #expect(SafeTensors.encode(tensors.shuffled(using: &generator), metadata: metadata) == bytes)
  }

  @Test func `every tensor begins at a multiple of its element size`() throws {
    let tensors = [
      NamedTensor(name: "a", shape: [3], values: [1, 2, 3]),
      NamedTensor(name: "b", shape: [], data: .double([0.1])),
      NamedTensor(name: "c", shape: [1], data: .int64([-1])),
    ]
    let bytes = SafeTensors.encode(tensors)
    let header = Int(bytes[0]) + Int(bytes[1]) << 8
    #expect((8 + header).isMultiple(of: 8))
    #expect(
      String(decoding: bytes[8..<8 + header], as: UTF8.self)
        == #"{"b":{"dtype":"F64","shape":[],"data_offsets":[0,8]},"#
        + #""c":{"dtype":"I64","shape":[1],"data_offsets":[8,16]},"#
        + #""a":{"dtype":"F32","shape":[3],"data_offsets":[16,28]}}"# + "      ")
    #expect(bytes.count == 8 + header + 28)
  }

  private func file(_ header: String, dataCount: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8)
      + [UInt8](repeating: 0, count: dataCount)
  }

  @Test func `a file that other programs write is read`() throws {
    let header =
      "{ \"x\" : {\"shape\":[1,2], \"data_offsets\":[0,8],\n\"dtype\":\"F32\"},\"__metadata__\":{\"\\u00e9\":\"\"}} "
    let decoded = try SafeTensors.decode(file(header, dataCount: 8))
    #expect(decoded.tensors == [NamedTensor(name: "x", shape: [1, 2], values: [0, 0])])
    #expect(decoded.metadata == ["é": ""])
  }

  private static let damaged: [(String, Int, SafeTensorsError)] = [
    (
      #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4,
      .sizeMismatch(name: "x", shape: [2], byteCount: 4)
    ),
    (
      #"{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0,
      .sizeMismatch(name: "x", shape: [4_294_967_296, 4_294_967_296], byteCount: 0)
    ),
    (
      #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 0,
      .badOffsets(name: "x", reason: "end 4 lies behind the data of 0 bytes")
    ),
    (
      #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4,
      .badOffsets(name: "x", reason: "end before begin")
    ),
    (
      #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8,
      .badOffsets(name: "x", reason: "begin 4 leaves a gap after 0")
    ),
    (
      #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      8, .badOffsets(name: "y", reason: "begin 4 overlaps another tensor")
    ),
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 5, .trailingBytes(1)),
    (
      #"{"x":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}"#, 2,
      .unsupportedType(name: "x", type: "BF16")
    ),
    (
      #"{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#,
      0, .duplicateName("x")
    ),
  ]

  @Test(arguments: damaged)
  func `a contradiction is named`(header: String, dataCount: Int, expected: SafeTensorsError) {
    #expect(throws: expected) { try SafeTensors.decode(file(header, dataCount: dataCount)) }
  }

  @Test(arguments: [
    "", "[]", "{", "{}}", #"{"x"}"#, #"{"x":1}"#, #"{"x":{}}"#, #"{"x":{"dtype":1}}"#,
    #"{"__metadata__":{"a":1}}"#,
    #"{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, #"{"x":{"dtype":"F32","shape":[01]}}"#,
    #"{"x":{"dtype":"F32","shape":[99999999999999999999]}}"#, #"{"\ud800":{}}"#, #"{"\x":{}}"#, #"{"a"#,
    "[[[[[[[[[[[[[[[[", #"{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"more":1}}"#, "{\"\u{1}\":{}}",
  ])
  func `what is no header is refused`(header: String) {
    #expect(throws: SafeTensorsError.self) { try SafeTensors.decode(file(header, dataCount: 0)) }
  }

  @Test func `a length beyond the file or the limit is refused`() {
    #expect(throws: SafeTensorsError.truncated(expected: 8, found: 3)) { try SafeTensors.decode([1, 2, 3]) }
    #expect(throws: SafeTensorsError.truncated(expected: 10, found: 8)) {
      try SafeTensors.decode([2, 0, 0, 0, 0, 0, 0, 0])
    }
    #expect(throws: SafeTensorsError.headerTooLong(.max)) {
      try SafeTensors.decode([UInt8](repeating: 255, count: 8))
    }
  }

  @Test func `a file cut at any byte, or with any byte changed, is refused or read, never a crash`() throws {
    var generator = SeededGenerator(seed: 5)
    let tensors = [
      NamedTensor(name: "weight", shape: [2, 3], values: [1, 2, 3, 4, 5, 6]),
      NamedTensor(name: "step", shape: [], data: .int64([7])),
    ]
    let bytes = SafeTensors.encode(tensors, metadata: ["a": "b"])
    for length in 0..<bytes.count {
      #expect(throws: SafeTensorsError.self) { try SafeTensors.decode(Array(bytes[..<length])) }
    }
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      // Numbers and names may change and still be a file; then it must hold as many tensors as before, at most.
      if let decoded = try? SafeTensors.decode(changed) { #expect(decoded.tensors.count <= 2) }
    }
  }
}
