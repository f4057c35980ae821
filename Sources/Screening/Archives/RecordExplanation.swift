internal import Crystal
internal import ScreeningStore
internal import StructureArchive

/// What a record says, what was concluded of it and by which rules, or why it is no crystal.
public struct RecordExplanation: Codable, Sendable {
  /// A rule that was applied, and what it concluded.
  public struct Rule: Codable, Sendable {
    /// The rule's code.
    public let rule: String
    /// What was concluded, in words.
    public let message: String
  }

  /// The crystal that the record was taken for.
  public struct Crystal: Codable, Sendable {
    /// The form that it was in.
    public let form: String
    /// Formula of the whole cell.
    public let cellFormula: String
    /// Reduced formula.
    public let formula: String
    /// Number of sites of the cell.
    public let sites: Int
    /// Lengths of the cell's vectors (Å).
    public let lengths: [Double]
    /// Angles of the cell (degrees).
    public let angles: [Double]
    /// Volume of the cell (Å³).
    public let volume: Double
    /// Volume per atom (Å³).
    public let volumePerAtom: Double
    /// Mass density (g/cm³).
    public let density: Double
  }

  /// Why the record is no crystal, or did not become a row.
  public struct Rejection: Codable, Sendable {
    /// The stage.
    public let stage: String
    /// The reason's code.
    public let reason: String
    /// Why, in words.
    public let message: String
    /// Position of the fault in the member (bytes, uncompressed), where it is known.
    public let byteOffset: Int?
  }

  /// The archive.
  public let archive: String
  /// Number of the record in it, from 0.
  public let record: Int
  /// The member that holds it.
  public let member: String
  /// Where it begins in the member (bytes, uncompressed).
  public let byteOffset: Int
  /// Its length (bytes).
  public let bytes: Int
  /// Its id.
  public let id: String
  /// What it says of cell, symmetry, formula and sites, as it is written.
  public let statements: [String]
  /// What it was taken for; nil where it is no crystal.
  public let crystal: Crystal?
  /// The rules that were applied, in this order.
  public let rules: [Rule]
  /// Why it was rejected; nil where it was not.
  public internal(set) var rejection: Rejection?
  /// What became of it in the run; nil where an archive alone was asked.
  public internal(set) var outcome: String?

  /// The explanation of a record as a decoder reads it.
  init(_ record: ArchiveRecord, in archive: String, by decoder: StructureDecoder) {
    self.archive = archive
    self.record = record.index
    member = record.member
    byteOffset = record.byteOffset
    bytes = record.bytes.count
    statements = recordStatements(record)
    do throws(RecordError) {
      let decoded = try decoder.decode(record)
      id = decoded.id
      crystal = Crystal(decoded.structure, decoded.form)
      rules = decoded.notes.map { Rule(rule: $0.rule.rawValue, message: $0.message) }
    } catch {
      id = record.defaultID
      crystal = nil
      rules = []
      rejection = Rejection(
        stage: "read", reason: error.reason.rawValue, message: error.message,
        byteOffset: record.byteOffset + (error.byteOffset ?? 0))
    }
  }
}

extension RecordExplanation.Crystal {
  fileprivate init(_ structure: Structure, _ form: CrystalForm) {
    let composition = structure.composition
    self.form = form.rawValue
    cellFormula = composition.formula
    formula = composition.reducedFormula
    sites = structure.siteCount
    (lengths, angles) = cellParameters(of: structure.lattice)
    volume = structure.lattice.volume
    volumePerAtom = volume / Double(sites)
    let mass = structure.elements.reduce(0) { $0 + $1.atomicWeight }
    // 1 u/Å³ in g/cm³ (CODATA 2018).
    density = 1.660_539_066_60 * mass / volume
  }
}
