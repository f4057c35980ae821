import Screening

/// Several models beside each other: a table of them, and one of their errors on groups of crystals.
struct LeaderboardText {
  private let leaderboard: ModelLeaderboard

  init(_ leaderboard: ModelLeaderboard) { self.leaderboard = leaderboard }

  var text: String {
    var title =
      "mean absolute errors of \(leaderboard.property) in \(leaderboard.unit) on \(leaderboard.count) crystals; "
      + "structures/s with --jobs \(leaderboard.jobs)"
    func note(_ count: Int, _ what: String) {
      if count > 0 { title += "\nleft out, \(what): \(count)" }
    }
    note(leaderboard.unpredicted, "as not every model can predict them")
    note(leaderboard.withoutValue, "without a number under \(leaderboard.property)")
    note(leaderboard.tooLarge, "larger than asked for")
    for (reason, count) in leaderboard.rejected.sorted(by: { $0.key < $1.key }) { note(count, reason) }
    return [title, models.text, groups.text].joined(separator: "\n\n")
  }

  private var models: TerminalTable {
    var table = TerminalTable([
      .init("", .left), .init("architecture", .left), .init("parameters", .right), .init("members", .right),
      .init("mean", .right), .init("ensemble", .right), .init("change", .right),
      .init("95 % interval", .right),
      .init("structures/s", .right), .init("one member", .right),
    ])
    for entry in leaderboard.entries {
      table.append([
        entry.model, entry.architecture, "\(entry.parameters)", "\(entry.members.count)",
        decimals(entry.mean.meanAbsoluteError, 5),
        decimals(entry.ensemble.meanAbsoluteError, 5), Self.change(entry.ensemble),
        entry.ensemble.changeInterval.map { "\(Self.percent($0[0])) to \(Self.percent($0[1]))" } ?? "",
        decimals(entry.structuresPerSecond, 0), decimals(entry.structuresPerSecondOfOneMember, 0),
      ])
    }
    return table
  }

  private var groups: TerminalTable {
    var table = TerminalTable(
      [.init("", .left), .init("crystals", .right)] + leaderboard.entries.map { .init($0.model, .right) })
    for group in leaderboard.groups {
      table.append(
        [group.title, "\(group.count)"] + group.figures.map { decimals($0.meanAbsoluteError, 5) })
    }
    return table
  }

  private static func change(_ figure: ModelLeaderboard.Figure) -> String { figure.change.map(percent) ?? "" }

  private static func percent(_ share: Double) -> String {
    (share < 0 ? "" : "+") + decimals(100 * share, 1) + " %"
  }
}
