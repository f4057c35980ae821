internal import Configuration
internal import Foundation

/// What a cluster is asked for by a campaign's tasks.
public struct EngineSettings: Hashable, Sendable {
  /// Partition of the cluster; nil for its own choice.
  public internal(set) var partition: String?
  /// Account that pays; nil for the user's own.
  public internal(set) var account: String?
  /// Longest time of a task in Slurm's words, as "02:00:00"; nil for the partition's.
  public internal(set) var time: String?
  /// Processors of a task, and its threads.
  public internal(set) var processors = 1
  /// Memory of a task in Slurm's words, as "4G"; nil for the partition's.
  public internal(set) var memory: String?
  /// Most tasks that run at once; nil for no limit.
  public internal(set) var maximumRunning: Int?
  /// Lines of shell before the program is started.
  public internal(set) var prologue: [String] = []
  /// Further lines for Slurm, as they are.
  public internal(set) var extra: [String] = []

  /// All defaults.
  public init() {}

  /// How many tasks run at once as processes of this machine.
  public var processesAtOnce: Int {
    maximumRunning ?? max(1, ProcessInfo.processInfo.activeProcessorCount / processors)
  }

  /// The settings of a campaign's `engine`.
  init(_ value: ConfigurationValue?) {
    guard let value else { return }
    partition = value.optional("partition")?.string
    account = value.optional("account")?.string
    time = value.optional("time")?.string
    processors = value.integer("cpus")
    memory = value.optional("memory")?.string
    maximumRunning = value.optional("maximum_running")?.integer
    prologue = value.strings("prologue")
    extra = value.strings("extra")
  }

  /// What begins the name of a setting on the command line, as in `--set engine.partition=short`.
  public static let prefix = "engine."

  /// Gives a setting another value.
  ///
  /// - Parameters:
  ///   - name: its key in the campaign.
  ///   - text: the value; a line of `prologue` or `extra` is added to those that are there.
  /// - Throws: `ScreeningError.invalid` for a name or a number that is none.
  public mutating func set(_ name: String, to text: String) throws(ScreeningError) {
    func number(_ range: ClosedRange<Int>) throws(ScreeningError) -> Int {
      guard let number = Int(text), range.contains(number) else {
        throw .invalid(
          "--set \(Self.prefix)\(name)=\(text): a whole number from 1 to \(range.upperBound) is needed")
      }
      return number
    }
    switch name {
    case "partition": partition = text
    case "account": account = text
    case "time": time = text
    case "cpus": processors = try number(Self.processorCounts)
    case "memory": memory = text
    case "maximum_running": maximumRunning = try number(Self.runningCounts)
    case "prologue": prologue.append(text)
    case "extra": extra.append(text)
    default:
      throw .invalid(
        "--set \(Self.prefix)\(name): there is no such setting; there are \(Self.names.joined(separator: ", "))"
      )
    }
  }

  /// The settings that are there and that rules of Snakemake do not hold.
  public var unknownToSnakemake: [String] {
    [
      time.map { _ in "time" }, memory.map { _ in "memory" }, maximumRunning.map { _ in "maximum_running" },
      extra.isEmpty ? nil : "extra",
    ].compactMap { $0 }
  }

  /// The settings with other values by name, as `set` takes them.
  ///
  /// - Throws: `ScreeningError.invalid`.
  public func setting(_ values: [String: String]) throws(ScreeningError) -> EngineSettings {
    var settings = self
    for (name, value) in values.sorted(by: { $0.key < $1.key }) { try settings.set(name, to: value) }
    return settings
  }

  private static let processorCounts = 1...200
  private static let runningCounts = 1...100_000
  private static let names = [
    "partition", "account", "time", "cpus", "memory", "maximum_running", "prologue", "extra",
  ]

  static let schema = Schema.mapping([
    .optional("partition", .string, "Partition of the cluster; the cluster's own choice when absent."),
    .optional("account", .string, "Account that pays for the tasks."),
    .optional("time", .string, "Longest time of a task as Slurm writes it, \"02:00:00\"."),
    Field("cpus", .integer(processorCounts), default: 1, "Processors of a task, which runs as many threads."),
    .optional("memory", .string, "Memory of a task as Slurm writes it, \"4G\"."),
    .optional("maximum_running", .integer(runningCounts), "Most tasks that run at once."),
    Field(
      "prologue", .list(of: .string), default: [],
      "Lines of shell before the program is started, as module load."),
    Field("extra", .list(of: .string), default: [], "Further lines of the script for Slurm, as they are."),
  ])
}
