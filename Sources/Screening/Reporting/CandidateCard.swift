public import Crystal
public import ScreeningStore
internal import StructureArchive
internal import TextFormats

/// All that a run knows of one candidate.
public struct CandidateCard: Sendable {
  /// What one model says of it.
  public struct Prediction: Sendable {
    /// Name of the model.
    public let model: String
    /// The row by which it lies on the hull; nil for a model that places nothing there.
    public let row: RankedRow?
    /// Its place among the model's candidates, from 1; nil without a row.
    public let rank: Int?
    /// The score of a model that places nothing on a hull, with its unit.
    public let score: Double?
    /// The unit of the score.
    public let unit: String
    /// Standard deviation over the ensemble, where there is one.
    public let spread: Double?
    /// What each member predicts; empty where that was not kept.
    public let members: [Double]
  }

  /// The record.
  public let key: RecordKey
  /// The material's id.
  public let id: String
  /// Formula of the reduced composition.
  public let formula: String
  /// Number of sites.
  public let siteCount: Int
  /// Volume (Å³).
  public let volume: Double
  /// What its archive is called.
  public let source: String
  /// What is known of its chemical system, how it was read, and the like; one statement each.
  public let notes: [String]
  /// The hull of its ranks.
  public let hull: RankingHull
  /// By model, in the order of the run.
  public let predictions: [Prediction]
  /// The crystal; nil where the run keeps none.
  public let structure: Structure?

  /// Reads a candidate of a run.
  ///
  /// - Parameters:
  ///   - name: its id, or `SOURCE:RECORD` as in tables of the run.
  ///   - directory: the run directory.
  ///   - hull: the hull of ranks; nil for the run's standard one.
  /// - Throws: `ScreeningError` where there is no such candidate, naming ids that begin alike, or several, naming their
  ///   keys; where the record was rejected, with the reason.
  public init(_ name: String, in directory: String, hull: RankingHull? = nil) throws {
    let store = try openRun(directory)
    let run = try store.description()
    let hull = try hull ?? store.standardHull()
    let key = try Self.key(of: name, in: store, run, directory)
    let unranked = Set(unrankedModels(in: run))
    var first: RankedRow?
    var predictions: [Prediction] = []
    for (index, model) in run.models.enumerated() {
      let score = try store.score(of: key, model: index)
      var row: RankedRow?
      if !unranked.contains(index) {
        row = try store.ranked(RankingFilter(model: index, limit: 1, hull: hull, record: key)).first
      }
      first = first ?? row
      predictions.append(
        Prediction(
          model: model.name, row: row,
          rank: try row.map { try store.rank(of: $0, on: hull) },
          score: unranked.contains(index) ? score?.mean : nil, unit: model.unit, spread: score?.spread,
          members: try store.members(of: key, model: index)))
    }
    guard let plain = try store.plainRow(of: key) else {
      throw ScreeningError.unreadable(path: directory, reason: "no candidate \(name)")
    }
    self.key = key
    self.hull = hull
    self.predictions = predictions
    (id, formula, siteCount, volume) = (plain.materialID, plain.formula, plain.siteCount, plain.volume)
    source = exportedName(run.sources[key.source].name)
    notes = first.map { RunReport.notes($0) } ?? []
    structure = try store.structure(of: key)
  }

  private static func key(
    of name: String, in store: RunStore, _ run: RunDescription, _ directory: String
  ) throws -> RecordKey {
    let keys = try store.keys(ofID: name)
    if keys.count == 1 { return keys[0] }
    guard keys.isEmpty else {
      let list = keys.prefix(10).map { "\($0.source):\($0.record)" }.joined(separator: ", ")
      throw ScreeningError.invalid(
        "\(directory): \(keys.count) candidates have the id \(name); name one of them by its record: \(list)"
          + (keys.count > 10 ? " …" : ""))
    }
    let parts = name.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    if parts.count == 2, let source = parts[0], let record = parts[1], run.sources.indices.contains(source),
      (0..<RecordKey.maximumRecordCount).contains(record)
    {
      let key = RecordKey(source: source, record: record)
      if try store.plainRow(of: key) != nil { return key }
      if let rejection = try store.rejection(of: key) { throw rejected(rejection, directory) }
    }
    if let key = try store.firstRecord(named: name), let rejection = try store.rejection(of: key) {
      throw rejected(rejection, directory)
    }
    var near: [String] = []
    var start = name
    while near.isEmpty, start.count > 2 {
      near = try store.ids(beginningWith: start, limit: 5)
      start.removeLast()
    }
    throw ScreeningError.unreadable(
      path: directory,
      reason: "no candidate \(name)"
        + (near.isEmpty ? "" : "; ids that begin alike: \(near.joined(separator: ", "))"))
  }

  private static func rejected(_ rejection: StoredRejection, _ directory: String) -> ScreeningError {
    .unreadable(
      path: directory,
      reason:
        "record \(rejection.key.record) of \(exportedName(rejection.sourceName)) was rejected by \(rejection.stage) "
        + "(\(rejection.reason)): \(rejection.message)")
  }
}

extension CandidateCard {
  /// The crystal as a CIF, or as a POSCAR.
  ///
  /// - Throws: `ScreeningError` where the run keeps no crystals.
  public func structureText(asPOSCAR: Bool) throws -> String {
    guard let structure else {
      throw ScreeningError.invalid("the run keeps no crystals (store.structures was false)")
    }
    return asPOSCAR
      ? poscarText(comment: "\(id) \(formula)", structure: structure) : cifText(id: id, structure: structure)
  }

  /// The card as one JSON object.
  public var json: String {
    func number(_ value: Double?) -> JSONTree { .real(value) }
    let models = predictions.map { prediction -> JSONTree in
      let place = prediction.row?.place(on: hull)
      return .object([
        "model": .string(prediction.model), "rank": prediction.rank.map { .count($0) } ?? .null,
        "formation_energy_per_atom": number(prediction.row?.stability.energy),
        "std": number(prediction.spread),
        "e_above_hull": number(place?.energyAboveHull),
        "decomposition_energy": number(place?.decompositionEnergy),
        "decomposition": place?.decomposition.map { .string($0) } ?? .null,
        "p_stable": number(place?.probability), "sigma": number(prediction.row?.stability.sigma),
        "flags": .array((prediction.row?.flags(on: hull) ?? []).map { .string($0.rawValue) }),
        "score": number(prediction.score), "unit": .string(prediction.unit),
        "members": .array(prediction.members.map { number($0) }),
      ])
    }
    let crystal: JSONTree =
      structure.map { structure in
        func vector(_ vector: SIMD3<Double>) -> JSONTree {
          .array([.real(vector.x), .real(vector.y), .real(vector.z)])
        }
        return .object([
          "lattice": .array([structure.lattice.a, structure.lattice.b, structure.lattice.c].map(vector)),
          "species": .array(structure.elements.map { .string($0.symbol) }),
          "fractional_positions": .array(structure.fractionalPositions.map(vector)),
        ])
      } ?? .null
    return JSONTree.object([
      "id": .string(id), "formula": .string(formula), "sites": .count(siteCount), "volume_A3": .real(volume),
      "source": .string(source), "record": .count(key.record), "key": .string("\(key.source):\(key.record)"),
      "hull": .string(hull.rawValue), "notes": .array(notes.map { .string($0) }), "models": .array(models),
      "structure": crystal,
    ]).indentedText() + "\n"
  }
}
