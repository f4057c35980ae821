/// The seven crystal systems. Source: International Tables for Crystallography, volume A.
public enum CrystalSystem: String, CaseIterable, Hashable, Sendable {
  /// No axis but perhaps the inversion: space groups 1 and 2.
  case triclinic
  /// One twofold axis or mirror: 3 to 15.
  case monoclinic
  /// Three twofold axes or mirrors: 16 to 74.
  case orthorhombic
  /// One fourfold axis: 75 to 142.
  case tetragonal
  /// One threefold axis: 143 to 167.
  case trigonal
  /// One sixfold axis: 168 to 194.
  case hexagonal
  /// Four threefold axes: 195 to 230.
  case cubic

  /// Numbers of the space groups of the system.
  public var spaceGroups: ClosedRange<Int> {
    switch self {
    case .triclinic: 1...2
    case .monoclinic: 3...15
    case .orthorhombic: 16...74
    case .tetragonal: 75...142
    case .trigonal: 143...167
    case .hexagonal: 168...194
    case .cubic: 195...230
    }
  }

  /// The system of a space group by its number; nil where there is no such number.
  public init?(spaceGroup number: Int) {
    guard let system = Self.allCases.first(where: { $0.spaceGroups.contains(number) }) else { return nil }
    self = system
  }
}
