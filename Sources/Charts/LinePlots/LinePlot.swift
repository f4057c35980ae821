/// A line chart of named series, written as one self-contained SVG picture.
public struct LinePlot: Hashable, Sendable {
  /// The title above the chart; empty for none.
  public var title: String
  /// A smaller line below the title; empty for none.
  public var subtitle: String
  /// The horizontal axis.
  public var horizontal: PlotAxis
  /// The vertical axis.
  public var vertical: PlotAxis
  /// The series, drawn in order; the legend lists them in the same order.
  public var series: [PlotSeries]

  /// A chart of `series` against two axes.
  public init(
    title: String = "", subtitle: String = "", horizontal: PlotAxis, vertical: PlotAxis, series: [PlotSeries]
  ) {
    self.title = title
    self.subtitle = subtitle
    self.horizontal = horizontal
    self.vertical = vertical
    self.series = series
  }
}

/// One line of a chart, or points of one kind.
public struct PlotSeries: Hashable, Sendable {
  /// The name in the legend.
  public let name: String
  /// The points in drawing order. Points that cannot be placed (NaN, infinite, not positive on a logarithmic axis)
  /// interrupt the line.
  public let points: [PlotPoint]
  /// Whether the line is dashed, as for a reference.
  public let isDashed: Bool
  /// Whether each point is marked.
  public let hasMarkers: Bool
  /// Whether the points are joined by a line, and their intervals shaded; otherwise each interval is a bar.
  public let hasLine: Bool

  /// A named line through `points`.
  public init(name: String, points: [PlotPoint], isDashed: Bool = false, hasMarkers: Bool = false) {
    self.name = name
    self.points = points
    self.isDashed = isDashed
    self.hasMarkers = hasMarkers
    hasLine = true
  }

  /// Named points that are not joined, each with a bar over its interval.
  public init(name: String, separate points: [PlotPoint]) {
    self.name = name
    self.points = points
    isDashed = false
    hasMarkers = true
    hasLine = false
  }

  /// A named line through `values` at 1, 2, 3 …, for example one value per epoch.
  public init(name: String, values: [Double], isDashed: Bool = false, hasMarkers: Bool = false) {
    let points = values.enumerated().map { PlotPoint(x: Double($0.offset + 1), y: $0.element) }
    self.init(name: name, points: points, isDashed: isDashed, hasMarkers: hasMarkers)
  }
}

/// One point of a line, with an interval around it that is shaded, or drawn as a bar where points are not joined.
public struct PlotPoint: Hashable, Sendable {
  /// Place along the horizontal axis.
  public let x: Double
  /// Place along the vertical axis.
  public let y: Double
  /// Lower end of the interval to shade, e.g. of a confidence interval; nil for none.
  public let low: Double?
  /// Upper end of the interval to shade; nil for none.
  public let high: Double?

  /// A point with, if given, the interval to shade at it. Ends that cannot be placed leave the interval out.
  public init(x: Double, y: Double, low: Double? = nil, high: Double? = nil) {
    self.x = x
    self.y = y
    self.low = low
    self.high = high
  }
}
