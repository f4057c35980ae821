/// The tables of a merged store that have rows for each record, and the two indexes, made of the entries of the shards' trees.
///
/// SQLite takes most of its time for an appended row to find its place, to take it apart and to put it together again. Here the
/// bytes of each are copied once, into full pages behind those of a file that SQLite has made.
final class MergedTables {
  /// Tables whose key is the number of the row.
  static let numbered = ["structures", "crystals", "rejections"]
  /// Tables whose key is of a record and a model.
  static let keyed = ["scores", "stability"]

  private let pages: PageAppender
  private let roots: [String: Int]
  private let layouts: [String: String]
  private let isPlain: Bool
  private let builders: [String: TreeBuilder]
  private let placeColumns: [Int]
  private var lastKeys: [String: (record: Int64, model: Int64)] = [:]
  private var places = HullPlaces()

  /// Prepares for appending to a store whose tables are empty, and which nobody has open.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - columns: names of the columns of `stability`, as they are stored.
  init(at path: String, columns: [String]) throws(StoreError) {
    let file = try DatabaseFile(at: path)
    pages = try PageAppender(to: file)
    isPlain = file.isPlain
    layouts = file.objects.mapValues(\.sql)
    var (roots, builders): ([String: Int], [String: TreeBuilder]) = ([:], [:])
    for name in Self.numbered + Self.keyed + HullPlaces.indexes {
      guard let object = file.objects[name] else { throw .incomplete(path: path) }
      roots[name] = object.root
      builders[name] = TreeBuilder(in: pages, isIndex: !Self.numbered.contains(name))
    }
    self.roots = roots
    self.builders = builders
    placeColumns = HullPlaces.columns.compactMap { columns.firstIndex(of: $0) }
    precondition(
      placeColumns.count == HullPlaces.columns.count && placeColumns == placeColumns.sorted()
        && placeColumns[..<2] == [0, 1], "the key of a place comes first, and the distances in their order")
  }

  /// Whether entries of a shard's trees can be those of this store: tables are declared alike, and pages made alike.
  func fits(_ shard: DatabaseFile) -> Bool {
    isPlain && shard.isPlain && shard.pageSize == pages.pageSize
      && (Self.numbered + Self.keyed + MergedRest.tables).allSatisfy { shard.objects[$0]?.sql == layouts[$0] }
  }

  /// Appends the rows of a shard.
  ///
  /// - Throws: `StoreError.countsDisagree` where they do not come behind those that are there; `.notADatabase` for a damaged file.
  func append(_ shard: DatabaseFile) throws(StoreError) {
    for table in Self.numbered {
      guard let builder = builders[table], let root = shard.objects[table]?.root else { continue }
      try shard.cells(ofTreeAt: root) { (cell) throws(StoreError) in try builder.append(cell, from: shard) }
    }
    for table in Self.keyed {
      guard let builder = builders[table], let root = shard.objects[table]?.root else { continue }
      let isPlace = table == "stability"
      let columns = isPlace ? placeColumns : [0, 1]
      var last = lastKeys[table] ?? (-1, -1)
      var numbers = [StoredNumber](repeating: .nothing, count: columns.count)
      try shard.cells(ofTreeAt: root) { (cell) throws(StoreError) in
        try shard.withRecord(of: cell) { (record) throws(StoreError) in
          guard record.readNumbers(at: columns, into: &numbers), case .integer(let key) = numbers[0],
            case .integer(let model) = numbers[1]
          else { throw StoreError.notADatabase(path: shard.path) }
          guard (key, model) > last else {
            throw StoreError.countsDisagree(
              what: "record that the next row of \(table) is not before", expected: Int(last.record),
              found: Int(key))
          }
          last = (key, model)
          if isPlace { places.append(key: key, model: model, hull: numbers[2], competitors: numbers[3]) }
        }
        try builder.append(cell, from: shard)
      }
      lastKeys[table] = last
    }
  }

  /// Ends the trees; SQLite may open the file again.
  ///
  /// - Returns: whether the indexes are there. Else they are empty and to be made anew.
  func finish() throws(StoreError) -> Bool {
    for (name, index) in zip(HullPlaces.indexes, [HullPlaces.Index.hull, .competitors]) {
      guard let builder = builders[name] else { continue }
      try places.forEachEntry(of: index) { (entry) throws(StoreError) in try builder.append(entry) }
    }
    for (name, builder) in builders.sorted(by: { $0.key < $1.key }) {
      guard let root = roots[name] else { continue }
      try builder.finish(root: root)
    }
    try pages.finish()
    return places.isComplete
  }
}
