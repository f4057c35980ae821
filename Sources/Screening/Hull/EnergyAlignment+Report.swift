internal import Foundation
internal import PhaseStability

extension EnergyAlignment {
  /// The offset of one element.
  public struct Offset: Hashable, Sendable {
    /// Symbol of the element.
    public let element: String
    /// Where it holds: "any", "oxide_or_fluoride" or "elsewhere".
    public let context: String
    /// The offset (eV per atom of the element).
    public let value: Double
    /// Its standard error (eV per atom of the element).
    public let standardError: Double
    /// Compounds that hold the element there.
    public let compounds: Int
    /// Median size of the difference (eV/atom) that fits without them leave of these; nil where none was held out.
    public let heldOutSize: Double?

    init(_ row: EnergyOffsets.Row) {
      element = row.element.symbol
      context = row.context.rawValue
      value = row.value
      standardError = row.standardError ?? .nan
      compounds = row.compounds ?? 0
      heldOutSize = row.heldOutSize
    }

    /// The element, with the context where that is not all compounds: "Fe (elsewhere)".
    public var name: String { context == OffsetContext.any.rawValue ? element : "\(element) (\(context))" }
  }

  /// Sizes of a set of differences (eV/atom).
  public struct Differences: Hashable, Sendable {
    /// Median of E_A − E_B.
    public let median: Double
    /// Median of the distance to that median.
    public let medianDeviation: Double
    /// Median of |E_A − E_B|.
    public let medianSize: Double
    /// Mean of |E_A − E_B|.
    public let meanSize: Double

    init(_ differences: EnergyOffsetFit.Differences) {
      median = differences.median
      medianDeviation = differences.medianDeviation
      medianSize = differences.medianSize
      meanSize = differences.meanSize
    }
  }

  /// The offsets by atomic number and context.
  public var offsets: [Offset] { fit.offsets.rows.map { Offset($0) } }
  /// Offsets that are not given: they leave too much of the differences of held-out compounds, or none could be held out.
  public var undescribed: [Offset] { fit.undescribed.map { Offset($0) } }
  /// Largest median of what held-out compounds of an element may keep (eV/atom).
  public var largestHeldOutSize: Double { fit.options.largestHeldOutSize }

  /// Compounds that the offsets were fitted to.
  public var fittedCompounds: Int { fit.compounds }
  /// Symbols of elements that got no offset, with the context where it is not all: "S", "V (elsewhere)".
  public var elementsWithoutOffset: [String] {
    fit.rareElements.map { element, context in
      context == .any ? element.symbol : "\(element.symbol) (\(context.rawValue))"
    }
  }
  /// The differences of the compounds fitted, as they are.
  public var before: Differences { Differences(fit.before) }
  /// Those of held-out compounds, as they are.
  public var heldOutBefore: Differences { Differences(fit.heldOutBefore) }
  /// What the offsets, fitted without them, leave of these.
  public var heldOutAfter: Differences { Differences(fit.heldOutAfter) }
  /// Number of held-out compounds; an element that the fit of their fold did not know keeps the others from it.
  public var heldOutCompounds: Int { fit.heldOutCompounds }
  /// Number of folds.
  public var folds: Int { fit.options.folds }
  /// The ridge that cross-validation chose.
  public var ridge: Double { fit.ridge }
  /// Symbols of the metals that got an offset of their own in oxides and fluorides.
  public var contextualElements: [String] { fit.contextualElements.map(\.symbol) }

  /// The table of offsets as text, with where it comes from on top.
  public var tableText: String {
    func files(_ name: String, _ side: Side) -> [String] {
      side.files.map { "\(name): \(URL(filePath: $0.path).lastPathComponent), SHA-256 \($0.fingerprint)" }
    }
    let (before, after) = (fit.heldOutBefore.medianSize, fit.heldOutAfter.medianSize)
    return EnergyOffsetTable.text(
      fit.offsets,
      comments: ["Offsets of formation energies by element: E(from) - E(to) = sum of x_e * offset_e"]
        + files("from", from) + files("to", to) + [
          "method: \(fittedCompounds) compounds matched by \(matching.rawValue), Huber loss, ridge \(ridge), "
            + "\(folds) folds by composition, seed \(seed); offsets that leave more than \(largestHeldOutSize) eV/atom "
            + "of held-out compounds are not given",
          "held out: median size of the difference \(before) before and \(after) eV/atom after, "
            + "\(heldOutCompounds) compounds",
        ])
  }

  /// Writes the table of offsets, whole or not at all.
  ///
  /// - Throws: `ScreeningError`.
  public func write(to path: String) throws {
    try writeAtomically(Array(tableText.utf8), to: path)
  }
}
