internal import Crystal
internal import StructureArchive
internal import TextFormats

/// The lines of a list as OPTIMADE JSON lines: header, description of the entries, an entry a crystal.
///
/// Source: OPTIMADE specification 1.2, sections "Structures Entries" and "Property Definitions" and the appendix on JSON
/// lines for the exchange of databases. Columns of the table are fields with the prefix of this program.
enum OptimadeList {
  private static let version = "1.2.0"
  private static let prefix = "_sluice_"

  /// Header lines for these columns.
  static func header(_ columns: [String]) -> [JSONTree] {
    let meta: JSONTree = .object([
      "api_version": .string(version),
      "provider": .object([
        "name": .string("Sluice"), "description": .string("Candidates ranked by Sluice"),
        "prefix": .string("sluice"),
      ]),
    ])
    let definitions = columns.map { JSONMembers.Member(field($0), definition(of: $0)) }
    return [
      .object(["x-optimade": .object(["meta": meta])]),
      .object([
        "type": .string("info"), "id": .string("structures"),
        "description": .string("Candidates of a screening campaign, best first"),
        "properties": .object(JSONMembers(definitions)), "formats": .array([.string("json")]),
        "output_fields_by_format": .object(["json": .array(columns.map { .string(field($0)) })]),
      ]),
    ]
  }

  /// The entry of a crystal.
  ///
  /// - Parameters:
  ///   - id: identifies it in the list; the id of its record, which may stand twice, is a field of its own.
  ///   - spaceGroup: its space group, where one was found.
  static func entry(
    id: String, _ structure: Structure, spaceGroup: SpaceGroup?, _ columns: [String],
    _ values: [ExportedRow.Value]
  ) -> JSONTree {
    let lattice = structure.lattice
    let counts = structure.composition.reduced.parts.map { (symbol: $0.element.symbol, count: $0.count) }
      .sorted { $0.symbol < $1.symbol }
    let total = counts.reduce(0) { $0 + $1.count }
    var attributes: [JSONMembers.Member] = [
      .init("immutable_id", .null), .init("last_modified", .null),
      .init("elements", .array(counts.map { .string($0.symbol) })),
      .init("nelements", .count(counts.count)),
      .init("elements_ratios", .array(counts.map { number(Double($0.count) / Double(total)) })),
      .init("chemical_formula_descriptive", .string(structure.composition.formula)),
      .init("chemical_formula_reduced", .string(formula(counts))),
      .init("chemical_formula_anonymous", .string(anonymousFormula(counts.map(\.count)))),
      .init("dimension_types", .array([.count(1), .count(1), .count(1)])),
      .init("nperiodic_dimensions", .count(3)),
      .init("lattice_vectors", .array([lattice.a, lattice.b, lattice.c].map(vector))),
      .init(
        "cartesian_site_positions",
        .array(structure.fractionalPositions.map { vector(lattice.cartesian($0)) })),
      .init("nsites", .count(structure.siteCount)),
      .init("species_at_sites", .array(structure.elements.map { .string($0.symbol) })),
      .init("species", .array(counts.map { species($0.symbol) })), .init("structure_features", .array([])),
    ]
    if let spaceGroup {
      attributes += [
        .init("space_group_it_number", .count(spaceGroup.number)),
        .init("space_group_symbol_hermann_mauguin", .string(spaceGroup.spacedSymbol)),
      ]
    }
    attributes += zip(columns, values).map { .init(field($0), $1.json) }
    return .object([
      "type": .string("structures"), "id": .string(id), "attributes": .object(JSONMembers(attributes)),
    ])
  }

  /// The name of a column's field: the prefix and what field names may hold, a to z, digits and "_".
  static func field(_ column: String) -> String {
    prefix
      + String(
        column.lowercased().unicodeScalars.map { scalar -> Character in
          ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) ? Character(scalar) : "_"
        })
  }

  private static func definition(of column: String) -> JSONTree {
    let kind = ExportedRow.kind(of: column)
    let (json, own) =
      switch kind {
      case .text: ("string", "string")
      case .count: ("integer", "integer")
      case .number: ("number", "float")
      }
    var members: [JSONMembers.Member] = [
      .init("title", .string(column)), .init("description", .string("Column \(column) of Sluice's lists.")),
      .init("type", .array([.string(json), .string("null")])), .init("x-optimade-type", .string(own)),
    ]
    if kind == .number { members.append(.init("x-optimade-unit", .string(ExportedRow.unit(of: column)))) }
    return .object(JSONMembers(members))
  }

  private static func species(_ symbol: String) -> JSONTree {
    .object([
      "name": .string(symbol), "chemical_symbols": .array([.string(symbol)]),
      "concentration": .array([number(1)]),
    ])
  }

  private static func vector(_ value: SIMD3<Double>) -> JSONTree {
    .array([number(value.x), number(value.y), number(value.z)])
  }

  private static func number(_ value: Double) -> JSONTree { .number("\(value)") }

  /// Elements in the order of the alphabet with their counts, without ones.
  private static func formula(_ counts: [(symbol: String, count: Int)]) -> String {
    counts.map { "\($0.symbol)\($0.count == 1 ? "" : "\($0.count)")" }.joined()
  }

  /// Counts in descending order, for letters A, B, …, Z, Aa, Ba, …
  private static func anonymousFormula(_ counts: [Int]) -> String {
    counts.sorted(by: >).enumerated().map { index, count in
      let capital = Character(UnicodeScalar(UInt8(ascii: "A") + UInt8(index % 26)))
      let small = index < 26 ? "" : String(UnicodeScalar(UInt8(ascii: "a") + UInt8(index / 26 - 1)))
      return "\(capital)\(small)\(count == 1 ? "" : "\(count)")"
    }.joined()
  }
}
