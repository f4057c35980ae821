internal import Configuration
internal import CrystalGraphs
internal import Foundation
internal import TextFormats

/// A campaign file for an archive that has been looked at: it runs as it is written, and says in comments what was seen
/// and what else could stand there.
public struct CampaignDraft: Sendable {
  /// Name of the campaign.
  public let name: String
  /// The file's text.
  public let text: String
  /// Number of records of the archive.
  public let records: Int
  /// What the references are and cannot know; nil where nothing is known of them.
  public let referenceLimits: String?

  /// Reference phases for a draft.
  public struct Reference: Sendable {
    /// Their file.
    public let path: String
    /// What they are called in the campaign; nil for the path.
    public let name: String?

    /// References in a file, by its path or a name.
    public init(path: String, name: String? = nil) {
      self.path = path
      self.name = name
    }
  }

  /// The models that ship, and when to take which.
  private static let shippedModels = [
    ("cogn-formation-energy", "the most accurate that ships; for cells relaxed by DFT"),
    ("icgcnn-formation-energy", "less accurate; for cells relaxed by DFT"),
    ("cgcnn-formation-energy", "several times faster, less accurate still; for cells relaxed by DFT"),
    ("cogn-strained", "trained on strained cells too; for guessed or unrelaxed cells"),
    ("icgcnn-strained", "likewise, less accurate"),
    ("cgcnn-strained", "likewise, faster and less accurate still"),
  ]

  /// Examines an archive and drafts a campaign for it.
  ///
  /// - Parameters:
  ///   - archive: the archive.
  ///   - model: folder of the model that predicts.
  ///   - reference: reference phases; nil to leave the hull stage out, as a comment.
  ///   - file: the campaign file, which paths will be relative to.
  ///   - clock: the time (s), by a clock that only moves forward.
  ///   - progress: called every thousand records with their number.
  /// - Throws: `ArchiveError.cannotOpen`, `ScreeningError` where a file is missing or holds no crystal.
  public init(
    archive: String, model: String, reference: Reference?, for file: String, clock: () -> Double,
    progress: (Int) -> Void
  ) throws {
    let report = try ArchiveExamination(archive, listsColumns: true).run(clock: clock, progress: progress)
    guard report.structures > 0 else {
      throw ScreeningError.unreadable(
        path: archive, reason: "none of its \(report.records) records is a crystal; sluice doctor says why")
    }
    let folder = URL(filePath: file).deletingLastPathComponent()
    let whole = try ModelFolder(path: model)
    // Of several targets the one that a hull can be taken of.
    let isNamed = whole.card.properties.count > 1
    let card =
      isNamed
      ? try whole.selecting(
        whole.card.properties.contains(formationEnergyProperty)
          ? formationEnergyProperty : whole.card.property
      ).card
      : whole.card
    records = report.records
    referenceLimits = try reference.flatMap { try ReferenceDescription(of: $0.path)?.words }
    name = Self.campaignName(of: archive)
    var lines = Self.inputLines(report, path: Self.path(archive, from: folder), name: name)
    lines += ["stages:"] + Self.filterLines(report)
    lines += Self.graphLines(card.configuration.requirements.neighbors)
    lines += Self.modelLines(model, from: folder)
    if isNamed { lines.append("      target: \(card.property)") }
    lines += Self.energyLines(report)
    let isEnergy = card.property == formationEnergyProperty
    if let reference, isEnergy {
      let loaded = try ReferenceFile.load(reference.path)
      let known = Set(loaded.references.elements.map(\.symbol))
      let unknown = report.elements.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }
      if let referenceLimits {
        lines.append("  # The references: \(referenceLimits).")
        lines.append("  # A candidate may be known, or beaten by a phase, that they do not hold.")
      }
      lines += Self.hullLines(
        reference.name.map(Self.scalar) ?? Self.path(reference.path, from: folder),
        elements: report.elements.keys.sorted(), isComment: false)
      if !unknown.isEmpty {
        lines.append(
          "  # No reference phase holds "
            + unknown.map { "\($0.key) (\(counted($0.value, "structure")))" }.joined(separator: ", ")
            + ": rejected as no_terminal_reference.")
      }
    } else if isEnergy {
      lines += [
        "  # Without reference phases there is no distance to a hull: energies are predicted, nothing is ranked. With a",
        "  # table of known phases (columns formula and formation_energy_per_atom in eV/atom, on the energy scale that the",
        "  # model was trained on; docs/hull.md) take the # off the next lines.",
      ]
      lines += Self.hullLines("phases.csv", elements: report.elements.keys.sorted(), isComment: true)
    } else {
      lines.append("  # The model predicts \(card.property) itself: a hull stage has nothing to do.")
    }
    lines += Self.rejectionLines(report)
    text = lines.joined(separator: "\n") + "\n"
  }

  /// Writes the file.
  ///
  /// - Parameters:
  ///   - file: its path.
  ///   - replacing: whether a file that is there goes.
  public func write(to file: String, replacing: Bool) throws {
    try Self.checkFree(file, replacing: replacing)
    try writeAtomically(Array(text.utf8), to: file)
  }

  /// Checks that nothing stands where the file shall be written.
  public static func checkFree(_ file: String, replacing: Bool) throws(ScreeningError) {
    guard replacing || !FileManager.default.fileExists(atPath: file) else {
      throw .unwritable(path: file, reason: "there is a file already; --force replaces it")
    }
  }
}

