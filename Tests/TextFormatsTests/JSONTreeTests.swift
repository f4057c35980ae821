import TestSupport
import Testing
import TextFormats

@Suite("JSON values") struct JSONTreeTests {
  private func tree(_ text: String) throws -> JSONTree { try JSONTree(Array(text.utf8)) }

  private func offset(_ text: String) -> Int? {
    do {
      _ = try JSONTree(Array(text.utf8))
    } catch {
      switch error {
      case .syntax(_, let offset), .repeatedName(_, let offset): return offset
      }
    }
    return nil
  }

  @Test func `JSON is read as it is written`() throws {
    let tree = try tree(
      #"{"a": [1.50, -2e-3, true, false, null, "\u00e9\ud83d\ude00\n\"\/"], "b": {}, "a b": []}"#)
    let list = try #require(tree["a"]?.elements)
    #expect(list.prefix(2) == [.number("1.50"), .number("-2e-3")])
    #expect(list[2...4] == [.boolean(true), .boolean(false), .null])
    #expect(list[5].text == "é😀\n\"/")
    #expect(tree["b"]?.members?.isEmpty == true && tree["a b"]?.elements?.isEmpty == true)
    #expect(tree.members?.map(\.name) == ["a", "b", "a b"])
    #expect(try self.tree("12").wholeNumber == 12)
    #expect(try self.tree("1.0").wholeNumber == nil && self.tree("99999999999999999999").wholeNumber == nil)
  }

  @Test(arguments: [
    ("", 0), ("{", 1), ("[1,]", 3), ("{\"a\"}", 4), ("{\"a\":}", 5), ("{a:1}", 1), ("[1 2]", 3), ("01", 2),
    ("1.", 2), (".5", 0), ("1e", 2), ("+1", 0), ("tru", 0), ("\"", 1), ("\"\\x\"", 2), ("\"\\ud83d\"", 7),
    ("\"\\ude00\"", 7), ("\"\\ud83d\\u0041\"", 13), ("\"\\u12g4\"", 5), ("\"\n\"", 1), ("1 1", 2),
    ("[1]]", 3),
    ("-", 1), ("nan", 0), ("inf", 0), ("-NaN", 1), ("Inf", 0),
  ])
  func `anything else is refused where it stands`(text: String, position: Int) {
    #expect(offset(text) == position)
  }

  @Test func `a name that stands twice is refused, in small and large objects`() throws {
    #expect(offset(#"{"a":1,"b":{"c":1,"c":1}}"#) == 23)
    let members = (0..<40).map { "\"n\($0)\":\($0)" }
    #expect(try tree("{" + members.joined(separator: ",") + "}").members?.count == 40)
    let twice = "{" + (members + ["\"n\\u0037\":1"]).joined(separator: ",") + "}"
    #expect(throws: JSONError.repeatedName("n7", offset: twice.utf8.count - 1)) { try tree(twice) }
  }

  @Test func `numbers that Python writes and JSON does not have are no values`() throws {
    let tree = try tree(#"{"a": NaN, "b": [Infinity, -Infinity], "c": -1}"#)
    #expect(tree["a"] == .notFinite("NaN") && tree["a"]?.isNull == true)
    #expect(tree["b"]?.elements == [.notFinite("Infinity"), .notFinite("-Infinity")])
    #expect(tree.compactText == #"{"a":null,"b":[null,null],"c":-1}"#)
  }

  @Test func `depth is bounded, and any depth below the bound is read`() throws {
    for depth in [1, JSONTree.maximumDepth] {
      let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
      #expect(try tree(text).compactText == text)
    }
    #expect(offset(String(repeating: "[", count: 100_000)) == JSONTree.maximumDepth)
    #expect(offset(String(repeating: "{\"a\":", count: 100_000)) != nil)
  }

  @Test func `positions are those of the whole where a part of it is read`() {
    let bytes = Array("xx[1,]yy".utf8)
    #expect(throws: JSONError.syntax("no value", offset: 5)) { try JSONTree(bytes, in: 2..<6) }
    #expect(throws: Never.self) { try JSONTree(bytes, in: 3..<4) }
  }

  @Test func `a note in another encoding does no harm`() throws {
    let bytes = Array("{\"note\":\"".utf8) + [0xE9] + Array("\",\"e\":1}".utf8)
    let tree = try JSONTree(bytes)
    #expect(tree["e"] == .number("1") && tree["note"]?.text == "\u{FFFD}")
  }

  @Test func `text is laid out as documented`() throws {
    let value: JSONTree = .object([
      "b": .count(2), "a": .array([.real(0.1), .real(.nan), .string("x\u{1}\"")]), "c": .object([:]),
    ])
    #expect(value.compactText == #"{"b":2,"a":[0.1,null,"x\u0001\""],"c":{}}"#)
    #expect(
      value.indentedText(sortingNames: true)
        == "{\n  \"a\": [0.1, null, \"x\\u0001\\\"\"],\n  \"b\": 2,\n  \"c\": {}\n}")
    #expect(value.indentedText().hasPrefix("{\n  \"b\": 2,"))
  }

  @Test(arguments: 0..<20)
  func `what is written is read again`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 950 + seed)
    let value = Self.value(depth: 0, using: &generator)
    for text in [value.compactText, value.indentedText()] { #expect(try tree(text) == value) }
  }

  private static func value(depth: Int, using generator: inout SeededGenerator) -> JSONTree {
    let pieces = ["a", "\"", "\\", "\n", "\u{0}", "\u{1F}", "é", "😀", "\u{7F}", "/", "\u{2028}"]
    let count = Int.random(in: 0...4, using: &generator)
    switch Int.random(in: 0..<(depth < 4 ? 7 : 5), using: &generator) {
    case 0: return .null
    case 1: return .boolean(.random(using: &generator))
    case 2: return .real(Double.random(in: -1e6...1e6, using: &generator))
    case 3: return .count(Int.random(in: .min ... .max, using: &generator))
    case 4: return .string((0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined())
    case 5: return .array((0..<count).map { _ in value(depth: depth + 1, using: &generator) })
    default:
      return .object(
        JSONMembers(
          (0..<count).map { JSONMembers.Member("\($0)\"", value(depth: depth + 1, using: &generator)) }))
    }
  }
}
