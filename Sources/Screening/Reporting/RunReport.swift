internal import Charts
internal import Foundation
public import Reports
public import ScreeningStore
internal import TextFormats

/// How a report of a run is made.
public struct RunReportOptions: Sendable {
  /// Most candidates that the page lists.
  public var rows = 10_000
  /// Most crystals that the page holds.
  public var structures = 2_000
  /// File of known energies; nil for none. See docs/compare.md.
  public var labels: String?
  /// Names of the models that are compared by the labels; nil for the first two that place candidates on the hull.
  public var models: (first: String, second: String)?
  /// The hull that candidates are ranked by; nil for the run's standard one.
  public var hull: RankingHull?
  /// What decides which candidates are truly stable.
  public var judgment = ComparisonJudgment()
  /// Heading of the page; nil for the campaign's name.
  public var title: String?

  /// The defaults.
  public init() {}
}

/// The report of a run: one page that shows what was found, what speaks against it, and how it was made.
public struct RunReport {
  let directory: String
  let options: RunReportOptions
  let store: RunStore
  let run: RunDescription
  let counts: RunCounts
  let hull: RankingHull
  let threshold: Double
  /// Models that place candidates on the hull, by position in the run.
  let hullModels: [Int]
  /// Models whose scores are listed beside these, or by which candidates are listed where there are none.
  let scoreModels: [Int]
  let survey: RunSurvey
  /// What the labels say; nil without labels.
  let comparison: RunComparison?

  /// Reads what the page will show. A run that is not finished is shown as far as it has come.
  ///
  /// - Parameters:
  ///   - directory: the run directory.
  ///   - options: what the page holds.
  /// - Throws: `ScreeningError`, `StoreError`, `ArchiveError`; labels take a finished run.
  public init(directory: String, options: RunReportOptions = RunReportOptions()) throws {
    self.directory = directory
    self.options = options
    store = try openRun(directory)
    run = try store.description()
    counts = try store.counts()
    hull = try options.hull ?? store.standardHull()
    threshold = run.stabilityThreshold ?? 0
    let unranked = unrankedModels(in: run)
    let placing = run.models.indices.filter { !unranked.contains($0) }
    survey = try RunSurvey(store, models: placing, hull: hull, threshold: threshold, limit: options.rows)
    hullModels = placing
    scoreModels = unranked
    guard let labels = options.labels else {
      comparison = nil
      return
    }
    guard let first = hullModels.first else {
      throw ScreeningError.invalid("no model of this run predicts an energy, which labels could judge")
    }
    let names = run.models.map(\.name)
    let models = options.models ?? (names[first], names[hullModels.dropFirst().first ?? first])
    comparison = try RunComparison(
      directory: directory, labels: labels, models: models, rankingHull: hull, judgment: options.judgment,
      options: ComparisonOptions(budgets: [50, 100, 200, 500, 1000], resamples: 500))
  }

  /// The page.
  ///
  /// - Parameter maker: the program, with its version.
  /// - Throws: `StoreError`.
  public func page(maker: String) throws -> ReportPage {
    let finished = try store.finishedDate()
    var sections = [
      ReportSection(id: "candidates", title: "Candidates", blocks: [.candidates(try candidateList())]),
      ReportSection(id: "overview", title: "Overview", blocks: try overview()),
    ]
    if !hullModels.isEmpty, !survey.elements.isEmpty {
      sections.append(ReportSection(id: "elements", title: "Elements", blocks: elements()))
    }
    if let comparison {
      sections.append(
        ReportSection(id: "known", title: "Against known energies", blocks: comparison.reportBlocks))
    }
    sections.append(ReportSection(id: "making", title: "How it was made", blocks: try making()))
    let reference = referenceName(of: run).map { " (\($0))" } ?? ""
    let meaning =
      hullModels.isEmpty
      ? "No model of it predicts an energy, so candidates are listed by what \(run.models.first?.name ?? "") says."
      : "Stable means at most \(threshold) eV/atom above the hull of \(hull.words)\(reference)."
    return ReportPage(
      title: options.title ?? run.name,
      status: "Screening run, " + (finished.map { "finished \($0)" } ?? "begun \(run.created)") + ". "
        + meaning
        + " Predictions, not proofs.",
      banner: finished == nil
        ? "This run is not finished: \(counts.records) records have been read so far, and the list may change."
        : nil,
      tiles: tiles, sections: sections, maker: maker)
  }

  private var tiles: [ReportTile] {
    func tile(_ value: Int, _ name: String) -> ReportTile { ReportTile(value: grouped(value), name: name) }
    var tiles = [
      tile(counts.records, "records read"), tile(counts.rows, "candidates"),
      tile(counts.rejected, "rejected"),
      tile(counts.leftOut, "filtered out"),
    ]
    tiles += survey.models.map { tile($0.stable, "stable by \(run.models[$0.model].name)") }
    if survey.models.count > 1 { tiles.append(tile(survey.stableByAll, "stable by all models")) }
    return tiles
  }
}

/// A share in percent, with one decimal.
func percentText(_ part: Int, of whole: Int) -> String {
  whole > 0 ? "\(fixedPoint(100 * Double(part) / Double(whole), decimals: 1)) %" : "–"
}
