/// Which subshells outside the noble-gas core are occupied in each element, and by how many electrons.
public struct OrbitalTable: Hashable, Sendable {
  /// Occupations of a subshell that there are slots for: s1, s2, p1 … p6, d1 … d10, f1 … f14.
  public static let slotCount = 32
  /// Number of elements; the first is hydrogen.
  public static let elementCount = 100

  /// Bit k of the entry of an element, hydrogen first, says whether slot k is taken.
  private let masks: [UInt32]

  /// The slots of an element, in increasing order; none beyond the table.
  public func slots(of atomicNumber: Int) -> [Int] {
    guard atomicNumber >= 1, atomicNumber <= masks.count else { return [] }
    return (0..<Self.slotCount).filter { masks[atomicNumber - 1] >> UInt32($0) & 1 == 1 }
  }

  /// Ground-state configurations of the free atoms: Cl 3s² 3p⁵ is {s2, p5}, W 4f¹⁴ 5d⁴ 6s² is {s2, d4, f14}.
  ///
  /// The configurations are those of A. Kramida, Yu. Ralchenko, J. Reader and NIST ASD Team, NIST Atomic Spectra Database
  /// (https://physics.nist.gov/asd), a work of the United States government in the public domain.
  public static let groundStates = OrbitalTable(
    s: "121222222212222222122221222212222222122211211.1222"
      + "22221222222222222222222222211222222212222222222222",
    p: "....123456..123456............123456............12"
      + "3456..........................123456..............",
    d: "....................12355678aaaaaaaa..1245578aaaaa"
      + "aaaa..11.....1......12345679aaaaaaaa..12111..1....",
    f: ".................................................."
      + ".......13456779abcdeeeeeeeeeeeeeeeee....2346779abc")

  /// The element list that the networks of the OGCNN repository see, with its errors: Li has s2 for s1, Ga and Tl p2 for p1,
  /// Pr lacks f3, W has s1 d5 for s2 d4, Pt d10 for s1 d9, and He, Fr and Ra have nothing. Rn, which it lacks, has nothing
  /// here.
  ///
  /// Source: https://github.com/RishikeshMagar/OGCNN, MIT license; M. Karamad et al., Phys. Rev. Materials 4, 093801 (2020).
  public static let published = groundStates.replacing([
    2: [], 3: [1], 31: [1, 3, 17], 59: [1], 74: [0, 12, 31], 78: [17, 31], 81: [1, 3, 17, 31], 86: [], 87: [],
    88: [],
  ])

  /// - Parameters: electrons in each subshell, an element after the other from hydrogen on: '1' … '9', 'a' = 10 … 'e' = 14;
  ///   '.' where it is empty or belongs to the core.
  private init(s: String, p: String, d: String, f: String) {
    var masks = [UInt32](repeating: 0, count: Self.elementCount)
    for (text, first) in [(s, 0), (p, 2), (d, 8), (f, 18)] {
      for (element, digit) in text.enumerated() {
        if let electrons = digit.hexDigitValue { masks[element] |= 1 << UInt32(first + electrons - 1) }
      }
    }
    self.masks = masks
  }

  private init(masks: [UInt32]) { self.masks = masks }

  private func replacing(_ rows: [Int: [Int]]) -> OrbitalTable {
    var masks = masks
    for (number, slots) in rows { masks[number - 1] = slots.reduce(0) { $0 | 1 << UInt32($1) } }
    return OrbitalTable(masks: masks)
  }
}
