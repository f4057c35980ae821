internal import ScreeningStore
internal import TextFormats

/// A row of an exported list: the same values in the same order, whatever they are written as.
struct ExportedRow {
  /// A value of the list.
  enum Value {
    case text(String?)
    case number(String?)

    /// As a CSV field; empty where there is none.
    var csv: String {
      switch self {
      case .text(let text): guardedField(text ?? "")
      case .number(let digits): digits ?? ""
      }
    }

    /// As a JSON value; null where there is none.
    var json: JSONTree {
      switch self {
      case .text(let text): text.map { .string($0) } ?? .null
      case .number(let digits): digits.map { .number($0) } ?? .null
      }
    }
  }

  let rank: Int
  let row: RankedRow
  let model: String
  let source: String
  /// The hull of the ranking, on which distances are judged for flags.
  let hull: RankingHull
  /// Whether the list has columns of symmetry.
  let showsSymmetry: Bool

  /// The names of the values, in their order; those of scores follow.
  static let columns = [
    "rank", "id", "formula", "chemical_system", "sites", "volume_A3", "model", "formation_energy_per_atom",
    "std",
    "e_above_hull", "decomposition_energy", "decomposition", "source", "record", "e_above_combined_hull",
    "combined_decomposition_energy", "combined_decomposition", "e_above_competitor_hull",
    "competitor_decomposition_energy", "competitor_decomposition", "sigma", "p_stable", "competitor_p_stable",
    "compounds", "unknown_pairs", "elements_without_phase", "elements_only", "flags", "shape", "evaluations",
    "reading",
  ]

  /// The columns that follow where the campaign looked for symmetry, before those of scores.
  static let symmetryColumns = [
    "space_group", "space_group_symbol", "crystal_system", "wyckoff_sites", "wyckoff_letters",
  ]

  /// The values of `symmetryColumns`; none where nothing was found.
  static func values(_ symmetry: RowSymmetry?) -> [Value] {
    [
      number(symmetry?.spaceGroup.number), .text(symmetry?.spaceGroup.symbol),
      .text(symmetry?.spaceGroup.crystalSystem.rawValue), .text(symmetry?.wyckoffSites),
      .text(symmetry?.wyckoffLetters),
    ]
  }

  /// What kind of values a column of a list holds.
  enum Kind { case text, count, number }

  /// The kind of a column, of lists by score too.
  static func kind(of column: String) -> Kind {
    switch column {
    case "id", "formula", "chemical_system", "model", "decomposition", "source", "combined_decomposition",
      "competitor_decomposition", "flags", "shape", "reading", "space_group_symbol", "crystal_system",
      "wyckoff_sites", "wyckoff_letters":
      .text
    case "rank", "sites", "record", "compounds", "unknown_pairs", "elements_without_phase", "elements_only",
      "evaluations", "space_group":
      .count
    default: .number
    }
  }

  /// The unit of a column of numbers; scores have those of their models, which are not said here.
  static func unit(of column: String) -> String {
    switch column {
    case "volume_A3": "angstrom^3"
    case "p_stable", "competitor_p_stable": "dimensionless"
    case _ where column.hasPrefix("score"), "std": "inapplicable"
    default: "eV"
    }
  }

  /// The values, in the order of `columns`, and the scores of models by which nothing is ranked.
  var values: [Value] {
    let (stability, combined) = (row.stability, row.combined)
    let (competitors, coverage) = (stability.withCompetitors, stability.coverage)
    let flags = row.flags(on: hull)
    return [
      number(rank), .text(row.materialID), .text(row.formula), .text(row.chemicalSystem),
      number(row.siteCount),
      number(row.volume), .text(model), number(stability.energy), number(row.energyStandardDeviation),
      number(stability.energyAboveHull), number(stability.decompositionEnergy),
      .text(stability.decomposition ?? ""), .text(source), number(row.key.record),
      number(combined?.energyAboveHull), number(combined?.decompositionEnergy),
      .text(combined?.decomposition),
      number(competitors?.energyAboveHull), number(competitors?.decompositionEnergy),
      .text(competitors?.decomposition), number(stability.sigma), number(stability.probability),
      number(competitors?.probability), number(coverage?.compounds), number(coverage?.unknownPairs),
      number(coverage?.elementsWithoutPhase), number(coverage.map { $0.decomposesIntoElements ? 1 : 0 }),
      .text(flags.isEmpty ? nil : flags.map(\.rawValue).joined(separator: " ")), .text(row.shape),
      number(row.evaluations),
      .text(row.reading.isEmpty ? nil : row.reading.map(\.rawValue).joined(separator: " ")),
    ] + (showsSymmetry ? Self.values(row.symmetry) : []) + row.scores.map { number($0) }
  }
}

/// A text as a CSV field that no spreadsheet takes for a formula: one that begins like one gets an apostrophe in front, as
/// spreadsheets write text themselves. JSON lines hold it unchanged.
func guardedField(_ text: String) -> String {
  guard let first = text.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first) else {
    return csvField(text)
  }
  return csvField("'" + text)
}

private func number(_ value: Int?) -> ExportedRow.Value { .number(value.map { "\($0)" }) }

private func number(_ value: Double?) -> ExportedRow.Value { .number(value.map { "\($0)" }) }

/// A row of the list of a run in which no model predicts an energy.
struct ExportedScore {
  let rank: Int
  let row: ScoreRankedRow
  let model: String
  let source: String
  /// Whether the list has columns of symmetry.
  let showsSymmetry: Bool

  /// The names of the values, in their order; those of other models' scores follow.
  static let columns = [
    "rank", "id", "formula", "chemical_system", "sites", "volume_A3", "model", "score", "std", "source",
    "record", "shape", "evaluations", "reading",
  ]

  /// The values, in the order of `columns`, and the scores of other models.
  var values: [ExportedRow.Value] {
    [
      number(rank), .text(row.materialID), .text(row.formula), .text(row.chemicalSystem),
      number(row.siteCount), number(row.volume), .text(model), number(row.score),
      number(row.standardDeviation), .text(source), number(row.key.record), .text(row.shape),
      number(row.evaluations),
      .text(row.reading.isEmpty ? nil : row.reading.map(\.rawValue).joined(separator: " ")),
    ] + (showsSymmetry ? ExportedRow.values(row.symmetry) : []) + row.others.map { number($0) }
  }
}
