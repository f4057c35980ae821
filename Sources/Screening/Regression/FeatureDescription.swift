internal import Networks

/// What crystals are described by, as a model's card says it.
public enum FeatureDescription: Codable, Hashable, Sendable {
  /// The share of each of 118 elements among the sites.
  case composition
  /// The orbital field matrix, pooled over the sites.
  case orbitalField(orbitals: String, distancePower: Int, pooling: SitePooling)
  /// Layers of a network, pooled over the sites; the model lies in the folder `network`, or at this path in a study.
  case embedding(network: String, layers: [String], pooling: SitePooling, member: Int)
  /// Rows of a file in NumPy's format.
  case file(columns: Int)

  private enum Keys: String, CodingKey {
    case kind, orbitals, pool, network, layers, member, columns
    case distancePower = "distance_power"
  }

  /// Writes what a card has: `kind` and the values of that kind.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    switch self {
    case .composition: try container.encode("composition", forKey: .kind)
    case .orbitalField(let orbitals, let power, let pooling):
      try container.encode("orbital_field", forKey: .kind)
      try container.encode(orbitals, forKey: .orbitals)
      try container.encode(power, forKey: .distancePower)
      try container.encode(pooling, forKey: .pool)
    case .embedding(let network, let layers, let pooling, let member):
      try container.encode("embedding", forKey: .kind)
      try container.encode(network, forKey: .network)
      try container.encode(layers, forKey: .layers)
      try container.encode(pooling, forKey: .pool)
      try container.encode(member, forKey: .member)
    case .file(let columns):
      try container.encode("file", forKey: .kind)
      try container.encode(columns, forKey: .columns)
    }
  }

  /// Reads what a card has.
  ///
  /// - Throws: `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    switch try container.decode(String.self, forKey: .kind) {
    case "composition": self = .composition
    case "orbital_field":
      let orbitals = try container.decode(String.self, forKey: .orbitals)
      let power = try container.decode(Int.self, forKey: .distancePower)
      guard OrbitalChoice(rawValue: orbitals) != nil, (1...12).contains(power) else {
        throw DecodingError.dataCorruptedError(
          forKey: .orbitals, in: container, debugDescription: "no such orbital field")
      }
      self = .orbitalField(
        orbitals: orbitals, distancePower: power,
        pooling: try container.decode(SitePooling.self, forKey: .pool))
    case "embedding":
      self = .embedding(
        network: try container.decode(String.self, forKey: .network),
        layers: try container.decode([String].self, forKey: .layers),
        pooling: try container.decode(SitePooling.self, forKey: .pool),
        member: try container.decode(Int.self, forKey: .member))
    case "file": self = .file(columns: try container.decode(Int.self, forKey: .columns))
    case let kind:
      throw DecodingError.dataCorruptedError(
        forKey: .kind, in: container, debugDescription: "features of the kind \"\(kind)\" are not known here")
    }
  }

  /// In a word or two.
  var title: String {
    switch self {
    case .composition: "composition"
    case .orbitalField(_, _, let pooling): "orbital field (\(pooling.rawValue))"
    case .embedding(let network, let layers, let pooling, _):
      "\(network) \(layers.joined(separator: ", ")) (\(pooling.rawValue))"
    case .file(let columns): "\(columns) numbers of a file"
    }
  }
}
