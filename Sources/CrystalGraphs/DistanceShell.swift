/// Distances on a grid of 1e-8 Å: what makes two of them count as equal in canonical orders.
///
/// Symmetric copies of a distance differ by some 1e-15 Å, so a boundary of the grid must not fall where distances like
/// to lie. Files give lengths with few decimals, and a half of the last place, such as 3.201333695 Å, is then a common
/// distance exactly between two multiples of 1e-8 Å. The boundaries are therefore moved by an odd fraction of a step:
///
///     shell(d) = ⌊d / 1e-8 Å + 0.5 + π/100⌋
enum DistanceShell {
  /// Half a step and a little; no decimal number of less than eighteen places lies on the boundary.
  private static let offset = 0.5 + 0.031415926535897932

  /// Number of the shell of a distance d ≥ 0 (Å). Beyond 1e10 Å, where no crystal is, all is one shell.
  @inline(__always)
  static func number(_ distance: Double) -> UInt64 { UInt64(min(distance, 1e10) * 1e8 + offset) }
}
