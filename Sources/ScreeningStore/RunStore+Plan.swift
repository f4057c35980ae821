import GRDB

extension RunStore {
  /// Notes the plan of a run in other words, and the names of its sources: the run is the same, and its files have moved.
  ///
  /// - Parameter run: the run under its plan of now; it has the same models, and as many sources.
  /// - Throws: `StoreError`.
  public func notePlan(_ run: RunDescription) throws(StoreError) {
    try write { try RunStore.notePlan(run, in: $0) }
  }

  static func notePlan(_ run: RunDescription, in db: Database) throws {
    try db.execute(
      sql: "UPDATE run SET plan = ?, plan_fingerprint = ?", arguments: [run.plan, run.planFingerprint])
    for (index, source) in run.sources.enumerated() {
      try db.execute(
        sql: "UPDATE sources SET name = ?, fingerprint = ? WHERE source = ?",
        arguments: [source.name, source.fingerprint, index])
    }
  }
}
