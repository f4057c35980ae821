import Foundation
import GRDB
import TestSupport
import Testing

@testable import ScreeningStore

/// Pages of SQLite's files, read and written without it: what it says of the result is the reference.
@Suite struct DatabasePagesTests {
  @Test(arguments: [512, 1024, 4096, 65536])
  func `entries of many trees become one tree`(pageSize: Int) throws {
    let folder = try TemporaryFolder()
    for (round, counts) in [[0], [1], [0, 3, 0], [40, 1, 1, 17], [200, 0, 900]].enumerated() {
      var generator = SeededGenerator(seed: UInt64(1000 * round + pageSize))
      var next = 0
      let parts = try counts.enumerated().map { part, count in
        let path = folder.file("part-\(round)-\(part)")
        try example(at: path, pageSize: pageSize, from: next, count: count, &generator)
        next += 3 * count
        return path
      }
      let expected = folder.file("expected-\(round)")
      try example(at: expected, pageSize: pageSize, from: 0, count: 0, &generator)
      let whole = folder.file("whole-\(round)")
      try FileManager.default.copyItem(atPath: expected, toPath: whole)
      try appendByStatements(parts, to: expected)
      try appendByPages(parts, to: whole)
      #expect(try problems(of: whole) == ["ok"], "pages of \(pageSize), rows \(counts)")
      for table in ["numbered", "keyed"] {
        #expect(try rows(of: table, in: whole) == rows(of: table, in: expected))
      }
      // What was appended is an ordinary database.
      try DatabaseQueue(path: whole).write {
        try $0.execute(sql: "INSERT INTO numbered (note) VALUES ('more'); DELETE FROM keyed WHERE minor = 1")
      }
      #expect(try problems(of: whole) == ["ok"])
    }
  }

