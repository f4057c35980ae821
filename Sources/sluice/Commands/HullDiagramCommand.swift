import ArgumentParser
import Screening

struct HullDiagramCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diagram", abstract: "Draw the phase diagram of a chemical system.",
    discussion: """
      Two elements: energies over composition with the hull. Three: the triangle with its tie lines. Both as a \
      self-contained SVG; up to four elements as JSON. Candidates are drawn apart, as diamonds, and leave the hull \
      as it is.

      Example: sluice hull diagram --reference phases.csv Li-Fe-O --output Li-Fe-O.svg
      Example: sluice hull diagram --reference phases.csv Fe-O --candidates new.csv --output Fe-O.svg
      """)

  @OptionGroup var references: ReferenceOptions

  @Argument(help: "Element symbols joined by -, in the order of the axes.")
  var chemicalSystem: String

  @Option(help: "CSV of candidates to show: formula, formation_energy_per_atom.")
  var candidates: String?

  @Option(help: "File to write: .svg or .json.")
  var output: String

  func run() throws {
    try reportingErrors {
      let diagram = try HullDiagram(reference: references.path, reading: references.reading)
      Terminal.note(diagram.summary)
      let report = try diagram.write(chemicalSystem, candidates: candidates, to: output)
      for message in report.table.messages { Terminal.note("rejected: \(message)") }
      var text = "\(output): \(report.phases) phases, \(report.stablePhases) of them stable"
      if candidates != nil {
        text +=
          "; \(report.candidates) candidates, \(report.candidatesElsewhere) of other systems left out, "
          + "\(report.table.rejected.values.reduce(0, +)) rejected"
      }
      Terminal.note(text)
    }
  }
}
