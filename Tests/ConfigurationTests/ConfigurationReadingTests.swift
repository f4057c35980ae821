import Configuration
import Testing

private let graph = Schema.mapping([
  Field("count", .integer(1...64), default: 12, "How many neighbors"),
  Field("cutoff", .number(above: 0, through: 20), default: 8, "Cutoff (Å)"),
  Field("periodic", .boolean, default: true, "Whether images count"),
  Field("method", .choice(of: ["nearest", "voronoi"]), default: "nearest", "How neighbors are found"),
])

private let campaign = Schema.mapping([
  Field("name", .string, "Name of the campaign"),
  Field("elements", .list(of: .string), default: [], "Elements allowed"),
  Field("graph", graph, default: [:], "The crystal graph"),
  Field("jobs", .either(.integer(1...256), .choice(of: ["auto"])), default: "auto", "Workers"),
  Field.optional("limit", .integer(1...), "At most so many records"),
  Field(
    "sources",
    .list(
      of: .oneOf(tagged: [
        Alternative("archive", .mapping([Field("path", .string, "The archive")]), "Reads an archive"),
        Alternative(
          "decorate", .mapping([Field("prototype", .string, "A structure")]), "Decorates a prototype"),
      ]), count: 1...), "Where crystals come from"),
])

private func read(_ text: String, _ schema: Schema = campaign) throws -> ConfigurationValue {
  try ConfigurationDocument(text: text, file: "c.yaml").read(schema)
}

private func problems(_ text: String, _ schema: Schema = campaign) -> [ConfigurationProblem] {
  do {
    _ = try read(text, schema)
    return []
  } catch let error as ConfigurationError {
    return error.problems
  } catch {
    return []
  }
}

private func lines(_ text: String, _ schema: Schema = campaign) -> [String] {
  problems(text, schema).map(\.description)
}

private let minimal = """
  name: test
  sources:
    - archive: {path: a.tar}

  """

@Suite struct ConfigurationReadingTests {
  @Test func `defaults are filled in and marked, given values are not`() throws {
    let value = try read(minimal + "graph: {count: 9}\n")
    #expect(value.string("name") == "test")
    #expect(value["graph"].integer("count") == 9)
    #expect(value["graph"].number("cutoff") == 8)
    #expect(value["graph"].boolean("periodic"))
    #expect(value["graph"].string("method") == "nearest")
    #expect(value.string("jobs") == "auto")
    #expect(value.optional("limit") == nil ? true : false)
    #expect(!value["graph"]["count"].isDefault)
    #expect(value["graph"]["cutoff"].isDefault)
    let source = try #require(value.elements("sources").first)
    #expect(source.tagged.tag == "archive")
    #expect(source.tagged.value.string("path") == "a.tar")
  }

  @Test func `a place is file, line, column and key path`() throws {
    let value = try read(minimal + "graph:\n  count: 9\n")
    let location = value["graph"]["count"].location
    #expect(location == ConfigurationLocation(file: "c.yaml", line: 5, column: 10, keyPath: "graph.count"))
  }

