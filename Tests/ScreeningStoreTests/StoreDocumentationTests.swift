import Foundation
import ScreeningStore
import TestSupport
import Testing

@Suite struct StoreDocumentationTests {
  /// The ```sql blocks of docs/store.md.
  private static func examples() throws -> [String] {
    let text = try String(contentsOf: Fixtures.repository.appending(path: "docs/store.md"), encoding: .utf8)
    return text.components(separatedBy: "```sql\n").dropFirst().compactMap {
      $0.components(separatedBy: "```").first
    }
  }

  @Test func `the example queries of the documentation run and find what they say`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(exampleBatch(records: 0..<200))
    let pushedOff = try store.placedEnergies(model: 0).map {
      CombinedStability(
        key: $0.key, model: 0, energyAboveHull: 1, decompositionEnergy: 1, decomposition: $0.formula)
    }
    try store.replaceCombinedHull(
      pushedOff, computed: "2025-01-02T04:00:00Z", reference: "phases.csv", referenceFingerprint: "00ff")
    let examples = try StoreDocumentationTests.examples()
    #expect(examples.count == 9)
    for sql in examples { #expect(try !store.results(of: sql).isEmpty, "\(sql)") }

    let best = try store.results(of: examples[0]).map { $0[0] }
    #expect(best == (try store.ranked(RankingFilter(limit: 10)).map { .text($0.materialID) }))
    let stable = try store.ranked(RankingFilter(maximumEnergyAboveHull: 0.05))
    #expect(try store.results(of: examples[1]).map { $0[0] } == stable.map { .text($0.materialID) })
    #expect(try store.results(of: examples[2]).allSatisfy { $0[2] == .real(5.5) })
    let rejected = try store.results(of: examples[3]).reduce(0) { sum, row in
      if case .integer(let records) = row[2] { sum + Int(records) } else { sum }
    }
    #expect(rejected == (try store.counts().rejected))
    #expect(try store.results(of: examples[4]).first?[1] == .integer(Int64(stable.count)))
    #expect(try store.results(of: examples[6]).count == stable.count)
    let bySystem = try store.results(of: examples[7])
    #expect(bySystem == [[.null, .integer(Int64(stable.count))]])
    let byRules = try store.results(of: examples[8]).reduce(0) { sum, row in
      if case .integer(let records) = row[1] { sum + Int(records) } else { sum }
    }
    #expect(byRules == (try store.counts().rows + store.counts().rejected))
    let credible = try store.ranked(RankingFilter(limit: 10, hull: .competitors, leavesOutFlagged: true))
    #expect(try store.results(of: examples[5]).map { $0[0] } == credible.map { .text($0.materialID) })
  }

  @Test func `every table and column that the documentation names is there`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    let text = try String(contentsOf: Fixtures.repository.appending(path: "docs/store.md"), encoding: .utf8)
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
    #expect(lines.count == 15)
    for line in lines {
      let cells = line.split(separator: "|").map(String.init)
      let table = try #require(cells[0].split(separator: "`").dropFirst().first)
      let columns = cells[2].components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(
        \.element)
      let names =
        table == "ranking" ? ["model", "energy_std", "record_key", "e_above_combined_hull"] : columns
      _ = try store.results(of: "SELECT \(names.joined(separator: ", ")) FROM \(table)")
    }
  }

  @Test func `a query cannot change the store, and a wrong one says why`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    #expect(throws: StoreError.self) { try store.results(of: "DELETE FROM run") }
    #expect(try store.description() == exampleRun)
    let error = #expect(throws: StoreError.self) { try store.results(of: "SELECT nonsense FROM run") }
    #expect(error?.description.contains("no such column: nonsense") == true)
  }
}
