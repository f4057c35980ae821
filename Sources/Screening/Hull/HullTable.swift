internal import Crystal
internal import Foundation
internal import PhaseStability
internal import StructureArchive
internal import TextFormats

/// What a table of distances came to.
public struct HullTableReport: Sendable {
  /// Lines written and rejected.
  public internal(set) var table = TableReport()
  /// Candidates whose distance is at most the threshold, where one was given.
  public internal(set) var withinThreshold = 0
  /// Verdicts that were settled in exact arithmetic.
  public internal(set) var settledExactly = 0
}

/// Distances to the hull for a table of formulas and energies.
public struct HullTable: Sendable {
  private let loaded: LoadedReferences
  private let options: HullOptions
  private let offsets: EnergyOffsetTable?

  /// A table against the reference phases of a file.
  ///
  /// - Parameters:
  ///   - reference: the file of reference phases.
  ///   - reading: how it is read.
  ///   - excludesSameComposition: whether references of a candidate's own composition are left out.
  ///   - offsets: file of offsets by element that are taken off the candidates' energies; nil for none.
  /// - Throws: `ScreeningError` where a file cannot be read.
  public init(
    reference: String, reading: ReferenceReading = ReferenceReading(), excludesSameComposition: Bool,
    offsets: String? = nil
  ) throws {
    loaded = try ReferenceFile.load(reference, reading: reading)
    options = HullOptions(excludesSameComposition: excludesSameComposition)
    self.offsets = try offsets.map { try EnergyOffsetTable(path: $0) }
  }

  /// What the references are, and what moves the candidates, for the person.
  public var summary: String {
    loaded.summary + (offsets.map { "; candidates' energies moved by \($0.summary)" } ?? "")
  }

  /// What is asked for beside the distances.
  private struct Verdicts {
    let threshold: DecimalNumber
    let hasColumn: Bool
    let certificates: LineWriter?
  }

  /// Writes `formula,formation_energy_per_atom,e_above_hull,decomposition_energy,decomposition` in the order of the
  /// input, energies as they were given; with offsets a last column `aligned_formation_energy_per_atom` has what was
  /// placed on the hull. A line without an answer keeps its place with empty fields and is counted.
  ///
  /// - Parameters:
  ///   - candidates: CSV with the columns `formula` and `formation_energy_per_atom`.
  ///   - output: CSV file to write.
  ///   - threshold: decimal number (eV/atom); where given, a last column `within_threshold` says whether the distance
  ///     is at most this: close cases are settled in exact arithmetic.
  ///   - certificates: file for the proof of every verdict, one line of JSON a candidate; the threshold is 0 unless
  ///     given.
  /// - Throws: `ScreeningError` where a file cannot be read or written, or the threshold is no decimal number.
  public func write(
    _ candidates: String, to output: String, threshold: String? = nil, certificates: String? = nil
  ) throws -> HullTableReport {
    guard let limit = DecimalNumber(threshold ?? "0") else {
      throw ScreeningError.invalid("the threshold \"\(threshold ?? "")\" is no decimal number")
    }
    var table = try CandidateTable(path: candidates)
    let writer = try LineWriter(path: output, inputs: [candidates])
    let verdicts =
      threshold == nil && certificates == nil
      ? nil
      : Verdicts(
        threshold: limit, hasColumn: threshold != nil,
        certificates: try certificates.map { try LineWriter(path: $0) })
    let columns =
      (verdicts?.hasColumn == true ? ["within_threshold"] : [])
      + (offsets == nil ? [] : ["aligned_formation_energy_per_atom"])
    try writer.append(
      (["formula,formation_energy_per_atom,e_above_hull,decomposition_energy,decomposition"] + columns)
        .joined(separator: ","))
    var report = HullTableReport()
    var solver = HullSolver(references: loaded.references)
    while let line = try table.next() {
      let start = "\(csvField(line.formula)),\(csvField(line.energy)),"
      do {
        try writer.append(start + (try fields(of: line, verdicts, &solver, &report)))
        report.table.written += 1
      } catch let error as ScreeningError {
        throw error
      } catch {
        try writer.append(start + ",," + columns.map { _ in "," }.joined())
        let (reason, message) = rejection(error)
        report.table.reject(reason, line.message(message, in: candidates))
      }
    }
    try writer.finish()
    try verdicts?.certificates?.finish()
    return report
  }