  @Test func `a misspelt key names the nearest one and is not reported missing as well`() {
    #expect(
      lines("nmae: test\nsources:\n  - archive: {path: a}\n")
        == [
          "c.yaml:1:1: unknown key \"nmae\"; did you mean \"name\"? "
            + "(expected one of name, elements, graph, jobs, limit, sources)"
        ])
  }

  @Test func `all problems of a document are reported, in the order of the text`() {
    let text = """
      name: 12
      graph:
        count: 65
        cutof: 3
        method: voronoy
      sources:
        - archve: {path: x}
        - archive: {}
      limit: -1
      """
    let found = problems(text).map {
      "\($0.location.line):\($0.location.column) \($0.kind) \($0.nearest ?? "-")"
    }
    #expect(
      found == [
        "1:7 wrongType -", "3:10 outOfRange -", "4:3 unknownKey cutoff", "5:11 unknownChoice voronoi",
        "7:5 unknownKey archive", "8:14 missingKey -", "9:8 outOfRange -",
      ])
  }

  @Test(arguments: [
    ("count: 0", "expected a whole number from 1 to 64, found the number 0"),
    ("count: 1.5", "expected a whole number from 1 to 64, found the number 1.5"),
    (
      "count: 99999999999999999999",
      "expected a whole number from 1 to 64, found the number 99999999999999999999"
    ),
    ("count: \"12\"", "expected a whole number from 1 to 64, found the text \"12\""),
    ("count: 1_2", "expected a whole number from 1 to 64, found the text \"1_2\"; did you mean \"12\"?"),
    ("count: [1]", "expected a whole number from 1 to 64, found a list"),
    ("count:", "expected a whole number from 1 to 64, found nothing"),
    ("cutoff: 0", "expected a number above 0.0 and at most 20.0, found the number 0"),
    ("cutoff: .inf", "expected a number above 0.0 and at most 20.0, found .inf, which is not finite"),
    ("cutoff: -.nan", "expected a number above 0.0 and at most 20.0, found -.nan, which is not finite"),
    ("cutoff: 1e999", "expected a number above 0.0 and at most 20.0, found 1e999, which is not finite"),
    ("cutoff: far", "expected a number above 0.0 and at most 20.0, found the text \"far\""),
    ("periodic: yes", "expected true or false, found the text \"yes\"; did you mean \"true\"?"),
    (
      "method: Voronoi",
      "expected one of nearest, voronoi, found the text \"Voronoi\"; did you mean \"voronoi\"?"
    ),
  ])
  func `a wrong value says what was expected and found`(line: String, message: String) throws {
    let key = line.prefix { $0 != ":" }
    let found = lines(minimal + "graph:\n  " + line + "\n")
    #expect(found.count == 1)
    #expect(try #require(found.first).hasSuffix("graph.\(key): " + message))
  }

  @Test func `N, Y, No and on are texts, numbers are not`() throws {
    let value = try read(minimal + "elements: [N, Y, No, on, O]\n")
    #expect(value.strings("elements") == ["N", "Y", "No", "on", "O"])
    #expect(
      lines(minimal + "elements: [12]\n") == [
        "c.yaml:4:12: elements[0]: expected a text, found the number 12 (quote it if it is a text)"
      ])
    #expect(try read(minimal + "elements: ['12', \"\\u00e9\"]\n").strings("elements") == ["12", "é"])
  }

  @Test func `a whole number may be written with exponent or fraction`() throws {
    #expect(try read(minimal + "limit: 1e6\n").integer("limit") == 1_000_000)
    #expect(try read(minimal + "limit: 2.0\n").integer("limit") == 2)
    #expect(problems(minimal + "limit: 1e300\n").map(\.kind) == [.outOfRange])
  }

  @Test(arguments: ["", "\n\n", "# only a comment\n", "---\n", "--- \n...\n"])
  func `an empty document is an error of its own`(text: String) {
    #expect(lines(text) == ["c.yaml:1:1: expected a configuration, found an empty document"])
  }

  @Test(arguments: [
    ("name: a\nname: b\n", ConfigurationProblem.Kind.duplicateKey),
    ("name: &x a\nelements: [*x]\n", .syntax),
    ("base: &b {name: a}\n<<: *b\n", .syntax),
    ("name: *missing\n", .syntax),
    ("name: !!int 3\n", .syntax),
    ("name: !thing a\n", .syntax),
    ("graph: !!omap {}\n", .syntax),
    ("? [a, b]\n: c\n", .syntax),
    ("name: a\n---\nname: b\n", .syntax),
    ("name: [a\n", .syntax),
    ("name: \"a\n", .syntax),
    ("name: a\n\tb: c\n", .syntax),
    ("name: a\u{1}b\n", .syntax),
    ("- a\n", .wrongType),
    ("a text\n", .wrongType),
  ])
  func `parts of YAML that hide what a value is are refused with their place`(
    text: String, kind: ConfigurationProblem.Kind
  ) {
    let found = problems(text)
    #expect(found.contains { $0.kind == kind }, "\(found)")
    #expect(found.allSatisfy { $0.location.line >= 1 && $0.location.column >= 1 })
  }

  @Test func `endless nesting and endless text are refused`() {
    #expect(problems(String(repeating: "[", count: 5000)).map(\.kind) == [.syntax])
    #expect(problems("name: " + String(repeating: "x", count: 1 << 20)).map(\.kind) == [.syntax])
  }

  @Test func `repeated repetition ends at once`() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...30 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(aliases)]\n"
    }
    #expect(problems(text).count { $0.kind == .syntax } == 31)
  }

  @Test func `bytes that are not UTF-8 are refused with their line`() {
    let error = #expect(throws: ConfigurationError.self) {
      try ConfigurationDocument(bytes: Array("name: a\nb: ".utf8) + [0xFF, 10], file: "c.yaml")
    }
    #expect(error?.problems.map(\.location.line) == [2])
  }

  @Test func `a byte order mark and carriage returns are no part of a value`() throws {
    let text = "\u{FEFF}name: test\r\nsources:\r\n  - archive: {path: a}\r\n"
    #expect(
      try ConfigurationDocument(bytes: Array(text.utf8), file: "c").read(campaign).string("name") == "test")
  }

  @Test(arguments: [0, 2]) func `a tagged choice has exactly one key`(count: Int) {
    let entries = ["archive: {path: a}", "decorate: {prototype: b}"].prefix(count).joined(separator: ", ")
    #expect(problems("name: a\nsources: [{\(entries)}]\n").map(\.kind) == [.wrongType])
  }

  @Test func `a check of the caller's own can point at a value`() throws {
    let value = try read(minimal + "elements: [Fee]\n").elements("elements")[0]
    let problem = value.problem(.unknownChoice, expected: "an element", candidates: ["O", "Fe", "Al"])
    #expect(
      problem.description
        == "c.yaml:4:12: elements[0]: expected an element, found Fee; did you mean \"Fe\"?")
  }

  @Test(arguments: [
    ("grahp", "graph"), ("Graph", "graph"), ("gaph", "graph"), ("el-ements", "elements"), ("job", "jobs"),
    ("nam", "name"), ("sauces", "sources"), ("qwert", nil), ("x", nil), ("a_very_long_key_of_no_kind", nil),
    ("", nil),
  ])
  func `a suggestion is made for a slip of the keyboard, not for another word`(typed: String, meant: String?)
  {
    let found = problems(minimal + "\"\(typed)\": 1\n").filter { $0.kind == .unknownKey }
    #expect(found.map(\.nearest) == [meant])
  }

  @Test func `a default that breaks its own schema is found without a document`() {
    #expect(campaign.brokenDefaults.isEmpty)
    let inner = Schema.mapping([Field("b", .integer(1...3), default: 4, "B")])
    let outer = Schema.mapping([
      Field("list", .list(of: .oneOf(tagged: [Alternative("a", inner, "A")])), default: [], "List"),
      Field("whole", inner, default: [:], "Whole"), Field("word", .choice(of: ["x"]), default: "y", "Word"),
    ])
    #expect(
      outer.brokenDefaults == [
        "default:1:1: list[].a.b: expected a whole number from 1 to 3, found the number 4",
        "default:1:1: whole.b: expected a whole number from 1 to 3, found the number 4",
        "default:1:1: word: expected x, found the text \"y\"",
      ])
  }
}
