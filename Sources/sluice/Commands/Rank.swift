import ArgumentParser
import Screening
import ScreeningStore

struct Rank: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the best candidates of a run.",
    discussion: """
      Ranked by distance to the hull, then id: a total order. The uncertainty is the standard deviation over the \
      members of the ensemble, not an error bar of the physics. Flags are reasons to doubt a distance: the references \
      know too little of the chemical system, or the distance is below -0.3 eV/atom.

      Example: sluice rank thcr2si2-quickstart.sluice --top 20
      Example: sluice rank thcr2si2-quickstart.sluice --hull references --unflagged
      """)

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String

  @Option(help: "Number of rows.")
  var top = 20

  @Option(help: "Model to rank by. (default: the first on the hull)")
  var model: String?

  @Option(
    help: """
      Hull to rank by: references, competitors (references and predicted competitors) or combined (after sluice hull \
      combined). (default: competitors where the run has them)
      """)
  var hull: RankingHull?

  @Flag(help: "Leave out flagged candidates.")
  var unflagged = false

  func validate() throws {
    if top < 1 { throw ValidationError("--top takes a number of at least 1") }
  }

  func run() throws {
    try reportingErrors {
      let store = try openRun(directory)
      let index = try modelIndex(named: model, in: store)
      let description = try store.description()
      let hull = try hull ?? store.standardHull()
      let rows = try store.ranked(
        RankingFilter(model: index, limit: top, hull: hull, leavesOutFlagged: unflagged))
      var table = TerminalTable([
        .init("rank", .right), .init("id", .left), .init("formula", .left), .init("E_f eV/atom", .right),
        .init("±", .right), .init("E_hull eV/atom", .right), .init("decomposes into", .left),
        .init("flags", .left),
      ])
      for (rank, row) in rows.enumerated() {
        table.append([
          "\(rank + 1)", row.materialID, row.formula, row.stability.energy.map { decimals($0, 4) } ?? "",
          row.energyStandardDeviation.map { decimals($0, 4) } ?? "",
          decimals(row.place(on: hull).energyAboveHull, 4), row.place(on: hull).decomposition ?? "",
          row.flags(on: hull).map(\.rawValue).joined(separator: " "),
        ])
      }
      Terminal.result(table.text)
      let threshold = description.stabilityThreshold ?? 0
      let counts = try store.stableCounts(threshold: threshold, hull: hull)
      let name = description.models.indices.contains(index) ? description.models[index].name : "no model"
      let own = counts.models.first { $0.name == name }
      Terminal.result(
        "\(own?.stable ?? 0) of \(try store.counts().rows) candidates are stable by \(name), \(own?.unflagged ?? 0) of "
          + "them not flagged: at or below \(threshold) eV/atom above the hull of \(hull.words). Predictions, not proofs."
      )
    }
  }
}
