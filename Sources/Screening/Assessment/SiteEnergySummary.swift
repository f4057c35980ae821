internal import Crystal
internal import Prototypes
internal import StructureArchive

/// Mean site energies of a model by element and sublattice, over the crystals that are decorations of one prototype.
///
/// The sublattice of a site is the label of the prototype that its element is on (`PrototypeMatcher`): in an ideal perovskite
/// ABX3 the sites of one element each are A, in the middle of twelve X, B, in the middle of six, and X. Crystals that are no such
/// decoration, as those with one element on two labels, have no part in the means.
public struct SiteEnergySummary: Sendable {
  /// The sites of one element on one sublattice.
  public struct Entry: Hashable, Sendable {
    /// Label of the sublattice.
    public let sublattice: String
    /// Symbol of the element.
    public let element: String
    /// Number of sites.
    public let count: Int
    /// Mean energy of a site (eV).
    public let mean: Double
    /// Standard deviation over the sites (eV), n − 1; 0 for a single one.
    public let standardDeviation: Double
  }

  /// Name of the prototype.
  public let prototype: String
  /// By sublattice in the prototype's order, then by atomic number.
  public let entries: [Entry]
  /// Crystals that the means are of.
  public let memberCount: Int
  /// Crystals with site energies that are no decorations of the prototype.
  public let otherCount: Int
  /// Crystals among the structures without site energies.
  public let withoutEnergies: Int
  /// Records of the structures that could not be read.
  public let report: TableReport
  /// Labels of the prototype, in its order.
  let sublattices: [String]
  /// Symbols of the elements, by atomic number.
  let elements: [String]

  /// Sums up a table of site energies.
  ///
  /// - Parameters:
  ///   - path: the table, as `PredictionTable.write` makes it: `id,site,element,energy`.
  ///   - structures: archive of the crystals, each with an id of its own.
  ///   - name: name of a built-in prototype, or a structure file.
  ///   - jobs: number of threads.
  /// - Throws: `ScreeningError` where the table is none of these crystals' (with its line), or none of them is a decoration;
  ///   `ArchiveError`.
  public init(_ path: String, structures: String, prototype name: String, jobs: Int) throws {
    let prototype = try knownPrototype(name)
    let labels = prototype.labels
    var report = TableReport()
    var crystals = try Self.crystals(structures, prototype, jobs: jobs, &report)
    var sums: [Place: Moments] = [:]
    try Self.read(path, structures, &crystals) { label, element, energy in
      sums[Place(label: label, element: element), default: Moments()].add(energy)
    }
    guard !sums.isEmpty else {
      throw ScreeningError.unreadable(
        path: path, reason: "no crystal with site energies is a decoration of \(prototype.name)")
    }
    let known = crystals.values.filter { $0.seen > 0 }
    memberCount = known.count { !$0.labels.isEmpty }
    otherCount = known.count - memberCount
    withoutEnergies = crystals.count - known.count
    sublattices = labels
    entries = sums.sorted { ($0.key.label, $0.key.element) < ($1.key.label, $1.key.element) }.map {
      Entry(
        sublattice: labels[$0.key.label], element: $0.key.element.symbol, count: $0.value.count,
        mean: $0.value.mean, standardDeviation: $0.value.standardDeviation)
    }
    elements = Set(sums.keys.map(\.element)).sorted().map(\.symbol)
    self.prototype = prototype.name
    self.report = report
  }

  private struct Place: Hashable {
    let label: Int
    let element: Element
  }

  private struct CrystalSites: Sendable {
    let elements: [Element]
    /// Label of each site; empty where the crystal is no decoration.
    let labels: [Int]
    /// Sites whose energies have been read.
    var seen = 0
  }

  /// Mean and deviation as values come, by B. P. Welford, Technometrics 4, 419 (1962).
  private struct Moments {
    private(set) var count = 0
    private(set) var mean = 0.0
    private var squares = 0.0

    var standardDeviation: Double { count > 1 ? (squares / Double(count - 1)).squareRoot() : 0 }

    mutating func add(_ value: Double) {
      count += 1
      let difference = value - mean
      mean += difference / Double(count)
      squares += difference * (value - mean)
    }
  }

  private static func crystals(
    _ path: String, _ prototype: Prototype, jobs: Int, _ report: inout TableReport
  ) throws -> [String: CrystalSites] {
    let matcher = PrototypeMatcher(prototype)
    var crystals: [String: CrystalSites] = [:]
    try streamCrystals(
      path, jobs: jobs, report: &report,
      work: { _, records in
        records.map { record in
          let elements = record.structure.elements
          // The elements of a match are different ones.
          let onLabels = matcher.match(record.structure)?.elements
          let labels = onLabels.map { labels in elements.compactMap { labels.firstIndex(of: $0) } }
          return .value((record.id, CrystalSites(elements: elements, labels: labels ?? [])))
        }
      },
      write: { (value: (id: String, sites: CrystalSites)) in
        guard crystals.updateValue(value.sites, forKey: value.id) == nil else {
          throw ScreeningError.unreadable(path: path, reason: "two crystals have the id \"\(value.id)\"")
        }
      })
    return crystals
  }

  private static func read(
    _ path: String, _ structures: String, _ crystals: inout [String: CrystalSites],
    _ add: (_ label: Int, _ element: Element, _ energy: Double) -> Void
  ) throws {
    var table = try TableFile(path: path, comments: .aboveHeader)
    let columns = try SiteEnergyWriter.columns.map { try table.column($0) }
    while try table.next() {
      let (id, site) = (try table.text(columns[0]), try table.text(columns[1]))
      guard let crystal = crystals[id] else {
        throw table.problem("there is no crystal \"\(id)\" in \(structures)")
      }
      guard site == "\(crystal.seen)", crystal.seen < crystal.elements.count else {
        throw table.problem(
          "site \"\(site)\" of \"\(id)\", which has \(counted(crystal.elements.count, "site")); they count from 0, in order"
        )
      }
      let element = crystal.elements[crystal.seen]
      let symbol = try table.text(columns[2])
      guard symbol == element.symbol else {
        throw table.problem("site \(site) of \"\(id)\" is \(symbol) here and \(element) in \(structures)")
      }
      guard let energy = try table.number(columns[3]) else { throw table.problem("a site without energy") }
      if !crystal.labels.isEmpty { add(crystal.labels[crystal.seen], element, energy) }
      crystals[id]?.seen += 1
    }
    for (id, crystal) in crystals.sorted(by: { $0.key < $1.key })
    where crystal.seen > 0 && crystal.seen < crystal.elements.count {
      throw ScreeningError.unreadable(
        path: path, reason: "\(crystal.seen) of \(counted(crystal.elements.count, "site")) of \"\(id)\"")
    }
  }
}
