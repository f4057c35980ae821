import Crystal
import Foundation
import TestSupport
import Testing

@Suite("Codes and their documents") struct CodeDocumentationTests {
  /// The codes that the tables of a document explain: first cells of rows, where they are code.
  private func codes(in document: String, after heading: String) throws -> [String] {
    let text = try String(
      contentsOf: Fixtures.repository.appending(path: "docs/\(document)"), encoding: .utf8)
    let section = try #require(text.components(separatedBy: "\n## \(heading)\n").dropFirst().first)
    let rows = section.components(separatedBy: "\n## ")[0].split(separator: "\n").filter {
      $0.hasPrefix("| `")
    }
    return rows.compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
  }

  @Test func `every reason of rejection is explained once, and no other`() throws {
    let codes = try codes(in: "rejections.md", after: "Reason codes")
    #expect(codes.sorted() == RejectionReason.allCases.map(\.rawValue).sorted())
  }

  @Test func `every rule of reading is explained once, in the order of the list, and no other`() throws {
    #expect(try codes(in: "reading.md", after: "The rules") == ReadingRule.allCases.map(\.rawValue))
  }

  @Test func `rules are listed once each, in the order of their first application`() {
    func note(_ rule: ReadingRule) -> ReadingNote { ReadingNote(rule: rule, message: "") }
    #expect([ReadingNote]().rules.isEmpty)
    #expect(
      [note(.sharesAdded), note(.imagesMerged), note(.sharesAdded)].rules == [.sharesAdded, .imagesMerged])
  }
}
