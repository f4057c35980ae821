internal import Configuration
internal import Foundation
internal import PipelineEngine
internal import ScreeningStore
internal import StructureArchive
internal import TextFormats

/// How a campaign is cut into shards: a function of its plan, which holds the digests of all files, and their number.
///
/// A run in shards lies in a run directory beside what every run has: the campaign as it was submitted, the plan, the
/// references, what passes found, the stores of finished shards, and a journal of each task.
public struct ShardPlan: Sendable {
  /// Name of the file within a run directory.
  public static let fileName = "shards.json"
  /// Name of the campaign as it was submitted.
  static let campaignName = "campaign.yaml"
  /// Name of the store with what the passes before the stream found.
  static let passesName = "passes.sqlite"
  /// Name of the folder of finished shards.
  static let shardsName = "shards"
  /// Name of the folder of the tasks' journals.
  static let tasksName = "tasks"
  private static let format = 2
  /// Most tasks of a run.
  public static let mostTasks = 100_000
  /// What the file says in place of a fingerprint where there are no passes.
  private static let noPasses = "none"

  /// Identity of the cut: SHA-256 of the campaign's fingerprint, the numbers of records and the places.
  public let id: String
  /// Fingerprint of the campaign's plan.
  public let campaign: String
  /// Folder that the campaign's paths are relative to.
  let folder: String
  /// Values of the campaign's variables that were given beside it.
  let variables: [String: String]
  /// When it was made, ISO 8601.
  public let created: String
  /// Number of tasks, each of which takes every so-manieth shard.
  public let taskCount: Int
  /// Where shards begin.
  let starts: [ShardPlace]
  /// Number of records of each source.
  let totals: [Int]
  /// Fingerprint of the store with what the passes before the stream found; nil where the campaign has none.
  var passes: Fingerprint?
  /// Share of the records that may be rejected.
  public internal(set) var allowedRejectionShare = 1.0

  /// Number of shards.
  public var count: Int { starts.count }
  /// Number of records of all sources.
  public var records: Int { totals.reduce(0, +) }

  init(
    campaign: String, folder: String, variables: [String: String], created: String, taskCount: Int,
    starts: [ShardPlace], totals: [Int]
  ) {
    self.campaign = campaign
    self.folder = folder
    self.variables = variables
    self.created = created
    self.taskCount = taskCount
    self.starts = starts
    self.totals = totals
    id =
      Fingerprint(
        of: ([campaign, totals.map { "\($0)" }.joined(separator: " ")] + starts.map(\.text)).joined(
          separator: "\n")
      ).hexadecimal
  }

  /// The records of a shard.
  func range(_ shard: Int) -> ShardRange {
    ShardRange(
      start: starts[shard],
      end: shard + 1 < count ? starts[shard + 1] : ShardPlace(source: totals.count, record: 0),
      totals: totals)
  }

  /// The shards of a task.
  func shards(ofTask task: Int, of taskCount: Int) -> StrideTo<Int> {
    stride(from: task, to: count, by: taskCount)
  }

  // MARK: The file

  /// Whether a folder holds a run in shards.
  public static func exists(in directory: String) -> Bool {
    FileManager.default.fileExists(atPath: directory + "/" + fileName)
  }

  /// Reads the plan of a run directory.
  ///
  /// - Throws: `ScreeningError.unreadable`.
  public init(directory: String) throws(ScreeningError) {
    let path = directory + "/" + Self.fileName
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .unreadable(
        path: path, reason: "does not exist; this is no run in shards (sluice submit makes one)")
    }
    let tree: JSONTree
    do throws(JSONError) { tree = try JSONTree([UInt8](data)) } catch {
      throw .unreadable(path: path, reason: error.description)
    }
    guard tree["format"]?.wholeNumber == Self.format else {
      throw .unreadable(path: path, reason: "is of another version of Sluice")
    }
    guard let campaign = tree["campaign"]?.text, let folder = tree["folder"]?.text,
      let created = tree["created"]?.text, let taskCount = tree["tasks"]?.wholeNumber,
      (1...Self.mostTasks).contains(taskCount),
      let variables = tree["variables"]?.members, let totals = tree["records"]?.elements,
      let starts = tree["shards"]?.elements, let passes = tree["passes"]?.text,
      let share = tree["allowed_rejections"]?.text.flatMap({ Double($0) }), (0...1).contains(share)
    else { throw .unreadable(path: path, reason: "is no plan of shards") }
    self.init(
      campaign: campaign, folder: folder,
      variables: Dictionary(variables.map { ($0.name, $0.value.text ?? "") }) { first, _ in first },
      created: created, taskCount: taskCount,
      starts: starts.compactMap { $0.text.flatMap { ShardPlace(text: $0) } },
      totals: totals.compactMap(\.wholeNumber))
    allowedRejectionShare = share
    self.passes = Fingerprint(hexadecimal: passes)
    guard !self.starts.isEmpty, tree["id"]?.text == id, passes == Self.noPasses || self.passes != nil else {
      throw .unreadable(path: path, reason: "is damaged: its digest does not match")
    }
  }

  /// Writes the plan into a run directory.
  func write(to directory: String) throws {
    let variables = variables.sorted { $0.key < $1.key }.map { JSONMembers.Member($0.key, .string($0.value)) }
    let head: [JSONMembers.Member] =
      [
        .init("format", .count(Self.format)), .init("id", .string(id)), .init("campaign", .string(campaign)),
        .init("folder", .string(folder)), .init("variables", .object(JSONMembers(variables))),
        .init("created", .string(created)), .init("tasks", .count(taskCount)),
        .init("records", .array(totals.map { .count($0) })),
        .init("passes", .string(passes?.hexadecimal ?? Self.noPasses)),
        .init("allowed_rejections", .string("\(allowedRejectionShare)")),
      ]
    let lines =
      head.map { "  \(jsonText($0.name)): \($0.value.compactText)" }
      + ["  \"shards\": [\n" + starts.map { "    " + jsonText($0.text) }.joined(separator: ",\n") + "\n  ]"]
    try writeAtomically(
      Array(("{\n" + lines.joined(separator: ",\n") + "\n}\n").utf8), to: directory + "/" + Self.fileName)
  }
}

extension ShardPlace {
  /// The place as a text: source, record, and the place within an archive.
  var text: String {
    "\(source) \(record)" + (position.map { " " + String(decoding: $0.bytes, as: UTF8.self) } ?? "")
  }

  /// The place that a text tells; nil where it is none.
  init?(text: String) {
    let words = text.split(separator: " ", maxSplits: 2)
    guard words.count >= 2, let source = Int(words[0]), let record = Int(words[1]), source >= 0, record >= 0
    else { return nil }
    var position: ArchivePosition?
    if words.count == 3 {
      guard let place = ArchivePosition(bytes: Array(words[2].utf8)) else { return nil }
      position = place
    }
    self.init(source: source, record: record, position: position)
  }
}
