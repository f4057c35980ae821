import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The claim of one process on a run folder: while it is held, no other process may write there.
///
/// An advisory lock on the file `run.lock` in the folder, which holds the process id for people. The system releases it
/// when the process ends in whatever way, so there is never a lock to clear by hand; the file itself stays.
public final class RunClaim: Sendable {
  /// Name of the lock file within the run folder.
  public static let fileName = "run.lock"
  private let descriptor: Int32

  /// Claims a run folder.
  ///
  /// - Parameter folder: path of the folder, which exists.
  /// - Throws: `RunClaimError`; `.held` with the process id of the holder.
  public init(folder: String) throws(RunClaimError) {
    let path = folder + "/" + RunClaim.fileName
    var descriptor = try RunClaim.locked(path)
    // The folder may have been removed, by the process that held the claim, since the file was opened.
    while RunClaim.isRemoved(descriptor) {
      close(descriptor)
      descriptor = try RunClaim.locked(path)
    }
    let text = Array("\(getpid())\n".utf8)
    errno = 0
    let written = ftruncate(descriptor, 0) == 0 && pwrite(descriptor, text, text.count, 0) == text.count
    guard written else {
      // A write that is cut short sets no error: the next one would.
      if errno == 0 { errno = ENOSPC }
      let message = String(cString: strerror(errno))
      close(descriptor)
      throw .cannotLock(path: path, message: message)
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// The lock file, opened and locked.
  private static func locked(_ path: String) throws(RunClaimError) -> Int32 {
    // Not inherited by programs started from here: they would hold the claim on after this process has ended.
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, message: String(cString: strerror(errno))) }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      let holder = processID(in: descriptor)
      close(descriptor)
      if code == EWOULDBLOCK { throw .held(path: path, processID: holder) }
      throw .cannotLock(path: path, message: String(cString: strerror(code)))
    }
    return descriptor
  }

  private static func isRemoved(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_nlink == 0
  }

  private static func processID(in descriptor: Int32) -> Int? {
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    return Int(String(decoding: bytes[..<count], as: UTF8.self).prefix { $0.isNumber })
  }
}

/// Why a run folder cannot be claimed.
public enum RunClaimError: Error, Hashable, Sendable {
  /// Another process holds the claim; its id, where it has already been written.
  case held(path: String, processID: Int?)
  /// The lock file cannot be opened or created.
  case cannotOpen(path: String, message: String)
  /// The file system offers no locks, or the lock file cannot be written.
  case cannotLock(path: String, message: String)
}

extension RunClaimError: CustomStringConvertible {
  /// What happened and what to do.
  public var description: String {
    switch self {
    case .held(let path, let processID):
      let who = processID.map { "process \($0)" } ?? "another process"
      return "\(path): \(who) is working on this run; wait for it or stop it"
    case .cannotOpen(let path, let message): return "\(path): cannot be opened (\(message))"
    case .cannotLock(let path, let message): return "\(path): cannot be locked (\(message))"
    }
  }
}
