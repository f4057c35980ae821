internal import Crystal
internal import Foundation
public import ScreeningStore
internal import StructureArchive
internal import Symmetry

/// What an archive is and holds, and what of it cannot be read.
public struct ArchiveReport: Codable, Sendable {
  /// A record that cannot be read.
  public struct Example: Codable, Sendable {
    /// Its member in the archive.
    public let member: String
    /// Its number, from 0.
    public let record: Int
    /// Where the fault is in the member (bytes, uncompressed).
    public let byteOffset: Int
    /// What is wrong.
    public let message: String
  }

  /// Records that cannot be read for one reason.
  public struct Rejection: Codable, Sendable {
    /// The reason's code.
    public let reason: String
    /// Their number.
    public internal(set) var records: Int
    /// The first of them.
    public internal(set) var examples: [Example]
  }

  /// Sites of the cells.
  public struct Sites: Codable, Sendable {
    /// The smallest cell's.
    public let minimum: Int
    /// Half of the cells have at most as many.
    public let median: Int
    /// The largest cell's.
    public let maximum: Int
  }

  /// The archive.
  public let path: String
  /// "folder", "tar", "zip", "7z" or "file".
  public internal(set) var container = "file"
  /// Compressions of the file, innermost last; empty for none.
  public internal(set) var compression: [String] = []
  /// Number of structures by the form of their records.
  public internal(set) var forms: [String: Int] = [:]
  /// Records, readable or not.
  public internal(set) var records = 0
  /// Records that are structures.
  public internal(set) var structures = 0
  /// Number of structures by the numbers that they carry, of at most a thousand names; empty where they are not counted.
  public internal(set) var columns: [String: Int] = [:]
  /// How many structures were read by which rule, the most frequent first.
  public internal(set) var reading: [ReadingCount] = []
  /// For each element the number of structures that hold it.
  public internal(set) var elements: [String: Int] = [:]
  /// Sites of the structures; nil where there are none.
  public internal(set) var sites: Sites?
  /// How many structures have which symmetry; nil where it is not looked for.
  public internal(set) var symmetry: SymmetryCounts?
  /// What cannot be read, the commonest first.
  public internal(set) var rejections: [Rejection] = []
  /// What ended the reading early; nil where the archive was read to its end.
  public internal(set) var error: String?
  /// Structures whose id an earlier one has; at least as many where `comparedAllIDs` is false.
  public internal(set) var duplicateIDs = 0
  /// The first of these ids.
  public internal(set) var duplicateExamples: [String] = []
  /// Whether every id was compared with all before it.
  public internal(set) var comparedAllIDs = true
  /// How a run goes on in the middle of it.
  public internal(set) var resumption = ""
  /// Number of records that the index of a packed file counts; nil where there is none.
  public internal(set) var indexedRecords: Int?
  /// Size on disk (bytes); nil for a folder.
  public internal(set) var bytesOnDisk: Int?
  /// Bytes of all records, uncompressed.
  public internal(set) var bytes = 0
  /// Time of reading and decoding, one thread (s).
  public internal(set) var seconds = 0.0

  /// Whether every record is a structure and the archive whole.
  public var isReadable: Bool { rejections.isEmpty && error == nil }
}

/// Reads an archive through and says what is in it, in memory that does not grow but for 8 to 14 bytes an id.
public struct ArchiveExamination: Sendable {
  /// Most ids that are remembered; about 600 MB.
  private static let mostIDs = 50_000_000
  private static let mostExamples = 3

  private let path: String
  private let policy: ReadingPolicy
  private let listsColumns: Bool
  private let symmetryTolerance: Double?

