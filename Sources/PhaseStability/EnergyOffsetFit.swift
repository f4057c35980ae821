public import Crystal

/// A compound with an energy on both scales.
public struct SharedCompound: Hashable, Sendable {
  /// Its composition; more than one element.
  public let composition: Composition
  /// E_A − E_B (eV/atom), finite.
  public let difference: Double

  /// A compound.
  public init(composition: Composition, difference: Double) {
    self.composition = composition.reduced
    self.difference = difference
  }
}

/// How offsets are fitted.
public struct EnergyOffsetFitOptions: Hashable, Sendable {
  /// Number of folds of the cross-validation, at least 2.
  public var folds: Int
  /// Compounds that an element needs for an offset, in each context that is told apart: the error of a single one
  /// cannot be told from an offset.
  public var minimumCompounds: Int
  /// Largest median of what held-out compounds keep of their difference (eV/atom) for an element to get an offset.
  /// Where it is larger, no one offset describes the element: it may have several valences.
  public var largestHeldOutSize: Double
  /// The ridges λ that are tried, all above 0.
  public var ridges: [Double]
  /// Least number of compounds of a fit.
  public static let leastCompounds = 20

  /// Options with their defaults.
  public init(
    folds: Int = 10, minimumCompounds: Int = 2, largestHeldOutSize: Double = 0.05,
    ridges: [Double] = [1e-6, 1e-4, 1e-3, 1e-2, 0.1, 1]
  ) {
    self.folds = folds
    self.minimumCompounds = minimumCompounds
    self.largestHeldOutSize = largestHeldOutSize
    self.ridges = ridges
  }
}

/// Offsets by element, fitted to compounds that two databases share.
///
/// A ridge keeps elements that always occur together apart, Huber's loss bounds the influence of wrong pairs, and
/// cross-validation decides the rest: the ridge with the smallest mean held-out |residual|, and for each metal that
/// bears a Hubbard term in oxides and fluorides of the Materials Project an offset of its own there, where the mean
/// held-out |residual| of its compounds falls by more than the standard error of the fall. Folds are of whole
/// compositions. The result does not depend on the order of the compounds.
public struct EnergyOffsetFit: Sendable {
  /// Sizes of differences.
  public struct Differences: Hashable, Sendable {
    /// Median of E_A − E_B (eV/atom).
    public let median: Double
    /// Median of the distance to that median (eV/atom).
    public let medianDeviation: Double
    /// Median of |E_A − E_B| (eV/atom).
    public let medianSize: Double
    /// Mean of |E_A − E_B| (eV/atom).
    public let meanSize: Double

    init(_ values: [Double]) {
      let middle = PhaseStability.median(values)
      median = middle
      medianDeviation = PhaseStability.median(values.map { abs($0 - middle) })
      medianSize = PhaseStability.median(values.map { abs($0) })
      meanSize = values.reduce(0) { $0 + abs($1) } / Double(values.count)
    }
  }

  /// The offsets, A − B.
  public let offsets: EnergyOffsets
  /// Number of compounds fitted.
  public let compounds: Int
  /// Elements that got no offset, in all or in some compounds: too few of those fitted hold them there.
  public let rareElements: [(element: Element, context: OffsetContext)]
  /// Offsets that are not among those given: held-out compounds keep too much of their difference, or none could be
  /// held out.
  public let undescribed: [EnergyOffsets.Row]
  /// The differences as they are.
  public let before: Differences
  /// Those of held-out compounds as they are: of all that were predicted.
  public let heldOutBefore: Differences
  /// What the offsets, fitted without them, leave of these.
  public let heldOutAfter: Differences
  /// Number of compounds behind both; the others hold an element that their fold's fit did not know.
  public let heldOutCompounds: Int
  /// The ridge λ that was chosen.
  public let ridge: Double
  /// The metals that got an offset of their own in oxides and fluorides.
  public let contextualElements: [Element]
  /// Options of the fit.
  public let options: EnergyOffsetFitOptions

