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

  /// The columns that docs/store.md describes, with what it says, by table and view.
  private static func descriptions() throws -> [String: [String: String]] {
    let text = try String(contentsOf: Fixtures.repository.appending(path: "docs/store.md"), encoding: .utf8)
    var descriptions: [String: [String: String]] = [:]
    for section in text.components(separatedBy: "\n### `").dropFirst() {
      let name = String(section.prefix { $0 != "`" })
      for line in section.split(separator: "\n").prefix(while: { !$0.hasPrefix("## ") })
      where line.hasPrefix("| `") {
        let cells = line.components(separatedBy: " | ")
        descriptions[name, default: [:]][cells[0].replacing(/[| `]/, with: "")] = String(cells[1].dropLast(2))
      }
    }
    // A view has the columns of its tables too, its own before them.
    for table in ["structures", "stability"] {
      let columns = descriptions[table] ?? [:]
      descriptions["ranking"]?.merge(columns) { own, _ in own }
    }
    return descriptions
  }

  @Test func `the documentation describes every table and column of a store, and no other`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    var columns: [String: Set<String>] = [:]
    let found = try store.results(
      of: """
        SELECT tables.name, columns.name FROM pragma_table_list AS tables, pragma_table_xinfo(tables.name) AS columns
        WHERE tables.name NOT LIKE 'sqlite_%' AND tables.name NOT LIKE 'grdb_%'
        """)
    for case .text(let table) in found.map({ $0[0] }) { columns[table] = [] }
    for row in found {
      if case (.text(let table), .text(let column)) = (row[0], row[1]) { columns[table]?.insert(column) }
    }
    #expect(try Self.descriptions().mapValues { Set($0.keys) } == columns)
  }

  @Test func `what Datasette shows of a store is what the documentation says`() throws {
    struct Metadata: Decodable {
      struct Table: Decodable { let columns: [String: String] }
      struct Query: Decodable { let sql: String }
      struct Database: Decodable {
        let tables: [String: Table]
        let queries: [String: Query]
      }
      let databases: [String: Database]
    }
    let metadata = try JSONDecoder().decode(
      Metadata.self, from: Data(contentsOf: Fixtures.repository.appending(path: "docs/datasette.json")))
    let database = try #require(metadata.databases["results"])
    let links = /\[([^\]]+)\]\([^)]+\)/
    #expect(
      try database.tables.mapValues(\.columns)
        == Self.descriptions().mapValues { table in
          table.mapValues { $0.replacing(links) { $0.output.1 }.replacing("`", with: "") }
        }, "scripts/datasette-metadata writes it")
    #expect(try Set(database.queries.values.map(\.sql)) == Set(Self.examples()))
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
