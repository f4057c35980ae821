import Screening
import ScreeningStore

/// What changed from one run to another, as tables for a terminal.
struct DifferenceText {
  private let difference: RunDifference
  private let top: Int

  /// A text with the first `top` rows of each list.
  init(_ difference: RunDifference, top: Int) {
    self.difference = difference
    self.top = top
  }

  /// Everything, without a line end after the last line.
  var text: String {
    let (left, entered) = (difference.left, difference.entered)
    let parts = [
      heading, causes, phases("left", left), phases("entered", entered), list("left", left) { $0.a?.rank },
      list("entered", entered) { $0.b?.rank },
    ]
    return parts.compactMap { $0 }.joined(separator: "\n\n")
  }

  private var heading: String {
    let (a, b) = (difference.a, difference.b)
    var table = TerminalTable([.init("", .left), .init("a", .left), .init("b", .left)])
    func append(_ name: String, _ value: (RunDifference.Side) -> String) {
      table.append([name, value(a), value(b)])
    }
    append("run", \.directory)
    append("model", \.model)
    append("references") { $0.reference ?? "none" }
    append("threshold (eV/atom)") { "\($0.threshold)" }
    append("candidates") { "\($0.candidates)" }
    append("stable") { "\($0.stable)" }
    if a.ambiguous + b.ambiguous > 0 { append("stable, not joined") { "\($0.ambiguous)" } }
    return table.text
      + "\n\nOn the hull of \(difference.hull.words): \(difference.left.count) left, \(difference.entered.count) entered, "
      + "\(difference.stayed) stayed."
  }

  private var causes: String? {
    guard !difference.left.isEmpty || !difference.entered.isEmpty else { return nil }
    var table = TerminalTable([.init("main cause", .left), .init("left", .right), .init("entered", .right)])
    for cause in RunDifference.Cause.allCases {
      let counts = [difference.left, difference.entered].map { RunDifference.count(of: cause, in: $0) }
      guard counts != [0, 0] else { continue }
      table.append([cause.words] + counts.map { "\($0)" })
    }
    return table.text
  }

  private func phases(_ title: String, _ changes: [RunDifference.Change]) -> String? {
    let phases = RunDifference.phases(behind: changes)
    guard !phases.isEmpty, top > 0 else { return nil }
    var table = TerminalTable([.init("phase (eV/atom)", .left), .init("candidates", .right)])
    for item in phases.prefix(top) { table.append([words(item.phase), "\(item.candidates)"]) }
    return "Phases behind those that \(title)" + shown(phases.count) + "\n" + table.text
  }

  private func words(_ phase: RunDifference.Phase) -> String { phase.text { decimals($0, 4) } }

  private func list(
    _ title: String, _ changes: [RunDifference.Change], rank: (RunDifference.Change) -> Int?
  ) -> String? {
    guard !changes.isEmpty, top > 0 else { return nil }
    var table = TerminalTable([
      .init("rank", .right), .init("id", .left), .init("formula", .left), .init("E_hull a", .right),
      .init("E_hull b", .right), .init("ΔE", .right), .init("ΔE of hull", .right), .init("cause", .left),
      .init("because of", .left),
    ])
    func number(_ energy: WholeEnergy?) -> String { energy.map { decimals($0.value, 4) } ?? "" }
    for change in changes.prefix(top) {
      table.append([
        rank(change).map { "\($0)" } ?? "", change.id, change.formula, number(change.a?.distance),
        number(change.b?.distance), number(change.shares?.energy), number(change.shares?.hull),
        change.cause.words,
        change.rejection?.reason ?? change.phases.map(words).joined(separator: "; "),
      ])
    }
    return "Candidates that \(title)" + shown(changes.count) + "\n" + table.text
  }

  private func shown(_ count: Int) -> String { count > top ? ", the first \(top) of \(count):" : ":" }
}

extension RunDifference.Cause {
  /// The cause in words.
  var words: String {
    switch self {
    case .energy: "energy"
    case .reference: "reference phase"
    case .competitor: "competitor"
    case .threshold: "threshold"
    case .rejected: "rejected in the other run"
    case .absent: "not in the other run"
    }
  }
}
