internal import Charts
internal import Networks
internal import Regression
internal import StructureArchive
internal import TextFormats

/// A picture of the crystals of an archive in the plane of the first two principal components of their embeddings, colored by
/// a property.
public struct EmbeddingMap: Sendable {
  private let embedder: CrystalEmbedder
  private let jobs: Int

  /// Groups of a property, each of which has a color.
  private static let groupCount = 5

  /// A map of what `embedder` says of crystals, whose sites it pools.
  ///
  /// - Throws: `ScreeningError.invalid` where it does not pool them.
  public init(_ embedder: CrystalEmbedder, jobs: Int) throws(ScreeningError) {
    guard embedder.pooling != .none else { throw .invalid("a map shows crystals; it takes pooled layers") }
    self.embedder = embedder
    self.jobs = jobs
  }

  /// Draws the map as SVG. The property is cut into fifths of equal numbers of crystals; crystals without it are drawn last.
  ///
  /// - Throws: `ScreeningError`, where no crystal has the property, too; `ArchiveError`, `RegressionError`.
  public func write(_ input: String, to path: String, property: String) throws -> TableReport {
    struct Point: Sendable {
      let row: [Float]
      let value: Double?
    }
    var report = TableReport()
    var points: [Point] = []
    let embedder = embedder
    try streamCrystals(
      input, jobs: jobs, properties: [property], report: &report,
      work: { scratch, records in
        records.map { record in
          do throws(InputError) {
            let row = try embedder.rows(record.structure, scratch.embedder)
            return .value(Point(row: row, value: record.properties[property]))
          } catch {
            return .rejected(error.rejectionReason, "\(record.id): \(describe(error))")
          }
        }
      }, write: { points.append($0) })
    guard points.count > 1, embedder.width > 1 else {
      throw ScreeningError.unreadable(path: input, reason: "a map takes two crystals and two numbers of each")
    }
    guard points.contains(where: { $0.value != nil }) else {
      throw ScreeningError.unreadable(
        path: input, reason: "none of its \(counted(points.count, "crystal")) has a number \(property)")
    }
    let rows = FeatureMatrix(
      rowCount: points.count, columnCount: embedder.width,
      values: points.flatMap { $0.row.map { Double($0) } })
    let components = try PrincipalComponents(of: rows)
    let (x, y) = (components.coordinates(rows, along: 0), components.coordinates(rows, along: 1))
    let total = components.variances.reduce(0, +)
    func axis(_ number: Int) -> PlotAxis {
      let share = total > 0 ? components.variances[number] / total * 100 : 0
      return PlotAxis(
        label: "Component \(number + 1), \(fixedPoint(share, decimals: 1)) % of the variance")
    }
    func series(_ name: String, _ indices: some Sequence<Int>) -> PlotSeries {
      PlotSeries(name: name, separate: indices.map { PlotPoint(x: x[$0], y: y[$0]) })
    }
    let values = points.map(\.value)
    let known = points.indices.filter { values[$0] != nil }.sorted { (values[$0] ?? 0) < (values[$1] ?? 0) }
    var groups: [PlotSeries] = []
    for group in 0..<Self.groupCount {
      let own = known[group * known.count / Self.groupCount..<(group + 1) * known.count / Self.groupCount]
      guard let first = own.first, let last = own.last else { continue }
      func text(_ index: Int) -> String { fixedPoint(values[index] ?? 0, decimals: 2) }
      groups.append(series("\(text(first)) … \(text(last))", own))
    }
    let unknown = points.indices.filter { values[$0] == nil }
    if !unknown.isEmpty { groups.append(series("no \(property)", unknown)) }
    let picture = LinePlot(
      title: "\(counted(points.count, "crystal")) by \(embedder.layers.joined(separator: ", "))",
      subtitle: "colored by \(property)", horizontal: axis(0), vertical: axis(1), series: groups
    ).svg()
    try writeAtomically(Array(picture.utf8), to: path)
    return report
  }
}
