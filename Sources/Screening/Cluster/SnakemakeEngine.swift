internal import Foundation
internal import TextFormats

/// Writes the tasks of a run, and what puts them together after them, as rules of Snakemake, which runs them anywhere.
public struct SnakemakeEngine: Sendable {
  /// Name of the file within a run directory.
  static let fileName = "Snakefile"
  private let run: any SubmittedRun
  private let program: String
  private let settings: EngineSettings

  /// An engine.
  ///
  /// - Parameters:
  ///   - run: whose tasks; its directory is an absolute path that all nodes see.
  ///   - program: path of this program, which all nodes see.
  ///   - settings: threads of a task, lines of shell before it, partition and account.
  public init(_ run: any SubmittedRun, program: String, settings: EngineSettings) {
    self.run = run
    self.program = program
    self.settings = settings
  }

  /// The rules: one a task, whose mark says that all of its parts are there, and one for the merge.
  public var rules: String {
    let processors = run.mergesWithThreads ? settings.processors : 1
    let resources = [
      settings.partition.map { "slurm_partition=\(jsonText($0))" },
      settings.account.map { "slurm_account=\(jsonText($0))" },
    ].compactMap { $0 }
    let asked = resources.isEmpty ? "" : "\n    resources: \(resources.joined(separator: ", "))"
    let task =
      "\(quoted(program)) shard \(quoted(run.directory)) {wildcards.task} --tasks \(run.taskCount) --jobs {threads} "
      + ">> \(quoted(tasksFolder + "/")){wildcards.task}.log 2>&1"
    let merge =
      "\(quoted(program)) merge \(quoted(run.directory)) --wait 60 --jobs {threads} >> "
      + "\(quoted(run.directory + "/merge.log")) 2>&1"
    return """
      # snakemake --snakefile \(run.directory)/\(Self.fileName) --cores N

      TASKS = [f"{task:06d}" for task in range(\(run.taskCount))]

      rule merge:
          input: expand(\(literal(tasksFolder + "/")) "{task}\(Self.markEnding)", task=TASKS)
          output: \(literal(run.mergedPath))
          threads: \(processors)\(asked)
          shell: \(command(merge))

      rule task:
          output: touch(\(literal(tasksFolder + "/")) "{task}\(Self.markEnding)")
          wildcard_constraints: task="[0-9]{6}"
          threads: \(settings.processors)\(asked)
          retries: \(TaskJournal.mostTries)
          shell: \(command(task))

      """
  }

  /// Writes the rules, and takes the marks away of tasks whose parts are not all there.
  ///
  /// - Returns: the command that runs them.
  /// - Throws: `ScreeningError.unwritable`.
  public func write(missing tasks: [Int]) throws -> String {
    let path = run.directory + "/" + Self.fileName
    try writeAtomically(Array(rules.utf8), to: path)
    for task in tasks {
      try? FileManager.default.removeItem(
        atPath: "\(tasksFolder)/\(paddedNumber(task))\(Self.markEnding)")
    }
    var record = try EngineRecord(directory: run.directory) ?? EngineRecord(.snakemake, settings)
    try record.add(tasks: rangesText(tasks), directory: run.directory)
    return
      "snakemake --snakefile \(shellQuoted(path)) --cores \(settings.processors * max(1, min(tasks.count, 4)))"
  }

  private var tasksFolder: String { "\(run.directory)/\(ShardPlan.tasksName)" }
  private static let markEnding = ".done"

  /// A word of shell in which Snakemake looks for names.
  private func quoted(_ text: String) -> String { Self.escaped(shellQuoted(text)) }

  /// A literal of Python in which Snakemake looks for names.
  private func literal(_ text: String) -> String { jsonText(Self.escaped(text)) }

  private static func escaped(_ text: String) -> String {
    text.replacing("{", with: "{{").replacing("}", with: "}}")
  }

  /// Lines of shell as a literal of Python; `command` itself has names of Snakemake in braces.
  private func command(_ command: String) -> String {
    jsonText((settings.prologue.map(Self.escaped) + [command]).joined(separator: "\n"))
  }
}
