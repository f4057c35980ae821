/// The colors and dashes that all pictures share.
enum Ink {
  static let text = "#222222"
  /// Captions and numbers that stand back behind the text.
  static let note = "#555555"
  static let grid = "#e4e4e4"

  /// Colors that the color-blind can tell apart: M. Okabe and K. Ito, Color Universal Design (2008).
  static let palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555"]

  static func color(_ index: Int) -> String { palette[index % palette.count] }

  /// Beyond the palette colors repeat, so the dashes have to differ.
  static func dashes(_ index: Int, isDashed: Bool) -> String {
    let round = index / palette.count
    if isDashed { return round == 0 ? "6 4" : "6 4 \(round) 4" }
    return round == 0 ? "none" : "\(2 + 2 * round) 2"
  }
}
