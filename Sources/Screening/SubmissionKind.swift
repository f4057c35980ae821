internal import Configuration

/// What a file that is handed to a cluster describes.
public enum SubmissionKind: Sendable {
  /// Records to be screened.
  case campaign
  /// An ensemble to be trained.
  case training

  /// The kind of a file, by its keys: a training has `data` and no `inputs`. What is neither is taken for a campaign, whose
  /// reader says what it lacks.
  ///
  /// - Throws: `ScreeningError.unreadable`, `ConfigurationError`.
  public init(file: String) throws {
    let document = try configurationDocument(file)
    // Values that no tree holds are refused by the reader of either kind, with more to say.
    let tree = try? document.tree()
    self = tree?["data"] != nil && tree?["inputs"] == nil ? .training : .campaign
  }
}
