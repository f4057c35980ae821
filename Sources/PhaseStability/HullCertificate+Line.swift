import Crystal

extension HullCertificate {
  /// The certificate as one line of JSON, without the newline. There is one way to write a certificate: keys in this
  /// order, no spaces, every number a string so that no reader rounds it.
  public var jsonLine: String {
    let products = products.map {
      #"{"formula":"\#($0.formula)","energy":"\#($0.energyText)","fraction":"\#($0.fraction)"}"#
    }
    let potentials = potentials.map { #""\#($0.element.symbol)":"\#($0.value)""# }
    let same = sameCompositionEnergy.map { #""\#($0)""# } ?? "null"
    return [
      #"{"certificate":1"#,
      #""references":"\#(hexadecimal(referencesFingerprint))""#,
      #""formula":"\#(composition.formula)""#,
      #""energy":"\#(energy.text)""#,
      #""products":[\#(products.joined(separator: ","))]"#,
      #""potentials":{\#(potentials.joined(separator: ","))}"#,
      #""same_composition_energy":\#(same)"#,
      #""energy_above_hull":"\#(distances.energyAboveHull)""#,
      #""decomposition_energy":"\#(distances.decompositionEnergy)""#,
      #""criterion":"\#(criterion.rawValue)""#,
      #""threshold":"\#(threshold.text)""#,
      #""margin":"\#(distances.margin)""#,
      #""verdict":"\#(isWithin ? "within" : "above")"}"#,
    ].joined(separator: ",")
  }

  /// Reads a line that `jsonLine` wrote. Any other layout, key order or way to write a number is refused.
  ///
  /// - Throws: `CertificateError.unreadable`.
  public init(jsonLine line: String) throws(CertificateError) {
    var reader = LineReader(bytes: Array(line.utf8))
    try reader.expect(#"{"certificate":1,"references":""#)
    let fingerprint = try reader.value { UInt64($0, radix: 16) }
    try reader.expect(#","formula":""#)
    let composition = try reader.reducedComposition()
    try reader.expect(#","energy":""#)
    let energy = try reader.value { DecimalNumber($0) }
    try reader.expect(#","products":["#)
    let products = try reader.products()
    try reader.expect(#","potentials":{"#)
    let potentials = try reader.potentials()
    try reader.expect(#","same_composition_energy":"#)
    let same = try reader.optionalText()
    try reader.expect(#","energy_above_hull":""#)
    let aboveHull = try reader.value { Rational($0) }
    try reader.expect(#","decomposition_energy":""#)
    let decomposition = try reader.value { Rational($0) }
    try reader.expect(#","criterion":""#)
    let criterion = try reader.value { HullCriterion(rawValue: $0) }
    try reader.expect(#","threshold":""#)
    let threshold = try reader.value { DecimalNumber($0) }
    try reader.expect(#","margin":""#)
    let margin = try reader.value { Rational($0) }
    try reader.expect(#","verdict":""#)
    _ = try reader.text()
    self.init(
      referencesFingerprint: fingerprint, composition: composition, energy: energy, threshold: threshold,
      criterion: criterion, products: products, potentials: potentials, sameCompositionEnergy: same,
      distances: Distances(energyAboveHull: aboveHull, decompositionEnergy: decomposition, margin: margin))
    // What was read must write itself in the same way; this also covers the verdict and leading zeros.
    if let departure = zip(jsonLine.utf8, line.utf8).enumerated().first(where: { $1.0 != $1.1 })?.offset {
      throw .unreadable(position: departure)
    }
    guard jsonLine.utf8.count == line.utf8.count else {
      throw .unreadable(position: min(jsonLine.utf8.count, line.utf8.count))
    }
  }
}

/// A fixed layout, read from the left.
private struct LineReader {
  let bytes: [UInt8]
  var position = 0

  mutating func expect(_ literal: String) throws(CertificateError) {
    for byte in literal.utf8 {
      guard position < bytes.count, bytes[position] == byte else { throw .unreadable(position: position) }
      position += 1
    }
  }

  /// The text up to the next quote, which is passed.
  mutating func text() throws(CertificateError) -> String {
    guard let end = bytes[position...].firstIndex(of: 34) else { throw .unreadable(position: bytes.count) }
    defer { position = end + 1 }
    return String(decoding: bytes[position..<end], as: UTF8.self)
  }

  mutating func value<Value>(_ read: (String) -> Value?) throws(CertificateError) -> Value {
    let start = position
    guard let value = read(try text()) else { throw .unreadable(position: start) }
    return value
  }

  /// A composition whose reduced formula is the text.
  mutating func reducedComposition() throws(CertificateError) -> Composition {
    let start = position
    let formula = try text()
    do {
      let composition = try Composition(formula: formula)
      if composition.reducedFormula == formula { return composition.reduced }
    } catch {
      throw .unreadable(position: start + error.position)
    }
    throw .unreadable(position: start)
  }

  mutating func optionalText() throws(CertificateError) -> String? {
    if position < bytes.count, bytes[position] == 34 {
      position += 1
      return try text()
    }
    try expect("null")
    return nil
  }

  /// Passes `byte` if it is next.
  mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  mutating func products() throws(CertificateError) -> [HullCertificate.Product] {
    var products: [HullCertificate.Product] = []
    repeat {
      try expect(#"{"formula":""#)
      let formula = try text()
      try expect(#","energy":""#)
      let energyText = try text()
      try expect(#","fraction":""#)
      let fraction = try value { Rational($0) }
      try expect("}")
      products.append(HullCertificate.Product(formula: formula, energyText: energyText, fraction: fraction))
    } while take(44)
    try expect("]")
    return products
  }

  mutating func potentials() throws(CertificateError) -> [HullCertificate.Potential] {
    var potentials: [HullCertificate.Potential] = []
    repeat {
      try expect("\"")
      let element = try value { Element(symbol: $0) }
      try expect(#":""#)
      potentials.append(HullCertificate.Potential(element: element, value: try value { Rational($0) }))
    } while take(44)
    try expect("}")
    return potentials
  }
}

/// Sixteen lower-case hexadecimal digits.
func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.utf8.count) + digits
}

extension FormulaError {
  /// Where in the formula the error stands.
  fileprivate var position: Int {
    switch self {
    case .empty: 0
    case .unknownElement(let position), .unexpectedCharacter(let position), .badAmount(let position),
      .unclosedBracket(let position):
      position
    }
  }
}
