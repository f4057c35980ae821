internal import Crystal
internal import PhaseStability
internal import StructureArchive
internal import TextFormats

/// One entry of a file of computed energies, as far as a hull needs it.
struct ComputedEntry {
  /// Where it stands, for messages: "entry 3 (mp-19990)".
  let place: String
  let composition: Composition
  /// The formula as given, else that of the reduced composition.
  let formula: String
  /// Formation energy (eV/atom).
  let formationEnergy: EntryQuantity<DecimalNumber>
  /// Total energy with its corrections (eV/atom).
  let totalEnergy: EntryQuantity<Double>
  /// Names of the schemes that corrected the energy.
  let schemes: Set<String>
  /// Whether the energy bears corrections, named or not.
  let isCorrected: Bool
  /// The kind of calculation, "GGA" and "GGA+U" being one.
  let functional: String?

  /// Names of the fields of a formation energy; providers of OPTIMADE put "_name_" before theirs.
  static let formationNames = ["formation_energy_per_atom", "formation_energy_peratom", "delta_e"]

  /// Whether there is an energy; entries may leave it null.
  var hasEnergy: Bool { !formationEnergy.isAbsent || !totalEnergy.isAbsent }

  /// Reads an entry.
  ///
  /// - Returns: nil for a record that is no entry, such as the header lines of OPTIMADE.
  /// - Throws: `EntryProblem`.
  init?(_ record: ArchiveRecord) throws(EntryProblem) {
    guard let fields = try EntryFields(record) else { return nil }
    let id = ["entry_id", "id", "material_id", "mat_id"].lazy.compactMap { fields.text($0) }.first
    place = "entry \(record.index + 1)" + (id.map { " (\($0))" } ?? "")
    let corrections = EntryCorrections(fields)
    do {
      let given = try fields.composition(of: record)
      composition = given.composition
      formula = given.formula ?? given.composition.reducedFormula
      formationEnergy = fields.quantity(Self.formationNames)
      totalEnergy = try fields.energyPerAtom(of: record, given.composition, corrections)
    } catch {
      throw EntryProblem(place: place, reason: error.reason)
    }
    schemes = corrections.schemes
    isCorrected = corrections.isCorrected
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

/// A number that an entry may have.
enum EntryQuantity<Value> {
  /// It is not there, or null.
  case absent
  case value(Value)
  /// It is there and no number can be taken from it: an error where that is needed.
  case unusable(reason: String)

  var isAbsent: Bool { if case .absent = self { true } else { false } }
  var value: Value? { if case .value(let value) = self { value } else { nil } }
}

/// Why an entry is none.
struct EntryProblem: Error {
  let place: String
  let reason: String
}

/// The fields of an entry, wherever its format keeps them: at the top, under "attributes", "data" or "parameters".
struct EntryFields {
  private let levels: [JSONMembers]

  init(_ root: JSONMembers) {
    let data = root["data"]?.members
    levels =
      [root]
      + [root["attributes"]?.members, data, data?["attributes"]?.members, root["parameters"]?.members]
      .compactMap { $0 }
  }

  /// The fields of a record.
  ///
  /// - Returns: nil for a record that is no entry: the header lines of OPTIMADE.
  /// - Throws: `EntryProblem` where it is no JSON object.
  init?(_ record: ArchiveRecord) throws(EntryProblem) {
    func problem(_ detail: String) -> EntryProblem {
      EntryProblem(
        place: "entry \(record.index + 1)", reason: "cannot be read as a JSON object (\(detail))")
    }
    if let failure = record.failure { throw problem("\(failure)") }
    guard record.format == .json else { throw problem("it is none") }
    let tree: JSONTree
    do { tree = try JSONTree(record.bytes) } catch { throw problem("\(error)") }
    guard let root = tree.members else { throw problem("it is none") }
    if root["x-optimade"] != nil || root["type"]?.text == "info" { return nil }
    self.init(root)
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
        let prefixed = level.filter { Self.isPrefix($0.name, name) }.sorted { $0.name < $1.name }
        if let value = prefixed.lazy.compactMap({ Self.decimal($0.value) }).first { return value }
      }
    }
    return nil
  }

  /// The same in binary.
  func number(_ names: [String]) -> Double? { decimal(names)?.doubleValue }

  /// The first number under one of the names; where there is none, it matters whether one of them has NaN or an infinity.
  func quantity(_ names: [String]) -> EntryQuantity<DecimalNumber> {
    if let number = decimal(names) { return .value(number) }
    return unusable(names) ?? .absent
  }

  /// The first of the names that is there with NaN or an infinity, and what is there.
  func notFinite(_ names: [String]) -> (name: String, text: String)? {
    for member in levels.joined() {
      guard case .notFinite(let text) = member.value, names.contains(where: { Self.isName(member.name, $0) })
      else { continue }
      return (member.name, text)
    }
    return nil
  }

