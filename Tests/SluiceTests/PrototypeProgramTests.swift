import Foundation
import TestSupport
import Testing

@Suite("Prototypes from the program") struct PrototypeProgramTests {
  @Test func `the table in docs/prototypes.md is what the program prints`() throws {
    let text = try String(
      contentsOf: Fixtures.repository.appending(path: "docs/prototypes.md"), encoding: .utf8)
    let outcome = try Program.run(["prototypes", "list"])
    #expect(outcome.exitCode == 0)
    #expect(outcome.errors.isEmpty)
    let table = try #require(text.components(separatedBy: "$ sluice prototypes list\n").last)
    #expect(table.components(separatedBy: "```").first == outcome.output)
  }

  @Test func `show prints every prototype that list prints, and JSON agrees with it`() throws {
    let list = try Program.run(["prototypes", "list", "--format", "json"]).output
    let prototypes = try #require(try JSONSerialization.jsonObject(with: Data(list.utf8)) as? [[String: Any]])
    #expect(prototypes.count > 30)
    for prototype in [prototypes[0], prototypes[prototypes.count - 1]] {
      let name = try #require(prototype["name"] as? String)
      let shown = try Program.run(["prototypes", "show", name, "--format", "json"]).output
      let object = try JSONSerialization.jsonObject(with: Data(shown.utf8)) as? [String: Any]
      #expect(try #require(object) as NSDictionary == prototype as NSDictionary)
      let text = try Program.run(["prototypes", "show", name]).output
      let parameters = try #require(prototype["parameters"] as? [[String: Any]])
      for parameter in parameters { #expect(text.contains(try #require(parameter["meaning"] as? String))) }
      #expect(text.contains(name))
    }
  }

  @Test func `an unknown prototype is refused with the names there are`() throws {
    let outcome = try Program.run(["prototypes", "show", "novel"])
    #expect(outcome.exitCode == 2)
    #expect(outcome.errors.contains("there is no prototype \"novel\""))
    #expect(outcome.errors.contains("rock-salt, zinc-blende"))
    #expect(outcome.output.isEmpty)
  }
}
