import Screening
import ScreeningStore

/// A candidate's card for a terminal.
func cardText(_ card: CandidateCard) -> String {
  func number(_ value: Double?, _ places: Int = 4) -> String { value.map { decimals($0, places) } ?? "" }
  var lines = [
    "\(card.id)  \(card.formula)",
    "  \(card.siteCount) sites, \(decimals(card.volume, 3)) Å³; record \(card.key.record) of \(card.source) "
      + "(\(card.key.source):\(card.key.record))",
  ]
  lines += card.notes.map { "  \($0)" }
  let placed = card.predictions.filter { $0.row != nil }
  if !placed.isEmpty {
    var table = TerminalTable([
      .init("model", .left), .init("rank", .right), .init("E_f eV/atom", .right), .init("±", .right),
      .init("E_hull eV/atom", .right), .init("without own", .right), .init("P(stable)", .right),
      .init("members", .left),
    ])
    for prediction in placed {
      guard let row = prediction.row else { continue }
      let place = row.place(on: card.hull)
      table.append([
        prediction.model, prediction.rank.map { "\($0)" } ?? "", number(row.stability.energy),
        number(prediction.spread), number(place.energyAboveHull), number(place.decompositionEnergy),
        number(place.probability, 3), prediction.members.map { number($0) }.joined(separator: " "),
      ])
    }
    lines += ["", table.text, "  above the hull of \(card.hull.words)"]
    for prediction in placed {
      guard let row = prediction.row else { continue }
      if let phases = row.place(on: card.hull).decomposition, !phases.isEmpty {
        lines.append("  competes with, by \(prediction.model): \(phases)")
      }
      let flags = row.flags(on: card.hull)
      if !flags.isEmpty {
        lines.append("  flags, by \(prediction.model): \(flags.map(\.rawValue).joined(separator: ", "))")
      }
    }
  }
  for prediction in card.predictions where prediction.score != nil {
    lines.append(
      "  \(prediction.model): \(number(prediction.score)) \(prediction.unit)"
        + (prediction.spread.map { " ± \(number($0))" } ?? ""))
  }
  if let structure = card.structure {
    lines += ["", "cell, Å"]
    for vector in [structure.lattice.a, structure.lattice.b, structure.lattice.c] {
      lines.append("  " + (0..<3).map { padded(decimals(vector[$0], 5)) }.joined())
    }
    lines.append("sites, fractional")
    for (element, position) in zip(structure.elements, structure.fractionalPositions) {
      let symbol = element.symbol + String(repeating: " ", count: 2 - element.symbol.count)
      lines.append("  \(symbol)" + (0..<3).map { padded(decimals(position[$0], 5)) }.joined())
    }
  }
  return lines.joined(separator: "\n")
}

private func padded(_ number: String) -> String {
  String(repeating: " ", count: max(1, 12 - number.count)) + number
}