  /// Metals that the Materials Project computes with a Hubbard term in oxides and fluorides.
  ///
  /// Source: A. Jain et al., Phys. Rev. B 84, 045115 (2011).
  public static let hubbardMetals = ["V", "Cr", "Mn", "Fe", "Co", "Ni", "Mo", "W"].compactMap {
    Element(symbol: $0)
  }

  /// Fits offsets.
  ///
  /// - Parameters:
  ///   - given: the compounds, in any order; those of a single element count for nothing.
  ///   - options: folds, ridges and how many compounds an element needs.
  ///   - generator: draws the folds.
  /// - Throws: `EnergyOffsetFitError`.
  public init(
    _ given: [SharedCompound], options: EnergyOffsetFitOptions = .init(),
    using generator: inout some RandomNumberGenerator
  ) throws(EnergyOffsetFitError) {
    precondition(
      options.folds >= 2 && options.minimumCompounds >= 1 && !options.ridges.isEmpty
        && options.ridges.allSatisfy { $0 > 0 && $0.isFinite }, "options of a fit")
    let compounds = Self.sorted(given.filter { $0.composition.parts.count > 1 && $0.difference.isFinite })
    guard compounds.count >= EnergyOffsetFitOptions.leastCompounds else {
      throw .tooFewCompounds(found: compounds.count, needed: EnergyOffsetFitOptions.leastCompounds)
    }
    let validation = FoldedCompounds(compounds, folds: options.folds, using: &generator)
    guard validation.foldCount > 1 else { throw .oneComposition }
    let counts = OffsetSlot.counts(compounds)
    let plain = OffsetTerms(compounds, contextual: [])
    guard let first = Self.bestRidge(plain, options.ridges, validation) else { throw .notSolved }
    let contextual = Self.contextualMetals(
      compounds, counts, options.minimumCompounds, plain, first, validation)
    let terms = OffsetTerms(compounds, contextual: contextual)
    // What the metals' own offsets explain may have passed for noise.
    guard
      let ridge = contextual.isEmpty ? first : Self.bestRidge(terms, options.ridges, validation)
    else { throw .notSolved }
    let heldOut = zip(compounds, validation.residuals(terms, ridge: ridge)).compactMap { compound, residual in
      residual.map { (compound, $0) }
    }
    guard let model = RobustRidge(terms.rows(compounds), ridge: ridge), !heldOut.isEmpty else {
      throw .notSolved
    }
    var residuals: [OffsetSlot: [Double]] = [:]
    for (compound, residual) in heldOut {
      for slot in OffsetSlot.slots(of: compound.composition) { residuals[slot, default: []].append(residual) }
    }
    let enough = counts.filter { $0.value >= options.minimumCompounds }
    let rows = terms.table(model, enough, residuals)
    func isDescribed(_ row: EnergyOffsets.Row) -> Bool {
      row.heldOutSize.map { $0 <= options.largestHeldOutSize } ?? false
    }
    undescribed = rows.filter { !isDescribed($0) }
    do {
      offsets = try EnergyOffsets(rows.filter(isDescribed))
    } catch {
      throw .nothingDescribed(largest: options.largestHeldOutSize)
    }
    self.compounds = compounds.count
    rareElements = counts.keys.filter { enough[$0] == nil }
      .sorted { ($0.element, $0.context.rawValue) < ($1.element, $1.context.rawValue) }
      .map { ($0.element, $0.context) }
    before = Differences(compounds.map(\.difference))
    heldOutBefore = Differences(heldOut.map(\.0.difference))
    heldOutAfter = Differences(heldOut.map(\.1))
    heldOutCompounds = heldOut.count
    self.ridge = ridge
    contextualElements = contextual
    self.options = options
  }

  /// The compounds in an order of their own, so that sums do not depend on the given one.
  private static func sorted(_ compounds: [SharedCompound]) -> [SharedCompound] {
    compounds.map { ($0.composition.formula, $0) }
      .sorted { ($0.0, $0.1.difference) < ($1.0, $1.1.difference) }.map(\.1)
  }

