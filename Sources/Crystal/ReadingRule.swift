/// How a reader came to what a record does not say outright: the closed list of rules that rows carry as evidence.
public enum ReadingRule: String, CaseIterable, Hashable, Sendable {
  /// The space group's symbol was understood in another spelling than the standard one.
  case symbolSpelling = "symbol_spelling"
  /// The setting (origin choice, rhombohedral or hexagonal axes) is the only one that fits the cell.
  case settingByCell = "setting_by_cell"
  /// The setting is the only one that gives the multiplicities of the sites.
  case settingByMultiplicity = "setting_by_multiplicity"
  /// The setting is the only one that gives the formula sum, or the number of formula units.
  case settingByFormula = "setting_by_formula"
  /// Different images of a site near a symmetry element were taken for one atom on it.
  case imagesMerged = "images_merged"
  /// Sites that symmetry makes of others were listed too, and count once.
  case imagesListedAgain = "images_listed_again"
  /// An element was read from a label as a whole, for want of a type symbol.
  case elementByLabel = "element_by_label"
  /// The formula sum, or the list of atom types, settled what a label means.
  case elementByFormula = "element_by_formula"
  /// Deuterium or tritium counts as hydrogen.
  case isotopeAsHydrogen = "isotope_as_hydrogen"
  /// A shared site was given to the element with the largest share.
  case majorityOccupancy = "majority_occupancy"
  /// Shares of one element (several charges, say) were added up to a full site.
  case sharesAdded = "shares_added"
  /// The formula counts hydrogens that the structure does not list.
  case formulaWithoutHydrogen = "formula_without_hydrogen"
  /// The composition contradicts the record's formula, and the campaign asks only to note it.
  case formulaContradicted = "formula_contradicted"
  /// An angle of the cell is not given and 90°.
  case defaultAngles = "default_angles"
  /// The record is periodic along one or two axes only: a chain or a slab.
  case partlyPeriodic = "partly_periodic"
  /// Other structures of the same document were passed over.
  case structuresPassedOver = "structures_passed_over"
}

/// A rule that a reader applied to a record, with what it concluded.
public struct ReadingNote: Hashable, Sendable {
  /// The rule.
  public let rule: ReadingRule
  /// What the record says and what was concluded, for a person.
  public let message: String

  /// A note.
  public init(rule: ReadingRule, message: String) {
    self.rule = rule
    self.message = message
  }
}

extension [ReadingNote] {
  /// The rules of the notes, each once, in the order of their first application.
  public var rules: [ReadingRule] {
    guard !isEmpty else { return [] }
    var seen: Set<ReadingRule> = []
    return map(\.rule).filter { seen.insert($0).inserted }
  }
}
