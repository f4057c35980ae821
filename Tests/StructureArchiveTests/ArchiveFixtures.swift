import CArchive
import Crystal
import Foundation
import StructureArchive
import TestSupport

/// A folder that goes away with its owner.
final class ScratchFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The path of a file in the folder.
  func path(_ name: String) -> String { url.appending(path: name).path }

  /// Writes a file into the folder and gives its path.
  @discardableResult
  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let file = url.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file.path
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String { try write(name, text.utf8) }
}

/// How an archive of members is packed.
enum Packing: String, CaseIterable, Sendable {
  case tar, tarGzip, tarBzip2, tarXz, tarZstd, zip

  var suffix: String {
    switch self {
    case .tar: "tar"
    case .tarGzip: "tar.gz"
    case .tarBzip2: "tar.bz2"
    case .tarXz: "tar.xz"
    case .tarZstd: "tar.zst"
    case .zip: "zip"
    }
  }
}

/// How one stream of bytes is packed.
enum Compression: String, CaseIterable, Sendable {
  case none, gzip, bzip2, xz, zstd
}

struct PackingFault: Error {}

/// Members packed into an archive, by libarchive.
func packed(_ members: [(name: String, bytes: [UInt8])], as packing: Packing) throws -> [UInt8] {
  guard let handle = archive_write_new() else { throw PackingFault() }
  defer { archive_write_free(handle) }
  if packing == .zip {
    archive_write_set_format_zip(handle)
  } else {
    archive_write_set_format_pax_restricted(handle)
  }
  switch packing {
  case .tar, .zip: break
  case .tarGzip: archive_write_add_filter_gzip(handle)
  case .tarBzip2: archive_write_add_filter_bzip2(handle)
  case .tarXz: archive_write_add_filter_xz(handle)
  case .tarZstd: archive_write_add_filter_zstd(handle)
  }
  return try write(members, to: handle)
}

/// One stream, compressed.
func compressed(_ bytes: [UInt8], _ compression: Compression) throws -> [UInt8] {
  guard let handle = archive_write_new() else { throw PackingFault() }
  defer { archive_write_free(handle) }
  archive_write_set_format_raw(handle)
  switch compression {
  case .none: return bytes
  case .gzip: archive_write_add_filter_gzip(handle)
  case .bzip2: archive_write_add_filter_bzip2(handle)
  case .xz: archive_write_add_filter_xz(handle)
  case .zstd: archive_write_add_filter_zstd(handle)
  }
  return try write([("data", bytes)], to: handle)
}

private func write(_ members: [(name: String, bytes: [UInt8])], to handle: OpaquePointer) throws -> [UInt8] {
  archive_write_set_bytes_in_last_block(handle, 1)
  let capacity = members.reduce(1 << 16) { $0 + $1.bytes.count + 4096 }
  var buffer = [UInt8](repeating: 0, count: capacity)
  var used = 0
  try buffer.withUnsafeMutableBytes { target in
    guard archive_write_open_memory(handle, target.baseAddress, target.count, &used) == ARCHIVE_OK else {
      throw PackingFault()
    }
    guard let entry = archive_entry_new() else { throw PackingFault() }
    defer { archive_entry_free(entry) }
    for (name, bytes) in members {
      archive_entry_clear(entry)
      archive_entry_set_pathname(entry, name)
      archive_entry_set_filetype(entry, 0o100000)
      archive_entry_set_perm(entry, 0o644)
      archive_entry_set_size(entry, Int64(bytes.count))
      guard archive_write_header(handle, entry) == ARCHIVE_OK,
        archive_write_data(handle, bytes, bytes.count) == bytes.count
      else { throw PackingFault() }
    }
    guard archive_write_close(handle) == ARCHIVE_OK else { throw PackingFault() }
  }
  return Array(buffer[..<used])
}

/// Everything a reader gives: the records, and the error after them.
func readAll(
  _ path: String, limits: ArchiveLimits = .init()
) -> (records: [ArchiveRecord], error: ArchiveError?) {
  var records: [ArchiveRecord] = []
  do throws(ArchiveError) {
    let reader = try ArchiveReader(path: path, limits: limits)
    while let record = try reader.next() { records.append(record) }
    return (records, nil)
  } catch {
    return (records, error)
  }
}

/// A crystal in the texts of the different forms.
enum CrystalText {
  static func numbers(_ vector: SIMD3<Double>) -> String { "\(vector.x) \(vector.y) \(vector.z)" }

  static func list(_ vector: SIMD3<Double>) -> String { "[\(vector.x),\(vector.y),\(vector.z)]" }

  /// The project's own JSON line, without its newline.
  static func line(id: String, _ structure: Structure, extra: String = "") -> String {
    let lattice = structure.lattice
    let rows = [lattice.a, lattice.b, lattice.c].map(list).joined(separator: ",")
    let species = structure.elements.map { "\"\($0.symbol)\"" }.joined(separator: ",")
    let points = structure.fractionalPositions.map(list).joined(separator: ",")
    return
      "{\"id\":\"\(id)\",\"lattice\":[\(rows)],\"species\":[\(species)],\"frac_coords\":[\(points)]\(extra)}"
  }

