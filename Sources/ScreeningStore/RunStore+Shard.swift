import Foundation
import GRDB

/// Which part of a run a store holds, and what it was computed by.
public struct ShardDescription: Hashable, Sendable {
  /// Its number, from 0.
  public let index: Int
  /// Number of shards of the run.
  public let count: Int
  /// Identity of the plan of the shards.
  public let plan: String
  /// Number of records that it holds.
  public let records: Int
  /// The kind of processor: others may give other last bits.
  public let processor: String
  /// Version of the program.
  public let sluiceVersion: String

  /// A shard.
  public init(
    index: Int, count: Int, plan: String, records: Int, processor: String, sluiceVersion: String
  ) {
    self.index = index
    self.count = count
    self.plan = plan
    self.records = records
    self.processor = processor
    self.sluiceVersion = sluiceVersion
  }
}

/// Where a shard begins within a source.
public struct ShardStart: Hashable, Sendable {
  /// Position of the source in the run's list.
  public let source: Int
  /// Its first record that belongs to the shard.
  public let record: Int
  /// Where to begin reading, in the reader's own terms.
  public let resumeToken: [UInt8]?

  /// A beginning.
  public init(source: Int, record: Int, resumeToken: [UInt8]?) {
    self.source = source
    self.record = record
    self.resumeToken = resumeToken
  }
}

extension RunStore {
  /// Makes a store without records that of a shard, in one transaction; one that is a shard's already stays as it is.
  ///
  /// - Parameters:
  ///   - shard: which.
  ///   - starts: the sources that do not begin at their first record.
  public func beginShard(_ shard: ShardDescription, starts: [ShardStart]) throws(StoreError) {
    guard try shards().isEmpty else { return }
    try write { db in
      try db.execute(
        sql: """
          INSERT INTO shards (shard, plan, shard_count, records, processor, sluice_version)
          VALUES (?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          shard.index, shard.plan, shard.count, shard.records, shard.processor, shard.sluiceVersion,
        ])
      for start in starts {
        try db.execute(
          sql: "UPDATE sources SET first = ?, records = ?, resume_token = ? WHERE source = ?",
          arguments: [start.record, start.record, start.resumeToken.map { Data($0) }, start.source])
      }
    }
  }

  /// Writes a copy of the store whose bytes follow from its rows alone, however they came into it.
  ///
  /// - Parameter path: where; there is no file.
  /// - Throws: `StoreError`, naming the path of the copy.
  public func copyRows(to path: String) throws(StoreError) {
    try copy(to: path)
    do {
      var configuration = Configuration()
      // Who publishes the copy forces it to the disk.
      configuration.prepareDatabase {
        try $0.execute(sql: "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF")
      }
      let copy = try DatabaseQueue(path: path, configuration: configuration)
      // A copy takes over how often the tables were looked at anew, which tells of interruptions.
      try copy.writeWithoutTransaction { try $0.execute(sql: "PRAGMA schema_version = 1") }
      try copy.close()
    } catch {
      throw StoreError(error, path: path)
    }
  }

  /// The shards that the store is, or was put together from, in order; none for a run of one process.
  public func shards() throws(StoreError) -> [ShardDescription] {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM shards ORDER BY shard").map {
        ShardDescription(
          index: $0["shard"], count: $0["shard_count"], plan: $0["plan"], records: $0["records"],
          processor: $0["processor"], sluiceVersion: $0["sluice_version"])
      }
    }
  }
}
