/// Builds a tree of a database file from its entries, which come in its order: full pages are appended one after the other, and
/// none is touched again.
final class TreeBuilder {
  private let pages: PageAppender
  private let leaf: TreePage
  private let isIndex: Bool
  private var levels: [Level] = []
  /// An entry that did not fit into a full leaf of an index. It becomes the one between this leaf and the next, if one follows.
  private var between: [UInt8]?
  private var lastKey: Int64?

  /// Number of entries.
  private(set) var count = 0

  /// A tree without entries.
  ///
  /// - Parameters:
  ///   - pages: takes the pages.
  ///   - isIndex: whether it is that of an index or of a table whose key is of columns; else rows have numbers.
  init(in pages: PageAppender, isIndex: Bool) {
    self.pages = pages
    self.isIndex = isIndex
    leaf = TreePage(isIndex ? .indexLeaf : .tableLeaf, size: pages.pageSize)
  }

  /// Appends an entry of another file.
  ///
  /// - Throws: `StoreError.countsDisagree` where the number of the row is not above the one before.
  func append(_ cell: StoredCell, from source: DatabaseFile) throws(StoreError) {
    guard cell.overflow != nil else { return try append(cell.bytes, key: cell.key) }
    let first = try pages.append(overflowOf: cell, from: source)
    var bytes = Array(cell.bytes)
    bytes.appendBigEndian32(first)
    try bytes.withUnsafeBufferPointer { (bytes) throws(StoreError) in
      try append(UnsafeRawBufferPointer(bytes), key: cell.key)
    }
  }

  /// Appends an entry.
  ///
  /// - Parameters:
  ///   - bytes: as they lie in a leaf.
  ///   - key: number of the row, of a table that numbers them.
  func append(_ bytes: UnsafeRawBufferPointer, key: Int64 = 0) throws(StoreError) {
    count += 1
    if isIndex {
      if let entry = between {
        try flushLeaf(before: entry)
        between = nil
      } else if !leaf.fits(bytes.count) {
        between = Array(bytes)
        return
      }
    } else {
      if let last = lastKey, key <= last {
        throw .countsDisagree(what: "number that the next row is above", expected: Int(last), found: Int(key))
      }
      if let last = lastKey, !leaf.fits(bytes.count) { try flushLeaf(before: variableInteger(last)) }
      lastKey = key
    }
    leaf.append(bytes)
  }

  /// Ends the tree.
  ///
  /// - Parameter root: number of the page that becomes its first one.
  func finish(root: Int) throws(StoreError) {
    if let entry = between {
      // No leaf follows that it could stand before: it is a leaf alone, and the one before it stands between.
      let last = leaf.removeLast()
      try flushLeaf(before: last)
      entry.withUnsafeBytes { leaf.append($0) }
    }
    guard !levels.isEmpty else { return try pages.write(leaf.finished(), at: root) }
    var child = try pages.append(leaf.finished())
    var level = 0
    while true {
      if let (page, entry) = levels[level].waiting {
        let (lastChild, lastEntry) = levels[level].page.removeLastChild()
        try flush(level, lastChild: lastChild, before: lastEntry)
        levels[level].page.append(child: page, entry)
        levels[level].waiting = nil
      }
      guard level + 1 < levels.count else {
        return try pages.write(levels[level].page.finished(lastChild: child), at: root)
      }
      child = try pages.append(levels[level].page.finished(lastChild: child))
      level += 1
    }
  }

  /// Appends the leaf, which an entry stands behind in the level above.
  private func flushLeaf(before entry: [UInt8]) throws(StoreError) {
    let number = try pages.append(leaf.finished())
    leaf.removeAll()
    try append(child: number, entry, level: 0)
  }

  private func append(child: Int, _ entry: [UInt8], level: Int) throws(StoreError) {
    if level == levels.count {
      levels.append(Level(TreePage(isIndex ? .indexInterior : .tableInterior, size: pages.pageSize)))
    }
    if let (page, key) = levels[level].waiting {
      try flush(level, lastChild: page, before: key)
      levels[level].waiting = nil
    } else if !levels[level].page.fits(4 + entry.count) {
      levels[level].waiting = (child, entry)
      return
    }
    levels[level].page.append(child: child, entry)
  }

