import ArgumentParser
import Screening

struct Sites: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Sum up and draw site energies by element and sublattice.",
    discussion: """
      Takes the table of `sluice predict --sites` and the crystals it is of. Sublattices are the labels of a prototype; \
      crystals that are no decorations of it are counted and left out. The table has sublattice,element,sites,mean_eV,std_eV.

      Example: sluice sites sites.csv --structures perovskites.jsonl.zst --prototype perovskite --output means.csv \
      --plot means.svg
      """)

  @Argument(help: "CSV file of site energies.")
  var energies: String

  @Option(help: "Archive, file or folder of the crystals.")
  var structures: String

  @Option(help: "Name of a built-in prototype, or a structure file.")
  var prototype: String

  @Option(help: "CSV file of means to write.")
  var output: String

  @Option(help: "SVG file of means to write.")
  var plot: String?

  @OptionGroup var threads: ThreadOptions

  func run() throws {
    try reportingErrors {
      let summary = try SiteEnergySummary(
        energies, structures: structures, prototype: prototype, jobs: threads.count)
      try summary.writeTable(to: output)
      for message in summary.report.messages { Terminal.note("rejected: \(message)") }
      Terminal.note(
        "\(output): \(summary.memberCount) of prototype \(summary.prototype); left out are \(summary.otherCount) others, "
          + "\(summary.withoutEnergies) without site energies, \(summary.report.rejected.values.reduce(0, +)) rejected"
      )
      if let plot {
        try summary.writePlot(to: plot)
        Terminal.note("\(plot): mean site energies by element and sublattice")
      }
    }
  }
}
