/// What an axis shows and how.
public struct PlotAxis: Hashable, Sendable {
  /// How values are placed along an axis.
  public enum Scale: Hashable, Sendable {
    /// Equal steps are equal lengths.
    case linear
    /// Equal factors are equal lengths; values that are not positive are not drawn.
    case logarithmic
  }

  /// The quantity, e.g. "Validation error".
  public let label: String
  /// Its unit, e.g. "eV/atom"; empty for none.
  public let unit: String
  /// How values are placed.
  public let scale: Scale
  /// The values shown; nil to show all that is drawn.
  public let range: ClosedRange<Double>?
  /// Names in place of numbers: the n-th stands at n, from 0. Empty for numbers.
  public let names: [String]

  /// An axis; `range`, where given, must be finite, not empty, and positive on a logarithmic axis.
  public init(label: String, unit: String = "", scale: Scale = .linear, range: ClosedRange<Double>? = nil) {
    if let range {
      precondition(
        range.lowerBound.isFinite && range.upperBound.isFinite && range.lowerBound < range.upperBound,
        "the range of an axis must be finite and not empty")
      precondition(scale == .linear || range.lowerBound > 0, "a logarithmic axis shows positive values")
    }
    self.label = label
    self.unit = unit
    self.scale = scale
    self.range = range
    names = []
  }

  /// A horizontal axis of names side by side, as of elements; at least one.
  public init(label: String, names: [String]) {
    precondition(!names.isEmpty, "an axis of names has some")
    self.label = label
    unit = ""
    scale = .linear
    range = -0.5...Double(names.count) - 0.5
    self.names = names
  }

  /// Label and unit as written beside the axis.
  var caption: String { unit.isEmpty ? label : "\(label) (\(unit))" }
}