  /// An examination of an archive.
  ///
  /// - Parameters:
  ///   - path: the archive, a file or a folder.
  ///   - policy: what becomes of records that do not simply say what their crystal is.
  ///   - listsColumns: whether the names of the numbers that records carry are counted.
  ///   - symmetryTolerance: within which symmetry is looked for (Å); nil where it is not.
  public init(
    _ path: String, policy: ReadingPolicy = ReadingPolicy(), listsColumns: Bool = false,
    symmetryTolerance: Double? = nil
  ) {
    self.symmetryTolerance = symmetryTolerance
    self.listsColumns = listsColumns
    self.path = path
    self.policy = policy
  }

  /// Reads the archive.
  ///
  /// - Parameters:
  ///   - clock: the time (s), by a clock that only moves forward.
  ///   - progress: called every thousand records with their number.
  /// - Throws: `ArchiveError.cannotOpen`; what is wrong inside stands in the report.
  public func run(clock: () -> Double, progress: (Int) -> Void) throws -> ArchiveReport {
    let start = clock()
    var report = ArchiveReport(path: path)
    report.bytesOnDisk = FileStamp(path: path)?.size
    let reader = try ArchiveReader(path: path)
    let decoder = policy.decoder(takesAllProperties: listsColumns)
    var seen = IDSet(limit: Self.mostIDs)
    var tally = Tally(symmetryTolerance: symmetryTolerance)
    do throws(ArchiveError) {
      while let record = try reader.next() {
        report.records += 1
        report.bytes += record.bytes.count
        do throws(RecordError) {
          let decoded = try decoder.decode(record)
          tally.add(decoded)
          if !seen.insert(decoded.id) {
            report.duplicateIDs += 1
            if report.duplicateExamples.count < Self.mostExamples {
              report.duplicateExamples.append(decoded.id)
            }
          }
        } catch {
          report.note(
            error.reason,
            ArchiveReport.Example(
              member: record.member, record: record.index,
              byteOffset: record.byteOffset + (error.byteOffset ?? 0), message: error.message),
            most: Self.mostExamples)
        }
        if report.records % 1000 == 0 { progress(report.records) }
      }
    } catch {
      if case .cannotOpen = error, report.records == 0 { throw error }
      report.error = "\(error)"
    }
    tally.fill(&report)
    report.comparedAllIDs = seen.isComplete
    let shape = reader.shape
    report.container = shape.isFolder ? "folder" : shape.containers.sorted().first ?? "file"
    report.compression = shape.compressions
    report.resumption = shape.resumption
    report.indexedRecords = shape.indexedRecords
    report.rejections.sort { ($1.records, $0.reason) < ($0.records, $1.reason) }
    report.seconds = clock() - start
    return report
  }
}

extension ArchiveReport {
  fileprivate mutating func note(_ reason: RejectionReason, _ example: Example, most: Int) {
    let index = rejections.firstIndex { $0.reason == reason.rawValue } ?? rejections.endIndex
    if index == rejections.endIndex {
      rejections.append(Rejection(reason: reason.rawValue, records: 0, examples: []))
    }
    rejections[index].records += 1
    if rejections[index].examples.count < most { rejections[index].examples.append(example) }
  }
}

/// Counts over structures.
private struct Tally {
  private var elementCounts = [Int](repeating: 0, count: 256)
  private var siteCounts: [Int: Int] = [:]
  private var forms: [CrystalForm: Int] = [:]
  private static let mostColumns = 1000
  private var rules: [String: Int] = [:]
  private var columns: [String: Int] = [:]
  private let symmetryTolerance: Double?
  private var finder = SymmetryFinder()
  private var symmetry = SymmetryCounts()

  init(symmetryTolerance: Double?) { self.symmetryTolerance = symmetryTolerance }

