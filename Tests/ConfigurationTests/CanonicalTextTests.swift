import Configuration
import TestSupport
import Testing

/// A random tree, with the texts and numbers that are easily misread.
func randomTree(depth: Int, using generator: inout SeededGenerator) -> ConfigurationTree {
  let words = [
    "", " ", "a", "No", "y", "null", "~", "true", "12", "1e5", ".5", "0x1F", "-", "- a", "a: b", "a #b", "#c",
    "é", "“x”",
    "a\nb", "\t", "\"", "'", "\\", "{}", "[", "*a", "&a", "!t", "%d", "@x", "`", "...", "---", "1:30",
    "2020-01-01", ".inf",
    "\u{85}", "\u{2028}", "\u{1}", "x\u{FEFF}", "a/b.cif", "../x", "x-y_z", "🙂", "=", "<<", "?", "a,b",
    " lead", "trail ",
  ]
  switch Int.random(in: 0..<(depth > 0 ? 7 : 4), using: &generator) {
  case 0: return .boolean(Bool.random(using: &generator))
  case 1:
    let values = [0, 1, -1, 12, Int.max, Int.min, Int.random(in: -1_000_000...1_000_000, using: &generator)]
    return .integer(values[Int.random(in: 0..<values.count, using: &generator)])
  case 2:
    let values = [
      0, 1, -2, 0.1, 1e300, .leastNonzeroMagnitude, .pi, 1e15, 1e16, 123_456_789, -1e-7,
      Double.random(in: -1...1, using: &generator), .greatestFiniteMagnitude,
    ]
    return .number(values[Int.random(in: 0..<values.count, using: &generator)])
  case 3: return .string(words[Int.random(in: 0..<words.count, using: &generator)])
  case 4:
    return .list(
      (0..<Int.random(in: 0..<4, using: &generator)).map { _ in
        randomTree(depth: depth - 1, using: &generator)
      })
  default:
    var entries: [String: ConfigurationTree] = [:]
    for _ in 0..<Int.random(in: 0..<5, using: &generator) {
      let key = words[Int.random(in: 0..<words.count, using: &generator)]
      // The merge key is the one text that is no key of a configuration.
      if key != "<<" { entries[key] = randomTree(depth: depth - 1, using: &generator) }
    }
    return .mapping(entries)
  }
}

@Suite struct CanonicalTextTests {
  @Test(arguments: 0..<300) func `a tree comes back from its canonical text, whatever is in it`(seed: UInt64)
    throws
  {
    var generator = SeededGenerator(seed: seed)
    let tree = ConfigurationTree.mapping(["root": randomTree(depth: 4, using: &generator)])
    let text = tree.canonicalText
    let again = try ConfigurationDocument(text: text, file: "plan").tree()
    #expect(again == tree, "\(text)")
    #expect(again.canonicalText == text)
    let line = try ConfigurationDocument(text: tree.inlineText, file: "plan").tree()
    #expect(line == tree, "\(tree.inlineText)")
  }

  @Test func `canonical text is sorted, indented and stable`() {
    let tree: ConfigurationTree = [
      "stages": [["graph": ["count": 12, "cutoff": 8.0]], "plain", []], "name": "No", "empty": [:],
      "numbers": [1e-5, 0.1, -0.0, 100_000_000_000_000_000_000.0], "é": true,
    ]
    #expect(
      tree.canonicalText == """
        empty: {}
        name: "No"
        numbers:
          - 1e-05
          - 0.1
          - 0.0
          - 1e+20
        stages:
          - graph:
              count: 12
              cutoff: 8.0
          - plain
          - []
        "é": true

        """)
  }

  @Test func `keys are sorted by bytes, not by letters of a language`() {
    let tree: ConfigurationTree = ["b": 1, "B": 2, "a_": 3, "a": 4, "é": 5, "z": 6]
    #expect(tree.canonicalText == "B: 2\na: 4\na_: 3\nb: 1\nz: 6\n\"é\": 5\n")
  }

  @Test(arguments: 0..<100) func `two trees differ exactly where a value was changed`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let value = randomTree(depth: 3, using: &generator)
    let before: ConfigurationTree = ["a": value, "b": [value, ["c": 1, "d": value]]]
    let after: ConfigurationTree = ["a": value, "b": [value, ["c": 2, "d": value]]]
    #expect(before.difference(from: before).isEmpty)
    let differences = after.difference(from: before)
    #expect(differences.map(\.description) == ["b[1].c: 1 → 2"])
  }

  @Test func `keys and elements that come or go are differences too`() {
    let before: ConfigurationTree = ["x": [1, 2], "gone": "a b", "kind": 1]
    let after: ConfigurationTree = ["x": [1, 2, 3], "new": ["z": true], "kind": 1.0]
    #expect(
      after.difference(from: before).map(\.description) == [
        "gone: \"a b\" → (absent)", "kind: 1 → 1.0", "new: (absent) → {z: true}", "x[2]: (absent) → 3",
      ])
  }

  @Test func `the canonical text of a plan does not depend on how it was written`() throws {
    let schema = Schema.mapping([
      Field("a", .number(0...10), "A"), Field("b", .list(of: .string), default: ["x"], "B"),
      Field("c", .mapping([Field("d", .integer(0...9), default: 3, "D")]), default: [:], "C"),
    ])
    func text(_ yaml: String) throws -> String {
      try ConfigurationDocument(text: yaml, file: "x").read(schema).tree.canonicalText
    }
    let plain = try text("a: 8\n")
    #expect(plain == "a: 8.0\nb:\n  - x\nc:\n  d: 3\n")
    #expect(try text("{c: {d: 3}, b: ['x'], a: 8.00e0}") == plain)
    #expect(try text(plain) == plain)
    #expect(try text("a: -0.0") == text("a: 0"))
  }
}
