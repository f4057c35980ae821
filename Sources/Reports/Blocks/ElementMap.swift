public import Crystal

/// A share for each element, shown as a periodic table whose fields require or exclude elements of the list of candidates.
public struct ElementMap: Sendable {
  /// What is known of one element.
  public struct Entry: Sendable {
    /// The element.
    public let element: Element
    /// Candidates that contain it.
    public let candidates: Int
    /// How many of these are stable.
    public let stable: Int

    /// The counts of an element; at least one candidate contains it.
    public init(element: Element, candidates: Int, stable: Int) {
      precondition(candidates > 0 && (0...candidates).contains(stable), "a share of something")
      self.element = element
      self.candidates = candidates
      self.stable = stable
    }

    var share: Double { Double(stable) / Double(candidates) }
  }

  /// What the shares are of, in words.
  public let caption: String
  /// The elements of the candidates, by atomic number.
  public let entries: [Entry]

  /// Shares of elements.
  public init(caption: String, entries: [Entry]) {
    self.caption = caption
    self.entries = entries.sorted { $0.element < $1.element }
  }

  /// The steps of the scale of colors.
  private static let steps = 8

  var markup: Markup {
    let byElement = Dictionary(entries.map { ($0.element, $0) }, uniquingKeysWith: { first, _ in first })
    let largest = entries.map(\.share).max() ?? 0
    var fields: [Markup] = []
    for number in UInt8(1)...118 {
      guard let element = Element(rawValue: number) else { continue }
      let (row, column) = Self.place(of: Int(number))
      let place = "el r\(row) c\(column)"
      guard let entry = byElement[element] else {
        fields.append(.text("span", ["class": place + " none"], element.symbol))
        continue
      }
      let step = largest > 0 ? Int((entry.share / largest * Double(Self.steps)).rounded(.up)) : 0
      let percent = "\(Int((100 * entry.share).rounded())) %"
      fields.append(
        .element(
          "button",
          [
            "type": "button", "class": "\(place) h\(step)", "data-element": element.symbol,
            "aria-label": "\(element.symbol): \(entry.stable) of \(entry.candidates) stable",
          ], [Markup.text("b", element.symbol), Markup.text("small", percent)]))
    }
    let table = ReportTable(
      columns: ["element", "candidates", "stable", "share"],
      rows: entries.map {
        [$0.element.symbol, "\($0.candidates)", "\($0.stable)", "\(Int((100 * $0.share).rounded())) %"]
      })
    return .element(
      "figure", [:],
      [
        .element(
          "div", ["class": "periodic", "id": "periodic", "role": "group", "aria-label": caption], fields),
        .text("figcaption", caption), table.fold,
      ])
  }

  /// Row and column of an element, from 1: the form with 18 columns, the f block below it.
  private static func place(of number: Int) -> (row: Int, column: Int) {
    switch number {
    case 1: (1, 1)
    case 2: (1, 18)
    case 3...4: (2, number - 2)
    case 5...10: (2, number + 8)
    case 11...12: (3, number - 10)
    case 13...18: (3, number)
    case 19...36: (4, number - 18)
    case 37...54: (5, number - 36)
    case 55...56: (6, number - 54)
    case 57...71: (9, number - 54)
    case 72...86: (6, number - 68)
    case 87...88: (7, number - 86)
    case 89...103: (10, number - 86)
    default: (7, number - 100)
    }
  }
}