  mutating func add(_ record: DecodedRecord) {
    siteCounts[record.structure.siteCount, default: 0] += 1
    forms[record.form, default: 0] += 1
    // In order, so that which names are kept of too many does not depend on chance.
    for name in record.properties.keys.sorted() where columns[name] != nil || columns.count < Self.mostColumns
    {
      columns[name, default: 0] += 1
    }
    if let symmetryTolerance {
      do throws(SymmetryError) {
        symmetry.add(try finder.symmetry(of: record.structure, tolerance: symmetryTolerance).spaceGroup)
      } catch {
        symmetry.add(failure: error.code)
      }
    }
    for rule in record.notes.rules { rules[rule.rawValue, default: 0] += 1 }
    var (low, high) = (UInt64(0), UInt64(0))
    for element in record.structure.elements {
      let number = element.rawValue
      if number < 64 { low |= 1 << number } else { high |= 1 << (number - 64) }
    }
    for number in 0..<64 {
      if low >> number & 1 == 1 { elementCounts[number] += 1 }
      if high >> number & 1 == 1 { elementCounts[number + 64] += 1 }
    }
  }

  func fill(_ report: inout ArchiveReport) {
    for element in Element.all where elementCounts[Int(element.rawValue)] > 0 {
      report.elements[element.symbol] = elementCounts[Int(element.rawValue)]
    }
    for (form, count) in forms { report.forms[form.rawValue] = count }
    report.columns = columns
    if symmetryTolerance != nil { report.symmetry = symmetry }
    report.reading = ReadingCount.sorted(rules)
    report.structures = siteCounts.values.reduce(0, +)
    let sorted = siteCounts.sorted { $0.key < $1.key }
    guard let first = sorted.first, let last = sorted.last else { return }
    var passed = 0
    let median = sorted.first { (_, count) in
      passed += count
      return 2 * passed >= report.structures
    }
    report.sites = .init(minimum: first.key, median: median?.key ?? first.key, maximum: last.key)
  }
}

/// Remembers ids by 64-bit hashes: two ids among a million agree by chance once in 40 million archives.
///
/// Many small tables, each growing by half when it is four fifths full: memory grows in small steps and by at most 14
/// bytes an id.
struct IDSet {
  private var tables: [[UInt64]]
  private var counts: [Int]
  private var remaining: Int
  /// Whether every id was remembered.
  private(set) var isComplete = true

  /// A set of at most `limit` ids.
  init(limit: Int) {
    tables = Array(repeating: Array(repeating: 0, count: 16), count: 1024)
    counts = Array(repeating: 0, count: 1024)
    remaining = limit
  }

  /// Whether `id` is new.
  mutating func insert(_ id: String) -> Bool {
    var hash = fowlerNollVo(id)
    // Zero marks an empty place.
    if hash == 0 { hash = 1 }
    let table = Int(hash & 1023)
    if Self.holds(tables[table], hash) { return false }
    guard remaining > 0 else {
      isComplete = false
      return true
    }
    remaining -= 1
    if 5 * (counts[table] + 1) > 4 * tables[table].count { grow(table) }
    Self.put(hash, in: &tables[table])
    counts[table] += 1
    return true
  }

  private mutating func grow(_ table: Int) {
    var larger = [UInt64](repeating: 0, count: tables[table].count * 3 / 2)
    for hash in tables[table] where hash != 0 { Self.put(hash, in: &larger) }
    tables[table] = larger
  }

  private static func place(_ hash: UInt64, _ count: Int) -> Int {
    Int(hash.multipliedFullWidth(by: UInt64(count)).high)
  }

  private static func holds(_ table: [UInt64], _ hash: UInt64) -> Bool {
    var index = place(hash, table.count)
    while table[index] != 0 {
      if table[index] == hash { return true }
      index = index + 1 == table.count ? 0 : index + 1
    }
    return false
  }

  private static func put(_ hash: UInt64, in table: inout [UInt64]) {
    var index = place(hash, table.count)
    while table[index] != 0 { index = index + 1 == table.count ? 0 : index + 1 }
    table[index] = hash
  }

  // FNV-1a, its bits mixed (the finalizer of splitmix64).
  private func fowlerNollVo(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
    return hash ^ hash >> 31
  }
}
