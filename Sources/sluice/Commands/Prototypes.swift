import ArgumentParser
import Foundation
import Screening

struct Prototypes: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List and show the structure types that come along, and fit volumes to known members.",
    subcommands: [PrototypesList.self, PrototypesShow.self, PrototypesFit.self])
}

struct PrototypesList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the prototypes that campaigns can decorate.",
    discussion: """
      Sites are labels with their Wyckoff positions in the conventional cell; labels joined by = may be exchanged \
      without changing the crystal. Parameters stand with their default and the range allowed. The ratio is the \
      typical volume over the sum of the volumes of the elements.

      Example: sluice prototypes list
      """)

  @Option(help: "text or json.")
  var format: ReportFormat = .text

  func run() throws {
    try reportingErrors {
      if format == .json { return try writeJSON(PrototypeSummary.all) }
      var table = TerminalTable([
        .init("prototype", .left), .init("formula", .left), .init("space group", .left),
        .init("atoms", .right), .init("sites", .left), .init("parameter", .left), .init("default", .right),
        .init("range", .left), .init("ratio", .right),
      ])
      for prototype in PrototypeSummary.all {
        let exchanges = prototype.exchangeableLabels.map { $0.joined(separator: "=") }
        let sites = prototype.sites.map { "\($0.label) \($0.wyckoff)" } + exchanges
        let first = prototype.parameters.first.map(cells) ?? ["", "", ""]
        table.append(
          [
            prototype.name, prototype.formula, prototype.spaceGroupSymbol ?? "",
            "\(prototype.siteLabels.count)",
            sites.joined(separator: ", "),
          ] + first + [prototype.volumeRatio.map { decimals($0, 3) } ?? ""])
        for parameter in prototype.parameters.dropFirst() {
          table.append([String](repeating: "", count: 5) + cells(parameter) + [""])
        }
      }
      Terminal.result(table.text)
    }
  }

  private func cells(_ parameter: PrototypeSummary.Parameter) -> [String] {
    [parameter.name, decimals(parameter.defaultValue, 4), "\(parameter.minimum)…\(parameter.maximum)"]
  }
}

struct PrototypesShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print a prototype: its sites, parameters and cell.",
    discussion: "Example: sluice prototypes show ThCr2Si2")

  @Argument(help: "Name of the prototype.")
  var name: String

  @Option(help: "text or json.")
  var format: ReportFormat = .text

  func run() throws {
    try reportingErrors {
      let prototype = try PrototypeSummary(named: name)
      if format == .json { return try writeJSON(prototype) }
      let group = [prototype.spaceGroupSymbol, prototype.spaceGroup.map { "(no. \($0))" }].compactMap(\.self)
      Terminal.result(
        "\(prototype.name): \(prototype.formula), type compound \(prototype.typeCompound ?? "none"), "
          + "space group \(group.joined(separator: " "))")
      if let ratio = prototype.volumeRatio { Terminal.result("volume ratio \(decimals(ratio, 3))") }
      for group in prototype.exchangeableLabels {
        Terminal.result("the same crystal with \(group.joined(separator: " and ")) exchanged")
      }
      var sites = TerminalTable([.init("label", .left), .init("site", .left), .init("point", .left)])
      for site in prototype.sites { sites.append([site.label, site.wyckoff, site.point]) }
      Terminal.result("\n" + sites.text)
      if !prototype.parameters.isEmpty {
        var parameters = TerminalTable([
          .init("parameter", .left), .init("default", .right), .init("type compound", .right),
          .init("range", .left), .init("meaning", .left),
        ])
        for parameter in prototype.parameters {
          parameters.append([
            parameter.name, decimals(parameter.defaultValue, 4), decimals(parameter.typeValue, 4),
            "\(parameter.minimum)…\(parameter.maximum)", parameter.meaning,
          ])
        }
        Terminal.result("\n" + parameters.text)
      }
      var cell = TerminalTable(
        [.init("cell", .left)] + ["x", "y", "z"].map { .init($0, .right) })
      for (name, vector) in zip(["a (Å)", "b (Å)", "c (Å)"], prototype.lattice) {
        cell.append([name] + vector.map { decimals($0, 5) })
      }
      for (label, position) in zip(prototype.siteLabels, prototype.positions) {
        cell.append([label] + position.map { decimals($0, 5) })
      }
      Terminal.result("\n" + cell.text)
    }
  }
}

private func writeJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
  Terminal.write([UInt8](try encoder.encode(value)) + [10])
}
