/// A table of one-hot element features: one row of zeros and ones for each element from hydrogen on.
public struct AtomFeatureTable: Hashable, Sendable {
  /// Number of elements; row 0 is hydrogen.
  public let elementCount: Int
  /// Number of features of an element.
  public let featureCount: Int
  /// The table as floats, row-major, shape (elementCount, featureCount).
  public let values: [Float]

  /// The features of an element, or nil when the table does not hold it.
  public func row(for atomicNumber: Int) -> [UInt8]? {
    guard atomicNumber >= 1, atomicNumber <= elementCount else { return nil }
    return values[(atomicNumber - 1) * featureCount..<atomicNumber * featureCount].map { $0 > 0 ? 1 : 0 }
  }

  /// CGCNN's table: Z = 1…100, 92 features.
  ///
  /// Columns: 0–18 group (0: lanthanides and actinides), 19–25 period, 26–35 electronegativity, 36–45 covalent
  /// radius, 46–57 valence electrons, 58–67 first ionization energy, 68–77 electron affinity, 78–81 block
  /// (s, p, d, f), 82–91 atomic volume. A property unknown to the table is a block of zeros. Some elements share a
  /// row (La and Ce, Sm and Gd, Ho and Er, Th and Np, Am and Cm, Bk to Fm).
  ///
  /// The figures are those of `atom_init.json` of the CGCNN repository (https://github.com/txie-93/cgcnn), copyright
  /// 2018 Tian Xie, MIT licence; T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018). They must not be
  /// recomputed from property data: published weights need exactly these.
  public static let cgcnn = AtomFeatureTable(blocks: [
    // Group.
    Block(
      19,
      "1i12defghi12defghi123456789abcdefghi123456789abcde"
        + "fghi12000000000000003456789abcdefghi12000000000000"),
    // Period.
    Block(
      7,
      "00111111112222222233333333333333333344444444444444"
        + "44445555555555555555555555555555555566666666666666"),
    // Electronegativity.
    Block(
      10,
      "4.1345789.1233457.01223333343334457.01223444544334"
        + "4466011111.1.1.2222.122334445333344.01122322......"),
    // Covalent radius.
    Block(
      10,
      "00432221115544333376544444333444443487655544444455"
        + "54449766666666666666655444444455555587766666666666"),
    // Valence electrons.
    Block(
      12,
      "0101234567012345670123456789ab234567012345678bab23"
        + "4567011111111111111123456789ab23456701111111111111"),
    // First ionization energy.
    Block(
      10,
      "69144566781323556702233333333423445602223333343423"
        + "44550122122222222222133334444523344501122222222222"),
    // Electron affinity.
    Block(
      10,
      "5.5046269.5.56579.544455.4566.56579.54455556656.46"
        + "6794545557..5.65..64444546677.55578.545..........."),
    // Block.
    Block(
      4,
      "00001111110011111100222222222211111100222222222211"
        + "11110033333333333333222222222211111100333333333333"),
    // Atomic volume.
    Block(
      10,
      "46300044445423445686432111111233345797543222222344"
        + "5568975555.56555554643322222244555...855435.55...."),
  ])

  /// One property: the bin of each element, in order of atomic number. Bins are '0'…'9', 'a' = 10 … 'i' = 18; '.'
  /// stands for none.
  private struct Block {
    let width: Int
    let bins: [UInt8]

    init(_ width: Int, _ bins: String) {
      self.width = width
      self.bins = Array(bins.utf8)
    }

    func bin(_ element: Int) -> Int? {
      switch bins[element] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(bins[element] - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "i"): Int(bins[element] - UInt8(ascii: "a")) + 10
      default: nil
      }
    }
  }

  private init(blocks: [Block]) {
    elementCount = blocks[0].bins.count
    featureCount = blocks.reduce(0) { $0 + $1.width }
    var values = [Float](repeating: 0, count: elementCount * featureCount)
    for element in 0..<elementCount {
      var column = 0
      for block in blocks {
        if let bin = block.bin(element) { values[element * featureCount + column + bin] = 1 }
        column += block.width
      }
    }
    self.values = values
  }
}
