import Crystal
import ScreeningStore
import TestSupport
import Testing

@Suite("Orders of the ranking") struct RankingOrderTests {
  /// Rows with few distinct numbers, so that ties are common; some without odds, some with competitors.
  private func rows(_ count: Int) -> [ScreenedRow] {
    var generator = SeededGenerator(seed: 21)
    func number(_ choices: [Double]) -> Double { choices.randomElement(using: &generator) ?? 0 }
    return (0..<count).map { record in
      let distance = number([-0.1, 0, 0.05, 0.1])
      var row = exampleRow(record, id: "m-\(Int(number([0, 1, 2, 3])))", energyAboveHull: distance)
      let isCalibrated = record % 7 != 0
      row.stabilities = [
        Stability(
          model: 0, energy: -1, energyAboveHull: distance, decompositionEnergy: distance,
          decomposition: "NaCl",
          withCompetitors: record % 3 == 0
            ? CompetitorPlace(
              energyAboveHull: distance + 0.05, decompositionEnergy: distance, decomposition: "NaCl",
              probability: isCalibrated ? number([0.2, 0.4]) : nil) : nil,
          sigma: isCalibrated ? number([0.02, 0.04, 0.08]) : nil,
          probability: isCalibrated ? number([0.3, 0.5, 0.9]) : nil)
      ]
      return row
    }
  }

  private func store(_ rows: [ScreenedRow], _ folder: TemporaryFolder) throws -> RunStore {
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(
      StoreBatch(progress: [SourceProgress(source: 0, records: 0..<rows.count)], rows: rows))
    return store
  }

  /// The rows sorted by some numbers, then id and record.
  private func sorted(
    _ rows: [RankedRow], by numbers: (RankedRow) -> [Double]
  ) -> [RecordKey] {
    rows.sorted { left, right in
      let (one, other) = (numbers(left), numbers(right))
      if one != other { return one.lexicographicallyPrecedes(other) }
      if left.materialID != right.materialID { return left.materialID < right.materialID }
      return left.key.record < right.key.record
    }.map(\.key)
  }

  @Test(arguments: [RankingHull.references, .competitors])
  func `rows are ordered by what is asked for, then id and record, those without odds last`(
    hull: RankingHull
  ) throws {
    let folder = try TemporaryFolder()
    let store = try store(rows(60), folder)
    let all = try store.ranked(RankingFilter(hull: hull))
    #expect(all.map(\.key) == sorted(all) { [$0.place(on: hull).energyAboveHull] })
    for factor in [0, 0.5, 1, 2] {
      let pessimistic = try store.ranked(RankingFilter(hull: hull, order: .pessimistic(factor)))
      let expected = sorted(all) { row in
        let sigma = row.stability.sigma
        return [sigma == nil ? 1 : 0, row.place(on: hull).energyAboveHull + factor * (sigma ?? 0)]
      }
      #expect(pessimistic.map(\.key).prefix(50) == expected.prefix(50), "\(factor)")
    }
    let likely = try store.ranked(RankingFilter(hull: hull, order: .probability))
    #expect(
      likely.map(\.key)
        == sorted(all) { row in
          let place = row.place(on: hull)
          return [place.probability.map { -$0 } ?? 1, place.energyAboveHull]
        })
    #expect(likely.map(\.key) != all.map(\.key))
  }

  @Test func `filters hold in every order`() throws {
    let folder = try TemporaryFolder()
    let store = try store(rows(60), folder)
    for order in [RankingOrder.distance, .pessimistic(1), .probability] {
      let stable = try store.ranked(
        RankingFilter(model: 0, maximumEnergyAboveHull: 0, hull: .competitors, order: order))
      #expect(stable.allSatisfy { $0.place(on: .competitors).energyAboveHull <= 0 })
      let whole = try store.ranked(RankingFilter(hull: .competitors, order: order))
      let part = whole.filter { $0.place(on: .competitors).energyAboveHull <= 0 }
      #expect(stable.map(\.key) == part.map(\.key) && !stable.isEmpty)
      #expect(
        try store.ranked(RankingFilter(limit: 7, hull: .competitors, order: order)).map(\.key)
          == whole.prefix(7).map(\.key))
    }
  }
}
