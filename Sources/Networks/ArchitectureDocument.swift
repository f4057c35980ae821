extension Architectures {
  /// The architectures and their options for people, as Markdown: a heading, a sentence and a table each. What
  /// docs/campaign.md has under `model`.
  public static var document: String {
    all.map { document($0) }.joined(separator: "\n")
  }

  private static func document(_ kind: any Architecture.Type) -> String {
    var lines = [
      "### `architecture: \(kind.key)`", "", kind.summary, "", "| key | default | meaning |", "|---|---|---|",
    ]
    for option in kind.optionDescriptions {
      let standard = option.defaultValue.map { "\($0)" } ?? "none"
      lines.append("| `\(option.key)` | \(standard) | \(option.summary) \(option.values.description) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension OptionValues: CustomStringConvertible {
  /// The values for people, as a sentence.
  public var description: String {
    switch self {
    case .integer(let range, let multiple):
      "\(range.lowerBound) to \(range.upperBound)" + (multiple > 1 ? ", a multiple of \(multiple)." : ".")
    case .number(let range): "\(range.lowerBound) to \(range.upperBound)."
    case .boolean: "true or false."
    case .choice(let words): words.map { "`\($0)`" }.joined(separator: " or ") + "."
    }
  }
}