extension CampaignDraft {
  private static func inputLines(_ report: ArchiveReport, path: String, name: String) -> [String] {
    let partial = report.rejected("partial_occupancy")
    let contradicted = report.rejected("formula_contradicted")
    let reading = report.reading.map { "\($0.records) \($0.rule)" }.joined(separator: ", ")
    var lines = [
      "# Drafted by sluice init: \(counted(report.records, "record")), \(report.structures) of them crystals of "
        + "\(counted(report.elements.count, "element")).",
      "# sluice plan shows what will run, docs/campaign.md has every key.",
      "version: 1",
      "name: \(scalar(name))",
      "threshold: 0.0 # eV/atom above the hull that still counts as stable",
      "inputs:",
      "  - archive:",
      "      path: \(path)",
      "      # \(counted(partial, "record")) with shared or partly empty sites; majority takes the largest share instead, which",
      "      # changes the composition.",
      "      occupancy: reject",
      "      # \(counted(contradicted, "record")) whose crystal contradicts the formula stated; note lets such through, marked.",
      "      formula: check",
    ]
    if !reading.isEmpty { lines.append("      # Concluded by rules (docs/reading.md): \(reading).") }
    if !report.columns.isEmpty {
      let columns = report.columns.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      lines.append("      # Numbers that records carry, by name:")
      lines += columns.prefix(mostColumns).map { "      #   \(jsonText($0.key)): \($0.value)" }
      if columns.count > mostColumns { lines.append("      #   and \(columns.count - mostColumns) more") }
    }
    return lines
  }

  private static let mostColumns = 20

  private static func filterLines(_ report: ArchiveReport) -> [String] {
    guard let sites = report.sites else { return [] }
    return [
      "  # Cells have \(sites.minimum) to \(sites.maximum) sites, median \(sites.median). To leave some out:",
      "  # - filter: {name: small, maximum_sites: \(sites.median)}",
    ]
  }

  private static func graphLines(_ rule: NeighborRule) -> [String] {
    switch rule {
    case .nearest(let count, let cutoff):
      ["  - graph: {neighbors: knn, count: \(count), cutoff: \(cutoff)}"]
    case .voronoi(let fraction): ["  - graph: {neighbors: voronoi, minimum_solid_angle: \(fraction)}"]
    // The graph stage knows the two rules above; the model says the others itself.
    case .nearestShells, .symmetricShells, .within, .noNeighbors: []
    }
  }

