import ArgumentParser
import Screening

struct HullCombinedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "combined",
    abstract: "Let the candidates of a run compete with each other on a second hull.",
    discussion: """
      Computes every candidate's distance to the hull of the references and all candidates of the run, for each \
      model, and stores it beside the distance to the references. Call it again after the run has gone on.

      Example: sluice hull combined thcr2si2-quickstart.sluice
      """)

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String

  @Option(help: "Reference phases of the run. (default: the index in the run directory)")
  var reference: String?

  @OptionGroup var threads: ThreadOptions

  func run() throws {
    try reportingErrors {
      let start = Terminal.now
      let report = try CombinedHullPass(
        directory: directory, reference: reference, jobs: threads.count
      ).run()
      Terminal.note(report.references)
      for model in report.models {
        Terminal.result(
          "\(model.name): \(model.candidates) candidates, \(model.stableAgainstReferences) at or below "
            + "\(report.threshold) eV/atom above the hull of the references, \(model.stableAgainstAll) above the "
            + "hull of references and candidates")
      }
      if report.models.isEmpty { Terminal.result("no candidate of the run is on a hull") }
      Terminal.note("done in \(decimals(Terminal.now - start, 1)) s")
    }
  }
}
