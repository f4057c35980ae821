internal import Crystal
internal import PhaseStability
internal import ScreeningStore

/// What all rows of a run say together: what a report shows of candidates that it has no room to list.
struct RunSurvey {
  /// What one model says of all rows.
  struct ModelCounts {
    /// Position of the model in the run's list.
    let model: Int
    /// Rows that it places on the hull.
    var placed = 0
    /// Rows at or below the threshold.
    var stable = 0
    /// Those of them whose distance is not flagged.
    var credible = 0
    /// Those of the credible whose distance is below the threshold by two spreads of the ensemble or more.
    var beyondSpread = 0
    /// Rows below the lowest distance that is to be believed.
    var tooLow = 0
    /// Rows in each bin of `histogramRange`, and below and above it.
    var bins = [Int](repeating: 0, count: RunSurvey.binCount)
    var below = 0
    var above = 0
    /// The ranks of rows that are listed, by record.
    var ranks: [RecordKey: Int] = [:]
  }

  /// Counts of an element.
  struct ElementCounts {
    var candidates = 0
    /// Stable ones by model, in the order of `models`.
    var stable: [Int]
  }

  /// The models that place rows on a hull, in the order of the run.
  private(set) var models: [ModelCounts]
  /// By element.
  private(set) var elements: [Element: ElementCounts] = [:]
  /// Rows that some but not all models call stable.
  private(set) var disagreements = 0
  /// Rows that all models call stable.
  private(set) var stableByAll = 0
  /// The rows of the page: the best of each model, in the order of the first.
  private(set) var listed: [RecordKey] = []

  /// What the histograms of distances cover (eV/atom).
  static let histogramRange = -0.5...1.0
  static let binCount = 75

  /// The bin of a distance (eV/atom), from 0; nil outside the histograms.
  static func bin(of distance: Double) -> Int? {
    let range = histogramRange
    guard distance >= range.lowerBound, distance < range.upperBound else { return nil }
    let width = (range.upperBound - range.lowerBound) / Double(binCount)
    return min(binCount - 1, Int((distance - range.lowerBound) / width))
  }

  /// Goes through all rows.
  ///
  /// - Parameters:
  ///   - hull: the hull of the distances.
  ///   - threshold: largest distance that counts as stable (eV/atom).
  ///   - limit: most rows to be listed.
  init(_ store: RunStore, models: [Int], hull: RankingHull, threshold: Double, limit: Int) throws {
    var counts = models.map { ModelCounts(model: $0) }
    var elements: [Element: ElementCounts] = [:]
    let places = Dictionary(models.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    var order = models.map { _ in [(distance: Double, key: RecordKey, id: String)]() }
    var (disagreements, stableByAll) = (0, 0)
    var system = ""
    var members: [Element] = []
    /// The row in hand: one or more models speak of it.
    var current: (key: RecordKey, votes: Int, voters: Int)?
    func endRow() {
      guard let row = current else { return }
      if row.votes == models.count {
        stableByAll += 1
      } else if row.votes > 0 {
        disagreements += 1
      }
    }
    try store.forEachDistance(to: hull) { row in
      guard let place = places[row.model] else { return }
      if row.chemicalSystem != system {
        system = row.chemicalSystem
        members = system.split(separator: "-").compactMap { Element(symbol: $0) }
      }
      let isNew = row.key != current?.key
      if isNew {
        endRow()
        current = (row.key, 0, 0)
        for element in members {
          elements[element, default: ElementCounts(stable: models.map { _ in 0 })].candidates += 1
        }
      }
      let distance = row.energyAboveHull
      counts[place].placed += 1
      order[place].append((distance, row.key, row.materialID))
      if distance < CoverageFlag.lowestCredibleDistance { counts[place].tooLow += 1 }
      if let bin = Self.bin(of: distance) {
        counts[place].bins[bin] += 1
      } else if distance < Self.histogramRange.lowerBound {
        counts[place].below += 1
      } else {
        counts[place].above += 1
      }
      guard distance <= threshold else { return }
      current?.votes += 1
      counts[place].stable += 1
      for element in members { elements[element]?.stable[place] += 1 }
      guard !row.isFlagged else { return }
      counts[place].credible += 1
      if let spread = row.spread, distance + 2 * spread <= threshold { counts[place].beyondSpread += 1 }
    }
    endRow()
    for place in order.indices {
      // The order of `sluice rank`: distance, id by its bytes, record.
      order[place].sort { left, right in
        if left.distance != right.distance { return left.distance < right.distance }
        if left.id != right.id { return left.id.utf8.lexicographicallyPrecedes(right.id.utf8) }
        return left.key < right.key
      }
    }
    var chosen: Set<RecordKey> = []
    for list in order { chosen.formUnion(list.prefix(limit / max(1, models.count)).map(\.key)) }
    for row in order.first ?? [] where chosen.count < limit { chosen.insert(row.key) }
    for place in order.indices {
      for (index, row) in order[place].enumerated() where chosen.contains(row.key) {
        counts[place].ranks[row.key] = index + 1
      }
    }
    self.models = counts
    self.elements = elements
    self.disagreements = models.count > 1 ? disagreements : 0
    self.stableByAll = stableByAll
    let ranks = counts
    listed = chosen.sorted { left, right in
      for model in ranks {
        let (first, second) = (model.ranks[left] ?? .max, model.ranks[right] ?? .max)
        if first != second { return first < second }
      }
      return left < right
    }
  }
}
