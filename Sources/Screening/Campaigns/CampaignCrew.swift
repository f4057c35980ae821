internal import Foundation

/// Who works on the records of a plan: the networks, made ready once, and what each worker keeps. Runs of the same plan, as
/// the shards of a task are, use it one after the other.
///
/// `@unchecked Sendable` because the scratches are handed out and taken back under the lock, each to one thread.
final class CampaignCrew: @unchecked Sendable {
  /// The stages.
  let worker: CampaignWorker
  private let plan: CampaignPlan
  private let hulls: CompetitorHulls
  private let lock = NSLock()
  private var idle: [CampaignScratch] = []
  private var lent: [CampaignScratch] = []

  /// The crew of a plan whose passes found `passes`.
  init(_ plan: CampaignPlan, _ passes: PreparedPasses = PreparedPasses()) {
    self.plan = plan
    hulls = passes.hulls
    worker = CampaignWorker(plan, bounds: passes.bounds)
  }

  /// The scratch of a worker, for it alone until `recall`.
  func takeScratch() -> CampaignScratch {
    // Made outside of the lock: workers make theirs at once.
    let scratch = lock.withLock { idle.popLast() } ?? CampaignScratch(plan, hulls)
    lock.withLock { lent.append(scratch) }
    return scratch
  }

  /// Takes all scratches back; called when no thread works any more.
  func recall() {
    lock.withLock {
      idle += lent
      lent = []
    }
  }
}
