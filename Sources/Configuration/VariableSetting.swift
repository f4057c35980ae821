/// What a person has a variable of a configuration stand for.
public struct VariableSetting: Hashable, Sendable {
  /// The text that takes the variable's place.
  public let text: String
  /// What takes its place at the beginning of a path. Relative paths of a file start from the file's folder; a setting
  /// may come from somewhere else.
  public let path: String

  /// A setting.
  public init(text: String, path: String) {
    self.text = text
    self.path = path
  }
}
