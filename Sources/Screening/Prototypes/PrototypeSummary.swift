internal import Crystal
internal import Prototypes

/// What is known of a prototype, for people and for other programs.
public struct PrototypeSummary: Encodable, Sendable {
  /// Sites that are equivalent by symmetry.
  public struct Site: Encodable, Sendable {
    /// The label they carry.
    public let label: String
    /// Multiplicity and Wyckoff letter.
    public let wyckoff: String
    /// The first of the points, in the conventional cell.
    public let point: String
  }

  /// A number that may be chosen.
  public struct Parameter: Encodable, Sendable {
    /// Its key in a campaign file.
    public let name: String
    /// The value when absent.
    public let defaultValue: Double
    /// The value in the compound that the prototype is named after.
    public let typeValue: Double
    /// The least value allowed.
    public let minimum: Double
    /// The largest value allowed.
    public let maximum: Double
    /// What it is.
    public let meaning: String
  }

  /// The name, as campaign files give it.
  public let name: String
  /// Labels in place of elements, e.g. "AB2X2".
  public let formula: String
  /// The compound it is named after.
  public let typeCompound: String?
  /// Number in the International Tables.
  public let spaceGroup: Int?
  /// Hermann–Mauguin symbol.
  public let spaceGroupSymbol: String?
  /// The labels in the order in which candidates are named.
  public let labels: [String]
  /// The Wyckoff sites.
  public let sites: [Site]
  /// What may be chosen.
  public let parameters: [Parameter]
  /// Groups of labels that may be exchanged without changing the crystal.
  public let exchangeableLabels: [[String]]
  /// Typical volume over the sum of the volumes of the elements.
  public let volumeRatio: Double?
  /// Vectors of the cell (Å, rows).
  public let lattice: [[Double]]
  /// Label of each site of the cell.
  public let siteLabels: [String]
  /// Fractional coordinates of each site of the cell.
  public let positions: [[Double]]

  /// The built-in prototypes, in the order of the documents.
  public static let all = Prototype.all.map { PrototypeSummary($0) }

  /// The built-in prototype of that name.
  ///
  /// - Throws: `ScreeningError.invalid`, naming those there are.
  public init(named name: String) throws {
    guard let prototype = Prototype.named(name) else {
      throw ScreeningError.invalid(
        "there is no prototype \"\(name)\"; there are \(Prototype.all.map(\.name).joined(separator: ", "))")
    }
    self.init(prototype)
  }

  private init(_ prototype: Prototype) {
    func components(_ vector: SIMD3<Double>) -> [Double] { [vector.x, vector.y, vector.z] }
    name = prototype.name
    formula = prototype.formula
    typeCompound = prototype.typeCompound
    spaceGroup = prototype.spaceGroup?.number
    spaceGroupSymbol = prototype.spaceGroup?.symbol
    labels = prototype.labels
    sites = prototype.sites.map { Site(label: $0.label, wyckoff: $0.wyckoff, point: $0.point) }
    parameters = prototype.parameters.map {
      Parameter(
        name: $0.name, defaultValue: $0.defaultValue, typeValue: $0.typeValue, minimum: $0.range.lowerBound,
        maximum: $0.range.upperBound, meaning: $0.meaning)
    }
    exchangeableLabels = prototype.exchangeableLabels
    volumeRatio = prototype.volumeRatio
    lattice = [prototype.lattice.a, prototype.lattice.b, prototype.lattice.c].map(components)
    siteLabels = prototype.labelIndices.map { prototype.labels[$0] }
    positions = prototype.positions.map(components)
  }
}
