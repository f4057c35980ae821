import Crystal
import ScreeningStore
import Testing

@Suite("Coverage, competitors and odds in the store") struct CoverageTests {
  /// A row with every number that a place can have.
  private func row(
    _ record: Int, model: Int = 0, distance: Double, withCompetitors: Double?, flags: [CoverageFlag] = []
  ) -> ScreenedRow {
    var row = exampleRow(record, energyAboveHull: distance)
    row.shape = "axial_ratio=2.5"
    row.evaluations = 17
    row.stabilities = [
      Stability(
        model: model, energy: -1.5, energyAboveHull: distance, decompositionEnergy: distance,
        decomposition: "1.000000 NaCl",
        coverage: Coverage(
          compounds: record, unknownPairs: 1, elementsWithoutPhase: 0,
          decomposesIntoElements: record % 2 == 0,
          flags: flags),
        withCompetitors: withCompetitors.map {
          CompetitorPlace(
            energyAboveHull: $0, decompositionEnergy: $0 - 0.01,
            decomposition: "1.000000 NaCl (CsCl, predicted)", probability: 0.25)
        }, sigma: 0.04, probability: 0.75)
    ]
    return row
  }

  private func store(_ rows: [ScreenedRow], _ folder: TemporaryFolder) throws -> RunStore {
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(
      StoreBatch(progress: [SourceProgress(source: 0, records: 0..<rows.count)], rows: rows))
    return store
  }

  @Test func `every number of a place comes back as committed, by rows and by rank`() throws {
    let folder = try TemporaryFolder()
    let rows = [
      row(0, distance: 0.1, withCompetitors: 0.2, flags: [.unknownPairs, .elementsOnly]),
      row(1, distance: -0.2, withCompetitors: nil),
    ]
    let store = try store(rows, folder)
    var found: [ScreenedRow] = []
    try store.forEachRow { found.append($0.row) }
    #expect(found == rows)
    let ranked = try store.ranked()
    #expect(ranked.map(\.stability) == [rows[1].stabilities[0], rows[0].stabilities[0]])
    #expect(ranked.map(\.shape) == ["axial_ratio=2.5", "axial_ratio=2.5"])
    #expect(ranked.map(\.evaluations) == [17, 17])
  }

  @Test func `each hull has its own order, and a row without competitors keeps its place`() throws {
    let folder = try TemporaryFolder()
    let store = try store(
      [
        row(0, distance: -0.2, withCompetitors: 0.3), row(1, distance: -0.1, withCompetitors: nil),
        row(2, distance: 0.0, withCompetitors: 0.0),
      ], folder)
    func order(_ hull: RankingHull) throws -> [Int] {
      try store.ranked(RankingFilter(hull: hull)).map(\.key.record)
    }
    #expect(try order(.references) == [0, 1, 2])
    #expect(try order(.competitors) == [1, 2, 0])
    let first = try #require(try store.ranked(RankingFilter(hull: .competitors)).last)
    #expect(first.place(on: .competitors).energyAboveHull == 0.3)
    #expect(first.place(on: .competitors).probability == 0.25)
    #expect(first.place(on: .references).energyAboveHull == -0.2)
    #expect(first.place(on: .references).probability == 0.75)
  }

  @Test func `a distance below what is credible is flagged on the hull that says so`() throws {
    let folder = try TemporaryFolder()
    let store = try store(
      [
        row(0, distance: -0.31, withCompetitors: -0.05), row(1, distance: -0.3, withCompetitors: -0.3),
        row(2, distance: -0.1, withCompetitors: -0.1, flags: [.elementsOnly]),
      ], folder)
    let rows = try store.ranked()
    #expect(rows.map { $0.flags(on: .references) } == [[.lowDistance], [], [.elementsOnly]])
    #expect(rows.map { $0.flags(on: .competitors) } == [[], [], [.elementsOnly]])
    func kept(_ hull: RankingHull) throws -> [Int] {
      try store.ranked(RankingFilter(hull: hull, leavesOutFlagged: true)).map(\.key.record)
    }
    #expect(try kept(.references) == [1])
    #expect(try kept(.competitors) == [1, 0])
  }

  @Test func `stable rows are counted by each model, by all and by any, with and without flags`() throws {
    let folder = try TemporaryFolder()
    // Distances of two models, with a flag or without: stable at 0.05 are those up to that.
    let table: [[(distance: Double, isFlagged: Bool)]] = [
      [(0, false), (0, false)], [(0, true), (0, false)], [(0, false), (1, false)], [(1, true), (0.05, true)],
      [(1, false), (0.0500001, false)], [(-0.4, false), (-0.4, false)],
    ]
    var rows: [ScreenedRow] = []
    for (record, places) in table.enumerated() {
      var one = exampleRow(record, energyAboveHull: 0)
      one.stabilities = places.enumerated().flatMap { model, place in
        row(
          record, model: model, distance: place.distance, withCompetitors: nil,
          flags: place.isFlagged ? [.unknownPairs] : []
        ).stabilities
      }
      rows.append(one)
    }
    let store = try store(rows, folder)
    let counts = try store.stableCounts(threshold: 0.05)
    #expect(counts.hull == .references)
    #expect(counts.models.map(\.name) == ["formation", "gap"])
    #expect(counts.models.map(\.stable) == [4, 4])
    #expect(counts.models.map(\.unflagged) == [2, 2])
    #expect(counts.byAny == 5 && counts.byAll == 3)
    #expect(counts.byAnyUnflagged == 3 && counts.byAllUnflagged == 1)
  }

  @Test func `competitors and how far their pass has come are stored together, and again without harm`()
    throws
  {
    let folder = try TemporaryFolder()
    let store = try store([], folder)
    #expect(try store.preparation("competitors") == nil)
    #expect(try store.standardHull() == .references)
    let items = (0..<4).map { number in
      PredictedCompetitor(
        number: number / 2, model: number % 2, prototype: "CsCl", formula: "CsCl", volume: 70.5,
        energy: number == 3 ? nil : -2, standardDeviation: number == 0 ? 0.1 : nil, isReference: number == 1,
        message: number == 3 ? "no graph" : nil)
    }
    try store.notePreparation(
      "competitors", PreparationState(done: 1, of: 2), competitors: Array(items.prefix(2)))
    #expect(try store.preparation("competitors")?.isFinished == false)
    try store.notePreparation(
      "competitors", PreparationState(done: 2, of: 2, result: "2 phases"), competitors: items)
    #expect(try store.competitors() == items)
    #expect(try store.preparation("competitors") == PreparationState(done: 2, of: 2, result: "2 phases"))
    #expect(try store.standardHull() == .competitors)
    #expect(throws: StoreError.self) {
      let bad = PredictedCompetitor(
        number: 9, model: 0, prototype: "CsCl", formula: "CsCl", volume: 70, energy: .nan,
        standardDeviation: nil, isReference: false)
      try store.notePreparation("competitors", PreparationState(done: 0, of: 2), competitors: [bad])
    }
    #expect(try store.preparation("competitors")?.isFinished == true)
  }
}
