import Screening

/// How a record was read, in words.
struct ExplanationText {
  private let explanation: RecordExplanation

  init(_ explanation: RecordExplanation) { self.explanation = explanation }

  /// The lines, without a line end after the last.
  var text: String {
    var lines = [
      "\(explanation.archive) #\(explanation.record)",
      "  id           \(explanation.id)",
      "  member       \(explanation.member), byte \(explanation.byteOffset), \(explanation.bytes) bytes",
    ]
    add(explanation.statements, as: "says", to: &lines)
    if let crystal = explanation.crystal {
      add(facts(crystal), as: "read as", to: &lines)
      let rules = explanation.rules.map { "\($0.rule): \($0.message)" }
      add(rules.isEmpty ? ["none: the record says all itself"] : rules, as: "by rules", to: &lines)
    }
    if let rejection = explanation.rejection {
      let place = rejection.byteOffset.map { ", byte \($0)" } ?? ""
      lines.append("  rejected     at \(rejection.stage), \(rejection.reason)\(place): \(rejection.message)")
    }
    if let outcome = explanation.outcome { lines.append("  in the run   \(outcome)") }
    return lines.joined(separator: "\n")
  }

  private func facts(_ crystal: RecordExplanation.Crystal) -> [String] {
    func list(_ values: [Double]) -> String { values.map { decimals($0, 4) }.joined(separator: ", ") }
    return [
      "\(crystal.formula), \(crystal.form)",
      "\(crystal.sites) sites: \(crystal.cellFormula)",
      "cell of \(list(crystal.lengths)) Å; \(list(crystal.angles))°; \(decimals(crystal.volume, 3)) Å³",
      "\(decimals(crystal.volumePerAtom, 3)) Å³ per atom, \(decimals(crystal.density, 3)) g/cm³",
    ]
  }

  private func add(_ values: [String], as title: String, to lines: inout [String]) {
    for (index, value) in values.enumerated() {
      let label = index == 0 ? title : ""
      lines.append("  " + label + String(repeating: " ", count: 13 - label.count) + value)
    }
  }
}
