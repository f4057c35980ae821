public import ArgumentParser
public import Screening

struct Hull: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Distances to the convex hull, their proofs, and phase diagrams.",
    discussion: """
      Without a subcommand: distances for a table of formulas and energies.

      Reference phases are a CSV with the columns formula and formation_energy_per_atom (eV/atom), computed entries \
      in JSON (pymatgen, OPTIMADE, JSON lines), or an index that sluice hull index wrote; told apart by content.

      Example: sluice hull --reference phases.csv candidates.csv --output stability.csv
      """,
    subcommands: [
      HullDistanceCommand.self, HullVerifyCommand.self, HullIndexCommand.self, HullDiagramCommand.self,
      HullCombinedCommand.self, HullAlign.self,
    ],
    defaultSubcommand: HullDistanceCommand.self)
}

extension ReferenceReading.Energies: ExpressibleByArgument {}

/// Where reference phases come from, shared by the commands that need them.
struct ReferenceOptions: ParsableArguments {
  @Option(
    help: """
      Reference phases: CSV, computed entries in JSON, an index, or the name of a table that comes along. Elements are at 0 \
      unless given.
      """)
  var reference: String

  @Option(
    help: ArgumentHelp(
      "Which energies of entries count: formation or total.",
      discussion: "By default formation energies where all entries have them, else total energies."))
  var energies: ReferenceReading.Energies?

  @Option(
    help: """
      For total energies: the elements' energies, as CSV (element,energy_per_atom) or a JSON object. (default: the \
      lowest of each element among the entries)
      """)
  var elementalEnergies: String?

  @Flag(help: "Take entries as they are although different schemes or functionals made their energies.")
  var acceptMixedCorrections = false

  @Option(help: "Table of offsets by sluice hull align that are taken off the reference phases' energies.")
  var referenceOffsets: String?

  /// The file of the references, which may be called by its name.
  var path: String { Resources.reference(reference) }

  /// How the references are read.
  var reading: ReferenceReading {
    ReferenceReading(
      energies: energies, elementalEnergies: elementalEnergies,
      acceptsMixedCorrections: acceptMixedCorrections, offsets: referenceOffsets)
  }
}

struct HullDistanceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "distance", abstract: "Distance to the hull for a table of formulas and energies.",
    discussion: """
      Candidates are CSV with the columns formula and formation_energy_per_atom (eV/atom). Writes \
      formula,formation_energy_per_atom,e_above_hull,decomposition_energy,decomposition in the order of the input.

      Example: sluice hull --reference phases.csv candidates.csv --output stability.csv
      Example: sluice hull --reference phases.csv candidates.csv --output stability.csv --certificates proofs.jsonl
      """)

  @OptionGroup var references: ReferenceOptions

  @Argument(help: "CSV of candidates.")
  var candidates: String

  @Option(help: "CSV file to write.")
  var output: String

  @Flag(help: "Leave out references of the candidate's own composition.")
  var excludeSameComposition = false

  @Option(help: "Table of offsets by sluice hull align that are taken off the candidates' energies.")
  var offsets: String?

  @Option(
    parsing: .unconditional,
    help: """
      Add a column within_threshold: whether the distance is at most this (eV/atom), close cases settled in exact \
      arithmetic.
      """)
  var threshold: String?

  @Option(
    help: "File for the proof of every verdict, one line of JSON a candidate; sluice hull verify reads it.")
  var certificates: String?

  func run() throws {
    try reportingErrors {
      let table = try HullTable(
        reference: references.path, reading: references.reading,
        excludesSameComposition: excludeSameComposition, offsets: offsets)
      Terminal.note(table.summary)
      let report = try table.write(
        candidates, to: output, threshold: threshold, certificates: certificates)
      if threshold != nil || certificates != nil {
        Terminal.note(
          "\(report.withinThreshold) of \(report.table.written) at or below \(threshold ?? "0") eV/atom, "
            + "\(report.settledExactly) verdicts settled in exact arithmetic")
      }
      try conclude(report.table, output)
    }
  }
}
