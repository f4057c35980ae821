internal import ScreeningStore
internal import TextFormats

/// The best candidates by the run's ranking, of one shard or of several: the best of all are among the best of each.
struct TopList: Hashable, Sendable {
  /// Most candidates that are held.
  static let length = 10

  /// A candidate.
  struct Entry: Hashable, Sendable {
    /// Energy above the hull that the run is ranked by (eV/atom).
    let distance: Double
    let id: String
    let formula: String
    let key: RecordKey
  }

  /// In the order of the ranking.
  private(set) var entries: [Entry] = []

  /// An empty list.
  init() {}

  /// The list of a shard by the first model that is ranked.
  ///
  /// - Parameter hull: the hull that the whole run is ranked by, which a shard's store does not know.
  init(of store: RunStore, hull: RankingHull) throws {
    let model = try modelIndex(named: nil, in: store)
    entries = try store.ranked(RankingFilter(model: model, limit: Self.length, hull: hull)).map {
      Entry(
        distance: $0.place(on: hull).energyAboveHull, id: $0.materialID, formula: $0.formula, key: $0.key)
    }
  }

  /// The list that was written down as JSON; what is no candidate is left out.
  init(_ tree: JSONTree?) {
    entries = (tree?.elements ?? []).compactMap { item in
      guard let values = item.elements, values.count == 5, let distance = values[0].real,
        let id = values[1].text,
        let formula = values[2].text, let source = values[3].wholeNumber, let record = values[4].wholeNumber,
        (0..<RecordKey.maximumSourceCount).contains(source),
        (0..<RecordKey.maximumRecordCount).contains(record)
      else { return nil }
      return Entry(
        distance: distance, id: id, formula: formula, key: RecordKey(source: source, record: record))
    }
  }

  /// The list as JSON.
  var tree: JSONTree {
    .array(
      entries.map {
        .array([
          .real($0.distance), .string($0.id), .string($0.formula), .count($0.key.source),
          .count($0.key.record),
        ])
      })
  }

  /// Takes another list in; a candidate counts once.
  mutating func merge(_ other: TopList) {
    let all = Set(entries).union(other.entries)
    entries = Array(all.sorted(by: Self.precedes).prefix(Self.length))
  }

  /// Takes a list as JSON in, whose candidates are in the order of the ranking. Where its first one cannot be among the best,
  /// the others are not read.
  mutating func merge(json: ArraySlice<UInt8>) {
    if entries.count == Self.length, let worst = entries.last?.distance,
      let end = json.firstIndex(of: UInt8(ascii: ",")),
      let first = Double(String(decoding: json[..<end].drop { $0 == UInt8(ascii: "[") }, as: UTF8.self)),
      first > worst
    {
      return
    }
    merge(TopList(try? JSONTree(Array(json))))
  }

  private static func precedes(_ left: Entry, _ right: Entry) -> Bool {
    if left.distance != right.distance { return left.distance < right.distance }
    if left.id != right.id { return left.id.utf8.lexicographicallyPrecedes(right.id.utf8) }
    return left.key < right.key
  }
}

extension CampaignPlan {
  /// The hull that a run of the plan is ranked by.
  var rankingHull: RankingHull {
    hullStage?.competitors.map { $0.count > 0 } ?? false ? .competitors : .references
  }
}
