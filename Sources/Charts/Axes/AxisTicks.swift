#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// An axis with its final range: places values and chooses ticks.
struct AxisTicks {
  /// A mark on the axis; minor ones have no text.
  struct Tick: Equatable {
    let value: Double
    let text: String?
  }

  /// What stands beside the axis.
  let caption: String
  let scale: PlotAxis.Scale
  let lower: Double
  let upper: Double
  /// Names in place of numbers; see `PlotAxis.names`.
  let names: [String]

  /// Values beyond this are not placed: their differences would overflow.
  private static let largest = 1e300

  /// An axis that shows `values`, or the range the axis asks for, with a margin of `padding` of its length.
  init(_ axis: PlotAxis, showing values: [Double], padding: Double) {
    caption = axis.caption
    names = axis.names
    scale = axis.scale
    if let range = axis.range {
      (lower, upper) = (range.lowerBound, range.upperBound)
      return
    }
    let placed = values.filter { Self.canPlace($0, axis.scale) }
    let isLogarithmic = axis.scale == .logarithmic
    var (low, high) = (0.0, 1.0)
    if let least = placed.min(), let greatest = placed.max() {
      (low, high) = isLogarithmic ? (log10(least), log10(greatest)) : (least, greatest)
    }
    // One value, or values that differ by rounding only, get a range that ticks can divide.
    if high - low <= 1e-9 * max(abs(low), abs(high)) {
      let margin = isLogarithmic ? 0.5 : max(abs(low) * 0.1, low == 0 ? 1 : 0)
      (low, high) = (low - margin, high + margin)
    } else {
      let margin = (high - low) * padding
      (low, high) = (low - margin, high + margin)
    }
    (lower, upper) = isLogarithmic ? (pow(10, low), pow(10, high)) : (low, high)
  }

  static func canPlace(_ value: Double, _ scale: PlotAxis.Scale) -> Bool {
    value.isFinite && abs(value) <= largest && (scale == .linear || value >= 1 / largest)
  }

  /// Where a value lies: 0 at the lower end, 1 at the upper; nil when it cannot be placed.
  func fraction(_ value: Double) -> Double? {
    guard Self.canPlace(value, scale) else { return nil }
    switch scale {
    case .linear: return (value - lower) / (upper - lower)
    case .logarithmic: return log(value / lower) / log(upper / lower)
    }
  }

  /// The marks within the range.
  ///
  /// - Parameter count: number of labeled marks that have room.
  func ticks(about count: Int) -> [Tick] {
    guard names.isEmpty else { return names.enumerated().map { Tick(value: Double($0), text: $1) } }
    return switch scale {
    case .linear: linearTicks(about: count)
    case .logarithmic: logarithmicTicks(about: count)
    }
  }

  /// Multiples of 1, 2 or 5 times a power of ten.
  private func linearTicks(about count: Int) -> [Tick] {
    let rough = (upper - lower) / Double(max(1, count))
    let exponent = Int(log10(rough).rounded(.down))
    let leading = rough / pow(10, Double(exponent))
    let (factor, carry) = leading > 5 ? (1, 1) : leading > 2 ? (5, 0) : leading > 1 ? (2, 0) : (1, 0)
    let power = exponent + carry
    let step = Double(factor) * pow(10, Double(power))
    let (first, last) = ((lower / step - 1e-9).rounded(.up), (upper / step + 1e-9).rounded(.down))
    guard first <= last, last - first < 1000, abs(first) < 1e15, abs(last) < 1e15 else { return [] }
    return (Int(first)...Int(last)).map { multiple in
      Tick(
        value: Double(multiple) * step, text: NumberText.decimal(mantissa: multiple * factor, exponent: power)
      )
    }
  }

  /// Powers of ten, with 2 and 5 labeled as well where few powers fit, and minor marks between.
  private func logarithmicTicks(about count: Int) -> [Tick] {
    let (first, last) = (Int(log10(lower).rounded(.down)), Int(log10(upper).rounded(.up)))
    let decades = log10(upper / lower)
    let labeled = decades < 0.5 ? Set(1...9) : decades * 3 <= Double(count) + 1 ? [1, 2, 5] : [1]
    let stride = max(1, Int((decades / Double(max(1, count))).rounded(.up)))
    var ticks: [Tick] = []
    for exponent in first...last {
      for digit in 1...(stride > 1 ? 1 : 9) {
        let value = Double(digit) * pow(10, Double(exponent))
        guard value >= lower * (1 - 1e-9), value <= upper * (1 + 1e-9) else { continue }
        let hasText =
          labeled.contains(digit) && exponent.quotientAndRemainder(dividingBy: stride).remainder == 0
        ticks.append(
          Tick(value: value, text: hasText ? NumberText.decimal(mantissa: digit, exponent: exponent) : nil))
      }
    }
    return ticks
  }
}