  /// The fields after formula and energy.
  private func fields(
    of line: CandidateTable.Line, _ verdicts: Verdicts?, _ solver: inout HullSolver,
    _ report: inout HullTableReport
  ) throws -> String {
    let (composition, given) = try line.values()
    var energy = given
    if let offsets {
      let moved = energy.doubleValue - (try offsets.offsets.offset(of: composition))
      guard let number = DecimalNumber(moved) else { throw HullError.energyNotFinite }
      energy = number
    }
    let aligned = offsets == nil ? "" : ",\(energy.doubleValue)"
    let distance = try solver.distance(
      of: composition, energyPerAtom: energy.doubleValue, options: options)
    let decomposition = loaded.references.description(of: distance.decomposition)
    let fields = "\(distance.energyAboveHull),\(distance.decompositionEnergy),\(csvField(decomposition))"
    guard let verdicts else { return fields + aligned }
    let gap = distance.energyAboveHull - verdicts.threshold.doubleValue
    var isWithin = gap <= 0
    if verdicts.certificates != nil || abs(gap) <= HullSolver.exactMargin {
      let certificate = try solver.certificate(
        of: composition, energyPerAtom: energy, threshold: verdicts.threshold,
        criterion: options.excludesSameComposition ? .decompositionEnergy : .energyAboveHull)
      try verdicts.certificates?.append(certificate.jsonLine)
      isWithin = certificate.isWithin
      report.settledExactly += 1
    }
    if isWithin { report.withinThreshold += 1 }
    return fields + (verdicts.hasColumn ? ",\(isWithin)" : "") + aligned
  }

  private func rejection(_ error: any Error) -> (RejectionReason, String) {
    if let error = error as? HullError { return loaded.rejection(error) }
    return (error is EnergyOffsetError ? .energyNotAligned : .unreadable, describe(error))
  }
}

/// A table of candidates, read row by row: CSV with the columns `formula` and `formation_energy_per_atom`, comment
/// lines that start with `#` and blank lines passed over.
struct CandidateTable {
  /// One candidate as it stands in the table.
  struct Line {
    /// Number of the line in the file, from 1.
    let number: Int
    let formula: String
    /// The energy as it is written; empty where the line has fewer or more fields than the header, since it may then be
    /// half a number.
    let energy: String
    /// What is wrong with the number of its fields.
    let problem: CSVError?

    /// The composition and the formation energy (eV/atom), finite.
    ///
    /// - Throws: `CSVError`, `FormulaError`, `HullError.energyNotFinite` also where there is none, `.energyNoNumber`.
    func values() throws -> (composition: Composition, energy: DecimalNumber) {
      if let problem { throw problem }
      let composition = try Composition(formula: formula)
      guard let number = DecimalNumber(energy), number.doubleValue.isFinite else {
        let isStated = Double(energy).map { !$0.isFinite } ?? energy.isEmpty
        throw isStated ? HullError.energyNotFinite : .energyNoNumber(text: energy)
      }
      return (composition, number)
    }

    /// What is wrong with the line, in words that name it.
    func message(_ reason: String, in path: String) -> String {
      if let problem { return "\(path): \(problem)" }
      return "\(path) line \(number): \"\(formula)\": \(reason)"
    }
  }

  private var table: TableFile
  private let formulaColumn: Int
  private let energyColumn: Int

  /// - Throws: `ScreeningError` where there is no such header.
  init(path: String) throws {
    table = try TableFile(path: path, comments: .anywhere)
    formulaColumn = try table.column("formula")
    energyColumn = try table.column("formation_energy_per_atom")
  }

  /// The next candidate, nil after the last.
  ///
  /// - Throws: `ScreeningError` where the table cannot be read on.
  mutating func next() throws(ScreeningError) -> Line? {
    let (isRow, problem) = try table.nextOrBroken()
    guard isRow else { return nil }
    return Line(
      number: table.line, formula: try table.text(formulaColumn),
      energy: problem == nil ? try table.text(energyColumn) : "", problem: problem)
  }
}