  private func flush(_ level: Int, lastChild: Int, before entry: [UInt8]) throws(StoreError) {
    let number = try pages.append(levels[level].page.finished(lastChild: lastChild))
    levels[level].page.removeAll()
    try append(child: number, entry, level: level + 1)
  }

  /// A level of inner pages: the one that is being filled, and a child that did not fit into it with the entry behind it.
  private struct Level {
    let page: TreePage
    var waiting: (child: Int, entry: [UInt8])?

    init(_ page: TreePage) { self.page = page }
  }
}

/// An integer as SQLite writes those of rows: seven bits a byte, the more significant ones first.
private func variableInteger(_ value: Int64) -> [UInt8] {
  var bits = UInt64(bitPattern: value)
  guard bits >> 56 == 0 else {
    var bytes = [UInt8(truncatingIfNeeded: bits)]
    bits >>= 8
    for _ in 0..<8 {
      bytes.append(UInt8(truncatingIfNeeded: bits) | 0x80)
      bits >>= 7
    }
    return bytes.reversed()
  }
  var bytes = [UInt8(bits & 0x7f)]
  while bits >> 7 != 0 {
    bits >>= 7
    bytes.append(UInt8(bits & 0x7f) | 0x80)
  }
  return bytes.reversed()
}

/// A page of a tree that is being filled from its end downward.
final class TreePage {
  private let kind: TreePageKind
  private let bytes: UnsafeMutableRawBufferPointer
  private var start: Int
  /// Bytes of each entry.
  private var sizes: [Int] = []
  private var count: Int { sizes.count }

  init(_ kind: TreePageKind, size: Int) {
    self.kind = kind
    bytes = .allocate(byteCount: size, alignment: 8)
    start = size
    removeAll()
  }

  deinit { bytes.deallocate() }

  /// No entry takes less, so that the room of one that is deleted can be noted in it.
  private static let leastSize = 4

  func removeAll() {
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    start = bytes.count
    sizes.removeAll(keepingCapacity: true)
  }

  func fits(_ size: Int) -> Bool {
    start - max(size, Self.leastSize) >= kind.headerSize + 2 * (count + 1)
  }

  func append(_ entry: UnsafeRawBufferPointer) {
    place(entry.count)
    UnsafeMutableRawBufferPointer(rebasing: bytes[start...]).copyMemory(from: entry)
  }

  func append(child: Int, _ entry: [UInt8]) {
    place(4 + entry.count)
    write(child, at: start)
    bytes[(start + 4)...].copyBytes(from: entry)
  }

  /// Takes back the entry that was appended last.
  func removeLast() -> [UInt8] {
    precondition(count > 1, "a page of a tree keeps an entry")
    let size = sizes.removeLast()
    let entry = Array(bytes[start..<start + size])
    for index in start..<start + size { bytes[index] = 0 }
    write16(0, at: kind.headerSize + 2 * count)
    start += max(size, Self.leastSize)
    return entry
  }

  /// Takes back the child that was appended last, with the entry behind it.
  func removeLastChild() -> (child: Int, entry: [UInt8]) {
    let cell = removeLast()
    return (cell[..<4].reduce(0) { $0 << 8 | Int($1) }, Array(cell[4...]))
  }

  /// The bytes of the page.
  ///
  /// - Parameter lastChild: what lies behind the last entry, of an inner page.
  func finished(lastChild: Int = 0) -> UnsafeRawBufferPointer {
    bytes[0] = kind.rawValue
    write16(count, at: 3)
    // 65536 is written as 0.
    write16(start & 0xffff, at: 5)
    if !kind.isLeaf { write(lastChild, at: 8) }
    return UnsafeRawBufferPointer(bytes)
  }

  private func place(_ size: Int) {
    start -= max(size, Self.leastSize)
    write16(start, at: kind.headerSize + 2 * count)
    sizes.append(size)
  }

  private func write16(_ value: Int, at offset: Int) {
    bytes[offset] = UInt8(truncatingIfNeeded: value >> 8)
    bytes[offset + 1] = UInt8(truncatingIfNeeded: value)
  }

  private func write(_ value: Int, at offset: Int) {
    write16(value >> 16, at: offset)
    write16(value & 0xffff, at: offset + 2)
  }
}
