public import Crystal
import GRDB

/// The symmetry of a row's crystal, as the campaign's symmetry stage found it.
public struct RowSymmetry: Hashable, Sendable {
  /// The space group.
  public let spaceGroup: SpaceGroup
  /// Wyckoff letters of the sites, one for each, in their order, e.g. "abccc".
  public let wyckoffLetters: String
  /// The sets of equivalent sites by element, with their numbers in the conventional cell, e.g. "Ca 1b, Ti 1a, O 3d".
  public let wyckoffSites: String

  /// What a symmetry stage found.
  public init(spaceGroup: SpaceGroup, wyckoffLetters: String, wyckoffSites: String) {
    self.spaceGroup = spaceGroup
    self.wyckoffLetters = wyckoffLetters
    self.wyckoffSites = wyckoffSites
  }
}

extension RowSymmetry {
  /// The columns that `init?(_:from:)` reads, of `structures` and of `ranking`.
  static let columns = "space_group, wyckoff_letters, wyckoff_sites"

  /// From a row that holds `columns` from column `first` on; nil where no space group is stored.
  init?(_ row: Row, from first: Int) {
    let number: Int? = row[first]
    guard let group = number.flatMap({ SpaceGroup(number: $0) }) else { return nil }
    self.init(
      spaceGroup: group, wyckoffLetters: row[first + 1] ?? "", wyckoffSites: row[first + 2] ?? "")
  }
}

/// How many crystals have which symmetry.
public struct SymmetryCounts: Codable, Hashable, Sendable {
  /// Number of crystals by crystal system (`CrystalSystem.rawValue`).
  public private(set) var systems: [String: Int] = [:]
  /// Number of crystals by the number of their space group.
  public private(set) var spaceGroups: [Int: Int] = [:]
  /// Number of crystals of which no space group is known, by the code of the reason.
  public private(set) var failures: [String: Int] = [:]

  /// No crystals.
  public init() {}

  /// Adds crystals of one space group.
  public mutating func add(_ group: SpaceGroup, count: Int = 1) {
    systems[group.crystalSystem.rawValue, default: 0] += count
    spaceGroups[group.number, default: 0] += count
  }

  /// Adds crystals of which no space group is known, for one reason.
  public mutating func add(failure: String, count: Int = 1) { failures[failure, default: 0] += count }

  /// The counts by crystal system from triclinic to cubic, without systems that no crystal has.
  public var orderedSystems: [(system: CrystalSystem, count: Int)] {
    CrystalSystem.allCases.compactMap { system in systems[system.rawValue].map { (system, $0) } }
  }

  /// The reasons, the most frequent first, equal ones by their code.
  public var orderedFailures: [(code: String, count: Int)] {
    failures.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
  }
}

extension RunStore {
  /// How many rows have which symmetry; without a symmetry stage none is counted.
  public func symmetryCounts() throws(StoreError) -> SymmetryCounts {
    try read { db in
      var counts = SymmetryCounts()
      let rows = try Row.fetchAll(
        db, sql: "SELECT space_group, symmetry_failure, count(*) FROM structures GROUP BY 1, 2")
      for row in rows {
        let number: Int? = row[0]
        let failure: String? = row[1]
        if let group = number.flatMap({ SpaceGroup(number: $0) }) {
          counts.add(group, count: row[2])
        } else if let failure {
          counts.add(failure: failure, count: row[2])
        }
      }
      return counts
    }
  }
}
