/// What the indexes of the distances to the hull are sorted by: the distances of all records, kept until all are there.
struct HullPlaces {
  /// Which of the indexes.
  enum Index { case hull, competitors }

  /// Their names, in the order of `Index`.
  static let indexes = ["stability_by_hull", "stability_by_competitor_hull"]

  /// The columns that they are made of: the key of the place, and its distances without and with competitors.
  static let columns = ["record_key", "model", "e_above_hull", "e_above_competitor_hull"]

  /// With more places than this SQLite sorts, which needs no memory for all of them: they are 40 bytes each.
  static let most = 8_000_000

  /// Whether all places are kept.
  private(set) var isComplete = true

  private var keys: [Int64] = []
  private var models: [Int32] = []
  private var hull: [Double] = []
  private var competitors: [Double] = []
  /// Whether the distance lies in the table as an integer, as whole numbers do.
  private var isInteger: [Bool] = []

  /// Appends the place of a record, behind those of records before it.
  ///
  /// - Parameters:
  ///   - key, model: its key.
  ///   - hull: distance to the hull (eV/atom).
  ///   - competitors: the same to the hull with competitors; nothing without.
  mutating func append(key: Int64, model: Int64, hull distance: StoredNumber, competitors other: StoredNumber)
  {
    guard isComplete, keys.count < Self.most, let value = distance.value, let model = Int32(exactly: model),
      // Larger whole numbers SQLite keeps as reals.
      distance.isReal || abs(value) < 0x1p47
    else {
      self = HullPlaces()
      isComplete = false
      return
    }
    keys.append(key)
    models.append(model)
    hull.append(value)
    competitors.append(other.value ?? value)
    isInteger.append(!distance.isReal)
  }

  /// Calls a function with the bytes of each entry of an index, in its order: by distance, then by record and model.
  func forEachEntry(
    of index: Index, _ body: (UnsafeRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) {
    let values = index == .hull ? hull : competitors
    let entry = IndexEntry()
    for place in order(by: values) {
      // The second index is of an expression, whose value is a real number in any case.
      let value: StoredNumber =
        index == .hull && isInteger[place] ? .integer(Int64(values[place])) : .real(values[place])
      entry.set(value, key: keys[place], model: Int64(models[place]))
      try body(entry.bytes)
    }
  }

  private func order(by values: [Double]) -> [Int] {
    var order = values.enumerated().map { (value: $1, place: $0) }
    order.sort { ($0.value, $0.place) < ($1.value, $1.place) }
    return order.map(\.place)
  }
}
