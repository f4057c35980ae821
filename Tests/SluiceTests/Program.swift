import Foundation
import ScreeningTestSupport
import TestSupport
import Testing

/// The program under test, as built beside these tests.
enum Program {
  /// Its path.
  static func path() throws -> String {
    try #require(ChildProcess.builtProgram("sluice"), "the program is built beside its tests")
  }

  /// Runs it to its end.
  static func run(_ arguments: [String], currentFolder: String? = nil) throws -> ChildProcess.Outcome {
    try ChildProcess.run(try path(), arguments, currentFolder: currentFolder)
  }

  /// Starts it.
  static func start(_ arguments: [String]) throws -> ChildProcess { try ChildProcess(try path(), arguments) }
}
