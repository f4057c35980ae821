public import Crystal

/// What to do with a site that is shared by several species or partly empty.
public enum OccupancyPolicy: String, Hashable, Sendable {
  /// Refuse the record with `.partialOccupancy`.
  case reject
  /// Keep the species with the largest share; leave the site out where the empty share is larger still.
  case majority
}

/// What to do with a record whose crystal contradicts the formula that it states.
public enum FormulaPolicy: String, Hashable, Sendable {
  /// Refuse the record with `.formulaContradicted`.
  case check
  /// Note the contradiction with the record and go on.
  case note
}

/// The form in which a record gave its crystal.
public enum CrystalForm: String, CaseIterable, Hashable, Sendable {
  /// JSON with `lattice`, `species` and `frac_coords`.
  case flat = "JSON"
  /// JSON with a pymatgen structure.
  case pymatgen = "JSON, pymatgen"
  /// JSON with an OPTIMADE structure.
  case optimade = "JSON, OPTIMADE"
  /// JSON with JARVIS atoms.
  case jarvis = "JSON, JARVIS"
  /// A data block of CIF.
  case cif = "CIF"
  /// A POSCAR file.
  case poscar = "POSCAR"
  /// A frame of extended XYZ.
  case extendedXYZ = "extended XYZ"
}

/// A record turned into a crystal.
public struct DecodedRecord: Sendable {
  /// The id that the record names, or else its `defaultID`.
  public let id: String
  /// The crystal.
  public let structure: Structure
  /// Those of the requested properties that the record holds as finite numbers.
  public let properties: [String: Double]
  /// The form that the crystal was in.
  public let form: CrystalForm
  /// The rules by which something was concluded that the record does not say outright, in the order of application.
  public let notes: [ReadingNote]

  /// A decoded record.
  public init(
    id: String, structure: Structure, properties: [String: Double], form: CrystalForm = .flat,
    notes: [ReadingNote] = []
  ) {
    self.form = form
    self.notes = notes
    self.id = id
    self.structure = structure
    self.properties = properties
  }
}

/// Turns records into crystals. Safe to call from several threads at once.
public struct StructureDecoder: Sendable {
  /// Names of the numbers to take along from each record.
  public let properties: [String]
  /// Whether every number is taken along that could be named.
  public let takesAllProperties: Bool
  /// What happens to shared sites.
  public let occupancy: OccupancyPolicy
  /// What happens to records that contradict their own formula.
  public let formula: FormulaPolicy
  /// Most sites of a cell; a record with more is refused with `.tooManySites`.
  public let largestSiteCount: Int
  let propertyNames: NameList

  /// A decoder.
  ///
  /// - Parameters:
  ///   - properties: names of scalar fields; one that is absent, null or no number is left out of the result.
  ///   - takesAllProperties: takes every number along that could be named, instead of those in `properties`.
  ///   - occupancy: what happens to shared sites.
  ///   - formula: what happens to records that contradict their own formula.
  ///   - largestSiteCount: most sites of a cell, all symmetry operations applied.
  public init(
    properties: [String] = [], takesAllProperties: Bool = false, occupancy: OccupancyPolicy = .reject,
    formula: FormulaPolicy = .check, largestSiteCount: Int = 100_000
  ) {
    precondition(largestSiteCount > 0, "a crystal has sites")
    self.largestSiteCount = largestSiteCount
    self.takesAllProperties = takesAllProperties
    self.properties = takesAllProperties ? [] : properties
    self.occupancy = occupancy
    self.formula = formula
    propertyNames = NameList(self.properties)
  }

  /// The crystal that `record` describes.
  ///
  /// - Throws: `RecordError` with the reason for which it is none.
  public func decode(_ record: ArchiveRecord) throws(RecordError) -> DecodedRecord {
    if let failure = record.failure { throw failure }
    let decoded = try decodeContent(record)
    guard decoded.structure.siteCount <= largestSiteCount else {
      throw RecordError(reason: .tooManySites, message: "\(decoded.structure.siteCount) sites in the cell")
    }
    guard !record.passedOver.isEmpty else { return decoded }
    let names = record.passedOver.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
    let note = ReadingNote(
      rule: .structuresPassedOver, message: "the document holds further structures under \(names)")
    return DecodedRecord(
      id: decoded.id, structure: decoded.structure, properties: decoded.properties, form: decoded.form,
      notes: decoded.notes + [note])
  }

  private func decodeContent(_ record: ArchiveRecord) throws(RecordError) -> DecodedRecord {
    switch record.format {
    case .json: return try decodeJSON(record, columns: nil)
    case .tableRow(let columns): return try decodeJSON(record, columns: NameList(columns))
    case .cif: return try decodeCIF(record)
    case .poscar: return try decodePOSCAR(record)
    case .extendedXYZ: return try decodeExtendedXYZ(record)
    case .unknown:
      throw RecordError(
        reason: .unreadable, message: "not JSON, CIF, POSCAR or extended XYZ", byteOffset: nil)
    }
  }
}

