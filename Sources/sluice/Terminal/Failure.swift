import ArgumentParser
import Foundation

/// Exit codes of every command.
enum ExitStatus {
  /// The run finished with more rejections than the campaign allows.
  static let tooManyRejections = ExitCode(1)
  /// An archive holds something that cannot be read.
  static let notReadable = ExitCode(1)
  /// A certificate does not hold.
  static let notVerified = ExitCode(1)
  /// The command failed, or was stopped before its end.
  static let failed = ExitCode(2)
  /// A task was stopped before its end and may be started again (EX_TEMPFAIL).
  static let requeueable = ExitCode(75)
}

/// Runs a command's work; what it throws becomes a message and exit code 2.
func reportingErrors(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch let code as ExitCode {
    throw code
  } catch let error as ValidationError {
    throw error
  } catch let error as any CustomStringConvertible & Error {
    Terminal.note("error: \(error.description)")
    throw ExitStatus.failed
  } catch {
    Terminal.note("error: \(error.localizedDescription)")
    throw ExitStatus.failed
  }
}
