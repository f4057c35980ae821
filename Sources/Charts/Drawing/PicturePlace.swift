/// Where a picture is shown.
public enum PicturePlace: Hashable, Sendable {
  /// In a file of its own, with its own colors on white.
  case file
  /// On a page that says the colors, so that they follow its light or dark scheme: `--ink` (text), `--note`, `--grid`,
  /// `--paper` and `--series-0` to `--series-5`.
  case page

  /// An SVG document with the colors of this place.
  func inked(_ document: String) -> String {
    guard self == .page else { return document }
    // Quotes in texts are escaped, so that what is replaced is always the whole value of an attribute.
    return Self.pageColors.reduce(document) { text, pair in
      text.replacing("=\"\(pair.color)\"", with: "=\"var(\(pair.variable))\"")
    }
  }

  private static let pageColors: [(color: String, variable: String)] =
    [(Ink.text, "--ink"), (Ink.note, "--note"), (Ink.grid, "--grid"), ("white", "--paper")]
    + Ink.palette.indices.dropLast().map { (Ink.palette[$0], "--series-\($0)") }
}
