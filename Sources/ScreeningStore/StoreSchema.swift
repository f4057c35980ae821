import GRDB

/// The tables and their migrations. Migrations are appended, never edited once released.
enum StoreSchema {
  /// "Slui", marks the file as a Sluice run store (PRAGMA application_id).
  static let applicationID = 0x536C_7569

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 first tables", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: firstTables)
      try db.execute(sql: rankingView)
    }
    migrator.registerMigration("2 combined hull", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: combinedTables)
      try db.execute(sql: "DROP VIEW ranking")
      try db.execute(sql: rankingOnBothHulls)
    }
    migrator.registerMigration("3 retry", foreignKeyChecks: .immediate) { try $0.execute(sql: retryTable) }
    migrator.registerMigration("4 distances without energies", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: "DROP VIEW ranking")
      try db.execute(sql: stabilityWithoutEnergy)
      try db.execute(sql: rankingOnBothHulls)
      let isFinished = try Bool.fetchOne(db, sql: "SELECT finished IS NOT NULL FROM run") ?? false
      if isFinished { try db.execute(sql: rankingIndex) }
    }
    migrator.registerMigration("5 coverage, competitors and odds", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: "DROP VIEW ranking")
      try db.execute(sql: coverageAndOdds)
      try db.execute(sql: preparationTables)
      try db.execute(sql: rankingWithCoverage)
      let isFinished = try Bool.fetchOne(db, sql: "SELECT finished IS NOT NULL FROM run") ?? false
      if isFinished { try db.execute(sql: competitorIndex) }
    }
    migrator.registerMigration("6 rules of reading", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: "DROP VIEW ranking")
      try db.execute(sql: rulesOfReading)
      try db.execute(sql: rankingWithReading)
    }
    migrator.registerMigration("7 symmetry", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: "DROP VIEW ranking")
      try db.execute(sql: symmetryColumns)
      try db.execute(sql: rankingWithSymmetry)
    }
    migrator.registerMigration("8 shards", foreignKeyChecks: .immediate) { try $0.execute(sql: shardTables) }
    return migrator
  }

  /// A database in memory with the tables of this version and no row, made once a process: eight migrations take as long as
  /// dozens of records, and a task of a cluster makes a store for each of its shards.
  static let empty = Result {
    let database = try DatabaseQueue()
    try database.write { try $0.execute(sql: "PRAGMA application_id = \(applicationID)") }
    try migrator.migrate(database)
    return database
  }

  static func unknownMigrations(_ db: Database) throws -> [String] {
    try migrator.appliedIdentifiers(db).subtracting(migrator.migrations).sorted()
  }

  /// Made when a run is finished.
  static let rankingIndex = "CREATE INDEX IF NOT EXISTS stability_by_hull ON stability (e_above_hull)"

  /// Made when a run is finished. A model without competitors has the distance to the references alone.
  static let competitorIndex = """
    CREATE INDEX IF NOT EXISTS stability_by_competitor_hull
    ON stability (coalesce(e_above_competitor_hull, e_above_hull))
    """

  /// Takes back what is made when a run is finished.
  static let dropIndexes = """
    DROP INDEX IF EXISTS stability_by_hull;
    DROP INDEX IF EXISTS stability_by_competitor_hull;
    """

  private static let coverageAndOdds = """
    ALTER TABLE models ADD COLUMN calibration TEXT;
    ALTER TABLE structures ADD COLUMN shape TEXT;
    ALTER TABLE structures ADD COLUMN evaluations INTEGER;
    ALTER TABLE stability ADD COLUMN compounds INTEGER;
    ALTER TABLE stability ADD COLUMN unknown_pairs INTEGER;
    ALTER TABLE stability ADD COLUMN elements_without_phase INTEGER;
    ALTER TABLE stability ADD COLUMN elements_only INTEGER;
    ALTER TABLE stability ADD COLUMN coverage_flags TEXT;
    ALTER TABLE stability ADD COLUMN e_above_competitor_hull REAL;
    ALTER TABLE stability ADD COLUMN competitor_decomposition_energy REAL;
    ALTER TABLE stability ADD COLUMN competitor_decomposition TEXT;
    ALTER TABLE stability ADD COLUMN sigma REAL;
    ALTER TABLE stability ADD COLUMN p_stable REAL;
    ALTER TABLE stability ADD COLUMN competitor_p_stable REAL;
    """

  private static let rulesOfReading = """
    ALTER TABLE structures ADD COLUMN reading TEXT;
    ALTER TABLE rejections ADD COLUMN reading TEXT;
    """

  private static let symmetryColumns = """
    ALTER TABLE structures ADD COLUMN space_group INTEGER;
    ALTER TABLE structures ADD COLUMN space_group_symbol TEXT;
    ALTER TABLE structures ADD COLUMN crystal_system TEXT;
    ALTER TABLE structures ADD COLUMN wyckoff_letters TEXT;
    ALTER TABLE structures ADD COLUMN wyckoff_sites TEXT;
    ALTER TABLE structures ADD COLUMN symmetry_failure TEXT;
    """

  private static let shardTables = """
    ALTER TABLE sources ADD COLUMN first INTEGER;
    CREATE TABLE shards (
      shard INTEGER PRIMARY KEY,
      plan TEXT NOT NULL,
      shard_count INTEGER NOT NULL,
      records INTEGER NOT NULL,
      processor TEXT NOT NULL,
      sluice_version TEXT NOT NULL
    ) STRICT;
    """

  private static let preparationTables = """
    CREATE TABLE preparation (
      task TEXT PRIMARY KEY,
      done INTEGER NOT NULL,
      total INTEGER NOT NULL,
      result TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE competitors (
      competitor INTEGER NOT NULL,
      model INTEGER NOT NULL,
      prototype TEXT NOT NULL,
      formula TEXT NOT NULL,
      volume REAL NOT NULL,
      energy REAL,
      std REAL,
      is_reference INTEGER NOT NULL CHECK (is_reference IN (0, 1)),
      message TEXT,
      PRIMARY KEY (competitor, model)
    ) STRICT, WITHOUT ROWID;
    """

  private static let rankingWithCoverage = """
    CREATE VIEW ranking AS
    SELECT structures.material_id, structures.formula, structures.chemical_system, structures.sites,
      structures.volume, models.name AS model, stability.energy, scores.std AS energy_std, stability.e_above_hull,
      stability.decomposition_energy, stability.decomposition, structures.source, structures.record,
      stability.record_key, stability.model AS model_index,
      combined_stability.e_above_hull AS e_above_combined_hull,
      combined_stability.decomposition_energy AS combined_decomposition_energy,
      combined_stability.decomposition AS combined_decomposition,
      stability.e_above_competitor_hull, stability.competitor_decomposition_energy,
      stability.competitor_decomposition, stability.sigma, stability.p_stable, stability.competitor_p_stable,
      stability.compounds, stability.unknown_pairs, stability.elements_without_phase, stability.elements_only,
      stability.coverage_flags, structures.shape, structures.evaluations
    FROM stability
    JOIN structures ON structures.record_key = stability.record_key
    JOIN models ON models.model = stability.model
    LEFT JOIN scores ON scores.record_key = stability.record_key AND scores.model = stability.model
    LEFT JOIN combined_stability ON combined_stability.record_key = stability.record_key
      AND combined_stability.model = stability.model
    ORDER BY stability.e_above_hull, structures.material_id, stability.record_key, stability.model;
    """

  private static let rankingWithReading = """
    CREATE VIEW ranking AS
    SELECT structures.material_id, structures.formula, structures.chemical_system, structures.sites,
      structures.volume, models.name AS model, stability.energy, scores.std AS energy_std, stability.e_above_hull,
      stability.decomposition_energy, stability.decomposition, structures.source, structures.record,
      stability.record_key, stability.model AS model_index,
      combined_stability.e_above_hull AS e_above_combined_hull,
      combined_stability.decomposition_energy AS combined_decomposition_energy,
      combined_stability.decomposition AS combined_decomposition,
      stability.e_above_competitor_hull, stability.competitor_decomposition_energy,
      stability.competitor_decomposition, stability.sigma, stability.p_stable, stability.competitor_p_stable,
      stability.compounds, stability.unknown_pairs, stability.elements_without_phase, stability.elements_only,
      stability.coverage_flags, structures.shape, structures.evaluations, structures.reading
    FROM stability
    JOIN structures ON structures.record_key = stability.record_key
    JOIN models ON models.model = stability.model
    LEFT JOIN scores ON scores.record_key = stability.record_key AND scores.model = stability.model
    LEFT JOIN combined_stability ON combined_stability.record_key = stability.record_key
      AND combined_stability.model = stability.model
    ORDER BY stability.e_above_hull, structures.material_id, stability.record_key, stability.model;
    """

  private static let rankingWithSymmetry = """
    CREATE VIEW ranking AS
    SELECT structures.material_id, structures.formula, structures.chemical_system, structures.sites,
      structures.volume, models.name AS model, stability.energy, scores.std AS energy_std, stability.e_above_hull,
      stability.decomposition_energy, stability.decomposition, structures.source, structures.record,
      stability.record_key, stability.model AS model_index,
      combined_stability.e_above_hull AS e_above_combined_hull,
      combined_stability.decomposition_energy AS combined_decomposition_energy,
      combined_stability.decomposition AS combined_decomposition,
      stability.e_above_competitor_hull, stability.competitor_decomposition_energy,
      stability.competitor_decomposition, stability.sigma, stability.p_stable, stability.competitor_p_stable,
      stability.compounds, stability.unknown_pairs, stability.elements_without_phase, stability.elements_only,
      stability.coverage_flags, structures.shape, structures.evaluations, structures.reading,
      structures.space_group, structures.space_group_symbol, structures.crystal_system, structures.wyckoff_letters,
      structures.wyckoff_sites, structures.symmetry_failure
    FROM stability
    JOIN structures ON structures.record_key = stability.record_key
    JOIN models ON models.model = stability.model
    LEFT JOIN scores ON scores.record_key = stability.record_key AND scores.model = stability.model
    LEFT JOIN combined_stability ON combined_stability.record_key = stability.record_key
      AND combined_stability.model = stability.model
    ORDER BY stability.e_above_hull, structures.material_id, stability.record_key, stability.model;
    """

  private static let firstTables = """
    CREATE TABLE run (
      only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
      name TEXT NOT NULL,
      plan TEXT NOT NULL,
      plan_fingerprint TEXT NOT NULL,
      created TEXT NOT NULL,
      sluice_version TEXT NOT NULL,
      stability_threshold REAL,
      finished TEXT
    ) STRICT;
    CREATE TABLE models (
      model INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      fingerprint TEXT NOT NULL,
      property TEXT NOT NULL,
      unit TEXT NOT NULL,
      members INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE sources (
      source INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      fingerprint TEXT,
      records INTEGER NOT NULL DEFAULT 0,
      finished INTEGER NOT NULL DEFAULT 0 CHECK (finished IN (0, 1)),
      resume_token BLOB
    ) STRICT;
    CREATE TABLE structures (
      record_key INTEGER PRIMARY KEY,
      source INTEGER NOT NULL GENERATED ALWAYS AS (record_key >> 40) VIRTUAL,
      record INTEGER NOT NULL GENERATED ALWAYS AS (record_key & 1099511627775) VIRTUAL,
      material_id TEXT NOT NULL,
      formula TEXT NOT NULL,
      chemical_system TEXT NOT NULL,
      sites INTEGER NOT NULL,
      volume REAL NOT NULL
    ) STRICT;
    CREATE TABLE crystals (
      record_key INTEGER PRIMARY KEY,
      payload BLOB NOT NULL
    ) STRICT;
    CREATE TABLE scores (
      record_key INTEGER NOT NULL,
      model INTEGER NOT NULL,
      mean REAL NOT NULL,
      std REAL,
      members BLOB,
      PRIMARY KEY (record_key, model)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE stability (
      record_key INTEGER NOT NULL,
      model INTEGER NOT NULL,
      energy REAL NOT NULL,
      e_above_hull REAL NOT NULL,
      decomposition_energy REAL,
      decomposition TEXT,
      PRIMARY KEY (record_key, model)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE rejections (
      record_key INTEGER PRIMARY KEY,
      source INTEGER NOT NULL GENERATED ALWAYS AS (record_key >> 40) VIRTUAL,
      record INTEGER NOT NULL GENERATED ALWAYS AS (record_key & 1099511627775) VIRTUAL,
      member TEXT,
      byte_offset INTEGER,
      material_id TEXT,
      stage TEXT NOT NULL,
      reason TEXT NOT NULL,
      message TEXT NOT NULL
    ) STRICT;
    CREATE TABLE outcomes (
      outcome TEXT NOT NULL CHECK (outcome IN ('row', 'rejected', 'filtered')),
      stage TEXT NOT NULL,
      reason TEXT NOT NULL,
      records INTEGER NOT NULL,
      PRIMARY KEY (outcome, stage, reason)
    ) STRICT, WITHOUT ROWID;
    """

  private static let rankingView = """
    CREATE VIEW ranking AS
    SELECT structures.material_id, structures.formula, structures.chemical_system, structures.sites,
      structures.volume, models.name AS model, stability.energy, scores.std AS energy_std, stability.e_above_hull,
      stability.decomposition_energy, stability.decomposition, structures.source, structures.record,
      stability.record_key, stability.model AS model_index
    FROM stability
    JOIN structures ON structures.record_key = stability.record_key
    JOIN models ON models.model = stability.model
    LEFT JOIN scores ON scores.record_key = stability.record_key AND scores.model = stability.model
    ORDER BY stability.e_above_hull, structures.material_id, stability.record_key, stability.model;
    """

  private static let retryTable = """
    CREATE TABLE retry (
      only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
      next_key INTEGER NOT NULL
    ) STRICT;
    """

  /// A model that predicts the distance itself has no energy.
  private static let stabilityWithoutEnergy = """
    ALTER TABLE stability RENAME TO stability_with_energy;
    DROP INDEX IF EXISTS stability_by_hull;
    CREATE TABLE stability (
      record_key INTEGER NOT NULL,
      model INTEGER NOT NULL,
      energy REAL,
      e_above_hull REAL NOT NULL,
      decomposition_energy REAL,
      decomposition TEXT,
      PRIMARY KEY (record_key, model)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO stability SELECT * FROM stability_with_energy;
    DROP TABLE stability_with_energy;
    """

  private static let combinedTables = """
    CREATE TABLE combined_hull (
      only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
      computed TEXT NOT NULL,
      candidates INTEGER NOT NULL,
      reference TEXT NOT NULL,
      reference_fingerprint TEXT NOT NULL
    ) STRICT;
    CREATE TABLE combined_stability (
      record_key INTEGER NOT NULL,
      model INTEGER NOT NULL,
      e_above_hull REAL NOT NULL,
      decomposition_energy REAL NOT NULL,
      decomposition TEXT NOT NULL,
      PRIMARY KEY (record_key, model)
    ) STRICT, WITHOUT ROWID;
    """

  private static let rankingOnBothHulls = """
    CREATE VIEW ranking AS
    SELECT structures.material_id, structures.formula, structures.chemical_system, structures.sites,
      structures.volume, models.name AS model, stability.energy, scores.std AS energy_std, stability.e_above_hull,
      stability.decomposition_energy, stability.decomposition, structures.source, structures.record,
      stability.record_key, stability.model AS model_index,
      combined_stability.e_above_hull AS e_above_combined_hull,
      combined_stability.decomposition_energy AS combined_decomposition_energy,
      combined_stability.decomposition AS combined_decomposition
    FROM stability
    JOIN structures ON structures.record_key = stability.record_key
    JOIN models ON models.model = stability.model
    LEFT JOIN scores ON scores.record_key = stability.record_key AND scores.model = stability.model
    LEFT JOIN combined_stability ON combined_stability.record_key = stability.record_key
      AND combined_stability.model = stability.model
    ORDER BY stability.e_above_hull, structures.material_id, stability.record_key, stability.model;
    """
}
