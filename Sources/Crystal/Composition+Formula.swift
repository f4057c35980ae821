extension Composition {
  /// Reads a chemical formula with whole-number amounts and brackets: "FeP2(H4O5)2", "Na [Cl]". D and T, hydrogen's
  /// isotopes, count as hydrogen.
  ///
  /// - Throws: `FormulaError`, with the byte position of the offending character.
  public init(formula: some StringProtocol) throws(FormulaError) {
    var parser = FormulaParser(bytes: Array(formula.utf8))
    let counts = try parser.group(depth: 0)
    guard parser.position == parser.bytes.count else { throw .unexpectedCharacter(position: parser.position) }
    let parts = Element.all.compactMap { element in
      counts[element.atomicNumber] > 0 ? Part(element: element, count: counts[element.atomicNumber]) : nil
    }
    try self.init(parts: parts)
  }
}

/// Why a text is not a formula; positions are byte offsets into it.
public enum FormulaError: Error, Equatable, Sendable {
  /// No atoms at all.
  case empty
  /// The text at this position is no element symbol.
  case unknownElement(position: Int)
  /// A character that has no place in a formula.
  case unexpectedCharacter(position: Int)
  /// An amount that is zero, fractional or too large.
  case badAmount(position: Int)
  /// A bracket is not closed.
  case unclosedBracket(position: Int)
}

extension FormulaError: CustomStringConvertible {
  /// The error for a person; places are counted from 1.
  public var description: String {
    switch self {
    case .empty: "no atoms"
    case .unknownElement(let position): "no element at place \(position + 1)"
    case .unexpectedCharacter(let position): "an unexpected character at place \(position + 1)"
    case .badAmount(let position):
      "an amount that is no whole number from 1 to 1,000,000,000 at place \(position + 1)"
    case .unclosedBracket(let position): "a bracket at place \(position + 1) that is not closed"
    }
  }
}

private struct FormulaParser {
  let bytes: [UInt8]
  var position = 0

  mutating func group(depth: Int) throws(FormulaError) -> [Int] {
    guard depth < 16 else { throw .unexpectedCharacter(position: position) }
    var counts = [Int](repeating: 0, count: 119)
    while position < bytes.count {
      let byte = bytes[position]
      if byte == 32 {
        position += 1
      } else if byte == 40 || byte == 91 {
        let open = position
        position += 1
        let inner = try group(depth: depth + 1)
        guard position < bytes.count, bytes[position] == (byte == 40 ? 41 : 93) else {
          throw .unclosedBracket(position: open)
        }
        position += 1
        let factor = try amount()
        for number in 1...118 { counts[number] = try sum(counts[number], inner[number], times: factor) }
      } else if byte == 41 || byte == 93 {
        guard depth > 0 else { throw .unexpectedCharacter(position: position) }
        break
      } else {
        let number = try element().atomicNumber
        counts[number] = try sum(counts[number], 1, times: try amount())
      }
    }
    return counts
  }

  private func sum(_ count: Int, _ added: Int, times factor: Int) throws(FormulaError) -> Int {
    let (product, overflow) = added.multipliedReportingOverflow(by: factor)
    guard !overflow, product <= 1_000_000_000 - count else { throw .badAmount(position: position) }
    return count + product
  }

  private mutating func element() throws(FormulaError) -> Element {
    let first = bytes[position]
    guard first >= 65, first <= 90 else { throw .unexpectedCharacter(position: position) }
    let next = position + 1 < bytes.count ? bytes[position + 1] : 0
    let second = next >= 97 && next <= 122 ? next : 0
    guard let element = Element(speciesBytes: first, second) else {
      throw .unknownElement(position: position)
    }
    position += second == 0 ? 1 : 2
    return element
  }

  private mutating func amount() throws(FormulaError) -> Int {
    let start = position
    var value = 0
    while position < bytes.count, bytes[position] >= 48, bytes[position] <= 57 {
      value = value * 10 + Int(bytes[position] - 48)
      guard value <= 1_000_000_000 else { throw .badAmount(position: start) }
      position += 1
    }
    if position < bytes.count, bytes[position] == 46 { throw .badAmount(position: start) }
    if position == start { return 1 }
    guard value > 0 else { throw .badAmount(position: start) }
    return value
  }
}
