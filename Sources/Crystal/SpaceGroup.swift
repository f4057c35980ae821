/// One of the 230 space-group types.
public struct SpaceGroup: Hashable, Sendable {
  /// Number in the International Tables for Crystallography, volume A: 1 to 230.
  public let number: Int
  /// Its crystal system.
  public let crystalSystem: CrystalSystem

  /// The space group of that number; nil where there is none.
  public init?(number: Int) {
    guard let system = CrystalSystem(spaceGroup: number) else { return nil }
    self.number = number
    crystalSystem = system
  }

  /// Short international (Hermann–Mauguin) symbol of the standard setting, e.g. "P63/mmc" or "Fd-3m": digits of screw axes
  /// follow their axis, a minus stands before the digit it goes over.
  public var symbol: String { String(spacedSymbol.filter { $0 != " " }) }

  /// The symbol with a space between its parts, as CIF and OPTIMADE have it, e.g. "P 63/m m c".
  public var spacedSymbol: String { SpaceGroupTable.symbols[number - 1] }

  /// International symbol of the point group (crystal class), e.g. "6/mmm"; one of 32.
  public var pointGroup: String {
    SpaceGroupTable.pointGroups.last { $0.first <= number }?.symbol ?? ""
  }
}
