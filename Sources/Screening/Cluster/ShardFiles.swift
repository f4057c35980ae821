internal import Foundation
internal import PipelineEngine
internal import ScreeningStore

/// The finished shards of a run: a file each, whose name says the shard and the digest of its bytes.
///
/// A file is there whole or not at all: it is renamed into its place when it is on the disk. Its name is no proof, so that
/// whoever uses it compares the digest and what the store says of itself. Two processes that finish one shard write the same
/// file, or, on processors of two kinds, two files, of which the first by name counts.
struct ShardFiles {
  private let folder: String
  private let plan: ShardPlan

  init(_ plan: ShardPlan, directory: String) {
    self.plan = plan
    folder = directory + "/" + ShardPlan.shardsName
  }

  /// The names of files by shard, in order; nothing is opened.
  func present() -> [Int: [String]] {
    var found: [Int: [String]] = [:]
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      guard let (shard, _) = Self.parts(name), shard < plan.count else { continue }
      found[shard, default: []].append(name)
    }
    return found.mapValues { $0.sorted() }
  }

  /// The path of a shard's file that is whole and this plan's, and what is wrong with others.
  func valid(_ shard: Int, among present: [Int: [String]]) -> (path: String?, problems: [String]) {
    var problems: [String] = []
    for name in present[shard] ?? [] {
      let path = folder + "/" + name
      guard let problem = problem(of: path, shard: shard) else { return (path, problems) }
      problems.append("\(path): \(problem)")
    }
    return (nil, problems)
  }

  /// What the files of a shard are, as far as it is known without reading them.
  func states(_ shard: Int, among present: [Int: [String]]) -> [FileStamp?] {
    (present[shard] ?? []).map { FileStamp(path: folder + "/" + $0) }
  }

  /// Size of a shard's file, the first by name (bytes); 0 where there is none.
  func size(_ shard: Int, among present: [Int: [String]]) -> Int {
    (present[shard]?.first).map { fileSize(folder + "/" + $0) } ?? 0
  }

  private func problem(of path: String, shard: Int) -> String? {
    do {
      let digest = try Fingerprint(ofFile: path)
      guard path.hasSuffix(Self.name(shard, digest)) else {
        return "is damaged: its digest does not match its name"
      }
      let store = try RunStore.openFinished(at: path)
      let found = try store.shards()
      guard let own = found.first, found.count == 1, own.plan == plan.id, own.index == shard,
        own.count == plan.count, own.records == plan.range(shard).count,
        try store.counts().records == own.records
      else { return "is another shard, or one of another plan" }
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// Puts a finished shard's store into its place; afterwards it may be gone from where it was.
  ///
  /// - Throws: `ScreeningError.unwritable`, also where the disk is full; then nothing is left of it.
  func publish(_ shard: Int, from path: String) throws {
    let digest = try Fingerprint(ofFile: path)
    try putInPlace(path, as: folder + "/" + Self.name(shard, digest))
  }

  /// Removes what processes that were killed left half copied; only when no task runs any more.
  func removeRemains() {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasPrefix(".") && name.hasSuffix(partialEnding) {
      try? FileManager.default.removeItem(atPath: folder + "/" + name)
    }
  }

  private static let ending = ".sqlite"
  private static let digits = 32

  private static func name(_ shard: Int, _ digest: Fingerprint) -> String {
    "\(paddedNumber(shard))-\(digest.hexadecimal.prefix(digits))\(ending)"
  }

  private static func parts(_ name: String) -> (shard: Int, digest: Substring)? {
    // By bytes: a folder of a hundred thousand shards is listed again and again.
    guard name.hasSuffix(ending), let dash = name.utf8.firstIndex(of: UInt8(ascii: "-")) else { return nil }
    let digest = name[name.utf8.index(after: dash)...].dropLast(ending.utf8.count)
    guard let shard = Int(name[..<dash]), shard >= 0, digest.utf8.count == digits,
      !digest.utf8.contains(UInt8(ascii: "-"))
    else { return nil }
    return (shard, digest)
  }
}

/// A number with at least six digits, so that names are in its order.
func paddedNumber(_ number: Int) -> String {
  let text = "\(number)"
  return String(repeating: "0", count: max(0, 6 - text.count)) + text
}

/// What the names of half copied files end with.
private let partialEnding = ".partial"

/// Puts a file to a place where others look for it: on the disk first, then renamed, and where it lies on another disk,
/// copied there under a name of its own.
///
/// - Throws: `ScreeningError.unwritable`; then nothing is there.
func putInPlace(_ source: String, as target: String) throws(ScreeningError) {
  let url = URL(filePath: target)
  let folder = url.deletingLastPathComponent().path
  let partial = "\(folder)/.\(url.lastPathComponent).\(hostName()).\(getpid())\(partialEnding)"
  func failure(_ path: String) -> ScreeningError {
    .unwritable(path: path, reason: String(cString: strerror(errno)))
  }
  let input = open(source, O_RDONLY | O_CLOEXEC)
  guard input >= 0 else { throw failure(source) }
  defer { close(input) }
  guard !isOnOneDisk(input, folder) else {
    guard fsync(input) == 0, rename(source, target) == 0 else { throw failure(target) }
    return synchronize(folder: folder)
  }
  let output = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
  guard output >= 0 else { throw failure(target) }
  var isDone = false
  defer { if !isDone { unlink(partial) } }
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
  defer { buffer.deallocate() }
  func copy() -> Bool {
    while true {
      let count = read(input, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count == 0 }
      var written = 0
      while written < count {
        let step = write(output, buffer.baseAddress.map { $0 + written }, count - written)
        if step < 0, errno == EINTR { continue }
        guard step > 0 else { return false }
        written += step
      }
    }
  }
  let isCopied = copy() && fsync(output) == 0
  let error = errno
  // Some file systems tell of a full disk here alone.
  let isClosed = close(output) == 0
  if !isCopied { errno = error }
  guard isCopied, isClosed, rename(partial, target) == 0 else { throw failure(target) }
  isDone = true
  synchronize(folder: folder)
}

private func isOnOneDisk(_ file: Int32, _ folder: String) -> Bool {
  var (own, other) = (stat(), stat())
  return fstat(file, &own) == 0 && stat(folder, &other) == 0 && own.st_dev == other.st_dev
}

/// A name that is on the disk stays there when the power fails.
private func synchronize(folder: String) {
  let directory = open(folder, O_RDONLY | O_CLOEXEC)
  guard directory >= 0 else { return }
  fsync(directory)
  close(directory)
}

/// The name of this machine.
func hostName() -> String {
  var bytes = [CChar](repeating: 0, count: 256)
  guard gethostname(&bytes, bytes.count - 1) == 0 else { return "unknown" }
  return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
