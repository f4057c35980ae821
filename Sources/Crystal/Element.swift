/// A chemical element, identified by its atomic number (1…118).
public struct Element: RawRepresentable, Hashable, Comparable, Sendable {
  /// The atomic number Z.
  public let rawValue: UInt8

  /// The element of atomic number `rawValue`, or nil outside 1…118.
  @inlinable
  public init?(rawValue: UInt8) {
    guard rawValue >= 1, rawValue <= 118 else { return nil }
    self.rawValue = rawValue
  }

  /// The element with the given symbol ("Fe"); capitalisation must be the standard one.
  ///
  /// - Complexity: O(1), no allocation.
  public init?(symbol: some StringProtocol) {
    guard let letters = Element.letters(of: symbol) else { return nil }
    self.init(symbolBytes: letters.first, letters.second)
  }

  /// The element of the species `symbol`: as `init(symbol:)`, but D and T, hydrogen's isotopes, count as hydrogen.
  public init?(species symbol: some StringProtocol) {
    guard let letters = Element.letters(of: symbol) else { return nil }
    self.init(speciesBytes: letters.first, letters.second)
  }

  private static func letters(of symbol: some StringProtocol) -> (first: UInt8, second: UInt8)? {
    var bytes = symbol.utf8.makeIterator()
    guard let first = bytes.next() else { return nil }
    let second = bytes.next()
    return bytes.next() == nil ? (first, second ?? 0) : nil
  }

  /// The element whose symbol consists of the ASCII bytes `first` and `second` (0 when there is one letter).
  public init?(symbolBytes first: UInt8, _ second: UInt8) {
    guard first >= 65, first <= 90, second == 0 || (second >= 97 && second <= 122) else { return nil }
    let slot = Int(first - 65) * 27 + (second == 0 ? 0 : Int(second - 96))
    let number = ElementTable.numberBySymbolSlot[slot]
    guard number > 0 else { return nil }
    self.rawValue = number
  }

  /// The element that a record's species consists of: a symbol as `init(symbolBytes:)` takes it, or D or T, the symbols of
  /// hydrogen's isotopes, which count as hydrogen.
  public init?(speciesBytes first: UInt8, _ second: UInt8) {
    self.init(symbolBytes: Element.isIsotope(first, second) ? UInt8(ascii: "H") : first, second)
  }

  /// Whether the bytes (0 for the second when there is one letter) are D or T: deuterium or tritium.
  @inlinable
  public static func isIsotope(_ first: UInt8, _ second: UInt8) -> Bool {
    second == 0 && (first == UInt8(ascii: "D") || first == UInt8(ascii: "T"))
  }

  /// The atomic number Z.
  @inlinable public var atomicNumber: Int { Int(rawValue) }

  /// The standard symbol, e.g. "Fe".
  public var symbol: String { ElementTable.symbols[Int(rawValue) - 1] }

  /// Pauling electronegativity, or nil where none is tabulated.
  public var electronegativity: Double? {
    let value = ElementTable.electronegativities[Int(rawValue) - 1]
    return value > 0 ? value : nil
  }

  /// All 118 elements in order of atomic number.
  public static let all: [Element] = (1...118).compactMap { Element(rawValue: $0) }

  /// Orders by atomic number.
  @inlinable
  public static func < (left: Element, right: Element) -> Bool { left.rawValue < right.rawValue }
}

extension Element: CustomStringConvertible {
  /// The element's symbol.
  public var description: String { symbol }
}
