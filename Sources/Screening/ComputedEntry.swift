internal import Crystal
internal import PhaseStability
internal import StructureArchive

/// One entry of a file of computed energies, as far as a hull needs it.
struct ComputedEntry {
  /// Where it stands, for messages: "entry 3 (mp-19990)".
  let place: String
  let composition: Composition
  /// The formula as given, else that of the reduced composition.
  let formula: String
  /// Formation energy (eV/atom).
  let formationEnergy: DecimalNumber?
  /// Total energy with its corrections (eV/atom).
  let totalEnergy: Double?
  /// Names of the schemes that corrected the energy.
  let schemes: Set<String>
  /// Whether the energy bears corrections, named or not.
  let isCorrected: Bool
  /// The kind of calculation, "GGA" and "GGA+U" being one.
  let functional: String?

  /// Names of the fields of a formation energy; providers of OPTIMADE put "_name_" before theirs.
  static let formationNames = ["formation_energy_per_atom", "formation_energy_peratom", "delta_e"]

  /// Whether there is an energy; entries may leave it null.
  var hasEnergy: Bool { formationEnergy != nil || totalEnergy != nil }

  /// Reads an entry.
  ///
  /// - Returns: nil for a record that is no entry, such as the header lines of OPTIMADE.
  /// - Throws: `EntryProblem`.
  init?(_ record: ArchiveRecord) throws(EntryProblem) {
    guard record.failure == nil, record.format == .json,
      let tree = JSONTree(record.bytes), let root = tree.members
    else {
      throw EntryProblem(place: "entry \(record.index + 1)", reason: "cannot be read as a JSON object")
    }
    if root["x-optimade"] != nil || root["type"]?.text == "info" { return nil }
    let fields = EntryFields(root)
    let id = ["entry_id", "id", "material_id", "mat_id"].lazy.compactMap { fields.text($0) }.first
    place = "entry \(record.index + 1)" + (id.map { " (\($0))" } ?? "")
    let corrections = EntryCorrections(fields)
    do {
      let given = try fields.composition(of: record)
      composition = given.composition
      formula = given.formula ?? given.composition.reducedFormula
      formationEnergy = fields.decimal(Self.formationNames)
      totalEnergy = try fields.energyPerAtom(of: record, given.composition, corrections)
    } catch {
      throw EntryProblem(place: place, reason: error.reason)
    }
    schemes = corrections.schemes
    isCorrected = corrections.sum != 0 || !corrections.schemes.isEmpty
    functional = fields.text("run_type").map(Self.family)
    let names = Self.formationNames + ["energy_per_atom", "energy"]
    guard hasEnergy || fields.holdsNull(names) else {
      throw EntryProblem(place: place, reason: "no number under \(names.joined(separator: ", "))")
    }
  }

  /// GGA and GGA+U belong together where a scheme corrects for it; anything else is told apart by name.
  private static func family(_ runType: String) -> String {
    let name = runType.uppercased().replacing("_U", with: "").replacing("+U", with: "")
    return name == "PBE" ? "GGA" : name
  }
}

/// Why an entry is none.
struct EntryProblem: Error {
  let place: String
  let reason: String
}

/// The fields of an entry, wherever its format keeps them: at the top, under "attributes", "data" or "parameters".
struct EntryFields {
  private let levels: [[String: JSONTree]]

  init(_ root: [String: JSONTree]) {
    levels = [root] + ["attributes", "data", "parameters"].compactMap { root[$0]?.members }
  }

  subscript(name: String) -> JSONTree? {
    levels.lazy.compactMap { $0[name] }.first { !$0.isNull }
  }

  func text(_ name: String) -> String? { self[name]?.text }

  /// The first number under one of the names, or under one of them with a provider's prefix.
  func decimal(_ names: [String]) -> DecimalNumber? {
    for name in names {
      for level in levels {
        if let value = Self.decimal(level[name]) { return value }
        let prefixed = level.keys.filter { Self.isPrefix($0, name) }
        if let value = prefixed.sorted().lazy.compactMap({ Self.decimal(level[$0]) }).first { return value }
      }
    }
    return nil
  }

  /// The same in binary.
  func number(_ names: [String]) -> Double? { decimal(names)?.doubleValue }

  /// Whether one of the names is there without a value.
  func holdsNull(_ names: [String]) -> Bool {
    levels.contains { level in
      level.contains { key, value in
        value.isNull && names.contains { key == $0 || Self.isPrefix(key, $0) }
      }
    }
  }

