import Configuration
import Testing

private let schema = Schema.mapping([
  .optional("variables", .dictionary(of: .string), "Values of variables"),
  Field("name", .string, default: "none", "A text"),
  Field("kind", .choice(of: ["small", "large"]), default: "small", "A word"),
  Field("count", .integer(1...9), default: 1, "A number"),
  .optional("path", .either(.path, .list(of: .path, count: 1...)), "One path or several"),
  Field(
    "stages",
    .list(
      of: .oneOf(tagged: [
        Alternative("predict", .mapping([Field("model", .path, "A folder")]), "Predicts"),
        Alternative("filter", .mapping([Field("elements", .list(of: .string), "Elements")]), "Filters"),
      ])), default: [], "What happens"),
])

private func read(
  _ text: String, _ settings: [String: VariableSetting]? = [:]
) throws -> ConfigurationValue {
  try ConfigurationDocument(text: text, file: "c.yaml").read(schema, settings: settings)
}

private func lines(_ text: String, _ settings: [String: VariableSetting] = [:]) -> [String] {
  do {
    _ = try read(text, settings)
    return []
  } catch let error as ConfigurationError {
    return error.problems.map(\.description)
  } catch {
    return ["\(error)"]
  }
}

private func set(_ values: [String: String]) -> [String: VariableSetting] {
  values.mapValues { VariableSetting(text: $0, path: "/here/" + $0) }
}

@Suite struct VariableTests {
  @Test func `a variable in any text has the value of the file, or before it that of the settings`() throws {
    let text = """
      variables: {who: file, size: large}
      name: a ${who}, twice ${who}${who}
      kind: ${size}
      stages:
        - filter: {elements: [Na, "${who}"]}
      """
    let value = try read(text)
    #expect(value.string("name") == "a file, twice filefile" && value.string("kind") == "large")
    #expect(value.elements("stages")[0].tagged.value.strings("elements") == ["Na", "file"])
    let other = try read(text, set(["who": "settings"]))
    #expect(other.string("name") == "a settings, twice settingssettings" && other.string("kind") == "large")
    #expect(other["variables"].tree == ["who": "settings", "size": "large"])
    #expect(value["variables"].tree == ["who": "file", "size": "large"])
    let alone = try read("name: ${who}", set(["who": "x"]))
    #expect(alone["variables"].tree == ["who": "x"] && alone.string("name") == "x")
  }

  @Test func `a path that begins with a setting is the setting's path, any other text its text`() throws {
    let text = """
      variables: {own: ../data}
      name: ${data}
      path: ["${data}/a.zst", "sub/${data}", "${own}/b", plain]
      stages:
        - predict: {model: "${data}"}
      """
    let value = try read(text, set(["data": "d"]))
    #expect(value.string("name") == "d")
    #expect(value.strings("path") == ["/here/d/a.zst", "sub/d", "../data/b", "plain"])
    let model = try #require(value.elements("stages").first).tagged.value["model"]
    #expect(model.string == "/here/d" && model.tree == "/here/d" && model.treeAsWritten == "${data}")
    #expect(value["path"].treeAsWritten == ["${data}/a.zst", "sub/${data}", "${own}/b", "plain"])
    #expect(value["name"].treeAsWritten == "d")
  }

  @Test(arguments: [
    ("$${data}", "${data}"), ("$$${data}", "$${data}"), ("$5 and $ and $x{y}", "$5 and $ and $x{y}"),
    ("$${a}${data}$${b}", "${a}D${b}"), ("${data}$", "D$"), ("$${", "${"),
  ])
  func `two dollar signs before a brace stand for themselves, and so does one alone`(
    text: String, expected: String
  ) throws {
    let isUsed = expected.contains("D")
    let value = try read("name: \"\(text)\"", isUsed ? set(["data": "D"]) : [:])
    #expect(value.string("name") == expected)
  }

