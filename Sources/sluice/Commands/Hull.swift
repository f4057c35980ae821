import ArgumentParser
import Screening

struct Hull: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Distance to the convex hull for a table of formulas and energies.",
    discussion: """
      Both tables are CSV with the columns formula and formation_energy_per_atom (eV/atom). Writes \
      formula,formation_energy_per_atom,e_above_hull,decomposition_energy,decomposition in the order of the input.

      Example: sluice hull --reference phases.csv candidates.csv --output stability.csv
      """)

  @Option(help: "CSV of reference phases; elements are at 0 unless given.")
  var reference: String

  @Argument(help: "CSV of candidates.")
  var candidates: String

  @Option(help: "CSV file to write.")
  var output: String

  @Flag(help: "Leave out references of the candidate's own composition.")
  var excludeSameComposition = false

  func run() throws {
    try reportingErrors {
      let table = try HullTable(reference: reference, excludesSameComposition: excludeSameComposition)
      Terminal.note(table.summary)
      try conclude(try table.write(candidates, to: output), output)
    }
  }
}