  /// Whether a key is a provider's prefix, "_name_", and the name: "_mp_energy", not "_mp_total_energy".
  private static func isPrefix(_ key: String, _ name: String) -> Bool {
    guard key.hasPrefix("_"), key.hasSuffix("_" + name) else { return false }
    return !key.dropFirst().dropLast(name.utf8.count + 1).contains("_")
  }

  private static func decimal(_ value: JSONTree?) -> DecimalNumber? {
    guard case .number(let text) = value, let number = DecimalNumber(text), number.doubleValue.isFinite else {
      return nil
    }
    return number
  }

  /// The composition, and the formula where one is given.
  func composition(
    of record: ArchiveRecord
  ) throws(EntryProblem) -> (composition: Composition, formula: String?) {
    if let amounts = self["composition"]?.members { return (try Self.composition(amounts), nil) }
    let names = [
      "composition", "formula", "chemical_formula_reduced", "formula_pretty", "reduced_formula",
      "pretty_formula",
    ]
    guard let formula = names.lazy.compactMap({ text($0) }).first else {
      guard holdsCell else {
        throw EntryProblem(place: "", reason: "neither composition, formula nor structure")
      }
      return (try structure(of: record).composition, nil)
    }
    do {
      return (try Composition(formula: formula), formula)
    } catch {
      throw EntryProblem(place: "", reason: "\"\(formula)\" is no formula (\(error))")
    }
  }

  /// The total energy with its corrections (eV/atom). Where it is that of a cell, the cell says how many atoms share
  /// it; a formula may be reduced.
  func energyPerAtom(
    of record: ArchiveRecord, _ composition: Composition, _ corrections: EntryCorrections
  ) throws(EntryProblem) -> Double? {
    if let energy = number(["energy_per_atom"]) { return energy }
    guard let energy = number(["energy"]) else { return nil }
    let atoms =
      if self["composition"]?.members != nil {
        composition.atomCount
      } else if let sites = number(["nsites"]), sites >= 1, sites < 1e9 {
        Int(sites)
      } else if holdsCell {
        try structure(of: record).siteCount
      } else {
        composition.atomCount
      }
    guard atoms % composition.reduced.atomCount == 0 else {
      throw EntryProblem(
        place: "", reason: "\(atoms) atoms are no multiple of \(composition.reducedFormula)")
    }
    return (energy + corrections.sum) / Double(atoms)
  }

  private var holdsCell: Bool {
    ["structure", "lattice", "lattice_vectors", "atoms"].contains { self[$0] != nil }
  }

  private func structure(of record: ArchiveRecord) throws(EntryProblem) -> Structure {
    do {
      return try StructureDecoder().decode(record).structure
    } catch {
      throw EntryProblem(place: "", reason: "its structure cannot be read (\(error.message))")
    }
  }

  private static func composition(_ amounts: [String: JSONTree]) throws(EntryProblem) -> Composition {
    var parts: [Composition.Part] = []
    for (symbol, value) in amounts {
      // Species may carry an oxidation state: "Fe3+".
      guard let element = Element(species: symbol.prefix { $0.isLetter }) else {
        throw EntryProblem(place: "", reason: "\"\(symbol)\" in its composition is no element")
      }
      guard let amount = decimal(value)?.doubleValue, amount > 0, amount < 1e9,
        abs(amount - amount.rounded()) < 1e-6
      else {
        throw EntryProblem(place: "", reason: "the amount of \(symbol) in its composition is no whole number")
      }
      parts.append(Composition.Part(element: element, count: Int(amount.rounded())))
    }
    do {
      return try Composition(parts: parts)
    } catch {
      throw EntryProblem(place: "", reason: "its composition is empty or too large")
    }
  }
}

/// What was added to a computed energy, and by which schemes.
struct EntryCorrections {
  /// Sum of the corrections (eV per entry).
  let sum: Double
  let schemes: Set<String>

  init(_ fields: EntryFields) {
    let adjustments = (fields["energy_adjustments"]?.elements ?? []).compactMap(\.members)
    let parts = adjustments.map { EntryFields($0) }.map { part in
      part.number(["value"])
        ?? (part.number(["n_atoms"]) ?? 0)
        * (part.number(["adj_per_atom"])
          ?? (part.number(["adj_per_deg"]) ?? 0) * (part.number(["temp"]) ?? 0))
    }
    sum = fields.number(["correction"]) ?? parts.reduce(0, +)
    var names: Set<String> = []
    for adjustment in adjustments {
      let origin = adjustment["cls"]
      if let name = origin?["@class"]?.text ?? origin?["name"]?.text { names.insert(name) }
    }
    for key in ["correction_scheme", "compatibility"] {
      if let name = fields.text(key) { names.insert(name) }
    }
    schemes = names
  }
}
