public import Crystal

/// What became of a stretch of records: exactly one outcome for each record of `progress`.
public struct StoreBatch: Sendable {
  /// The records that this batch accounts for, by source; stretches of one source in ascending order.
  public var progress: [SourceProgress]
  /// Records that came through.
  public var rows: [ScreenedRow]
  /// Records that could not become rows.
  public var rejections: [RejectedRecord]
  /// Records that a stage of the campaign left out on purpose.
  public var filtered: [FilteredRecord]

  /// A batch of outcomes.
  public init(
    progress: [SourceProgress], rows: [ScreenedRow] = [], rejections: [RejectedRecord] = [],
    filtered: [FilteredRecord] = []
  ) {
    self.progress = progress
    self.rows = rows
    self.rejections = rejections
    self.filtered = filtered
  }
}

/// How far a source has been read.
public struct SourceProgress: Hashable, Sendable {
  /// Position of the source in the run's list.
  public let source: Int
  /// The records accounted for by one batch.
  public let records: Range<Int>
  /// Where to resume reading after these records, in the reader's own terms; nil where counting records is all.
  public let resumeToken: [UInt8]?
  /// Whether the source ends with these records.
  public let isFinished: Bool

  /// A stretch of records of a source; it may be empty, to say that the source is finished.
  public init(source: Int, records: Range<Int>, resumeToken: [UInt8]? = nil, isFinished: Bool = false) {
    precondition(
      records.lowerBound >= 0 && records.upperBound <= RecordKey.maximumRecordCount, "no such records")
    precondition((0..<RecordKey.maximumSourceCount).contains(source), "source index out of range")
    self.source = source
    self.records = records
    self.resumeToken = resumeToken
    self.isFinished = isFinished
  }
}

/// A structure that came through, with what the models and the hull say about it.
public struct ScreenedRow: Hashable, Sendable {
  /// Identity of the record.
  public let key: RecordKey
  /// The material's own id; need not be unique.
  public let materialID: String
  /// Formula of the reduced composition.
  public let formula: String
  /// Chemical system, e.g. "Cl-Na".
  public let chemicalSystem: String
  /// Number of sites of the cell.
  public let siteCount: Int
  /// Volume of the cell (Å³).
  public let volume: Double
  /// The structure as bytes (`StructurePayload`), or nil when it is not kept.
  public let payload: [UInt8]?
  /// The free parameters of its prototype that a search chose, e.g. "axial_ratio=2.5 z=0.36"; nil without a search.
  public var shape: String?
  /// How many cells of it were scored; nil without a search.
  public var evaluations: Int?
  /// The rules by which its reader concluded what the record does not say, in the order of application.
  public var reading: [ReadingRule] = []
  /// Its symmetry; nil where none was found, or none was looked for.
  public var symmetry: RowSymmetry?
  /// Why none was found, as a code; nil where one was, or none was looked for.
  public var symmetryFailure: String?
  /// What each model predicts.
  public var scores: [Score]
  /// What each energy means on the hull.
  public var stabilities: [Stability]

  /// The row of a structure.
  ///
  /// - Parameters:
  ///   - key: identity of the record.
  ///   - materialID: the material's own id.
  ///   - structure: the crystal.
  ///   - keepsStructure: whether the structure itself is stored, so that it can be exported without the archive.
  ///   - scores: predictions, at most one a model.
  ///   - stabilities: places on the hull, at most one a model.
  public init(
    key: RecordKey, materialID: String, structure: Structure, keepsStructure: Bool = true,
    scores: [Score] = [],
    stabilities: [Stability] = []
  ) {
    let composition = structure.composition
    self.key = key
    self.materialID = materialID
    formula = composition.reducedFormula
    chemicalSystem = composition.chemicalSystem
    siteCount = structure.siteCount
    volume = structure.lattice.volume
    payload = keepsStructure ? StructurePayload.encode(structure) : nil
    self.scores = scores
    self.stabilities = stabilities
  }

  /// A row from its columns.
  public init(
    key: RecordKey, materialID: String, formula: String, chemicalSystem: String, siteCount: Int,
    volume: Double,
    payload: [UInt8]?, scores: [Score] = [], stabilities: [Stability] = []
  ) {
    self.key = key
    self.materialID = materialID
    self.formula = formula
    self.chemicalSystem = chemicalSystem
    self.siteCount = siteCount
    self.volume = volume
    self.payload = payload
    self.scores = scores
    self.stabilities = stabilities
  }
}

/// The prediction of one model, in the model's unit.
public struct Score: Hashable, Sendable {
  /// Position of the model in the run's list of models.
  public let model: Int
  /// Mean over the members of the ensemble.
  public let mean: Double
  /// Standard deviation over the members, or nil for a single member.
  public let standardDeviation: Double?
  /// The members' own predictions; empty when they are not kept.
  public let members: [Double]

  /// A prediction.
  public init(model: Int, mean: Double, standardDeviation: Double? = nil, members: [Double] = []) {
    self.model = model
    self.mean = mean
    self.standardDeviation = standardDeviation
    self.members = members
  }
}

/// A record that could not become a row, and why.
public struct RejectedRecord: Hashable, Sendable {
  /// Identity of the record.
  public let key: RecordKey
  /// Path of the member within its archive, where there is one.
  public let member: String?
  /// Where the record starts in its file or member (bytes), where known.
  public let byteOffset: Int?
  /// The material's id, where it could be read.
  public let materialID: String?
  /// The stage that rejected it.
  public let stage: String
  /// Why, as a code.
  public let reason: RejectionReason
  /// Why, in words.
  public let message: String
  /// The rules by which its reader concluded what the record does not say, in the order of application; none where the
  /// reader itself rejected it.
  public var reading: [ReadingRule] = []

  /// A rejection.
  public init(
    key: RecordKey, member: String? = nil, byteOffset: Int? = nil, materialID: String? = nil, stage: String,
    reason: RejectionReason, message: String
  ) {
    self.key = key
    self.member = member
    self.byteOffset = byteOffset
    self.materialID = materialID
    self.stage = stage
    self.reason = reason
    self.message = message
  }
}

/// A record that a stage left out on purpose; only counted.
public struct FilteredRecord: Hashable, Sendable {
  /// Identity of the record.
  public let key: RecordKey
  /// The stage that left it out.
  public let stage: String

  /// A record left out by a stage.
  public init(key: RecordKey, stage: String) {
    self.key = key
    self.stage = stage
  }
}
