internal import Foundation
internal import TextFormats

/// What was handed to an engine, as the run directory keeps it.
public struct EngineRecord: Sendable {
  /// Name of the file within a run directory.
  static let fileName = "engine.json"

  /// Who runs the tasks.
  public enum Engine: String, CaseIterable, Sendable {
    /// Processes of one machine, which `sluice submit` waits for.
    case local
    /// A cluster with Slurm.
    case slurm
    /// Snakemake, for which rules are written.
    case snakemake
  }

  /// Tasks that were handed over at once.
  public struct Submission: Sendable {
    /// When, ISO 8601.
    public let time: String
    /// The tasks, as ranges.
    public let tasks: String
    /// The array of the tasks, as Slurm calls it; empty for others.
    public let arrayJob: String
    /// The job that merges afterwards; empty for others.
    public let mergeJob: String
    /// The machine that handed them over.
    public let host: String
    /// The process that did; for processes the one that waits for them.
    public let process: Int
  }

  /// Who runs the tasks.
  public let engine: Engine
  /// What it is asked for.
  public let settings: EngineSettings
  /// What was handed over, in order.
  public internal(set) var submissions: [Submission] = []

  /// A record without submissions.
  public init(_ engine: Engine, _ settings: EngineSettings) {
    self.engine = engine
    self.settings = settings
  }

  /// Reads the record of a run directory; nil where there is none.
  ///
  /// - Throws: `ScreeningError.unreadable`.
  public init?(directory: String) throws(ScreeningError) {
    let path = directory + "/" + Self.fileName
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    guard let tree = try? JSONTree([UInt8](data)),
      let engine = tree["engine"]?.text.flatMap(Engine.init(rawValue:)),
      let submissions = tree["submissions"]?.elements
    else { throw .unreadable(path: path, reason: "does not say which engine runs the tasks") }
    self.engine = engine
    settings = EngineSettings(tree["settings"])
    self.submissions = submissions.map {
      Submission(
        time: $0["time"]?.text ?? "", tasks: $0["tasks"]?.text ?? "", arrayJob: $0["array"]?.text ?? "",
        mergeJob: $0["merge"]?.text ?? "", host: $0["host"]?.text ?? "",
        process: $0["process"]?.wholeNumber ?? 0)
    }
  }

  /// Adds a submission of now and writes the record.
  mutating func add(tasks: String, arrayJob: String = "", mergeJob: String = "", directory: String) throws {
    submissions.append(
      Submission(
        time: timestamp(), tasks: tasks, arrayJob: arrayJob, mergeJob: mergeJob, host: hostName(),
        process: Int(getpid())))
    let tree = JSONTree.object([
      "engine": .string(engine.rawValue), "settings": settings.tree,
      "submissions": .array(
        submissions.map {
          .object([
            "time": .string($0.time), "tasks": .string($0.tasks), "array": .string($0.arrayJob),
            "merge": .string($0.mergeJob), "host": .string($0.host), "process": .count($0.process),
          ])
        }),
    ])
    try writeAtomically(Array((tree.indentedText() + "\n").utf8), to: directory + "/" + Self.fileName)
  }
}

extension EngineSettings {
  /// The settings as they are written down.
  fileprivate var tree: JSONTree {
    func text(_ value: String?) -> JSONTree { value.map { .string($0) } ?? .null }
    return .object([
      "partition": text(partition), "account": text(account), "time": text(time), "cpus": .count(processors),
      "memory": text(memory), "maximum_running": maximumRunning.map { .count($0) } ?? .null,
      "prologue": .array(prologue.map { .string($0) }), "extra": .array(extra.map { .string($0) }),
    ])
  }

  fileprivate init(_ tree: JSONTree?) {
    self.init()
    partition = tree?["partition"]?.text
    account = tree?["account"]?.text
    time = tree?["time"]?.text
    processors = tree?["cpus"]?.wholeNumber ?? 1
    memory = tree?["memory"]?.text
    maximumRunning = tree?["maximum_running"]?.wholeNumber
    prologue = tree?["prologue"]?.elements?.compactMap(\.text) ?? []
    extra = tree?["extra"]?.elements?.compactMap(\.text) ?? []
  }
}
