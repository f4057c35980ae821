/// What the sites of a network begin with, where these are representations of another network, which was trained before, in
/// place of the features of their elements or beside them.
///
/// The other network is a part of the whole: it takes the same graphs, its tensors are called `nodes.` and then as they
/// were, and its numbers are the member's. Unless it is trained with the rest it stays as it is, running statistics
/// included.
public struct NodeSource: Sendable {
  /// What becomes of the features of the elements.
  public enum Use: String, Codable, CaseIterable, Hashable, Sendable {
    /// Representations are there in place of them.
    case replace
    /// Both are there.
    case concatenate
  }

  /// The other network; its read-out is not needed.
  public let architecture: any Architecture
  /// Its layers by the names of their representations, in the order of their numbers.
  public let layers: [String]
  /// What becomes of the features of the elements.
  public let use: Use
  /// Whether the other network is trained with the rest.
  public let isTrained: Bool

  /// Representations of another network.
  public init(_ architecture: any Architecture, layers: [String], use: Use, isTrained: Bool) {
    self.architecture = architecture
    self.layers = layers
    self.use = use
    self.isTrained = isTrained
  }

  /// Beginning of the names of its tensors.
  public static let prefix = "nodes."
}

extension NodeSource: Hashable {
  /// Whether network, layers and use are equal.
  public static func == (first: NodeSource, second: NodeSource) -> Bool {
    AnyHashable(first.architecture) == AnyHashable(second.architecture) && first.layers == second.layers
      && first.use == second.use && first.isTrained == second.isTrained
  }

  /// Mixes network, layers and use.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(AnyHashable(architecture))
    hasher.combine(layers)
    hasher.combine(use)
    hasher.combine(isTrained)
  }
}

extension NodeSource: Codable {
  private enum CodingKeys: String, CodingKey {
    case architecture, configuration, layers, use, isTrained
  }

  /// Reads a source; the architecture says what its configuration is.
  ///
  /// - Throws: `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let title = try container.decode(String.self, forKey: .architecture)
    guard let kind = Architectures.titled(title) else {
      throw DecodingError.dataCorruptedError(
        forKey: .architecture, in: container, debugDescription: "architecture \"\(title)\" is not known")
    }
    self.init(
      try kind.init(from: try container.superDecoder(forKey: .configuration)),
      layers: try container.decode([String].self, forKey: .layers),
      use: try container.decode(Use.self, forKey: .use),
      isTrained: try container.decode(Bool.self, forKey: .isTrained))
  }

  /// Writes the source.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(type(of: architecture).title, forKey: .architecture)
    try architecture.encode(to: container.superEncoder(forKey: .configuration))
    try container.encode(layers, forKey: .layers)
    try container.encode(use, forKey: .use)
    try container.encode(isTrained, forKey: .isTrained)
  }
}
