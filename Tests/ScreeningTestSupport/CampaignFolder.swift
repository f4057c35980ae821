internal import Foundation
internal import PipelineEngine
public import Screening
public import TestSupport

/// A folder with a tiny model, a table of reference phases and campaigns that use them.
public struct CampaignFolder: Sendable {
  /// Where everything lies.
  public let folder: TemporaryFolder

  /// Reference phases of alkali and alkaline-earth halides and chalcogenides; elements are at 0.
  public static let phases: [(formula: String, energy: Double)] = [
    ("LiF", -3.1), ("NaCl", -2.1), ("KBr", -1.9), ("MgO", -2.9), ("CaS", -2.3), ("Na2O", -1.4),
    ("SrSe", -2.0),
    ("MgF2", -3.7), ("CsI", -1.6), ("RbCl", -2.2), ("BaTe", -1.3), ("Li2S", -1.45), ("BeO", -3.0),
  ]

  /// A folder that holds `model/` and `phases.csv`.
  public init() throws {
    folder = try TemporaryFolder()
    try TinyModel.write(to: folder.path("model"))
    let lines = Self.phases.map { "\($0.formula),\($0.energy)" }
    try folder.write(
      (["formula,formation_energy_per_atom"] + lines).joined(separator: "\n") + "\n", to: "phases.csv")
  }

  /// The input of rock-salt decorations: 8 × 8 candidates.
  public static let rockSalts = """
    - decorate:
        prototype: rock-salt
        sites: {A: [Li, Na, K, Rb, Cs, Be, Mg, Ca], X: [F, Cl, Br, I, O, S, Se, Te]}
    """

  /// The stages of an ordinary campaign.
  public static let stages = """
    - graph: {}
    - predict: {model: model}
    - hull: {reference: phases.csv}
    """

  /// Writes a campaign file and gives its path.
  ///
  /// - Parameters:
  ///   - name: name of the campaign and of its file.
  ///   - inputs: the list of inputs as YAML.
  ///   - stages: the list of stages as YAML.
  ///   - batch: records a commit.
  ///   - more: further keys as YAML.
  public func campaign(
    named name: String = "tiny", inputs: String = CampaignFolder.rockSalts,
    stages: String = CampaignFolder.stages, batch: Int = 5, more: String = ""
  ) throws -> String {
    try folder.write(
      """
      version: 1
      name: \(name)
      inputs:
      \(inputs)
      stages:
      \(stages)
      store: {batch: \(batch)}
      \(more)

      """, to: name + ".yaml")
  }

  /// Writes crystals as JSON lines and gives the input that reads them.
  public func archive(_ lines: [String], named name: String = "crystals.jsonl") throws -> String {
    try folder.write(lines.map { $0 + "\n" }.joined(), to: name)
    return "- archive: {path: \(name)}"
  }

  /// Runs a campaign.
  ///
  /// - Parameters:
  ///   - file: campaign file.
  ///   - directory: run directory within the folder.
  ///   - jobs: number of threads.
  ///   - limit: most records of this call.
  ///   - commits: number of commits after which the stop flag is raised; nil for never.
  @discardableResult
  public func run(
    _ file: String, in directory: String = "run", jobs: Int = 1, limit: Int? = nil,
    stopAfter commits: Int? = nil
  ) throws -> CampaignReport {
    let stop = StopFlag()
    var count = 0
    return try CampaignRun(plan: CampaignPlan(file: file), directory: folder.path(directory), jobs: jobs)
      .run(limit: limit, stop: stop) { _, _ in
        count += 1
        if let commits, count >= commits { stop.raise() }
      }
  }

  /// The text of an export of a run.
  public func export(
    _ directory: String = "run", select: RunExport.Selection = .all, format: RunExport.Format = .csv,
    model: String? = nil
  ) throws -> String {
    let store = try openRun(folder.path(directory))
    try RunExport(selection: select, format: format, model: model)
      .write(store, to: folder.path("export-of-\(directory)"))
    return try folder.text("export-of-\(directory)")
  }

  /// The rows of a CSV export, each as a dictionary by column.
  public func table(
    _ directory: String = "run", select: RunExport.Selection = .all, model: String? = nil
  ) throws -> [[String: String]] {
    records(ofCSV: try export(directory, select: select, model: model))
  }
}

/// The records of a CSV text (RFC 4180, quoted line ends included) as dictionaries by the names of the first line.
public func records(ofCSV text: String) -> [[String: String]] {
  var rows: [[String]] = [[]]
  var field = ""
  var isQuoted = false
  var bytes = Array(text.unicodeScalars)[...]
  while let scalar = bytes.popFirst() {
    switch scalar {
    case "\"" where isQuoted && bytes.first == "\"":
      field.unicodeScalars.append("\"")
      bytes.removeFirst()
    case "\"": isQuoted.toggle()
    case "," where !isQuoted:
      rows[rows.count - 1].append(field)
      field = ""
    case "\n" where !isQuoted:
      rows[rows.count - 1].append(field)
      field = ""
      rows.append([])
    default: field.unicodeScalars.append(scalar)
    }
  }
  rows.removeAll { $0.isEmpty }
  guard let header = rows.first else { return [] }
  return rows.dropFirst().map { row in Dictionary(zip(header, row)) { first, _ in first } }
}
