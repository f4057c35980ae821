/// What a run is: written once, when its store is created.
public struct RunDescription: Hashable, Sendable {
  /// Name of the campaign.
  public let name: String
  /// The resolved plan, as canonical text.
  public let plan: String
  /// Fingerprint of the plan and of its inputs.
  public let planFingerprint: String
  /// When the run was created, ISO 8601.
  public let created: String
  /// Version of the program that created it.
  public let sluiceVersion: String
  /// Largest energy above hull that counts as stable (eV/atom); nil when the run ranks nothing.
  public let stabilityThreshold: Double?
  /// The models, in the order that `Score.model` and `Stability.model` count in.
  public let models: [ModelDescription]
  /// The sources, in the order that `RecordKey.source` counts in.
  public let sources: [SourceDescription]

  /// A run.
  public init(
    name: String, plan: String, planFingerprint: String, created: String, sluiceVersion: String,
    stabilityThreshold: Double?, models: [ModelDescription], sources: [SourceDescription]
  ) {
    self.name = name
    self.plan = plan
    self.planFingerprint = planFingerprint
    self.created = created
    self.sluiceVersion = sluiceVersion
    self.stabilityThreshold = stabilityThreshold
    self.models = models
    self.sources = sources
  }
}

/// A model of a run.
public struct ModelDescription: Hashable, Sendable {
  /// Name, unique within the run.
  public let name: String
  /// Fingerprint of its weights and configuration.
  public let fingerprint: String
  /// What it predicts, e.g. "formation_energy_per_atom".
  public let property: String
  /// Unit of its predictions, e.g. "eV/atom".
  public let unit: String
  /// Number of ensemble members.
  public let memberCount: Int
  /// How its errors are distributed, as JSON; nil for a model that is not calibrated.
  public var calibration: String?

  /// A model.
  public init(
    name: String, fingerprint: String, property: String, unit: String, memberCount: Int,
    calibration: String? = nil
  ) {
    self.name = name
    self.fingerprint = fingerprint
    self.property = property
    self.unit = unit
    self.memberCount = memberCount
    self.calibration = calibration
  }
}

/// Something that records are read from.
public struct SourceDescription: Hashable, Sendable {
  /// Path, or another name for people.
  public let name: String
  /// Fingerprint of its content, where it was taken.
  public let fingerprint: String?

  /// A source.
  public init(name: String, fingerprint: String? = nil) {
    self.name = name
    self.fingerprint = fingerprint
  }
}
