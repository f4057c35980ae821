import ArgumentParser
import Foundation

/// The number of threads, shared by the commands that compute.
struct ThreadOptions: ParsableArguments {
  @Option(
    name: .customLong("jobs"), help: "Number of threads; results do not depend on it. (default: one a core)")
  var jobs: Int?

  /// The number of threads to use.
  var count: Int { jobs ?? min(200, max(1, ProcessInfo.processInfo.activeProcessorCount)) }

  func validate() throws {
    if let jobs, !(1...200).contains(jobs) { throw ValidationError("--jobs takes 1 to 200") }
  }
}
