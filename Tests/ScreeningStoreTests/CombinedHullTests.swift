import Crystal
import ScreeningStore
import TestSupport
import Testing

@Suite struct CombinedHullTests {
  /// A place for every energy that model 0 has in the store; higher on the hull where the reference hull puts it lower.
  private static func places(_ store: RunStore) throws -> [CombinedStability] {
    try store.placedEnergies(model: 0).map {
      CombinedStability(
        key: $0.key, model: 0, energyAboveHull: -$0.energy - 1.9, decompositionEnergy: -$0.energy,
        decomposition: "1.000000 \($0.formula)")
    }
  }

  private static func replace(_ places: [CombinedStability], in store: RunStore) throws {
    try store.replaceCombinedHull(
      places, computed: "2025-01-02T04:00:00Z", reference: "phases.csv", referenceFingerprint: "00ff")
  }

  @Test func `the energies of a model come with their formulas, by record`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(exampleBatch(records: 0..<50))
    let energies = try store.placedEnergies(model: 0)
    #expect(energies.count == (try store.counts().rows))
    #expect(energies.map(\.key) == energies.map(\.key).sorted())
    #expect(energies.allSatisfy { $0.formula == "NaCl" })
    #expect(try store.placedEnergies(model: 1).isEmpty)
  }

  @Test func `rows are ranked by either hull, and both counts of stable rows differ as the hulls do`() throws
  {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(exampleBatch(records: 0..<100))
    let before = try store.ranked()
    #expect(before.allSatisfy { $0.combined == nil })
    try Self.replace(try Self.places(store).shuffled(), in: store)

    #expect(try store.ranked().map(\.key) == before.map(\.key))
    let combined = try store.ranked(RankingFilter(hull: .combined))
    #expect(Set(combined.map(\.key)) == Set(before.map(\.key)))
    let distances = combined.compactMap { $0.combined?.energyAboveHull }
    #expect(distances.count == combined.count && distances == distances.sorted())
    #expect(combined.first?.stability.energyAboveHull != before.first?.stability.energyAboveHull)
    for threshold in [-0.01, 0.02, 0.05] {
      let within = combined.count { ($0.combined?.energyAboveHull ?? .infinity) <= threshold }
      #expect(try store.stableCounts(threshold: threshold, hull: .combined).byAny == within)
      let rows = try store.ranked(RankingFilter(maximumEnergyAboveHull: threshold, hull: .combined))
      #expect(rows.count == within)
    }
    let hull = try #require(try store.combinedHull())
    #expect(hull.candidates == combined.count && hull.reference == "phases.csv" && hull.isCurrent)
    try store.verifyCounts()
  }

  @Test func `a second call replaces all places of the first`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(exampleBatch(records: 0..<30))
    try Self.replace(try Self.places(store), in: store)
    let lifted = try Self.places(store).map {
      CombinedStability(
        key: $0.key, model: 0, energyAboveHull: $0.energyAboveHull + 7, decompositionEnergy: 7,
        decomposition: "other")
    }
    try Self.replace(lifted, in: store)
    let rows = try store.ranked(RankingFilter(hull: .combined))
    #expect(rows.count == lifted.count)
    #expect(rows.allSatisfy { $0.combined?.decomposition == "other" })
  }

  @Test func `a hull that was computed before rows were added is refused, and shown nowhere`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(exampleBatch(records: 0..<30))
    #expect(throws: StoreError.noCombinedHull(path: store.path)) {
      try store.ranked(RankingFilter(hull: .combined))
    }
    #expect(throws: StoreError.noCombinedHull(path: store.path)) {
      try store.stableCounts(threshold: 0, hull: .combined)
    }
    try Self.replace(try Self.places(store), in: store)
    let count = try store.counts().rows
    try store.commit(exampleBatch(records: 30..<60))
    let stale = StoreError.staleCombinedHull(
      path: store.path, candidates: count, now: try store.counts().rows)
    #expect(throws: stale) { try store.ranked(RankingFilter(hull: .combined)) }
    #expect(throws: stale) { try store.stableCounts(threshold: 0, hull: .combined) }
    #expect(stale.description.contains("sluice hull combined"))
    #expect(try store.combinedHull()?.isCurrent == false)
    #expect(try store.ranked().allSatisfy { $0.combined == nil })
    try Self.replace(try Self.places(store), in: store)
    #expect(try store.ranked(RankingFilter(hull: .combined)).count == (try store.counts().rows))
  }

  @Test func `rejections added later leave the hull current`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(exampleBatch(records: 0..<30))
    try Self.replace(try Self.places(store), in: store)
    try store.commit(
      StoreBatch(
        progress: [SourceProgress(source: 0, records: 30..<31)], rejections: [exampleRejection(30)]))
    #expect(try store.combinedHull()?.isCurrent == true)
  }

  @Test func `places that do not match the rows change nothing`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(exampleBatch(records: 0..<30))
    let places = try Self.places(store)
    try Self.replace(places, in: store)
    let rows = try store.ranked(RankingFilter(hull: .combined))
    let stray = CombinedStability(
      key: RecordKey(source: 1, record: 5), model: 0, energyAboveHull: 0, decompositionEnergy: 0,
      decomposition: "")
    let bad = CombinedStability(
      key: try #require(places.first).key, model: 0, energyAboveHull: .nan, decompositionEnergy: 0,
      decomposition: "")
    for wrong in [Array(places.dropLast()), places + [stray], [bad] + places.dropFirst(), []] {
      #expect(throws: StoreError.self) { try Self.replace(wrong, in: store) }
      #expect(try store.ranked(RankingFilter(hull: .combined)) == rows)
    }
  }

  @Test func `a finished run stays one plain file`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(exampleBatch(records: 0..<30))
    try store.markFinished(at: "2025-01-02T05:00:00Z")
    try store.close()
    let again = try RunStore.open(at: folder.file(), access: .readWrite)
    try Self.replace(try Self.places(again), in: again)
    #expect(try again.results(of: "PRAGMA journal_mode") == [[.text("delete")]])
  }
}