  @Test func `values are read as SQLite wrote them`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file()
    let numbers: [Int64] = [
      0, 1, -1, 2, 127, 128, -128, -129, 32767, 32768, 8_388_607, 8_388_608, -8_388_609, 2_147_483_647,
      2_147_483_648,
      1 << 40, (1 << 47) - 1, 1 << 47, -(1 << 47) - 1, .max, .min,
    ]
    try DatabaseQueue(path: path).write { db in
      try db.execute(sql: "CREATE TABLE t (whole INTEGER, real REAL, name TEXT, bytes BLOB, empty TEXT)")
      for number in numbers {
        try db.execute(
          sql: "INSERT INTO t (rowid, whole, real, name, bytes) VALUES (?, ?, ?, ?, ?)",
          arguments: [number, number, Double(number) / 3, "Å\(number)", Data([1, 0, 255])])
      }
    }
    let rows = try DatabaseFile(at: path).rows(of: "t")
    #expect(rows.map(\.key) == numbers.sorted())
    for (row, number) in zip(rows, numbers.sorted()) {
      #expect(row.values[0] == .integer(number))
      // SQLite keeps whole numbers of a column of reals as integers.
      #expect(plainNumber(row.values[1]) == Double(number) / 3)
      #expect(Array(row.values[2...]) == [.text("Å\(number)"), .blob([1, 0, 255]), .null])
    }
  }

  @Test func `rows that do not come in order are refused`() throws {
    let folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: 1)
    for name in ["a", "b"] {
      try example(at: folder.file(name), pageSize: 4096, from: 0, count: name == "a" ? 5 : 0, &generator)
    }
    #expect(
      throws: StoreError.countsDisagree(what: "number that the next row is above", expected: 12, found: 0)
    ) {
      try appendByPages([folder.file("a"), folder.file("a")], to: folder.file("b"))
    }
  }

  @Test func `the page that SQLite locks stays empty`() throws {
    let folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: 2)
    try example(at: folder.file("a"), pageSize: 65536, from: 0, count: 1500, &generator)
    try example(at: folder.file("b"), pageSize: 65536, from: 0, count: 0, &generator)
    // A file with a hole of almost 1 GiB.
    let lock = PageAppender.lockPage(pageSize: 65536)
    #expect(lock == 16385)
    #expect(truncate(folder.file("b"), off_t((lock - 4) * 65536)) == 0)
    try appendByPages([folder.file("a")], to: folder.file("b"))
    let file = try DatabaseFile(at: folder.file("b"))
    #expect(file.pageCount > lock)
    #expect(try rows(of: "numbered", in: folder.file("b")) == rows(of: "numbered", in: folder.file("a")))
    #expect(try rows(of: "keyed", in: folder.file("b")) == rows(of: "keyed", in: folder.file("a")))
  }

  @Test func `damaged files are refused`() throws {
    let folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: 3)
    try example(at: folder.file("a"), pageSize: 512, from: 0, count: 300, &generator)
    let bytes = try Data(contentsOf: URL(filePath: folder.file("a")))
    for round in 0..<200 {
      var damaged = bytes
      for _ in 0..<(1 + round % 8) {
        damaged[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
      }
      if round % 10 == 0 { damaged = damaged.prefix(512 * Int(1 + generator.next() % 20)) }
      let path = folder.file("damaged")
      try damaged.write(to: URL(filePath: path))
      // Either it is read, where what is damaged is a value, or refused; nothing else.
      do throws(StoreError) {
        let file = try DatabaseFile(at: path)
        for table in ["numbered", "keyed"] { _ = try file.rows(of: table) }
      } catch {
        #expect(error == .notADatabase(path: path))
      }
    }
    try Data("no database".utf8).write(to: URL(filePath: folder.file("text")))
    #expect(throws: StoreError.notADatabase(path: folder.file("text"))) {
      try DatabaseFile(at: folder.file("text"))
    }
  }

  private func plainNumber(_ value: StoredValue) -> Double? {
    switch value {
    case .integer(let value): Double(value)
    case .real(let value): value
    default: nil
    }
  }

  @Test func `entries of indexes are read as they were made`() throws {
    let entry = IndexEntry()
    let keys: [Int64] = [
      0, 1, 2, -1, 127, 128, 32768, 1 << 31, (1 << 31) - 1, 1 << 40, 1 << 47, (1 << 47) - 1, .max, .min,
    ]
    for key in keys {
      for value in [StoredNumber.real(0.1), .real(0), .integer(0), .integer(-3), .nothing] {
        entry.set(value, key: key, model: 3)
        #expect(Int(entry.bytes[0]) == entry.bytes.count - 1)
        let record = StoredRecord(UnsafeRawBufferPointer(rebasing: entry.bytes[1...]))
        var numbers = [StoredNumber](repeating: .nothing, count: 3)
        #expect(record.readNumbers(at: [0, 1, 2], into: &numbers))
        #expect(numbers == [value, .integer(key), .integer(3)])
        #expect(record.readNumbers(at: [0, 1, 3], into: &numbers))
        #expect(numbers == [value, .integer(key), .nothing])
        for wrong in [entry.bytes.count - 2, entry.bytes.count - 1] where wrong > 4 {
          let cut = StoredRecord(UnsafeRawBufferPointer(rebasing: entry.bytes[1..<wrong]))
          #expect(!cut.readNumbers(at: [0, 1, 2], into: &numbers) && cut.values() == nil)
        }
        #expect(record.values()?.count == 3)
      }
    }
  }

  // MARK: Databases

  /// A table that numbers its rows and one whose key is of two columns, with rows of very different lengths.
  private func example(
    at path: String, pageSize: Int, from first: Int, count: Int, _ generator: inout SeededGenerator
  ) throws {
    let queue = try DatabaseQueue(path: path)
    try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA page_size = \(pageSize)") }
    try queue.write { db in
      try db.execute(
        sql: """
          CREATE TABLE numbered (number INTEGER PRIMARY KEY, note TEXT);
          CREATE TABLE keyed (major INTEGER, minor INTEGER, note TEXT, PRIMARY KEY (major, minor)) WITHOUT ROWID;
          """)
      for row in 0..<count {
        let number = first + 3 * row
        try db.cachedStatement(sql: "INSERT INTO numbered VALUES (?, ?)").execute(
          arguments: [number, note(pageSize, &generator)])
        for minor in 0..<2 {
          try db.cachedStatement(sql: "INSERT INTO keyed VALUES (?, ?, ?)").execute(
            arguments: [number, minor, note(pageSize, &generator)])
        }
      }
    }
    try queue.close()
  }

  private func note(_ pageSize: Int, _ generator: inout SeededGenerator) -> String {
    let longest = [30, 30, 30, 30, 30, 30, 30, pageSize / 3, pageSize / 3, pageSize, 5 * pageSize]
    // Texts of several of the largest pages would only take time.
    let most = min(longest[Int(generator.next() % 11)], 30_000)
    return String(repeating: "x", count: Int(generator.next() % UInt64(most)))
  }

  private func appendByPages(_ parts: [String], to path: String) throws {
    let target = try DatabaseFile(at: path)
    let pages = try PageAppender(to: target)
    for table in ["numbered", "keyed"] {
      let builder = TreeBuilder(in: pages, isIndex: table == "keyed")
      for part in parts {
        let file = try DatabaseFile(at: part)
        let root = try #require(file.objects[table]?.root)
        try file.cells(ofTreeAt: root) { (cell) throws(StoreError) in try builder.append(cell, from: file) }
      }
      try builder.finish(root: try #require(target.objects[table]?.root))
    }
    try pages.finish()
  }

  private func appendByStatements(_ parts: [String], to path: String) throws {
    try DatabaseQueue(path: path).writeWithoutTransaction { db in
      for part in parts {
        try db.execute(sql: "ATTACH DATABASE ? AS part", arguments: [part])
        for table in ["numbered", "keyed"] {
          try db.execute(sql: "INSERT INTO main.\(table) SELECT * FROM part.\(table)")
        }
        try db.execute(sql: "DETACH DATABASE part")
      }
    }
  }
}

/// What SQLite finds wrong with a database.
func problems(of path: String) throws -> [String] {
  try DatabaseQueue(path: path).read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
}

/// The rows of a table in the order of its key.
func rows(of table: String, in path: String) throws -> [Row] {
  try DatabaseQueue(path: path).read { try Row.fetchAll($0, sql: "SELECT * FROM \(table)") }
}
