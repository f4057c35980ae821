public import Crystal

/// How a set of reference phases is completed.
public struct HullReferenceOptions: Hashable, Sendable {
  /// Whether an element that occurs in some phase but has no elemental phase of its own stands at 0 eV/atom, which
  /// is what a formation energy means. When false, such elements have no terminal reference.
  public var suppliesElementsAtZero: Bool

  /// Options; elements without a phase of their own are supplied at 0 eV/atom by default.
  public init(suppliesElementsAtZero: Bool = true) {
    self.suppliesElementsAtZero = suppliesElementsAtZero
  }
}

/// The reference phases of a convex hull: one phase, the lowest, per reduced composition, grouped by chemical system.
///
/// Immutable; any number of threads may share one value, each with its own `HullSolver`. The order in which phases
/// were given has no influence on anything: phases are numbered by chemical system, then by composition.
public struct HullReferences: Sendable {
  /// A name for reports, e.g. the file the phases came from.
  public let name: String
  /// Distinct reduced compositions that were given (elements supplied at zero not counted).
  public let entryCount: Int
  /// Entries given whose reduced composition was given before; only the lowest of each counts.
  public let duplicateCount: Int
  /// Elements that occur in some phase without an elemental phase of their own, by atomic number. They are supplied
  /// at 0 eV/atom unless the options say otherwise.
  public let missingTerminals: [Element]
  /// The options in force.
  public let options: HullReferenceOptions

  /// A hash of all phases and the texts of their energies, the same for the same phases however they were given.
  public let fingerprint: UInt64
  /// The fingerprint of the text the phases were read from; nil when they were given as entries.
  public let source: SourceFingerprint?

  let table: PhaseTable
  /// `missingTerminals` as a mask.
  let elementsWithoutPhase: ElementMask

  /// Reference phases from comma-separated text with the columns `formula` and `formation_energy_per_atom`
  /// (eV/atom); comment lines that start with `#` may stand on top.
  ///
  /// - Throws: `HullError`, naming the line and the text that could not be read.
  public init(csv bytes: [UInt8], name: String, options: HullReferenceOptions = .init()) throws(HullError) {
    var reader = try ReferenceTableReader(bytes: bytes)
    try self.init(
      entries: try reader.entries(), name: name, options: options,
      source: SourceFingerprint(bytes: bytes, options: options))
  }

  /// Reference phases from entries in any order.
  ///
  /// - Parameters:
  ///   - entries: the phases.
  ///   - name: a name for reports.
  ///   - options: how the set is completed.
  ///   - source: the fingerprint of the file the entries were read from, if they were.
  /// - Throws: `HullError.noEntries`.
  public init(
    entries: [PhaseEntry], name: String, options: HullReferenceOptions = .init(),
    source: SourceFingerprint? = nil
  ) throws(HullError) {
    guard !entries.isEmpty else { throw .noEntries }
    var builder = PhaseTableBuilder()
    builder.reserve(entries.count)
    for entry in entries { builder.add(entry) }
    let built = builder.build(suppliesElementsAtZero: options.suppliesElementsAtZero)
    self.init(
      name: name, options: options, source: source, entryCount: built.entryCount,
      duplicateCount: built.duplicateCount, missingTerminals: built.missingTerminals, table: built.table)
  }

  init(
    name: String, options: HullReferenceOptions, source: SourceFingerprint?, entryCount: Int,
    duplicateCount: Int,
    missingTerminals: [Element], table: PhaseTable
  ) {
    self.name = name
    self.options = options
    self.source = source
    self.entryCount = entryCount
    self.duplicateCount = duplicateCount
    self.missingTerminals = missingTerminals
    elementsWithoutPhase = missingTerminals.reduce(ElementMask()) {
      $0.union(ElementMask(atomicNumber: $1.atomicNumber))
    }
    self.table = table
    fingerprint = table.fingerprint
  }

  /// Number of phases the hull is made of: entries and elements supplied at zero.
  public var phaseCount: Int { table.energies.count }

  /// The elements that occur in some phase, by atomic number.
  public var elements: [Element] {
    table.systems.reduce(ElementMask()) { $0.union($1.mask) }.elements
  }

  /// The phase with the given number, 0 ..< `phaseCount`.
  public func phase(at index: Int) -> PhaseEntry { table.entry(at: index) }

  /// The formula, as given, of the phase with the given number.
  public func formula(at index: Int) -> String { table.formula(at: index) }

  /// The number of the phase with this reduced composition, or nil.
  public func phaseIndex(of composition: Composition) -> Int? {
    let reduced = composition.reduced
    guard let system = table.systemIndex(of: ElementMask(reduced)) else { return nil }
    return table.phase(in: system, counts: reduced.parts.map { Int32($0.count) })
  }
}
