import ArgumentParser
import Screening
import ScreeningStore

struct Rank: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the best candidates of a run.",
    discussion: """
      Ranked by distance to the hull, then id: a total order. ± is the standard deviation over the members of the \
      ensemble. Of a calibrated model σ is the scale of the error, and P(stable) the probability that the distance is \
      at most the campaign's threshold. Flags are reasons to doubt a distance: the references know too little of the \
      chemical system, or the distance is below -0.3 eV/atom. Models that predict something else have a column each: \
      a classifier's is the probability of its class. Where no model predicts an energy rows are ranked by what the \
      first classifier, or else the first model, says, the largest first.

      Example: sluice rank thcr2si2-quickstart.sluice --top 20
      Example: sluice rank thcr2si2-quickstart.sluice --hull references --unflagged
      Example: sluice rank thcr2si2-quickstart.sluice --by pessimistic --pessimism 2
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

  @Flag(help: "Show by which rules records were read that do not say all outright.")
  var reading = false

  @OptionGroup var ranking: RankingOptions

  func validate() throws {
    if top < 1 { throw ValidationError("--top takes a number of at least 1") }
  }

  func run() throws {
    try reportingErrors {
      let store = try openRun(directory)
      let description = try store.description()
      if let index = try scoreModel(named: model, in: description) {
        try rankByScores(store, description, by: index)
        return
      }
      let index = try modelIndex(named: model, in: store)
      let hull = try hull ?? store.standardHull()
      try checkRanking(of: index, by: ranking.order, on: hull, in: description)
      let others = unrankedModels(in: description)
      let rows = try store.ranked(
        RankingFilter(
          model: index, limit: top, hull: hull, leavesOutFlagged: unflagged, order: ranking.order,
          scoredModels: others))
      let showsSymmetry = try symmetryTolerance(of: description) != nil
      let names = others.map { description.models[$0].name }
      Terminal.result(
        Self.table(rows, on: hull, scores: names, showsSymmetry: showsSymmetry, showsReading: reading).text)
      let threshold = description.stabilityThreshold ?? 0
      let counts = try store.stableCounts(threshold: threshold, hull: hull)
      let name = description.models.indices.contains(index) ? description.models[index].name : "no model"
      let own = counts.models.first { $0.name == name }
      Terminal.result(
        "\(own?.stable ?? 0) of \(try store.counts().rows) candidates are stable by \(name), \(own?.unflagged ?? 0) of "
          + "them not flagged: at or below \(threshold) eV/atom above the hull of \(hull.words)"
          + (referenceName(of: description).map { " (\($0))" } ?? "") + ". Predictions, not proofs."
      )
      let probabilities = rows.compactMap { $0.place(on: hull).probability }
      if !rows.isEmpty, probabilities.count == rows.count {
        Terminal.result(Self.text(ExpectedHits(probabilities)))
      }
    }
  }

  /// Prints the list of a run in which no model predicts an energy.
  private func rankByScores(_ store: RunStore, _ run: RunDescription, by index: Int) throws {
    try checkScoreRanking(
      of: index, by: ranking.order, hull: hull, leavesOutFlagged: unflagged, in: run)
    let model = run.models[index]
    let others = run.models.indices.filter { $0 != index }
    let showsSymmetry = try symmetryTolerance(of: run) != nil
    let score = model.givesProbability ? "P(\(model.property))" : "\(model.property) \(model.unit)"
    var table = TerminalTable(
      [
        .init("rank", .right), .init("id", .left), .init("formula", .left), .init(score, .right),
        .init("±", .right),
      ]
        + others.map { .init(run.models[$0].name, .right) } + (showsSymmetry ? [Self.spaceGroupColumn] : [])
        + (reading ? [.init("reading", .left)] : []))
    var rank = 0
    try store.forEachScored(by: index, limit: top, others: others) { row in
      rank += 1
      func number(_ value: Double?) -> String { value.map { decimals($0, 4) } ?? "" }
      table.append(
        ["\(rank)", row.materialID, row.formula, number(row.score), number(row.standardDeviation)]
          + row.others.map { number($0) }
          + (showsSymmetry ? [row.symmetry?.spaceGroup.symbol ?? ""] : [])
          + (reading ? [row.reading.map(\.rawValue).joined(separator: " ")] : []))
    }
    Terminal.result(table.text)
    let count = try store.counts().rows
    Terminal.result(
      model.givesProbability
        ? "\(try store.scoredCount(by: index, above: 0.5)) of \(count) candidates are \(model.property) by "
          + "\(model.name): probability above 0.5. Predictions, not proofs."
        : "\(count) candidates by \(model.name), the largest \(model.property) first; no model predicts an energy."
    )
  }

  private static let spaceGroupColumn = TerminalTable.Column("space group", .left)

  private static func table(
    _ rows: [RankedRow], on hull: RankingHull, scores: [String], showsSymmetry: Bool, showsReading: Bool
  ) -> TerminalTable {
    let isCalibrated = rows.contains { $0.stability.sigma != nil }
    var columns: [TerminalTable.Column] = [
      .init("rank", .right), .init("id", .left), .init("formula", .left), .init("E_f eV/atom", .right),
      .init("±", .right), .init("E_hull eV/atom", .right),
    ]
    if isCalibrated { columns += [.init("σ", .right), .init("P(stable)", .right)] }
    columns += scores.map { .init($0, .right) }
    if showsSymmetry { columns.append(spaceGroupColumn) }
    columns += [.init("decomposes into", .left), .init("flags", .left)]
    if showsReading { columns.append(.init("reading", .left)) }
    var table = TerminalTable(columns)
    for (rank, row) in rows.enumerated() {
      let place = row.place(on: hull)
      func number(_ value: Double?, _ places: Int) -> String { value.map { decimals($0, places) } ?? "" }
      table.append(
        [
          "\(rank + 1)", row.materialID, row.formula, number(row.stability.energy, 4),
          number(row.energyStandardDeviation, 4), decimals(place.energyAboveHull, 4),
        ] + (isCalibrated ? [number(row.stability.sigma, 4), number(place.probability, 3)] : [])
          + row.scores.map { number($0, 4) }
          + (showsSymmetry ? [row.symmetry?.spaceGroup.symbol ?? ""] : [])
          + [place.decomposition ?? "", row.flags(on: hull).map(\.rawValue).joined(separator: " ")]
          + (showsReading ? [row.reading.map(\.rawValue).joined(separator: " ")] : []))
    }
    return table
  }

  private static func text(_ hits: ExpectedHits) -> String {
    "expected hits among these \(hits.count): \(decimals(hits.mean, 1)) (\(decimals(100 * hits.level, 0)) % "
      + "\(hits.interval.lowerBound)–\(hits.interval.upperBound)), if errors are independent"
  }
}
