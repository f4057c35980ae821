internal import Configuration
internal import StructureArchive

/// What becomes of records that do not simply say what their crystal is.
public struct ReadingPolicy: Hashable, Sendable {
  /// What becomes of shared sites, as in a campaign.
  public enum Occupancy: String, CaseIterable, Sendable {
    /// The record is rejected.
    case reject
    /// The species with the largest share is taken.
    case majority
  }

  /// What becomes of records that contradict their own formula, as in a campaign.
  public enum Formula: String, CaseIterable, Sendable {
    /// The record is rejected.
    case check
    /// It goes on with a note.
    case note
  }

  /// Shared sites.
  public var occupancy: Occupancy
  /// Contradicted formulas.
  public var formula: Formula

  /// A policy; without arguments the campaigns' default.
  public init(occupancy: Occupancy = .reject, formula: Formula = .check) {
    self.occupancy = occupancy
    self.formula = formula
  }

  /// The policy of a campaign's `archive` input.
  init(_ input: ConfigurationValue) {
    self.init(
      occupancy: Occupancy(rawValue: input.string("occupancy")) ?? .reject,
      formula: Formula(rawValue: input.string("formula")) ?? .check)
  }

  /// A decoder that follows it.
  func decoder(properties: [String] = [], takesAllProperties: Bool = false) -> StructureDecoder {
    StructureDecoder(
      properties: properties, takesAllProperties: takesAllProperties,
      occupancy: occupancy == .majority ? .majority : .reject, formula: formula == .note ? .note : .check)
  }
}
