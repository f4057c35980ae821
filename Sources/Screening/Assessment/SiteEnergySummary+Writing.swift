internal import Charts

extension SiteEnergySummary {
  /// The means as CSV: `sublattice,element,sites,mean_eV,std_eV`.
  public func csvText() -> String {
    (["sublattice,element,sites,mean_eV,std_eV"]
      + entries.map {
        "\($0.sublattice),\($0.element),\($0.count),\($0.mean),\($0.standardDeviation)"
      }).joined(separator: "\n") + "\n"
  }

  /// The means as an SVG picture: elements by atomic number, a mark for each sublattice that they are on, and a bar of one
  /// standard deviation to either side.
  public func plot() -> String {
    let series = sublattices.enumerated().map { index, sublattice in
      // Side by side, so that no mark hides another.
      let shift = (Double(index) - Double(sublattices.count - 1) / 2) * 0.8 / Double(sublattices.count)
      return PlotSeries(
        name: sublattice,
        separate: entries.filter { $0.sublattice == sublattice }.map { entry in
          PlotPoint(
            x: Double(elements.firstIndex(of: entry.element) ?? 0) + shift, y: entry.mean,
            low: entry.mean - entry.standardDeviation, high: entry.mean + entry.standardDeviation)
        })
    }
    return LinePlot(
      title: "Mean site energies of \(counted(memberCount, "crystal")) of prototype \(prototype)",
      subtitle: "mean and standard deviation over sites, by element and sublattice",
      horizontal: PlotAxis(label: "Element", names: elements),
      vertical: PlotAxis(label: "Site energy", unit: "eV"), series: series
    ).svg(width: max(720, 100 + 16 * elements.count))
  }

  /// Writes the means as CSV, whole or not at all.
  ///
  /// - Throws: `ScreeningError`.
  public func writeTable(to path: String) throws { try writeAtomically(Array(csvText().utf8), to: path) }

  /// Writes the picture, whole or not at all.
  ///
  /// - Throws: `ScreeningError`.
  public func writePlot(to path: String) throws { try writeAtomically(Array(plot().utf8), to: path) }
}
