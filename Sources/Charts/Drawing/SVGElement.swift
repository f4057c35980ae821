/// One element of an SVG document as text: what all pictures are written with.
enum SVGElement {
  /// The attributes of an element in the order in which they are written; those that are nil are left out.
  typealias Attributes = KeyValuePairs<String, String?>

  /// `<name attributes/>`, or with `content` (markup) between an opening and a closing tag.
  static func markup(_ name: String, _ attributes: Attributes, content: String? = nil) -> String {
    opening(name, attributes, end: content == nil ? "/>" : ">") + (content.map { "\($0)</\(name)>" } ?? "")
  }

  /// `<name attributes>` alone.
  static func opening(_ name: String, _ attributes: Attributes, end: String = ">") -> String {
    let written = attributes.compactMap { key, value in value.map { " \(key)=\"\(escaped($0))\"" } }
    return "<\(name)" + written.joined() + end
  }

  /// Text for XML: markup escaped, characters that XML 1.0 forbids replaced by a space.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