  /// One OPTIMADE structure, without its newline.
  static func optimade(id: String, _ structure: Structure) -> String {
    let lattice = structure.lattice
    let rows = [lattice.a, lattice.b, lattice.c].map(list).joined(separator: ",")
    let species = structure.elements.map { "\"\($0.symbol)\"" }.joined(separator: ",")
    let points = structure.fractionalPositions.map { list(lattice.cartesian($0)) }.joined(separator: ",")
    return """
      {"type":"structures","id":"\(id)","attributes":{"lattice_vectors":[\(rows)],\
      "cartesian_site_positions":[\(points)],"species_at_sites":[\(species)]}}
      """
  }

  /// A pymatgen structure dictionary.
  static func dictionary(_ structure: Structure) -> String {
    let lattice = structure.lattice
    let rows = [lattice.a, lattice.b, lattice.c].map(list).joined(separator: ", ")
    let sites = zip(structure.elements, structure.fractionalPositions).map { element, point in
      "{\"species\": [{\"element\": \"\(element.symbol)\", \"occu\": 1}], \"abc\": \(list(point)), \"label\": \"a\"}"
    }.joined(separator: ", ")
    return "{\"@class\": \"Structure\", \"lattice\": {\"matrix\": [\(rows)]}, \"sites\": [\(sites)]}"
  }

  static func poscar(_ structure: Structure, comment: String = "made by a test") -> String {
    let lattice = structure.lattice
    let rows = [lattice.a, lattice.b, lattice.c].map(numbers).joined(separator: "\n")
    let symbols = structure.elements.map(\.symbol).joined(separator: " ")
    let counts = structure.elements.map { _ in "1" }.joined(separator: " ")
    let points = structure.fractionalPositions.map(numbers).joined(separator: "\n")
    return "\(comment)\n1.0\n\(rows)\n\(symbols)\n\(counts)\nDirect\n\(points)\n"
  }

  static func frame(id: String, _ structure: Structure) -> String {
    let lattice = structure.lattice
    let rows = [lattice.a, lattice.b, lattice.c].map(numbers).joined(separator: " ")
    let atoms = zip(structure.elements, structure.fractionalPositions).map { element, point in
      "\(element.symbol) \(numbers(lattice.cartesian(point)))\n"
    }.joined()
    return """
      \(structure.siteCount)
      Lattice="\(rows)" Properties=species:S:1:pos:R:3 id=\(id) energy=-1.5 pbc="T T T"
      \(atoms)
      """.trimmingTrailingNewline + "\n"
  }
}

extension String {
  fileprivate var trimmingTrailingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}

/// Crystals from a seed; sites may be close, which is nothing to a reader.
func randomStructures(_ count: Int, seed: UInt64) throws -> [Structure] {
  var generator = SeededGenerator(seed: seed)
  func vector(_ range: ClosedRange<Double>) -> SIMD3<Double> {
    SIMD3(
      Double.random(in: range, using: &generator), Double.random(in: range, using: &generator),
      Double.random(in: range, using: &generator))
  }
  return try (0..<count).map { _ in
    let edges = vector(3...8)
    let lean = vector(-1.5...1.5)
    let lattice = try Lattice(
      a: SIMD3(edges.x, 0, 0), b: SIMD3(lean.x, edges.y, 0), c: SIMD3(lean.y, lean.z, edges.z))
    let siteCount = Int.random(in: 1...6, using: &generator)
    let elements = (0..<siteCount).map { _ in Element.all[Int.random(in: 0..<94, using: &generator)] }
    // Closer atoms would be refused.
    var positions: [SIMD3<Double>] = []
    while positions.count < siteCount {
      let point = vector(0...1)
      let isFree = try positions.allSatisfy { try shortestImageDistance(lattice, point - $0) > 0.5 }
      if isFree { positions.append(point) }
    }
    return try Structure(lattice: lattice, elements: elements, fractionalPositions: positions)
  }
}

/// Whether two structures are the same up to rounding: elements, metric of the cell, fractional coordinates.
func agree(_ left: Structure, _ right: Structure, within tolerance: Double) -> Bool {
  guard left.elements == right.elements else { return false }
  func metric(_ l: Lattice) -> [Double] {
    [dot(l.a, l.a), dot(l.b, l.b), dot(l.c, l.c), dot(l.a, l.b), dot(l.a, l.c), dot(l.b, l.c)]
  }
  let scale = metric(left.lattice).map(abs).max() ?? 1
  let metricsAgree = zip(metric(left.lattice), metric(right.lattice)).allSatisfy {
    abs($0 - $1) <= tolerance * scale
  }
  return metricsAgree
    && zip(left.fractionalPositions, right.fractionalPositions).allSatisfy { first, second in
      let d = first - second
      return max(abs(d.x), abs(d.y), abs(d.z)) <= tolerance
    }
}
