import GRDB

/// A phase that a model predicts where the references may have none: a structure of a simple prototype.
public struct PredictedCompetitor: Hashable, Sendable {
  /// Its number within the pass.
  public let number: Int
  /// Position of the model in the run's list of models.
  public let model: Int
  /// Name of the prototype.
  public let prototype: String
  /// Formula of the reduced composition.
  public let formula: String
  /// Volume of the guessed cell (Å³).
  public let volume: Double
  /// Predicted formation energy (eV/atom); nil where there is none.
  public let energy: Double?
  /// Its standard deviation over the ensemble (eV/atom), where there is one.
  public let standardDeviation: Double?
  /// Whether the references hold a phase of that composition, so that this one does not take part.
  public var isReference: Bool
  /// Why there is no energy; nil where there is one.
  public let message: String?

  /// A predicted phase.
  public init(
    number: Int, model: Int, prototype: String, formula: String, volume: Double, energy: Double?,
    standardDeviation: Double?, isReference: Bool, message: String? = nil
  ) {
    self.number = number
    self.model = model
    self.prototype = prototype
    self.formula = formula
    self.volume = volume
    self.energy = energy
    self.standardDeviation = standardDeviation
    self.isReference = isReference
    self.message = message
  }
}

/// How far a pass before the stream has come.
public struct PreparationState: Hashable, Sendable {
  /// Items that are done.
  public let done: Int
  /// Items in all.
  public let total: Int
  /// What it came to, in its own terms; nil while it is not finished.
  public let result: String?

  /// Whether it has come to its end.
  public var isFinished: Bool { done == total }
}

extension RunStore {
  /// How far a pass has come; nil where it has not begun.
  public func preparation(_ task: String) throws(StoreError) -> PreparationState? {
    try read { db in
      try Row.fetchOne(
        db, sql: "SELECT done, total, result FROM preparation WHERE task = ?", arguments: [task]
      ).map { PreparationState(done: $0[0], total: $0[1], result: $0[2]) }
    }
  }

  /// Notes how far a pass has come, with the competitors it has made since, in one transaction.
  ///
  /// - Parameters:
  ///   - task: name of the pass.
  ///   - state: how far it is now.
  ///   - competitors: what it found since the last call; those that are there already are replaced.
  /// - Throws: `StoreError.notFinite` for an energy that is no number.
  public func notePreparation(
    _ task: String, _ state: PreparationState, competitors: [PredictedCompetitor] = []
  ) throws(StoreError) {
    for competitor in competitors where competitor.energy?.isFinite == false || !competitor.volume.isFinite {
      throw .notFinite(source: 0, record: competitor.number, what: "energy of a competitor")
    }
    try write { db in
      let statement = try db.cachedStatement(
        sql: """
          INSERT OR REPLACE INTO competitors
            (competitor, model, prototype, formula, volume, energy, std, is_reference, message)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
          """)
      for item in competitors {
        try statement.execute(
          arguments: [
            item.number, item.model, item.prototype, item.formula, item.volume, item.energy,
            item.standardDeviation, item.isReference, item.message,
          ])
      }
      try db.execute(
        sql: "INSERT OR REPLACE INTO preparation (task, done, total, result) VALUES (?, ?, ?, ?)",
        arguments: [task, state.done, state.total, state.result])
    }
  }

  /// The predicted phases of a run, by number and model.
  public func competitors() throws(StoreError) -> [PredictedCompetitor] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT competitor, model, prototype, formula, volume, energy, std, is_reference, message
          FROM competitors ORDER BY competitor, model
          """
      ).map {
        PredictedCompetitor(
          number: $0[0], model: $0[1], prototype: $0[2], formula: $0[3], volume: $0[4], energy: $0[5],
          standardDeviation: $0[6], isReference: $0[7], message: $0[8])
      }
    }
  }
}

extension PreparationState {
  /// A state of `done` items of `total`.
  public init(done: Int, of total: Int, result: String? = nil) {
    self.init(done: done, total: total, result: result)
  }
}
