import Foundation
import GRDB

/// The results of one run: one SQLite file.
///
/// Every commit is one transaction that holds rows, rejections, counts and the progress of the sources together, so
/// that a run killed at any moment resumes exactly where the last commit ended. The file is in write-ahead mode with
/// `synchronous = NORMAL`: after a crash or kill of the process nothing committed is lost; after a power failure the
/// last commits may be missing, as a whole, and the run does them again. On network file systems, which do not allow
/// write-ahead mode, it keeps a rollback journal with `synchronous = FULL` instead: slower, and as safe.
public final class RunStore: Sendable {
  /// Path of the file.
  public let path: String
  let queue: DatabaseQueue

  /// How a store is opened.
  public enum Access: Sendable {
    /// For a run: brings an older file up to date.
    case readWrite
    /// As `readWrite`, without forcing anything to the disk: a process that is killed loses nothing that it committed, a
    /// machine that stops may lose the file. For one that is made anew then.
    case unforced
    /// For looking, also while a run is writing: leaves an older file as it is, and reads NULL where it has no column yet.
    case readOnly
    /// For looking at a file that nobody writes to any more: no lock is taken and no file made beside it, whatever the
    /// file system.
    case finished

    var isWritable: Bool { self == .readWrite || self == .unforced }
  }

  /// Creates the store of a new run.
  ///
  /// A file whose creation was interrupted holds no run yet and is completed.
  ///
  /// - Parameters:
  ///   - path: path of the file; its folder exists.
  ///   - run: what the run is.
  ///   - access: `.readWrite` or `.unforced`.
  /// - Throws: `StoreError.alreadyExists` where there is a file already, and whatever keeps it from being written.
  public static func create(
    at path: String, run: RunDescription, access: Access = .readWrite
  ) throws(StoreError) -> RunStore {
    precondition(access.isWritable, "a store is created to be written")
    guard run.sources.count <= RecordKey.maximumSourceCount else {
      throw .unknownIndex(what: "source", index: run.sources.count)
    }
    if FileManager.default.fileExists(atPath: path) {
      switch try state(of: path) {
      case .empty, .incomplete: break
      case .run, .unknown: throw .alreadyExists(path: path)
      }
    }
    let store = try RunStore(path: path, access: access)
    do { try StoreSchema.empty.get().backup(to: store.queue) } catch { throw store.storeError(error) }
    try store.write { try RunStore.insert(run, into: $0) }
    return store
  }

  /// Opens the store of an existing run.
  ///
  /// - Throws: `StoreError`; a version newer than this one is refused.
  public static func open(at path: String, access: Access) throws(StoreError) -> RunStore {
    guard FileManager.default.fileExists(atPath: path) else {
      throw .cannotOpen(path: path, message: "there is no such file")
    }
    switch try state(of: path) {
    case .run: break
    case .empty, .incomplete: throw .incomplete(path: path)
    case .unknown: throw .notARunStore(path: path)
    }
    let store = try RunStore(path: path, access: access)
    if access.isWritable {
      try store.migrate()
    } else {
      let isComplete = try store.read { try StoreSchema.migrator.hasCompletedMigrations($0) }
      if !isComplete {
        do { try OlderStore.bringUpToDate(store.queue) } catch { throw store.storeError(error) }
      }
    }
    return store
  }

  /// Opens the store of a finished run that nobody writes to any more.
  ///
  /// - Throws: `StoreError`, for a store that is not finished `.incomplete`.
  public static func openFinished(at path: String) throws(StoreError) -> RunStore {
    guard FileManager.default.fileExists(atPath: path) else {
      throw .cannotOpen(path: path, message: "there is no such file")
    }
    let store = try RunStore(path: path, access: .finished)
    let identity = try store.read { try Int.fetchOne($0, sql: "PRAGMA application_id") ?? 0 }
    guard identity == StoreSchema.applicationID else { throw .notARunStore(path: path) }
    let unknown = try store.read { try StoreSchema.unknownMigrations($0) }
    guard unknown.isEmpty else { throw .newerVersion(path: path, unknown: unknown) }
    let isComplete = try store.read { try StoreSchema.migrator.hasCompletedMigrations($0) }
    guard isComplete else { throw .incomplete(path: path) }
    guard try store.finishedDate() != nil else { throw .incomplete(path: path) }
    return store
  }

  /// How SQLite is told of a file that nobody writes to.
  ///
  /// Where the library takes no such names it is the path alone: the file is there, so none is made.
  static func immutableName(_ path: String) -> String {
    guard takesNames else { return path }
    let reserved: [Character: String] = ["%": "%25", "?": "%3f", "#": "%23"]
    return "file:" + path.map { reserved[$0] ?? String($0) }.joined() + "?mode=ro&immutable=1"
  }

  private static let takesNames =
    (try? DatabaseQueue().read { try Bool.fetchOne($0, sql: "SELECT sqlite_compileoption_used('USE_URI')") })
    ?? false

  private enum FileState { case empty, incomplete, run, unknown }

  /// Looks at a file without changing it: opening for writing would turn another program's database to our mode.
  private static func state(of path: String) throws(StoreError) -> FileState {
    let store = try openForLooking(path)
    let (identity, tables) = try store.read { db in
      (
        try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0,
        try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'")
      )
    }
    guard identity == StoreSchema.applicationID else {
      return identity == 0 && tables.isEmpty ? .empty : .unknown
    }
    let unknown = try store.read { try StoreSchema.unknownMigrations($0) }
    guard unknown.isEmpty else { throw .newerVersion(path: path, unknown: unknown) }
    guard tables.contains("run") else { return .incomplete }
    let runs = try store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM run") ?? 0 }
    return runs == 1 ? .run : .incomplete
  }

