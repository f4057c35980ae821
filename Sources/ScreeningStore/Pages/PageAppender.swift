import Dispatch
import Glibc
import Synchronization

/// Appends pages to a database file that SQLite has made and has closed. Not for use by two threads at once.
final class PageAppender {
  /// Path of the file.
  let path: String
  /// Bytes of a page.
  let pageSize: Int
  /// Number of pages that the file has, with those that are still to be written.
  private(set) var pageCount: Int
  private let changeCounter: Int
  private var waiting: [UInt8] = []
  private var written: Int
  private let disk: Disk
  private var bytesSinceSync = 0

  /// Opens a file.
  ///
  /// - Throws: `StoreError`.
  init(to database: DatabaseFile) throws(StoreError) {
    path = database.path
    pageSize = database.pageSize
    pageCount = database.pageCount
    written = pageCount
    changeCounter = database.changeCounter
    let file = open(path, O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { throw .cannotOpen(path: path, message: String(cString: strerror(errno))) }
    disk = Disk(file)
    waiting.reserveCapacity(Self.bufferSize + 2 * pageSize)
  }

  private static let bufferSize = 1 << 20

  /// After so many bytes they begin to go to the disk, which else would only begin when all are there and must be forced.
  private static let syncedSize = 1 << 24

  /// The page with the byte that SQLite locks holds nothing.
  static func lockPage(pageSize: Int) -> Int { 1 << 30 / pageSize + 1 }

  /// The number that the page behind a page has.
  private func next(after number: Int) -> Int {
    number + 1 == Self.lockPage(pageSize: pageSize) ? number + 2 : number + 1
  }

  /// Appends a page and returns its number.
  func append(_ page: UnsafeRawBufferPointer) throws(StoreError) -> Int {
    precondition(page.count == pageSize)
    let number = try place()
    waiting.append(contentsOf: page)
    return number
  }

  /// Appends what does not fit into a page of a tree, and returns the number of its first page.
  ///
  /// - Parameter source: the file of the entry.
  func append(overflowOf cell: StoredCell, from source: DatabaseFile) throws(StoreError) -> Int {
    let first = next(after: pageCount)
    var rest = cell.payloadSize - (cell.bytes.count - cell.payloadStart)
    try source.overflow(of: cell) { (part) throws(StoreError) in
      let number = try place()
      rest -= part.count
      waiting.appendBigEndian32(rest > 0 ? next(after: number) : 0)
      waiting.append(contentsOf: part)
      waiting.append(contentsOf: repeatElement(0, count: pageSize - 4 - part.count))
    }
    return first
  }

  /// Overwrites a page that was there before.
  func write(_ page: UnsafeRawBufferPointer, at number: Int) throws(StoreError) {
    try write(page, from: (number - 1) * pageSize)
  }

  /// Writes what is waiting and says in the header how many pages there are.
  func finish() throws(StoreError) {
    try flush()
    // Who forces the file to the disk later would not be told a second time.
    let code = disk.wait()
    guard code == 0 else { throw failure(code) }
    waiting.removeAll(keepingCapacity: true)
    func field(_ value: Int, at offset: Int) throws(StoreError) {
      waiting.appendBigEndian32(value)
      try waiting.withUnsafeBufferPointer { (bytes) throws(StoreError) in
        try write(UnsafeRawBufferPointer(bytes), from: offset)
      }
      waiting.removeAll(keepingCapacity: true)
    }
    try field(changeCounter + 1, at: 24)
    try field(pageCount, at: 28)
    // The size in the header holds for the state of the file that this counter names.
    try field(changeCounter + 1, at: 92)
  }

  /// Makes room for a page at the end.
  private func place() throws(StoreError) -> Int {
    if waiting.count >= Self.bufferSize { try flush() }
    let number = next(after: pageCount)
    if number > pageCount + 1 { waiting.append(contentsOf: repeatElement(0, count: pageSize)) }
    // 2³² − 2 pages are the most that a file has.
    guard number < 4_294_967_294 else { throw .diskFull(path: path) }
    pageCount = number
    return number
  }

  private func flush() throws(StoreError) {
    guard !waiting.isEmpty else { return }
    try waiting.withUnsafeBufferPointer { (bytes) throws(StoreError) in
      try write(UnsafeRawBufferPointer(bytes), from: written * pageSize)
    }
    written += waiting.count / pageSize
    bytesSinceSync += waiting.count
    if bytesSinceSync >= Self.syncedSize {
      bytesSinceSync = 0
      disk.force()
    }
    waiting.removeAll(keepingCapacity: true)
  }

  private func write(_ bytes: UnsafeRawBufferPointer, from offset: Int) throws(StoreError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(
        disk.file, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure(errno) }
      done += count
    }
  }

  private func failure(_ code: Int32) -> StoreError {
    code == ENOSPC || code == EDQUOT ? .diskFull(path: path) : .writeFailed(path: path)
  }
}

/// An open file whose bytes are forced to the disk while others are still made.
private final class Disk: Sendable {
  let file: Int32
  private let queue = DispatchQueue(label: "sluice.pages")
  private let error = Atomic<Int32>(0)

  init(_ file: Int32) { self.file = file }

  deinit { close(file) }

  /// Begins to force what has been written.
  func force() {
    queue.async { [self] in if fdatasync(file) != 0 { error.store(errno, ordering: .relaxed) } }
  }

  /// Waits for what has begun and returns the number of an error, or 0.
  func wait() -> Int32 {
    queue.sync {}
    return error.load(ordering: .relaxed)
  }
}

extension [UInt8] {
  /// Appends a number as files of SQLite have those of pages.
  mutating func appendBigEndian32(_ value: Int) {
    for shift in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: value >> shift)) }
  }
}