  private static func modelLines(_ model: String, from folder: URL) -> [String] {
    let own = URL(filePath: model).standardizedFileURL
    let beside = own.deletingLastPathComponent()
    let others = shippedModels.filter { name, _ in
      name != own.lastPathComponent
        && ModelFolder.isFinished(at: beside.path + "/\(name)")
    }
    var lines = shippedModels.filter { $0.0 == own.lastPathComponent }.map { "  # \($0.0): \($0.1)." }
    if !others.isEmpty {
      lines += [
        "  # Beside it, with the graph stage that each needs (cgcnn: graph: {}, icgcnn: graph: {neighbors: voronoi}):"
      ]
      lines += others.map { "  #   \($0.0): \($0.1)" }
    }
    return lines + ["  - predict:", "      model: \(path(model, from: folder))"]
  }

  private static func energyLines(_ report: ArchiveReport) -> [String] {
    guard let count = report.columns[formationEnergyProperty] else { return [] }
    return [
      "  # \(counted(count, "record")) with a formation energy of their own, which can be placed on the hull too:",
      "  # - energy: {column: \(formationEnergyProperty)}",
    ]
  }

  private static func hullLines(_ reference: String, elements: [String], isComment: Bool) -> [String] {
    let own =
      elements.count <= mostElements
      ? "; for those of this archive alone:\n      # competitors: {elements: [\(elements.joined(separator: ", "))]}"
      : "."
    let lines = [
      "  - hull:",
      "      reference: \(reference)",
      "      # What flags a candidate of whose chemical system the references know too little; reject can take the same keys.",
      "      coverage: {flag: {unknown_pairs: 1, elements_only: true}}",
      "      # Phases that the model predicts where the references have none, of all elements that these know\(own)",
      "      competitors: {}",
    ]
    return lines.joined(separator: "\n").split(separator: "\n").map {
      isComment ? "  #" + $0.dropFirst(2) : String($0)
    }
  }

  private static let mostElements = 20

  private static func rejectionLines(_ report: ArchiveReport) -> [String] {
    let rejected = report.records - report.structures
    let share = Double(rejected) / Double(max(report.records, 1))
    var lines = ["rejections:"]
    if rejected > 0 {
      let reasons = report.rejections.map { "\($0.records) \($0.reason)" }.joined(separator: ", ")
      lines.append("  # Rejected when read: \(reasons).")
      if share > allowedShare {
        lines.append(
          "  # That is more than is allowed here, so sluice run will end with exit code 1; raise it knowingly."
        )
      }
    }
    return lines + ["  allowed_share: \(allowedShare)"]
  }

  private static let allowedShare = 0.05

  /// A name that can name a folder, from that of the archive.
  static func campaignName(of archive: String) -> String {
    let file = URL(filePath: archive).standardizedFileURL.lastPathComponent
    let stem = file.split(separator: ".").first.map(String.init) ?? ""
    let name = String(
      stem.unicodeScalars.map { scalar in
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "-" || scalar == "_"
          ? Character(scalar) : "-"
      })
    return name.isEmpty ? "campaign" : name
  }

  /// A path as a campaign file in `folder` names it.
  private static func path(_ path: String, from folder: URL) -> String {
    let target = URL(filePath: path).standardizedFileURL.pathComponents
    let base = folder.standardizedFileURL.pathComponents
    let common = zip(target, base).prefix { $0 == $1 }.count
    let steps = Array(repeating: "..", count: base.count - common) + target[common...]
    return scalar((steps.isEmpty ? "." : steps.joined(separator: "/")).replacing("${", with: "$${"))
  }

  private static func scalar(_ text: String) -> String {
    ConfigurationTree.string(text).inlineText
  }
}

extension ArchiveReport {
  fileprivate func rejected(_ reason: String) -> Int {
    rejections.first { $0.reason == reason }?.records ?? 0
  }
}
