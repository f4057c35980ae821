internal import Configuration
internal import Networks

/// What of the crystals that a model was trained on may be validated and tested with when another one starts from it.
enum AllowedSharing: String, CaseIterable, Sendable {
  /// None: no crystal of a composition that it was trained on.
  case nothing = "none"
  /// Crystals of such compositions in other structures.
  case compositions
  /// All.
  case structures

  /// What the key `allow_shared` of a section of a training file says.
  init(_ section: ConfigurationValue) {
    self = section.optional("allow_shared").flatMap { AllowedSharing(rawValue: $0.string) } ?? .nothing
  }
}

/// How many crystals of the splits by which a training is judged are among those that its initial model, or the one whose
/// representations sites begin with, was trained on.
public struct SharedCrystals: Codable, Hashable, Sendable {
  /// One split.
  public struct Split: Codable, Hashable, Sendable {
    /// Crystals of the split.
    public var crystals: Int
    /// Those of compositions that the model was trained on.
    public var compositions: Int
    /// Those of structures among them; see `CrystalIdentity`.
    public var structures: Int
  }

  /// "validation" and "test" where there is one.
  public var splits: [String: Split]
  /// Whether it is known of all models before the initial one, too, what they were trained on.
  public var isComplete: Bool

  /// In words, for one line.
  public var words: String {
    var parts = splits.sorted { $0.key > $1.key }.map { role, split in
      split.compositions == 0
        ? "none of the \(split.crystals) crystals of \(role) is of a composition that it was trained on"
        : "\(split.compositions) of the \(split.crystals) crystals of \(role) are of compositions that it was trained on, "
          + "\(split.structures) of them of the same structure"
    }
    if !isComplete { parts.append("not known of a model that it started from") }
    return parts.joined(separator: "; ")
  }

  /// What is said of a model that does not say what it was trained on.
  public static let unknown =
    "not known which crystals it was trained on: those of validation and test may be among them"
}

/// Crystals of one split that an initial model was trained on.
public struct SharedSplit: Hashable, Sendable {
  /// "validation" or "test".
  public let role: String
  /// Crystals of the split.
  public let count: Int
  /// Ids of those that may not be shared.
  public let ids: [String]
  /// Whether structures are meant, or any crystal of the same composition.
  public let areStructures: Bool
}

/// Crystals that something is judged by, and that it learns from as well.
public struct LearnedCrystals: Sendable {
  /// "validation" or "test".
  public let role: String
  /// Crystals of the split.
  public let count: Int
  /// Ids of those whose structures are learned from.
  public let ids: [String]

  /// In words, for one line.
  public var words: String {
    let few = ids.prefix(5).joined(separator: ", ") + (ids.count > 5 ? ", …" : "")
    return "\(ids.count) of the \(count) crystals of \(role) have structures that are learned from (\(few)); "
      + "their errors say little of other crystals"
  }
}

extension TrainedCrystals {
  /// Whether a crystal is of a structure among these.
  func hasStructure(of identity: CrystalIdentity) -> Bool {
    crystals(ofComposition: identity.composition).contains { $0.isSameStructure(as: identity) }
  }

  /// The crystals of a split whose structures are among these; nil where there are none.
  func learned(_ role: String, ids: [String], _ identities: [CrystalIdentity]) -> LearnedCrystals? {
    let own = zip(ids, identities).filter { hasStructure(of: $0.1) }.map(\.0)
    return own.isEmpty ? nil : LearnedCrystals(role: role, count: ids.count, ids: own)
  }

  /// Compares the crystals of splits with these.
  ///
  /// - Parameters:
  ///   - splits: by role, loaded with identities.
  ///   - allowed: what may be shared.
  ///   - model: path of the model, for the error.
  ///   - key: what of a training file allows more, for the error.
  /// - Throws: `ScreeningError.sharedCrystals` where more is shared than that.
  func shared(
    with splits: [(String, LoadedGraphs)], allowed: AllowedSharing, model: String, key: String
  ) throws(ScreeningError) -> SharedCrystals {
    var result = SharedCrystals(splits: [:], isComplete: isComplete)
    var refused: [SharedSplit] = []
    for (role, loaded) in splits {
      var (compositions, structures): ([String], [String]) = ([], [])
      for (id, identity) in zip(loaded.ids, loaded.identities) {
        if !crystals(ofComposition: identity.composition).isEmpty { compositions.append(id) }
        if hasStructure(of: identity) { structures.append(id) }
      }
      result.splits[role] = SharedCrystals.Split(
        crystals: loaded.ids.count, compositions: compositions.count, structures: structures.count)
      let ids =
        switch allowed {
        case .nothing: compositions
        case .compositions: structures
        case .structures: [String]()
        }
      if !ids.isEmpty {
        refused.append(
          SharedSplit(
            role: role, count: loaded.ids.count, ids: ids, areStructures: allowed == .compositions))
      }
    }
    guard refused.isEmpty else { throw .sharedCrystals(model: model, refused, key: key) }
    return result
  }
}
