import ModelFormats
import Testing

@Suite struct NumPyArrayTests {
  /// What numpy.save writes of [[1, 2.5], [-3, 4]] in NumPy 2.4: `<f8`, version 1.0.
  private static let saved: [UInt8] = {
    let text = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }"
    let header = Array(text.utf8) + [UInt8](repeating: 32, count: 118 - text.utf8.count - 1) + [10]
    let numbers = [1, 2.5, -3, 4].flatMap { (value: Double) in withUnsafeBytes(of: value) { Array($0) } }
    return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + header + numbers
  }()

  @Test func `an array has the bytes that NumPy writes, and is read again`() throws {
    let array = NumPyArray(shape: [2, 2], data: .double([1, 2.5, -3, 4]))
    #expect(array.encoded() == Self.saved)
    #expect(try NumPyArray(Self.saved) == array)
    for shape in [[6], [1, 6], [3, 2, 1], [0, 4]] {
      let count = shape.reduce(1, *)
      let array = NumPyArray(shape: shape, data: .float((0..<count).map { Float($0) }))
      #expect(try NumPyArray(array.encoded()) == array)
      #expect(array.encoded().count % 64 == count * 4 % 64)
    }
  }

  @Test
  func `no beginning of a file, and no file with a changed byte of its header, is read as something else`() {
    for count in 0..<Self.saved.count {
      #expect(throws: NumPyError.self) { try NumPyArray(Array(Self.saved[..<count])) }
    }
    #expect(throws: NumPyError.truncated(expected: 160, found: 161)) { try NumPyArray(Self.saved + [0]) }
    func message(_ from: String, _ to: String) -> String {
      let text = String(decoding: Self.saved[10..<128], as: UTF8.self).replacing(from, with: to)
      do {
        _ = try NumPyArray(Array(Self.saved[..<10]) + Array(text.utf8) + Array(Self.saved[128...]))
        return "no error"
      } catch { return "\(error)" }
    }
    #expect(message("<f8", ">f8") == "numbers of type >f8 are not read; rows of <f4 or <f8 are")
    #expect(
      message("False", "True ")
        == "columns one after the other (fortran_order) are not read; rows of <f4 or <f8 are")
    #expect(message("(2, 2)", "(2,-2)").contains("the shape is (2,-2) in its header"))
    #expect(message("shape", "sharp").contains("no fortran_order or no shape"))
  }
}
