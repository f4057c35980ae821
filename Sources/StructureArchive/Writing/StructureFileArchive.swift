import CArchive
public import Crystal

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Writes one archive of structure files, a member each: tar.zst, tar.gz, tar or zip, as the path's suffix says. The same
/// members give the same bytes.
///
/// The archive grows under the name `path.partial` and takes its own name in `finish`, so that one that was not
/// finished is never taken for whole. Not for use by two threads at once.
public final class StructureFileArchive {
  private let path: String
  private let partial: String
  private var handle: OpaquePointer?
  private let entry: OpaquePointer
  private var names = UniqueNames()

  /// Starts an archive at `path`.
  ///
  /// - Throws: `ArchiveError.cannotWrite` for another suffix or a place that cannot be written.
  public init(path: String) throws(ArchiveError) {
    self.path = path
    partial = path + ".partial"
    guard let form = ArchiveForm(path: path) else {
      throw .cannotWrite(archive: path, detail: "the name must end in .tar.zst, .tar.gz, .tar or .zip")
    }
    guard let handle = archive_write_new() else { throw .cannotWrite(archive: path, detail: "out of memory") }
    guard let entry = archive_entry_new() else {
      archive_write_free(handle)
      throw .cannotWrite(archive: path, detail: "out of memory")
    }
    self.handle = handle
    self.entry = entry
    form.configure(handle)
    guard archive_write_open_filename(handle, partial) == ARCHIVE_OK else {
      let error = failure()
      close()
      throw error
    }
  }

  deinit {
    close()
    archive_entry_free(entry)
  }

  /// Adds one structure as a member `id.cif`, a P 1 CIF.
  ///
  /// - Parameters:
  ///   - id: name of the structure.
  ///   - structure: the structure.
  ///   - reading: the rules by which its record was read, as an item `_sluice_reading`.
  ///   - spaceGroup: its space group where one was found, as items `_sluice_space_group_…`.
  public func append(
    id: String, structure: Structure, reading: [ReadingRule] = [], spaceGroup: SpaceGroup? = nil
  ) throws(ArchiveError) {
    try append(
      cifText(id: id, structure: structure, reading: reading, spaceGroup: spaceGroup), named: id,
      suffix: ".cif")
  }

  /// Adds a member with a text.
  ///
  /// Characters that have no place in a file name become "_"; where that makes two names alike, "-2" and so on is
  /// added.
  ///
  /// - Returns: name of the member.
  @discardableResult
  public func append(_ text: String, named name: String, suffix: String) throws(ArchiveError) -> String {
    guard let handle else { throw .cannotWrite(archive: path, detail: "the archive is finished") }
    let bytes = Array(text.utf8)
    let member = names.unique(fileName(for: name)) + suffix
    archive_entry_clear(entry)
    archive_entry_set_pathname(entry, member)
    archive_entry_set_size(entry, Int64(bytes.count))
    archive_entry_set_filetype(entry, 0o100000)
    archive_entry_set_perm(entry, 0o644)
    archive_entry_set_mtime(entry, 0, 0)
    guard archive_write_header(handle, entry) == ARCHIVE_OK else { throw failure() }
    guard archive_write_data(handle, bytes, bytes.count) == bytes.count else { throw failure() }
    return member
  }

  /// Completes the archive and gives it its name.
  public func finish() throws(ArchiveError) {
    guard let handle else { throw .cannotWrite(archive: path, detail: "the archive is finished") }
    guard archive_write_close(handle) == ARCHIVE_OK else { throw failure() }
    archive_write_free(handle)
    self.handle = nil
    guard rename(partial, path) == 0 else {
      throw .cannotWrite(archive: path, detail: systemMessage(errno))
    }
  }

  private func failure() -> ArchiveError {
    let detail = handle.flatMap { archive_error_string($0) }.map { String(cString: $0) } ?? "unknown fault"
    return .cannotWrite(archive: path, detail: detail)
  }

  // Gives up an archive that was not finished.
  private func close() {
    guard let handle else { return }
    archive_write_fail(handle)
    archive_write_free(handle)
    self.handle = nil
    unlink(partial)
  }
}

/// Makes names unlike: one that was there before gets "-2", "-3" and so on.
public struct UniqueNames {
  private var names: Set<String> = []

  /// No name yet.
  public init() {}

  /// `name`, or what it becomes where it was there before.
  public mutating func unique(_ name: String) -> String {
    var candidate = name
    var number = 1
    while !names.insert(candidate).inserted {
      number += 1
      candidate = "\(name)-\(number)"
    }
    return candidate
  }
}

/// Which archive a path's suffix asks for.
private enum ArchiveForm {
  case tarZstd
  case tarGzip
  case tar
  case zip

  init?(path: String) {
    let name = path.lowercased()
    if name.hasSuffix(".tar.zst") || name.hasSuffix(".tzst") {
      self = .tarZstd
    } else if name.hasSuffix(".tar.gz") || name.hasSuffix(".tgz") {
      self = .tarGzip
    } else if name.hasSuffix(".tar") {
      self = .tar
    } else if name.hasSuffix(".zip") {
      self = .zip
    } else {
      return nil
    }
  }

  func configure(_ handle: OpaquePointer) {
    switch self {
    case .zip: archive_write_set_format_zip(handle)
    case .tar, .tarGzip, .tarZstd: archive_write_set_format_pax_restricted(handle)
    }
    switch self {
    case .tarZstd: archive_write_add_filter_zstd(handle)
    case .tarGzip:
      archive_write_add_filter_gzip(handle)
      // Else the time of writing stands in the header.
      archive_write_set_filter_option(handle, "gzip", "timestamp", nil)
    case .tar, .zip: break
    }
    archive_write_set_bytes_in_last_block(handle, 1)
  }
}
