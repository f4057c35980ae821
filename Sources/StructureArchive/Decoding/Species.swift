import Crystal

/// The species of a site as a text names it: an element, or an isotope that counts as one.
struct Species {
  /// The element.
  let element: Element
  /// Whether it was written D or T.
  let isIsotope: Bool

  init(element: Element) {
    self.element = element
    isIsotope = false
  }

  /// The species of a text such as "Fe", "Fe_pv", "O2-", "D" or "Si/6b3c"; nil when the letters are no element.
  init?(text: UnsafeRawBufferPointer) {
    var letters = 0
    while letters < text.count, (text[letters] | 0x20) >= 97, (text[letters] | 0x20) <= 122 { letters += 1 }
    guard letters == 1 || letters == 2 else { return nil }
    let rest = text[letters...]
    let isTagged = rest.first == UInt8(ascii: "_") || rest.first == UInt8(ascii: "/")
    let isCharge = rest.allSatisfy { ($0 >= 48 && $0 <= 57) || $0 == 43 || $0 == 45 || $0 == 46 }
    guard isTagged || isCharge else { return nil }
    let second = letters == 2 ? text[1] : 0
    guard let element = Element(speciesBytes: text[0], second) else { return nil }
    self.element = element
    isIsotope = Element.isIsotope(text[0], second)
  }
}

extension ReadingNote {
  /// Deuterium and tritium were taken for hydrogen.
  static let isotopes = ReadingNote(
    rule: .isotopeAsHydrogen, message: "D and T, hydrogen's isotopes, count as H")
}
