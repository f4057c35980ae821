internal import Charts
internal import Crystal
internal import PhaseStability
internal import StructureArchive

/// Draws the phase diagram of a chemical system.
public struct HullDiagram: Sendable {
  /// What a diagram shows.
  public struct Report: Sendable {
    /// Phases of the system and its subsystems.
    public let phases: Int
    /// Those on the hull.
    public let stablePhases: Int
    /// Candidates shown.
    public let candidates: Int
    /// Candidates of other systems, which are left out.
    public let candidatesElsewhere: Int
    /// Lines of the table of candidates that could not be read.
    public let table: TableReport
  }

  private let loaded: LoadedReferences

  /// Diagrams of the reference phases of a file.
  ///
  /// - Throws: `ScreeningError` where they cannot be read.
  public init(reference: String, reading: ReferenceReading = ReferenceReading()) throws {
    loaded = try ReferenceFile.load(reference, reading: reading)
  }

  /// What the references are, for the person.
  public var summary: String { loaded.summary }

  /// Writes the diagram of a system.
  ///
  /// - Parameters:
  ///   - system: element symbols joined by "-", in the order of the axes: "Li-Fe-O".
  ///   - candidates: CSV of candidates to show beside the references.
  ///   - output: file ending in .svg (two or three elements) or .json (two to four).
  /// - Throws: `ScreeningError`.
  public func write(_ system: String, candidates: String? = nil, to output: String) throws -> Report {
    let elements = try Self.elements(system)
    let isDrawing = output.hasSuffix(".svg")
    guard isDrawing || output.hasSuffix(".json") else {
      throw ScreeningError.invalid("\(output): name a file that ends in .svg or .json")
    }
    guard !isDrawing || elements.count <= 3 else {
      throw ScreeningError.invalid(
        "\(system): drawings have two or three elements; name a file that ends in .json")
    }
    var table = TableReport()
    var entries: [PhaseEntry] = []
    if let candidates { entries = try Self.entries(candidates, &table) }
    do {
      let diagram = try PhaseDiagram(references: loaded.references, elements: elements, candidates: entries)
      let text = isDrawing ? try diagram.svg() : diagram.json()
      try writeAtomically(Array(text.utf8), to: output)
      return Report(
        phases: diagram.phases.count, stablePhases: diagram.phases.count { $0.isStable },
        candidates: diagram.candidates.count,
        candidatesElsewhere: entries.count - diagram.candidates.count, table: table)
    } catch let error as HullError {
      throw ScreeningError.invalid("\(system): \(describe(error))")
    }
  }

  private static func elements(_ system: String) throws -> [Element] {
    let symbols = system.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    let elements = try symbols.map { symbol in
      guard let element = Element(symbol: symbol) else {
        throw ScreeningError.invalid(
          "\"\(system)\": \"\(symbol)\" is no element; a system is written like Li-Fe-O")
      }
      return element
    }
    guard Set(elements).count == elements.count, (2...4).contains(elements.count) else {
      throw ScreeningError.invalid("\"\(system)\": diagrams are of two to four different elements")
    }
    return elements
  }

  private static func entries(_ path: String, _ report: inout TableReport) throws -> [PhaseEntry] {
    var table = try CandidateTable(path: path)
    var entries: [PhaseEntry] = []
    while let line = try table.next() {
      do {
        let (composition, energy) = try line.values()
        entries.append(
          try PhaseEntry(composition: composition, energyPerAtom: energy, formula: line.formula))
        report.written += 1
      } catch {
        report.reject(
          (error as? HullError)?.rejectionReason ?? .unreadable,
          line.message(describe(error), in: path))
      }
    }
    return entries
  }
}
