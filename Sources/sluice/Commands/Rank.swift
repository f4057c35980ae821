import ArgumentParser
import Screening
import ScreeningStore

struct Rank: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the best candidates of a run.",
    discussion: """
      Ranked by distance to the hull, then id: a total order. The uncertainty is the standard deviation over the \
      members of the ensemble, not an error bar of the physics.

      Example: sluice rank thcr2si2-quickstart.sluice --top 20
      Example: sluice rank thcr2si2-quickstart.sluice --hull combined
      """)

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String

  @Option(help: "Number of rows.")
  var top = 20

  @Option(help: "Model to rank by. (default: the first on the hull)")
  var model: String?

  @Option(help: "Hull to rank by: references or combined (after sluice hull combined).")
  var hull: RankingHull = .references

  func validate() throws {
    if top < 1 { throw ValidationError("--top takes a number of at least 1") }
  }

  func run() throws {
    try reportingErrors {
      let store = try openRun(directory)
      let index = try modelIndex(named: model, in: store)
      let description = try store.description()
      let rows = try store.ranked(RankingFilter(model: index, limit: top, hull: hull))
      var table = TerminalTable([
        .init("rank", .right), .init("id", .left), .init("formula", .left), .init("E_f eV/atom", .right),
        .init("±", .right), .init("E_hull eV/atom", .right), .init("decomposes into", .left),
      ])
      for (rank, row) in rows.enumerated() {
        table.append([
          "\(rank + 1)", row.materialID, row.formula, row.stability.energy.map { decimals($0, 4) } ?? "",
          row.energyStandardDeviation.map { decimals($0, 4) } ?? "",
          decimals(place(row).energyAboveHull, 4), place(row).decomposition,
        ])
      }
      Terminal.result(table.text)
      let threshold = description.stabilityThreshold ?? 0
      let stable = try store.ranked(
        RankingFilter(model: index, maximumEnergyAboveHull: threshold, hull: hull)
      ).count
      let name = description.models.indices.contains(index) ? description.models[index].name : "no model"
      Terminal.result(
        "\(stable) of \(try store.counts().rows) candidates are stable by \(name): at or below \(threshold) eV/atom "
          + "above the hull of \(hull.words). Predictions, not proofs.")
    }
  }

  /// Where the row lies on the hull that is ranked by.
  private func place(_ row: RankedRow) -> (energyAboveHull: Double, decomposition: String) {
    if hull == .combined, let combined = row.combined {
      return (combined.energyAboveHull, combined.decomposition)
    }
    return (row.stability.energyAboveHull, row.stability.decomposition ?? "")
  }
}

extension RankingHull {
  /// What the hull is made of.
  var words: String {
    switch self {
    case .references: "the references"
    case .combined: "references and candidates"
    }
  }
}
