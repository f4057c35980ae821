import Foundation
import Networks
import TestSupport
import Testing

@Suite struct ArchitectureDocumentTests {
  @Test func `docs/campaign.md has the options of every architecture as they are declared`() throws {
    let path = Fixtures.repository.appending(path: "docs/campaign.md")
    let text = try String(contentsOf: path, encoding: .utf8)
    // Where it does not, this is what belongs under "## `model`".
    #expect(text.contains(Architectures.document), "\(Architectures.document)")
  }

  @Test func `architectures have different keys and titles, and options of one key each`() {
    #expect(Set(Architectures.all.map { $0.key }).count == Architectures.all.count)
    #expect(Set(Architectures.all.map { $0.title }).count == Architectures.all.count)
    for kind in Architectures.all {
      let keys = kind.optionDescriptions.map(\.key)
      #expect(Set(keys).count == keys.count, "\(kind.key)")
      #expect(!keys.contains("architecture"), "\(kind.key)")
    }
  }
}