  /// Opens a file for reading, having undone what a process that was killed left half written.
  ///
  /// A transaction in a rollback journal, as when a file enters or leaves write-ahead mode, is undone by whoever reads
  /// next, but not through a connection that may not write.
  private static func openForLooking(_ path: String) throws(StoreError) -> RunStore {
    do throws(StoreError) {
      return try RunStore(path: path, access: .readOnly)
    } catch {
      guard case .readOnly = error else { throw error }
    }
    do {
      var configuration = Configuration()
      configuration.busyMode = .timeout(5)
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      _ = try queue.inDatabase { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema") }
      try queue.close()
    } catch {
      throw StoreError(error, path: path)
    }
    return try RunStore(path: path, access: .readOnly)
  }

  /// Closes the file. A store that is let go closes as well; closing by hand reports what stands in the way.
  public func close() throws(StoreError) {
    do { try queue.close() } catch { throw storeError(error) }
  }

  private init(path: String, access: Access) throws(StoreError) {
    let folder = (path as NSString).deletingLastPathComponent
    let isNetwork = access.isWritable && FileSystemKind.isNetwork(folder: folder.isEmpty ? "." : folder)
    var configuration = Configuration()
    configuration.readonly = !access.isWritable
    configuration.busyMode = .timeout(5)
    // The only writer is `commit`, which writes a row and its parts together.
    configuration.foreignKeysEnabled = false
    configuration.journalMode = !access.isWritable || isNetwork ? .default : .wal
    configuration.prepareDatabase { db in
      // 8 MiB: rows are appended, so more would only grow with the run.
      try db.execute(sql: "PRAGMA cache_size = -8192")
      guard access.isWritable else { return }
      if isNetwork {
        try db.execute(sql: "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL")
      } else {
        // Fewer, larger checkpoints: pages that many commits touch are copied to the file once. 4096 pages are 16 MiB.
        try db.execute(sql: "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4096")
      }
      if access == .unforced { try db.execute(sql: "PRAGMA synchronous = OFF") }
    }
    self.path = path
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw .cannotOpen(path: path, message: "it is a folder")
    }
    do {
      queue = try DatabaseQueue(
        path: access == .finished ? Self.immutableName(path) : path, configuration: configuration)
    } catch {
      throw StoreError(error, path: path)
    }
  }

  private func migrate() throws(StoreError) {
    do { try StoreSchema.migrator.migrate(queue) } catch { throw storeError(error) }
  }

  private static func insert(_ run: RunDescription, into db: Database) throws {
    try db.execute(
      sql: """
        INSERT INTO run (only_row, name, plan, plan_fingerprint, created, sluice_version, stability_threshold)
        VALUES (1, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        run.name, run.plan, run.planFingerprint, run.created, run.sluiceVersion, run.stabilityThreshold,
      ])
    for (index, model) in run.models.enumerated() {
      try db.execute(
        sql:
          """
          INSERT INTO models (model, name, fingerprint, property, unit, members, calibration)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          index, model.name, model.fingerprint, model.property, model.unit, model.memberCount,
          model.calibration,
        ])
    }
    for (index, source) in run.sources.enumerated() {
      try db.execute(
        sql: "INSERT INTO sources (source, name, fingerprint) VALUES (?, ?, ?)",
        arguments: [index, source.name, source.fingerprint])
    }
  }

  // MARK: Access with plain errors

  func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
    do { return try queue.read(body) } catch { throw storeError(error) }
  }

  func write<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
    do { return try queue.write(body) } catch { throw storeError(error) }
  }

  /// Reads one row after another; what the caller's own code throws passes through unchanged.
  func iterate(_ body: (Database) throws -> Void) throws {
    do { try queue.read(body) } catch let error as DatabaseError { throw storeError(error) }
  }

  func storeError(_ error: any Error) -> StoreError { StoreError(error, path: path) }
}

extension StoreError {
  init(_ error: any Error, path: String) {
    if let error = error as? StoreError {
      self = error
      return
    }
    guard let error = error as? DatabaseError else {
      self = .failed(path: path, code: -1, message: "\(error)")
      return
    }
    switch error.extendedResultCode {
    case .SQLITE_IOERR_SHMSIZE:
      self = .diskFull(path: path)
      return
    case .SQLITE_IOERR_WRITE, .SQLITE_IOERR_FSYNC, .SQLITE_IOERR_TRUNCATE, .SQLITE_IOERR_DIR_FSYNC,
      .SQLITE_IOERR_DELETE, .SQLITE_IOERR_SHMOPEN, .SQLITE_IOERR_SHMMAP, .SQLITE_IOERR_CLOSE:
      self = .writeFailed(path: path)
      return
    default: break
    }
    switch error.resultCode {
    case .SQLITE_NOTADB, .SQLITE_CORRUPT: self = .notADatabase(path: path)
    case .SQLITE_CANTOPEN:
      self = .cannotOpen(path: path, message: error.message ?? "no permission or no such folder")
    case .SQLITE_FULL: self = .diskFull(path: path)
    case .SQLITE_READONLY, .SQLITE_PERM: self = .readOnly(path: path)
    case .SQLITE_BUSY, .SQLITE_LOCKED: self = .locked(path: path)
    default:
      self = .failed(
        path: path, code: Int(error.extendedResultCode.rawValue), message: error.message ?? "no message")
    }
  }
}
