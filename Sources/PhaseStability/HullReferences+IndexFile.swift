import Glibc

extension HullReferences {
  /// Where `references(table:name:options:indexPath:)` got its references from.
  public enum Origin: Hashable, Sendable {
    /// From the index file, which belongs to the table as it is now.
    case index
    /// From the table, because the index could not be used; the index has been written anew.
    case rebuilt(reason: HullIndexError)
    /// From the table, because the index belongs to another state of the table; it has been written anew.
    case sourceChanged
    /// From the table; the index could not be written.
    case unindexed(reason: HullIndexError)
  }

  /// Loads an index file.
  ///
  /// - Throws: `HullIndexError`.
  public static func load(indexAt path: String) throws(HullIndexError) -> HullReferences {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .system(path: path, code: errno) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .system(path: path, code: errno) }
    let length = Int(status.st_size)
    guard length > 0 else { throw .notAnIndex }
    guard let memory = mmap(nil, length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0), memory != MAP_FAILED
    else { throw .system(path: path, code: errno) }
    defer { munmap(memory, length) }
    return try HullReferences(index: UnsafeRawBufferPointer(start: memory, count: length))
  }

  /// Writes the index file, whole or not at all: under another name first, then renamed.
  ///
  /// - Throws: `HullIndexError.system`.
  public func saveIndex(to path: String) throws(HullIndexError) {
    let partial = "\(path).\(getpid()).partial"
    let file = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw .system(path: partial, code: errno) }
    let failure = writeAll(encodedIndex(), to: file)
    let synced = failure != 0 ? failure : (fsync(file) == 0 ? 0 : errno)
    close(file)
    let code = synced != 0 ? synced : (rename(partial, path) == 0 ? 0 : errno)
    guard code == 0 else {
      unlink(partial)
      throw .system(path: path, code: code)
    }
  }

  /// The references of a table, from its index file if that belongs to the table as it is, else from the table itself,
  /// in which case the index is written anew.
  ///
  /// - Throws: `HullError` when the table cannot be read. A bad index is no error: it is reported and replaced.
  public static func references(
    csv bytes: [UInt8], name: String, options: HullReferenceOptions = .init(), indexPath path: String
  ) throws(HullError) -> (references: HullReferences, origin: Origin) {
    let source = SourceFingerprint(bytes: bytes, options: options)
    var origin = Origin.sourceChanged
    do {
      let loaded = try load(indexAt: path)
      if loaded.source == source, loaded.name == name { return (loaded, .index) }
    } catch {
      origin = .rebuilt(reason: error)
    }
    let built = try HullReferences(csv: bytes, name: name, options: options)
    do {
      try built.saveIndex(to: path)
    } catch {
      origin = .unindexed(reason: error)
    }
    return (built, origin)
  }
}

/// Writes all bytes; 0, or the system's error number.
private func writeAll(_ bytes: [UInt8], to file: Int32) -> Int32 {
  bytes.withUnsafeBytes { buffer in
    var offset = 0
    while offset < buffer.count {
      let written = write(file, buffer.baseAddress.map { $0 + offset }, buffer.count - offset)
      if written < 0 {
        if errno == EINTR { continue }
        return errno
      }
      offset += written
    }
    return 0
  }
}
