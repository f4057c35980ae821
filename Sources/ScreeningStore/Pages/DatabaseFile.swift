import Glibc

/// A database file as SQLite keeps it (https://www.sqlite.org/fileformat2.html), read page by page.
///
/// Only for files that nobody writes to and that have left write-ahead mode: what is not yet in the file is not seen. Pages are
/// read, not mapped: a file of another node that vanishes or fails is an error, not the end of the process. Not for use by two
/// threads at once.
final class DatabaseFile {
  /// Path of the file.
  let path: String
  /// Bytes of a page.
  let pageSize: Int
  /// Number of pages.
  let pageCount: Int
  private let file: Int32
  private let header: [UInt8]
  /// Bytes of a page that are used.
  private let usableSize: Int
  /// The pages on the way to an entry, by depth, and the rest of an entry that does not fit into its page.
  private var trail: [PageBuffer] = []
  private let overflowPage: PageBuffer

  /// Tables and indexes by name.
  private(set) var objects: [String: (root: Int, sql: String)] = [:]

  /// Opens a file.
  ///
  /// - Throws: `StoreError.cannotOpen`; `.notADatabase` where the file is none or is damaged.
  init(at path: String) throws(StoreError) {
    func failure() -> StoreError { .cannotOpen(path: path, message: String(cString: strerror(errno))) }
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure() }
    self.file = file
    self.path = path
    var header = [UInt8](repeating: 0, count: Self.headerSize)
    var status = stat()
    // What is left of a file that is no database, or none at all, stays zero.
    let count = header.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
    let isRead = count >= 0 && fstat(file, &status) == 0
    let size = header.withUnsafeBytes { $0.bigEndian16(at: 16) }
    self.header = header
    pageSize = size == 1 ? 65536 : max(512, size)
    usableSize = pageSize - Int(header[20])
    pageCount = Int(status.st_size) / pageSize
    overflowPage = PageBuffer(size: pageSize)
    guard isRead else { throw failure() }
    guard header.starts(with: Self.mark), pageSize.nonzeroBitCount == 1, pageSize >= size, usableSize >= 480,
      pageCount > 0
    else { throw .notADatabase(path: path) }
    try cells(ofTreeAt: 1) { (cell) throws(StoreError) in
      let values = try values(of: cell)
      guard values.count >= 5, case .text(let name) = values[1], case .integer(let root) = values[3] else {
        return
      }
      if case .text(let sql) = values[4] { objects[name] = (Int(root), sql) }
    }
  }

  deinit { close(file) }

  /// Whether pages of this file can become pages of another: the same size, all of it used, text as UTF-8, and no page that
  /// says who points to which.
  var isPlain: Bool { header[20] == 0 && field(at: 52) == 0 && field(at: 56) == 1 }

  /// What SQLite has made as often as the file changed, which tells a reader that its size in the header holds.
  var changeCounter: Int { field(at: 24) }

  private func field(at offset: Int) -> Int { header.withUnsafeBytes { $0.bigEndian32(at: offset) } }

  private static let headerSize = 100
  private static let mark = Array("SQLite format 3\0".utf8)

  /// Reads a page.
  private func read(_ number: Int, into buffer: PageBuffer) throws(StoreError) -> UnsafeRawBufferPointer {
    guard number >= 1, number <= pageCount else { throw .notADatabase(path: path) }
    var done = 0
    while done < pageSize {
      let count = pread(
        file, buffer.bytes.baseAddress.map { $0 + done }, pageSize - done,
        off_t((number - 1) * pageSize + done))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .cannotOpen(path: path, message: String(cString: strerror(errno))) }
      // Somebody has cut the file.
      guard count > 0 else { throw .notADatabase(path: path) }
      done += count
    }
    return UnsafeRawBufferPointer(buffer.bytes)
  }

  // MARK: Trees

  /// Calls a function with each entry of a tree, in its order.
  ///
  /// - Parameters:
  ///   - root: its first page.
  ///   - body: called with each, whose bytes are valid until it returns.
  /// - Throws: `StoreError.notADatabase` for a damaged page; what `body` throws.
  func cells(ofTreeAt root: Int, _ body: (StoredCell) throws(StoreError) -> Void) throws(StoreError) {
    try cells(of: root, depth: 0, body)
  }

  private func cells(
    of number: Int, depth: Int, _ body: (StoredCell) throws(StoreError) -> Void
  ) throws(StoreError) {
    // No file has so many pages that a tree is deeper: each has at least two children.
    guard depth < 20 else { throw .notADatabase(path: path) }
    if depth == trail.count { trail.append(PageBuffer(size: pageSize)) }
    let page = try read(number, into: trail[depth])
    let start = number == 1 ? Self.headerSize : 0
    guard let kind = TreePageKind(rawValue: page[start]) else { throw .notADatabase(path: path) }
    let count = page.bigEndian16(at: start + 3)
    let pointers = start + kind.headerSize
    guard pointers + 2 * count <= pageSize else { throw .notADatabase(path: path) }
    for index in 0..<count {
      var position = page.bigEndian16(at: pointers + 2 * index)
      guard position >= pointers, position + 4 <= pageSize else { throw .notADatabase(path: path) }
      if !kind.isLeaf {
        try cells(of: page.bigEndian32(at: position), depth: depth + 1, body)
        position += 4
      }
      if kind != .tableInterior { try body(try cell(at: position, of: page, kind)) }
    }
    if !kind.isLeaf { try cells(of: page.bigEndian32(at: start + 8), depth: depth + 1, body) }
  }

  private func cell(
    at position: Int, of page: UnsafeRawBufferPointer, _ kind: TreePageKind
  ) throws(StoreError) -> StoredCell {
    var reader = ByteReader(page, at: position)
    let size = Int(reader.variableInteger())
    let key = kind == .tableLeaf ? reader.variableInteger() : 0
    guard size >= 0, size <= pageCount * pageSize else { throw .notADatabase(path: path) }
    let local = kind.localSize(ofPayload: size, usable: usableSize)
    let end = reader.position + local
    guard !reader.isPastEnd, end + (local < size ? 4 : 0) <= pageSize else { throw .notADatabase(path: path) }
    return StoredCell(
      bytes: UnsafeRawBufferPointer(rebasing: page[position..<end]), payloadStart: reader.position - position,
      payloadSize: size, key: key, overflow: local < size ? page.bigEndian32(at: end) : nil)
  }

  /// Calls a function with each page of the rest of an entry that does not fit into its page, without the number of the
  /// next page that it begins with.
  ///
  /// - Throws: `StoreError.notADatabase` where pages are missing.
  func overflow(
    of cell: StoredCell, _ body: (UnsafeRawBufferPointer) throws(StoreError) -> Void
  ) throws(StoreError) {
    guard var number = cell.overflow else { return }
    var rest = cell.payloadSize - (cell.bytes.count - cell.payloadStart)
    while rest > 0 {
      let page = try read(number, into: overflowPage)
      let count = min(rest, usableSize - 4)
      try body(UnsafeRawBufferPointer(rebasing: page[4..<4 + count]))
      number = page.bigEndian32(at: 0)
      rest -= count
    }
  }

  // MARK: Rows

  /// The rows of a table, in its order: the columns as they are stored, and the number of the row where it has one.
  ///
  /// - Throws: `StoreError.notADatabase` where the file has no such table or is damaged.
  func rows(of table: String) throws(StoreError) -> [(key: Int64, values: [StoredValue])] {
    guard let root = objects[table]?.root else { throw .notADatabase(path: path) }
    var rows: [(key: Int64, values: [StoredValue])] = []
    try cells(ofTreeAt: root) { (cell) throws(StoreError) in rows.append((cell.key, try values(of: cell))) }
    return rows
  }

  /// The columns of a row.
  func values(of cell: StoredCell) throws(StoreError) -> [StoredValue] {
    try withRecord(of: cell) { (record) throws(StoreError) in
      guard let values = record.values() else { throw StoreError.notADatabase(path: path) }
      return values
    }
  }

  /// Calls a function with the columns of a row, put together where they lie on several pages.
  func withRecord<Value>(
    of cell: StoredCell, _ body: (StoredRecord) throws(StoreError) -> Value
  ) throws(StoreError) -> Value {
    let local = UnsafeRawBufferPointer(rebasing: cell.bytes[cell.payloadStart...])
    guard cell.overflow != nil else { return try body(StoredRecord(local)) }
    let whole = UnsafeMutableRawBufferPointer.allocate(byteCount: cell.payloadSize, alignment: 8)
    defer { whole.deallocate() }
    whole.copyMemory(from: local)
    var end = local.count
    try overflow(of: cell) { (part) throws(StoreError) in
      UnsafeMutableRawBufferPointer(rebasing: whole[end...]).copyMemory(from: part)
      end += part.count
    }
    return try body(StoredRecord(UnsafeRawBufferPointer(whole)))
  }
}

