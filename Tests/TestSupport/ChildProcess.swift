internal import Foundation

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// A program under test, running on its own.
///
/// Made with `posix_spawn` and waited for with `waitpid`, so that a signal reaches exactly this process at the moment
/// it is sent, and its outputs go to files, which never fill up as pipes do.
public final class ChildProcess {
  /// How a process ended, and what it wrote.
  public struct Outcome: Sendable {
    /// Its exit code; nil where a signal ended it.
    public let exitCode: Int?
    /// The signal that ended it, if one did.
    public let signal: Int?
    /// What it wrote to standard output.
    public let output: String
    /// What it wrote to standard error.
    public let errors: String
  }

  /// A process that could not be started.
  public struct SpawnFailure: Error, CustomStringConvertible {
    /// What went wrong.
    public let description: String
  }

  private let folder: TemporaryFolder
  private let processID: pid_t
  private var isCollected = false

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - program: its path.
  ///   - arguments: its arguments, without its own name.
  ///   - currentFolder: the folder it runs in; nil for this process's own.
  public init(_ program: String, _ arguments: [String], currentFolder: String? = nil) throws {
    folder = try TemporaryFolder()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    for (descriptor, name) in [(STDOUT_FILENO, "output"), (STDERR_FILENO, "errors")] {
      posix_spawn_file_actions_addopen(
        &actions, descriptor, folder.path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    }
    // The threads of a test runner block signals, which a child would inherit.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGINT, SIGTERM, SIGPIPE] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    // Not every C library lets a spawned process start in another folder; a shell that replaces itself does.
    let launch = currentFolder.map { ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", $0] } ?? []
    let command = launch + [program] + arguments
    var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var identifier: pid_t = 0
    let status = posix_spawn(&identifier, command[0], &actions, &attributes, &words, environ)
    guard status == 0 else {
      throw SpawnFailure(description: "\(command[0]): \(String(cString: strerror(status)))")
    }
    processID = identifier
  }

  deinit {
    // A test that gave up leaves nothing behind.
    if !isCollected {
      kill(processID, SIGKILL)
      var status: Int32 = 0
      waitpid(processID, &status, 0)
    }
  }

  /// Ends the process at once; nothing in it gets to react.
  public func killAtOnce() { kill(processID, SIGKILL) }

  /// Asks the process to end, as Ctrl-C does.
  public func interrupt() { kill(processID, SIGINT) }

  /// Asks the process to end, as a system that shuts down does.
  public func terminate() { kill(processID, SIGTERM) }

  /// Its process id.
  public var identifier: Int { Int(processID) }

  /// Whether it has not ended yet.
  public var isRunning: Bool {
    var information = siginfo_t()
    // What has ended stays to be waited for.
    let status = waitid(P_PID, id_t(processID), &information, WEXITED | WNOHANG | WNOWAIT)
    return status == 0 && information.si_signo == 0
  }

  /// Waits for the end of the process.
  public func wait() -> Outcome {
    var status: Int32 = 0
    while waitpid(processID, &status, 0) < 0, errno == EINTR {}
    isCollected = true
    let signal = Int(status & 0x7F)
    return Outcome(
      exitCode: signal == 0 ? Int((status >> 8) & 0xFF) : nil, signal: signal == 0 ? nil : signal,
      output: (try? folder.text("output")) ?? "", errors: (try? folder.text("errors")) ?? "")
  }

  /// Runs a program to its end.
  public static func run(
    _ program: String, _ arguments: [String], currentFolder: String? = nil
  ) throws -> Outcome {
    try ChildProcess(program, arguments, currentFolder: currentFolder).wait()
  }

  /// A program built beside the test bundle; nil where it is not there.
  public static func builtProgram(_ name: String) -> String? {
    let here = [Bundle.main.executableURL?.path, CommandLine.arguments.first].compactMap { $0 }
    for start in here {
      var folder = URL(filePath: start).deletingLastPathComponent()
      for _ in 0..<5 {
        let candidate = folder.appending(path: name)
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder),
          !isFolder.boolValue,
          FileManager.default.isExecutableFile(atPath: candidate.path)
        {
          return candidate.path
        }
        folder.deleteLastPathComponent()
      }
    }
    return nil
  }
}