  /// The ridge with the smallest mean held-out |residual|; of equally good ones the strongest.
  private static func bestRidge(
    _ terms: OffsetTerms, _ ridges: [Double], _ validation: FoldedCompounds
  ) -> Double? {
    var best: (ridge: Double, error: Double)?
    for ridge in ridges.sorted(by: >) {
      let residuals = validation.residuals(terms, ridge: ridge).compactMap { $0 }
      guard !residuals.isEmpty else { continue }
      let error = residuals.reduce(0) { $0 + abs($1) } / Double(residuals.count)
      if error < best?.error ?? .infinity { best = (ridge, error) }
    }
    return best?.ridge
  }

  /// The metals whose compounds want an offset of their own in oxides and fluorides.
  private static func contextualMetals(
    _ compounds: [SharedCompound], _ counts: [OffsetSlot: Int], _ minimum: Int, _ plain: OffsetTerms,
    _ ridge: Double, _ validation: FoldedCompounds
  ) -> [Element] {
    let candidates = hubbardMetals.filter { metal in
      [OffsetContext.oxideOrFluoride, .elsewhere].allSatisfy {
        counts[OffsetSlot(element: metal, context: $0), default: 0] >= minimum
      }
    }
    guard !candidates.isEmpty else { return [] }
    let without = validation.residuals(plain, ridge: ridge)
    return candidates.filter { metal in
      let with = validation.residuals(OffsetTerms(compounds, contextual: [metal]), ridge: ridge)
      var falls: [Double] = []
      for index in compounds.indices where compounds[index].composition.count(of: metal) > 0 {
        if let before = without[index], let after = with[index] { falls.append(abs(before) - abs(after)) }
      }
      guard falls.count > 1 else { return false }
      let count = Double(falls.count)
      let mean = falls.reduce(0, +) / count
      let variance = falls.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
      return mean > (variance / count).squareRoot()
    }
  }
}

/// An element in a context of which compounds are counted: metals that may bear a Hubbard term by context, others in all.
private struct OffsetSlot: Hashable {
  let element: Element
  let context: OffsetContext

  static func slots(of composition: Composition) -> [OffsetSlot] {
    let context = OffsetContext(of: composition)
    return composition.elements.map { element in
      OffsetSlot(
        element: element, context: EnergyOffsetFit.hubbardMetals.contains(element) ? context : .any)
    }
  }

  /// How many compounds hold each element in each context.
  static func counts(_ compounds: [SharedCompound]) -> [OffsetSlot: Int] {
    var counts: [OffsetSlot: Int] = [:]
    for compound in compounds {
      for slot in slots(of: compound.composition) { counts[slot, default: 0] += 1 }
    }
    return counts
  }
}

/// The coefficients of a fit: one an element, and one more for each metal with an offset of its own in oxides and
/// fluorides, which is added to the first there.
private struct OffsetTerms {
  private let elements: [Element]
  private let contextual: [Element]

  init(_ compounds: [SharedCompound], contextual: [Element]) {
    elements = Set(compounds.flatMap(\.composition.elements)).sorted()
    self.contextual = contextual
  }

  var count: Int { elements.count + contextual.count }

  func rows(_ compounds: [SharedCompound]) -> RidgeRows {
    var rows = RidgeRows(termCount: count)
    for compound in compounds { rows.append(row(compound), value: compound.difference) }
    return rows
  }

  private func row(_ compound: SharedCompound) -> [(term: Int, factor: Double)] {
    let atoms = Double(compound.composition.atomCount)
    let isBound = OffsetContext(of: compound.composition) == .oxideOrFluoride
    var terms: [(term: Int, factor: Double)] = []
    for part in compound.composition.parts {
      let share = Double(part.count) / atoms
      if let term = elements.firstIndex(of: part.element) { terms.append((term, share)) }
      if isBound, let term = contextual.firstIndex(of: part.element) {
        terms.append((elements.count + term, share))
      }
    }
    return terms
  }

