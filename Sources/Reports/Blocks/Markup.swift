internal import TextFormats

/// A part of an HTML document. It is made of texts, which are escaped here and nowhere else, and of other parts, so that no
/// text that came with a crystal, a model or a message can become markup.
struct Markup {
  /// The part as HTML.
  private(set) var html: String

  /// The attributes of an element in the order in which they are written; those that are nil are left out, and an empty text
  /// stands for an attribute without a value.
  typealias Attributes = KeyValuePairs<String, String?>

  /// Nothing.
  init() { html = "" }

  /// A text.
  init(_ text: String) { html = Self.escaped(text) }

  /// A picture, as the chart modules write them: their own texts are escaped there.
  init(picture: String) { html = picture }

  /// Parts one after another.
  init(_ parts: [Markup]) { html = parts.map(\.html).joined() }

  /// `<name attributes>` with what it holds, and its end.
  static func element(_ name: String, _ attributes: Attributes, _ content: [Markup]) -> Markup {
    var markup = opening(name, attributes)
    markup.html += content.map(\.html).joined() + "</\(name)>"
    return markup
  }

  /// An element that holds a text.
  static func text(_ name: String, _ attributes: Attributes, _ text: String) -> Markup {
    element(name, attributes, [Markup(text)])
  }

  /// An element without attributes that holds a text.
  static func text(_ name: String, _ text: String) -> Markup { element(name, [:], [Markup(text)]) }

  /// An element that holds nothing and has no end, as `<input>`.
  static func opening(_ name: String, _ attributes: Attributes = [:]) -> Markup {
    let written = attributes.compactMap { key, value in
      value.map { $0.isEmpty ? " \(key)" : " \(key)=\"\(escaped($0))\"" }
    }
    var markup = Markup()
    markup.html = "<\(name)" + written.joined() + ">"
    return markup
  }

  /// An element whose content is no HTML: a style sheet, a script, or data that scripts read.
  ///
  /// - Precondition: the content does not hold the element's end, nor what begins a comment or a script.
  static func raw(_ name: String, _ attributes: Attributes = [:], _ content: String) -> Markup {
    let lowered = content.lowercased()
    precondition(
      !lowered.contains("</\(name)") && !lowered.contains("<!--") && !lowered.contains("<script"),
      "the content of <\(name)> would end it")
    var markup = opening(name, attributes)
    markup.html += content + "</\(name)>"
    return markup
  }

  static func + (left: Markup, right: Markup) -> Markup { Markup([left, right]) }

  /// A text with what HTML would read as markup escaped, in elements and in attributes. Marks that turn the direction of
  /// writing become visible, and control characters, which HTML forbids, blanks: what a page shows is what a text holds.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      default:
        if scalar.turnsDirection {
          result += "⟨U+\(String(scalar.value, radix: 16, uppercase: true))⟩"
        } else if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
          || (scalar.value & 0xFFFE) == 0xFFFE
        {
          result += " "
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result
  }
}

extension Unicode.Scalar {
  /// Whether it is an invisible mark that changes the direction in which what follows is written.
  fileprivate var turnsDirection: Bool {
    switch value {
    case 0x200E, 0x200F, 0x061C, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
