internal import Configuration
internal import Foundation
internal import PipelineEngine
internal import ScreeningStore

/// A run directory that holds a run in shards.
public struct ShardedRun: SubmittedRun {
  /// The run directory.
  public let directory: String
  /// How it is cut.
  public let plan: ShardPlan

  /// Opens a run directory.
  ///
  /// - Throws: `ScreeningError.unreadable` where it holds no run in shards.
  public init(directory: String) throws(ScreeningError) {
    plan = try ShardPlan(directory: directory)
    self.directory = directory
  }

  init(directory: String, plan: ShardPlan) {
    self.directory = directory
    self.plan = plan
  }

  /// Identity of the cut.
  public var id: String { plan.id }
  /// Number of shards.
  public var partCount: Int { plan.count }
  /// What parts are called.
  public var partName: String { "shards" }
  /// Number of tasks.
  public var taskCount: Int { plan.taskCount }
  /// Rows are appended one after the other.
  public var mergesWithThreads: Bool { false }

  var files: ShardFiles { ShardFiles(plan, directory: directory) }

  /// The merged store.
  public var mergedPath: String { directory + "/" + CampaignRun.storeName }

  /// Path of the store with what the passes before the stream found; nil where there is none.
  ///
  /// - Throws: `ScreeningError.unreadable` where it is not there, or another one than when the run was submitted.
  func passes() throws -> String? {
    guard let expected = plan.passes else { return nil }
    let path = directory + "/" + ShardPlan.passesName
    let isThere = FileManager.default.fileExists(atPath: path)
    guard isThere, try Fingerprint(ofFile: path) == expected else {
      throw ScreeningError.unreadable(
        path: path,
        reason:
          "\(isThere ? "is not the file" : "is missing, the file") that sluice submit wrote with what every shard depends on: "
          + "predicted competitors and pilots of searches; put it back, or submit the campaign into another directory"
      )
    }
    return path
  }

  /// Reads the campaign as it was submitted, with the files that it names now.
  ///
  /// - Throws: `ScreeningError.planChanged` where these are others, `.inputChanged` where only inputs' bytes are.
  func campaign(_ resources: ResourceFolders) throws -> CampaignPlan {
    let found = try CampaignPlan(
      file: directory + "/" + ShardPlan.campaignName, relativeTo: plan.folder, runDirectory: directory,
      resources: resources, variables: plan.variables)
    guard found.fingerprint != plan.campaign else { return found }
    throw ScreeningError.planChanged(runDirectory: directory, differences: try differences(from: found))
  }

  /// What is different in a plan of now, in words.
  func differences(from now: CampaignPlan) throws -> [String] {
    let path = directory + "/" + CampaignRun.planName
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ScreeningError.unreadable(path: path, reason: "does not exist")
    }
    let earlier = try ConfigurationDocument(bytes: [UInt8](data), file: path).tree()
    return PlanIdentity.explanation(from: earlier, to: now.tree)
  }

  /// The shards that are not there whole.
  ///
  /// - Parameter checking: whether each file is read and compared with its digest; without it a name is believed.
  public func missing(checking: Bool) -> (parts: [Int], problems: [String]) {
    let present = files.present()
    guard checking else { return ((0..<plan.count).filter { present[$0] == nil }, []) }
    var (missing, problems): ([Int], [String]) = ([], [])
    for shard in 0..<plan.count {
      let (path, found) = files.valid(shard, among: present)
      problems += found
      if path == nil { missing.append(shard) }
    }
    return (missing, problems)
  }

  /// The shards that cannot be run, with the reason.
  public func failures() throws -> [(part: Int, message: String)] {
    try ClusterStatus(self).failing.map { ($0.shard, $0.message) }
  }
}

/// Numbers in ascending order as ranges: "0-3,7,9-10".
public func rangesText(_ numbers: [Int]) -> String {
  var ranges: [ClosedRange<Int>] = []
  for number in numbers {
    if let last = ranges.last, last.upperBound + 1 == number {
      ranges[ranges.count - 1] = last.lowerBound...number
    } else {
      ranges.append(number...number)
    }
  }
  return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(
    separator: ",")
}
