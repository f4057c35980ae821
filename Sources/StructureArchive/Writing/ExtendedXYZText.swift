public import Crystal

/// A value of the comment line of an extended XYZ frame.
public enum FrameValue: Hashable, Sendable {
  /// Digits, written as they are.
  case number(String)
  /// A text, written in quotes.
  case text(String)
}

/// A structure as a frame of an extended XYZ file: cell and positions (Å) at full precision, and further values in the
/// comment line, by the grammar that libAtoms publishes.
///
/// - Parameters:
///   - structure: the structure.
///   - values: keys, letters, digits and "_" alone, with their values.
/// - Returns: the frame's lines without an end after the last.
public func extendedXYZText(
  structure: Structure, values: [(key: String, value: FrameValue)]
) -> String {
  let lattice = structure.lattice
  let cell = [lattice.a, lattice.b, lattice.c].map { "\($0.x) \($0.y) \($0.z)" }.joined(separator: " ")
  var comment = "Lattice=\"\(cell)\" Properties=species:S:1:pos:R:3 pbc=\"T T T\""
  for (key, value) in values {
    switch value {
    case .number(let digits): comment += " \(key)=\(digits)"
    case .text(let text): comment += " \(key)=\(quoted(text))"
    }
  }
  var lines = ["\(structure.siteCount)", comment]
  for (element, point) in zip(structure.elements, structure.fractionalPositions) {
    let position = lattice.cartesian(point)
    lines.append("\(element.symbol) \(position.x) \(position.y) \(position.z)")
  }
  return lines.joined(separator: "\n")
}

/// A text in quotes: backslashes and quotes are escaped, line ends are \n.
private func quoted(_ text: String) -> String {
  var result = "\"".unicodeScalars
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\\", "\"": result.append(contentsOf: ["\\", scalar])
    case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}", "\u{B}", "\u{C}":
      result.append(contentsOf: "\\n".unicodeScalars)
    default: result.append(scalar)
    }
  }
  result.append("\"")
  return String(result)
}
