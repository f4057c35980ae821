import ArgumentParser
import Screening

struct PrototypesFit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit", abstract: "Fit the volume and shape of a prototype's decorations to known members.",
    discussion: """
      Members are crystals of the archives whose primitive cell and sites agree with the prototype within 2 %, for some \
      values of its free parameters. The table gives each element a volume on each site and a part in each parameter; \
      a campaign uses it with volume: {fitted: {table: TABLE}}. Printed are median deviations from the members, with one \
      value for all (plain) and by the fit on members that had no part in it.

      Example: sluice prototypes fit perovskite train.jsonl.zst val.jsonl.zst --output perovskite-volumes.csv
      """)

  @Argument(help: "Name of a built-in prototype, or a structure file.")
  var prototype: String

  @Argument(help: "Archives, files or folders of crystals.")
  var members: [String]

  @Option(help: "CSV file to write.")
  var output: String

  @OptionGroup var threads: ThreadOptions

  func run() throws {
    try reportingErrors {
      let report = try PrototypeFitting(prototype, jobs: threads.count).fit(members, to: output)
      Terminal.result(
        "\(report.prototype): \(report.memberCount) members among \(report.crystalCount) crystals, "
          + "volume ratio \(decimals(report.volumeRatio, 3))")
      var table = TerminalTable([
        .init("", .left), .init("median", .right), .init("plain deviation", .right),
        .init("fitted deviation", .right), .init("ridge", .right),
      ])
      let medians = [report.volumeRatio] + report.medians.map(\.median)
      for (quality, median) in zip(report.qualities, medians) {
        table.append([
          quality.name, decimals(median, 4), decimals(quality.plain, 4), decimals(quality.fitted, 4),
          "\(quality.ridge)",
        ])
      }
      Terminal.result(table.text)
      if report.leftOutCount > 0 {
        Terminal.result("left out, with an element without tabulated volume: \(report.leftOutCount)")
      }
      for (reason, count) in report.rejected.sorted(by: { $0.key < $1.key }) {
        Terminal.note("rejected, \(reason): \(count)")
      }
      Terminal.note("\(output): written")
    }
  }
}