  /// The rows of the table: those of elements and contexts with a count. A metal that may bear a Hubbard term and has a
  /// count for one context alone says nothing of the other.
  ///
  /// - Parameter residuals: what held-out compounds keep, by the elements and contexts that they hold.
  func table(
    _ model: RobustRidge, _ counts: [OffsetSlot: Int], _ residuals: [OffsetSlot: [Double]]
  ) -> [EnergyOffsets.Row] {
    elements.enumerated().flatMap { index, element -> [EnergyOffsets.Row] in
      func row(_ context: OffsetContext, _ count: Int, _ terms: [Int]) -> EnergyOffsets.Row {
        let contexts = context == .any ? OffsetContext.allCases : [context]
        let held = contexts.flatMap { residuals[OffsetSlot(element: element, context: $0)] ?? [] }
        return EnergyOffsets.Row(
          element: element, context: context, value: terms.reduce(0) { $0 + model.coefficients[$1] },
          compounds: count, standardError: model.standardError(of: terms),
          heldOutSize: held.isEmpty ? nil : median(held.map { abs($0) }))
      }
      let seen = OffsetContext.allCases.compactMap { context in
        counts[OffsetSlot(element: element, context: context)].map { (context, $0) }
      }
      if let extra = contextual.firstIndex(of: element) {
        return seen.map { context, count in
          row(
            context, count,
            context == .oxideOrFluoride ? [index, elements.count + extra] : [index])
        }
      }
      if seen.count == 2 { return [row(.any, seen.reduce(0) { $0 + $1.1 }, [index])] }
      return seen.map { context, count in row(context, count, [index]) }
    }
  }
}

/// Compounds in folds of whole compositions.
private struct FoldedCompounds {
  private let compounds: [SharedCompound]
  private let folds: [Int]
  let foldCount: Int

  /// - Parameter compounds: in an order that does not depend on the given one.
  init(_ compounds: [SharedCompound], folds: Int, using generator: inout some RandomNumberGenerator) {
    var distinct: [Composition] = []
    for compound in compounds where distinct.last != compound.composition {
      distinct.append(compound.composition)
    }
    let count = min(folds, distinct.count)
    let order = distinct.indices.shuffled(using: &generator)
    var fold: [Composition: Int] = [:]
    for (position, index) in order.enumerated() { fold[distinct[index]] = position % count }
    self.compounds = compounds
    self.folds = compounds.map { fold[$0.composition] ?? 0 }
    foldCount = count
  }

  /// What each compound keeps of its difference under the fit to the other folds; nil where that fit knows an element
  /// not in such compounds.
  func residuals(_ terms: OffsetTerms, ridge: Double) -> [Double?] {
    var residuals = [Double?](repeating: nil, count: compounds.count)
    let rows = terms.rows(compounds)
    for fold in 0..<foldCount {
      let training = rows.selecting(compounds.indices.filter { folds[$0] != fold })
      guard let model = RobustRidge(training, ridge: ridge) else { continue }
      let known = Set(training.terms)
      let found = rows.residuals(model.coefficients)
      for index in compounds.indices
      where folds[index] == fold && rows.terms(of: index).allSatisfy({ known.contains($0) }) {
        residuals[index] = found[index]
      }
    }
    return residuals
  }
}

/// Why offsets cannot be fitted.
public enum EnergyOffsetFitError: Error, Hashable, Sendable {
  /// There are not enough compounds on both scales.
  case tooFewCompounds(found: Int, needed: Int)
  /// All compounds have one composition.
  case oneComposition
  /// The equations have no solution in floating point.
  case notSolved
  /// No element has an offset that leaves at most this of held-out differences (eV/atom).
  case nothingDescribed(largest: Double)
}

extension EnergyOffsetFitError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .tooFewCompounds(let found, let needed): "\(found) shared compounds; at least \(needed) are needed"
    case .oneComposition: "all shared compounds have one composition"
    case .nothingDescribed(let largest):
      "no element has an offset that leaves at most \(largest) eV/atom of the differences of held-out compounds"
    case .notSolved: "the fit has no solution: an energy may be beyond all bounds"
    }
  }
}