  @Test func `values are taken as they are`() throws {
    let value = try read("name: ${a}", set(["a": "${b} $${c}"]))
    #expect(value.string("name") == "${b} $${c}")
    #expect(
      lines("variables: {a: x, b: \"${a}/y\"}\nname: ${b} ${a}")
        == ["c.yaml:1:22: variables.b: expected a value without variables, found the text \"${a}/y\""])
  }

  @Test func `a document that a program wrote is read as it stands`() throws {
    #expect(try read("name: ${data} $${x}", nil).string("name") == "${data} $${x}")
  }

  @Test func `a variable without a value is named with its place and what it was probably meant to be`() {
    #expect(
      lines("variables: {data: x}\nstages:\n  - predict:\n      model: ${dta}/m\n")
        == [
          "c.yaml:4:14: stages[0].predict.model: the variable \"dta\" has no value; did you mean \"data\"? "
            + "(--set dta=VALUE, or \"dta: VALUE\" under variables in the file gives it one)"
        ])
    // Within a choice of schemas too, where a failed case alone would say something else.
    #expect(
      lines("path: [a, \"${data}\"]\n")
        == [
          "c.yaml:1:11: path[1]: the variable \"data\" has no value (--set data=VALUE, or \"data: VALUE\" under "
            + "variables in the file gives it one)"
        ])
    #expect(lines("path: ${data}\n", set(["dat": "x"])).count == 1)
  }

  @Test func `every variable without a value is reported once, with all its places`() {
    let text = """
      name: ${set}
      path: ["${data}/${set}-${set}.zst", "${data}/b"]
      kind: ${data}

      """
    #expect(
      lines(text) == [
        "c.yaml:1:7: name: the variable \"set\" has no value (--set set=VALUE, or \"set: VALUE\" under variables in the "
          + "file gives it one); also at 2:8: path[0]",
        "c.yaml:2:8: path[0]: the variable \"data\" has no value (--set data=VALUE, or \"data: VALUE\" under variables "
          + "in the file gives it one); also at 2:37: path[1], 3:7: kind",
      ])
  }

  @Test func `a value that no text uses is an error, of the file as of the settings`() {
    #expect(
      lines("variables: {data: x, other: y}\nname: ${data}\n", set(["modle": "z"]))
        == [
          "c.yaml:1:1: no text of this file uses the variable \"modle\" (it uses data)",
          "c.yaml:1:22: variables: no text of this file uses the variable \"other\" (it uses data)",
        ])
    #expect(
      lines("name: x\n", set(["data": "z"]))
        == ["c.yaml:1:1: no text of this file uses the variable \"data\" (it uses none)"])
    #expect(
      lines("variables: {models: a}\nname: ${models}", set(["model": "z"]))[0].contains(
        "did you mean \"models\"?"))
  }

  @Test func `problems of variables are reported with all others, each once`() {
    let found = lines("name: ${a}\nkind: ${b}\ncount: 12\nextra: 1\n")
    #expect(found.count == 4, "\(found)")
    #expect(found[0].hasPrefix("c.yaml:1:7: name: the variable \"a\""))
    #expect(found[1].hasPrefix("c.yaml:2:7: kind: the variable \"b\""))
    #expect(found[2].hasPrefix("c.yaml:3:8: count: expected"))
    #expect(found[3].hasPrefix("c.yaml:4:1: unknown key"))
  }

  @Test(arguments: ["${}", "${a", "${a b}", "${1}", "x ${ä} y", "${-}"])
  func `what is no name between the braces is refused`(text: String) {
    let found = lines("name: \"\(text)\"\n", set(["a": "x"]))
    #expect(found.contains { $0.contains("expected the name of a variable in ${…}") }, "\(found)")
  }

  @Test func `a variable is a text, so no number stands for one and no key`() {
    #expect(
      lines("count: ${n}\n", set(["n": "3"]))
        == ["c.yaml:1:8: count: expected a whole number from 1 to 9, found the text \"3\""])
    #expect(lines("name: ${n}\n", set(["n": "3"])) == [])
    #expect(lines("variables: {n: 3}\nname: ${n}\n").contains { $0.contains("quote it if it is a text") })
    #expect(lines("variables: {\"a b\": x}\n").contains { $0.contains("expected the name of a variable") })
  }

  @Test func `a text with a variable in braces without quotes gets the advice to quote it`() {
    let found = lines("stages: [predict: {model: ${data}/m}]\n", set(["data": "x"]))
    #expect(found.count == 1)
    #expect(found.first?.contains("needs quotes") == true, "\(found)")
  }

  @Test func `a tree without its paths is the same wherever they lead`() throws {
    func stripped(_ text: String) throws -> ConfigurationTree {
      schema.withoutPaths(try read(text, set(["data": "d"])).tree)
    }
    let one = try stripped(
      "name: x\npath: ${data}/a\nstages: [predict: {model: a}, filter: {elements: [Na]}]\n")
    let two = try stripped(
      "name: x\npath: [b, \"${data}\"]\nstages: [predict: {model: ../c}, filter: {elements: [Na]}]\n")
    #expect(one == two)
    #expect(one["path"] == nil)
    let other = try stripped("name: ${data}\nstages: [predict: {model: a}, filter: {elements: [K]}]\n")
    #expect(other != one)
    #expect(one["stages"] == [["predict": [:]], ["filter": ["elements": ["Na"]]]])
  }

  @Test func `a path is to editors what a text is`() throws {
    let path = Schema.mapping([Field("x", .path, "A path")]).jsonSchemaText(title: "T", summary: "S")
    let text = Schema.mapping([Field("x", .string, "A path")]).jsonSchemaText(title: "T", summary: "S")
    #expect(path == text)
    #expect(lines("path: \"\"\n")[0].contains("or a list of at least 1"))
  }
}

extension ConfigurationTree {
  fileprivate subscript(key: String) -> ConfigurationTree? {
    if case .mapping(let entries) = self { entries[key] } else { nil }
  }
}
