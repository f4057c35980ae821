internal import Foundation

/// Runs other programs of this machine.
enum ChildProgram {
  /// What a program said.
  struct Answer {
    let code: Int32
    let output: String
    let errors: String
  }

  /// Runs a program, found as a shell finds it, to its end.
  ///
  /// - Throws: `ScreeningError.unreadable` where there is none of this name.
  static func run(_ name: String, _ arguments: [String]) throws(ScreeningError) -> Answer {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [name] + arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    do { try process.run() } catch { throw .unreadable(path: name, reason: describe(error)) }
    // What these programs say of errors is short, and fits into a pipe.
    let said = output.fileHandleForReading.readDataToEndOfFile()
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus != missing else {
      throw .unreadable(
        path: name,
        reason:
          "no such program. It comes with Slurm and is there on the login nodes of a cluster; --engine local runs "
          + "the tasks on this machine")
    }
    return Answer(
      code: process.terminationStatus, output: String(decoding: said, as: UTF8.self),
      errors: String(decoding: complaint, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// What `env` ends with where it finds no such program.
  private static let missing: Int32 = 127
}
