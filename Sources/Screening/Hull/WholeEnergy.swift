/// An energy (eV/atom) in whole picoelectronvolts, so that sums and differences are exact and come out in any order.
///
/// One is the error of the arithmetic that distances to a hull are computed by. What lies beyond 1,000,000 eV/atom, as
/// only nonsense does, counts as that.
public struct WholeEnergy: Hashable, Comparable, Sendable {
  /// The energy (1e-12 eV/atom).
  public let picoelectronvolts: Int

  private static let largest = 1e6
  private static let unit = 1e12

  private init(picoelectronvolts: Int) { self.picoelectronvolts = picoelectronvolts }

  /// The nearest whole number to an energy (eV/atom), which is no NaN.
  public init(_ energy: Double) {
    precondition(!energy.isNaN, "an energy is a number")
    let clamped = max(-Self.largest, min(Self.largest, energy))
    picoelectronvolts = Int((clamped * Self.unit).rounded())
  }

  /// Nothing.
  public static let zero = WholeEnergy(picoelectronvolts: 0)

  /// The energy (eV/atom), rounded to a floating-point number.
  public var value: Double { Double(picoelectronvolts) / Self.unit }

  /// Orders by energy.
  public static func < (left: WholeEnergy, right: WholeEnergy) -> Bool {
    left.picoelectronvolts < right.picoelectronvolts
  }

  /// The exact sum.
  public static func + (left: WholeEnergy, right: WholeEnergy) -> WholeEnergy {
    WholeEnergy(picoelectronvolts: left.picoelectronvolts + right.picoelectronvolts)
  }

  /// The exact difference.
  public static func - (left: WholeEnergy, right: WholeEnergy) -> WholeEnergy {
    WholeEnergy(picoelectronvolts: left.picoelectronvolts - right.picoelectronvolts)
  }

  /// The energy with the other sign.
  public static prefix func - (energy: WholeEnergy) -> WholeEnergy { .zero - energy }
}

extension WholeEnergy: CustomStringConvertible {
  /// The exact decimal number (eV/atom), with at least one and at most twelve decimals.
  public var description: String {
    let size = picoelectronvolts.magnitude
    let unit = UInt(Self.unit)
    let digits = String(size % unit)
    var fraction = String(repeating: "0", count: 12 - digits.count) + digits
    while fraction.count > 1, fraction.hasSuffix("0") { fraction.removeLast() }
    return "\(picoelectronvolts < 0 ? "-" : "")\(size / unit).\(fraction)"
  }
}
