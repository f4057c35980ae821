internal import Reports
internal import ScreeningStore

extension RunReport {
  /// Most examples of a reason for rejection.
  private static let examples = 3

  /// The models, what became of the records, and how to repeat it.
  func making() throws -> [ReportBlock] {
    let models = ReportTable(
      columns: ["model", "predicts", "members", "calibrated", "fingerprint"],
      rows: run.models.map {
        [
          $0.name, "\($0.property), \($0.unit)", "\($0.memberCount)", $0.calibration == nil ? "no" : "yes",
          String($0.fingerprint.prefix(16)),
        ]
      }, numbers: [2])
    let states = try store.sourceStates()
    let sources = ReportTable(
      columns: ["source", "records", "read to its end"],
      rows: states.map { [exportedName($0.source.name), "\($0.records)", $0.isFinished ? "yes" : "no"] },
      numbers: [1])
    return [
      .columns([
        [.heading("Models"), .table(models), .heading("Sources"), .table(sources)],
        [.heading("What became of the records"), .table(outcomes)] + (try readingBlocks()),
      ])
    ] + (try rejectionBlocks()) + [
      .heading("Again"), .code(commands),
      .note(
        "Plan \(run.planFingerprint.prefix(16)), made \(run.created) with Sluice \(run.sluiceVersion). The same plan gives the "
          + "same list."),
      .fold(title: "The plan, with every default", [.code(run.plan)]),
    ]
  }

  private var outcomes: ReportTable {
    let rejections = counts.rejections.map { ["rejected", $0.stage, $0.reason, "\($0.records)"] }
    let filtered = counts.filtered.map { ["filtered out", $0.stage, $0.reason, "\($0.records)"] }
    return ReportTable(
      columns: ["outcome", "stage", "reason", "records"],
      rows: [["candidate", "", "", "\(counts.rows)"]] + rejections + filtered, numbers: [3])
  }

  private func readingBlocks() throws -> [ReportBlock] {
    let counts = try store.readingCounts()
    guard !counts.isEmpty else { return [] }
    return [
      .heading("Records that do not say all outright"),
      .table(
        ReportTable(
          columns: ["rule by which they were read", "records"],
          rows: counts.map { [$0.rule, "\($0.records)"] })),
    ]
  }

  private func rejectionBlocks() throws -> [ReportBlock] {
    guard counts.rejected > 0 else { return [] }
    var shown: [String: [[String]]] = [:]
    var missing = Set(counts.rejections.map(\.reason))
    struct Enough: Error {}
    do {
      try store.forEachRejection { item in
        guard missing.contains(item.reason) else { return }
        shown[item.reason, default: []].append([
          item.reason,
          exportedName(item.sourceName) + (item.member.map { " · \($0)" } ?? "")
            + " · record \(item.key.record)",
          item.materialID ?? "", item.message,
        ])
        if shown[item.reason]?.count == Self.examples { missing.remove(item.reason) }
        if missing.isEmpty { throw Enough() }
      }
    } catch is Enough {}
    let rows = counts.rejectionsByReason.flatMap { shown[$0.reason] ?? [] }
    return [
      .fold(
        title: "Rejected records, examples of each reason",
        [.table(ReportTable(columns: ["reason", "record", "id", "message"], rows: rows, numbers: []))])
    ]
  }

  private var commands: String {
    let name = shellWord(directory)
    return """
      sluice run CAMPAIGN.yaml --run-directory \(name)
      sluice rank \(name)
      sluice export \(name) --format cif --output stable.tar.zst
      sluice status \(name)
      """
  }
}