  /// The same as a quantity that no number can be taken from.
  func unusable<Value>(_ names: [String]) -> EntryQuantity<Value>? {
    notFinite(names).map { .unusable(reason: "\($0.name) is \($0.text), no finite number") }
  }

  /// Whether one of the names is there without a value.
  func holdsNull(_ names: [String]) -> Bool {
    levels.joined().contains { member in
      member.value.isNull && names.contains { Self.isName(member.name, $0) }
    }
  }

  private static func isName(_ key: String, _ name: String) -> Bool { key == name || isPrefix(key, name) }

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
  ) throws(EntryProblem) -> EntryQuantity<Double> {
    if let energy = number(["energy_per_atom"]) { return .value(energy) }
    guard let energy = number(["energy"]) else {
      return unusable(["energy_per_atom", "energy"]) ?? .absent
    }
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
    switch corrections.sum {
    case .absent: return .value(energy / Double(atoms))
    case .value(let sum): return .value((energy + sum) / Double(atoms))
    case .unusable(let reason): return .unusable(reason: reason)
    }
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

  private static func composition(_ amounts: JSONMembers) throws(EntryProblem) -> Composition {
    var parts: [Composition.Part] = []
    for member in amounts {
      let symbol = member.name
      // Species may carry an oxidation state: "Fe3+".
      guard let element = Element(species: symbol.prefix { $0.isLetter }) else {
        throw EntryProblem(place: "", reason: "\"\(symbol)\" in its composition is no element")
      }
      guard let amount = decimal(member.value)?.doubleValue, amount > 0, amount < 1e9,
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
  let sum: EntryQuantity<Double>
  let schemes: Set<String>
  /// Whether there is any, named or not.
  let isCorrected: Bool

  /// How far `correction` and the sum of `energy_adjustments` may differ (eV per entry): by rounding.
  static let tolerance = 1e-3

  init(_ fields: EntryFields) {
    let adjustments = fields["energy_adjustments"]
    let (given, listed) = (Self.given(fields), Self.listed(adjustments))
    sum = Self.agreed(given, listed)
    var names: Set<String> = []
    for adjustment in adjustments?.elements ?? [] {
      let origin = adjustment["cls"]
      if let name = origin?["@class"]?.text ?? origin?["name"]?.text { names.insert(name) }
    }
    for key in ["correction_scheme", "compatibility"] {
      if let name = fields.text(key) { names.insert(name) }
    }
    schemes = names
    isCorrected = !names.isEmpty || [given, listed].contains { !$0.isAbsent && $0.value != 0 }
  }

  /// What `correction` says.
  private static func given(_ fields: EntryFields) -> EntryQuantity<Double> {
    if let number = fields.number(["correction"]) { return .value(number) }
    if fields["correction"] != nil { return .unusable(reason: "correction is no number") }
    return fields.unusable(["correction"]) ?? .absent
  }

  /// What the list of adjustments adds up to.
  private static func listed(_ adjustments: JSONTree?) -> EntryQuantity<Double> {
    guard let adjustments else { return .absent }
    guard let elements = adjustments.elements else {
      return .unusable(reason: "energy_adjustments is no list")
    }
    var sum = 0.0
    for (index, element) in elements.enumerated() {
      guard let value = element.members.flatMap({ value(EntryFields($0)) }) else {
        return .unusable(reason: "the value of item \(index + 1) of energy_adjustments cannot be told")
      }
      sum += value
    }
    return elements.isEmpty ? .absent : .value(sum)
  }

  /// What an adjustment adds (eV per entry).
  private static func value(_ part: EntryFields) -> Double? {
    if let value = part.number(["value"]) { return value }
    guard let atoms = part.number(["n_atoms"]) else { return nil }
    if let energy = part.number(["adj_per_atom"]) { return atoms * energy }
    guard let slope = part.number(["adj_per_deg"]), let temperature = part.number(["temp"]) else {
      return nil
    }
    return atoms * slope * temperature
  }

  /// What both say. Neither is taken where they contradict each other: the energy with one of them is wrong.
  private static func agreed(
    _ given: EntryQuantity<Double>, _ listed: EntryQuantity<Double>
  ) -> EntryQuantity<Double> {
    switch (given, listed) {
    case (.value(let given), .value(let listed)) where abs(given - listed) > tolerance:
      .unusable(
        reason:
          "correction is \(given) eV, and energy_adjustments add up to \(listed) eV; leave the wrong one out")
    case (.value, _), (_, .absent): given
    case (.absent, _), (_, .value): listed
    case (.unusable, .unusable): given
    }
  }
}
