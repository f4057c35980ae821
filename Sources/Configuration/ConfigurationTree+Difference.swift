/// One place where two configurations differ.
public struct ConfigurationDifference: Hashable, Sendable {
  /// Where, e.g. "stages[2].graph.count".
  public let keyPath: String
  /// The value in the earlier tree, on one line; nil where it had none.
  public let before: String?
  /// The value in the later tree, on one line; nil where it has none.
  public let after: String?
}

extension ConfigurationDifference: CustomStringConvertible {
  /// "graph.count: 12 → 8", with "(absent)" for a side without the key.
  public var description: String { "\(keyPath): \(before ?? "(absent)") → \(after ?? "(absent)")" }
}

extension ConfigurationTree {
  /// The places where this tree differs from `earlier`, keys in byte order, list elements by position.
  public func difference(from earlier: ConfigurationTree) -> [ConfigurationDifference] {
    var differences: [ConfigurationDifference] = []
    ConfigurationTree.compare(earlier, self, keyPath: "", into: &differences)
    return differences
  }

  private static func compare(
    _ before: ConfigurationTree?, _ after: ConfigurationTree?, keyPath: String,
    into differences: inout [ConfigurationDifference]
  ) {
    switch (before, after) {
    case (.mapping(let left)?, .mapping(let right)?):
      let keys = Set(left.keys).union(right.keys).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      for key in keys {
        compare(left[key], right[key], keyPath: KeyPathText.appending(key, to: keyPath), into: &differences)
      }
    case (.list(let left)?, .list(let right)?):
      for index in 0..<max(left.count, right.count) {
        compare(
          index < left.count ? left[index] : nil, index < right.count ? right[index] : nil,
          keyPath: KeyPathText.appending(index, to: keyPath), into: &differences)
      }
    default:
      guard before != after else { return }
      differences.append(
        ConfigurationDifference(keyPath: keyPath, before: before?.inlineText, after: after?.inlineText))
    }
  }
}