/// Names as C sees them: UTF-8, each ended by a zero byte, one after the other.
struct NameList: Sendable {
  let count: Int
  let bytes: [CChar]

  init(_ names: [String]) {
    count = names.count
    bytes = names.flatMap { name in name.utf8.filter { $0 != 0 }.map { CChar(bitPattern: $0) } + [0] }
  }
}

/// The names that a C function found, each ended by a zero byte, with their values.
func foundProperties(
  _ names: UnsafePointer<CChar>?, _ length: Int, _ values: UnsafePointer<Double>?, _ count: Int
) -> [String: Double] {
  guard let names, let values, count > 0 else { return [:] }
  let bytes = UnsafeRawBufferPointer(start: names, count: length)
  var found: [String: Double] = [:]
  var start = 0
  for index in 0..<count {
    let end = bytes[start...].firstIndex(of: 0) ?? length
    let name = String(decoding: bytes[start..<end], as: UTF8.self)
    if values[index].isFinite, found[name] == nil { found[name] = values[index] }
    start = min(length, end + 1)
  }
  return found
}

/// The notes that a C function made: for each the rule's code, a tab and the message, ended by a zero byte.
func readingNotes(_ bytes: UnsafePointer<CChar>?, _ length: Int) -> [ReadingNote] {
  guard length > 0 else { return [] }
  return text(bytes, length).split(separator: "\0").compactMap { entry in
    let parts = entry.split(separator: "\t", maxSplits: 1)
    guard parts.count == 2, let rule = ReadingRule(rawValue: String(parts[0])) else { return nil }
    return ReadingNote(rule: rule, message: String(parts[1]))
  }
}

/// The elements of packed symbols: first letter | second letter << 8.
func elements(_ codes: UnsafeBufferPointer<UInt16>) throws(RecordError) -> [Element] {
  var bad: Int?
  let elements = [Element](unsafeUninitializedCapacity: codes.count) { target, count in
    for site in codes.indices {
      // Sites of one element mostly follow each other.
      let known = site > 0 && codes[site] == codes[site - 1] ? target[site - 1] : nil
      guard let element = known ?? Element(symbolBytes: UInt8(codes[site] & 0xFF), UInt8(codes[site] >> 8))
      else {
        bad = site
        break
      }
      target.initializeElement(at: site, to: element)
      count = site + 1
    }
  }
  guard let bad else { return elements }
  let letters = [UInt8(codes[bad] & 0xFF), UInt8(codes[bad] >> 8)].filter { $0 != 0 }
  throw RecordError(
    reason: .unknownElement,
    message: "site \(bad): no element named '\(String(decoding: letters, as: UTF8.self))'")
}

/// Packed coordinates as vectors.
func vectors(_ coordinates: UnsafePointer<Double>, count: Int) -> [SIMD3<Double>] {
  [SIMD3<Double>](unsafeUninitializedCapacity: count) { target, initialized in
    for site in 0..<count {
      target.initializeElement(
        at: site, to: SIMD3(coordinates[3 * site], coordinates[3 * site + 1], coordinates[3 * site + 2]))
    }
    initialized = count
  }
}

/// The text of `count` bytes that a C function points to.
func text(_ bytes: UnsafePointer<CChar>?, _ count: Int) -> String {
  guard let bytes, count > 0 else { return "" }
  return String(decoding: UnsafeRawBufferPointer(start: UnsafeRawPointer(bytes), count: count), as: UTF8.self)
}

/// Makes a structure, and turns what prevents it into the reasons of a record.
func makeStructure(
  lattice vectors: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>), elements: [Element],
  positions: [SIMD3<Double>], areCartesian: Bool
) throws(RecordError) -> Structure {
  let lattice: Lattice
  do throws(LatticeError) {
    lattice = try Lattice(a: vectors.0, b: vectors.1, c: vectors.2)
  } catch {
    let message =
      switch error {
      case .notFinite: "the lattice is not finite"
      case .singular(let volume): "the lattice spans no volume (\(volume) Å³)"
      }
    throw RecordError(reason: .notACrystal, message: message)
  }
  var fractional = positions
  if areCartesian {
    for index in fractional.indices { fractional[index] = lattice.fractional(fractional[index]) }
  }
  do throws(StructureError) {
    return try Structure(lattice: lattice, elements: elements, fractionalPositions: fractional)
  } catch {
    switch error {
    case .noSites: throw RecordError(reason: .notACrystal, message: "the structure has no sites")
    case .countMismatch(let elements, let positions):
      throw RecordError(reason: .unreadable, message: "\(elements) species for \(positions) positions")
    case .badCoordinate(let site):
      throw RecordError(
        reason: .notACrystal, message: "the coordinates of site \(site) are not finite or absurd")
    }
  }
}