/// Room for a page.
private final class PageBuffer {
  let bytes: UnsafeMutableRawBufferPointer

  init(size: Int) { bytes = .allocate(byteCount: size, alignment: 4096) }

  deinit { bytes.deallocate() }
}

/// An entry of a tree, as it lies in its page.
struct StoredCell {
  /// From the size of the payload to the last byte of it that lies in the page; without the pointer to a child.
  let bytes: UnsafeRawBufferPointer
  /// Where in `bytes` the payload begins.
  let payloadStart: Int
  /// Bytes of the payload, with what lies on further pages.
  let payloadSize: Int
  /// Number of the row, of a table that numbers its rows.
  let key: Int64
  /// The first page of the rest, where not all of the payload lies in the page.
  let overflow: Int?
}

/// What kind of page a tree has: those of tables that number their rows keep rows in leaves alone, those of indexes, and of
/// tables whose key is of columns, everywhere.
enum TreePageKind: UInt8 {
  case indexInterior = 2
  case tableInterior = 5
  case indexLeaf = 10
  case tableLeaf = 13

  var isLeaf: Bool { self == .indexLeaf || self == .tableLeaf }

  /// Bytes before the pointers to the entries.
  var headerSize: Int { isLeaf ? 8 : 12 }

  /// How many bytes of a payload lie in the page itself.
  ///
  /// - Parameters:
  ///   - size: bytes of the payload.
  ///   - usable: bytes of a page.
  func localSize(ofPayload size: Int, usable: Int) -> Int {
    let most = self == .tableLeaf ? usable - 35 : (usable - 12) * 64 / 255 - 23
    guard size > most else { return size }
    let least = (usable - 12) * 32 / 255 - 23
    let filling = least + (size - least) % (usable - 4)
    return filling <= most ? filling : least
  }
}

extension UnsafeRawBufferPointer {
  func bigEndian16(at offset: Int) -> Int { Int(self[offset]) << 8 | Int(self[offset + 1]) }

  func bigEndian32(at offset: Int) -> Int { bigEndian16(at: offset) << 16 | bigEndian16(at: offset + 2) }
}
