internal import Networks
internal import PhaseStability
internal import PipelineEngine
internal import ScreeningStore
internal import Training

extension CampaignRun {
  /// Reads the rejected records of a run again and puts their new outcomes in the place of the rejections.
  ///
  /// One transaction a batch; the store knows how far this has come, so a process that is ended goes on there.
  /// - Returns: whether all were read; false where `stop` was raised or the limit reached.
  func retryRejected(
    _ store: RunStore, _ crew: CampaignCrew, _ notes: CrashNotes, limit: Int?, stop: StopFlag,
    progress: (_ count: Int) -> Void
  ) throws -> (isDone: Bool, count: Int) {
    let all = try store.recordsToRetry()
    let keys = limit.map { Array(all.prefix($0)) } ?? all
    let reader = RecordsReader(plan.sources, of: Set(keys.map(\.source)))
    let plan = plan
    defer { crew.recall() }
    var rest = keys[...]
    var count = 0
    _ = try OrderedPipeline(jobs: jobs, batchSize: plan.batchSize).run(
      read: { () throws -> SourceRecord? in
        guard let key = rest.popFirst() else { return nil }
        if let record = try reader.record(key) {
          if case .broken(_, let message) = record.content { throw ScreeningError.invalid(message) }
          return record
        }
        throw ScreeningError.unreadable(
          path: plan.sources[key.source].name, reason: "ends before record \(key.record), which was read once"
        )
      },
      makeScratch: { crew.takeScratch() },
      work: { scratch, records in
        let outcomes = crew.worker.process(records, scratch, notes)
        return RetryBatch(
          keys: records.map { RecordKey(source: $0.source, record: $0.record) }, rows: outcomes.rows,
          rejections: outcomes.rejections, filtered: outcomes.filtered)
      },
      write: { (batch: RetryBatch) in
        try store.commit(batch)
        count += batch.keys.count
        progress(count)
      },
      stop: stop)
    guard count == all.count else { return (false, count) }
    try store.endRetry()
    return (true, count)
  }
}
