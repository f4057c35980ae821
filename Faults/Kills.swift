import Foundation
import TestSupport

extension Workplace {
  /// Kills the process at calls that write, and at moments drawn by a seed; then resumes and compares.
  func kills(_ inputs: [Input], _ report: Report) throws {
    var generator = SeededGenerator(seed: 300)
    for input in inputs {
      let (campaign, whole) = try undisturbed(input)
      let calls = try callCount(runArguments(campaign, "counted"), folder: path("counted"))
      remove("counted")
      var tally = Tally()
      // Every call that writes where the input is small; elsewhere and in short trials, evenly spaced ones.
      let wanted = isShort ? 8 : input.name == "decorate" ? calls : 24
      let points =
        wanted >= calls ? Array(1...calls) : (0..<wanted).map { 1 + $0 * (calls - 1) / max(1, wanted - 1) }
      for point in points {
        for mode in isShort || wanted < calls ? [Fault.Mode.kill] : [.kill, .torn] {
          let fault = Fault(mode: mode, call: point, folder: path("run"))
          let ending = try sluice(runArguments(campaign, "run"), fault: fault)
          try settle(
            campaign, whole, ending, &tally, report, "\(input.name), \(mode) at call \(point) of \(calls)")
        }
      }
      report.add("kill -9 at a write", input.name, tries: points.count, tally.summary(of: calls))
      var random = Tally()
      let start = ContinuousClock.now
      _ = try sluice(runArguments(campaign, "timed"))
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      remove("timed")
      for _ in 0..<(isShort ? 2 : 16) {
        let jobs = Int.random(in: 1...3, using: &generator)
        let process = try starting(campaign, jobs: jobs)
        Thread.sleep(forTimeInterval: Double.random(in: 0...1.1 * seconds, using: &generator))
        process.killAtOnce()
        let outcome = process.wait()
        let ending = Ending(
          code: outcome.exitCode ?? 128 + (outcome.signal ?? 0), output: outcome.output,
          errors: outcome.errors)
        try settle(campaign, whole, ending, &random, report, "\(input.name), killed at a random moment")
      }
      report.add("kill -9 at random", input.name, tries: isShort ? 2 : 16, random.summary(of: nil))
    }
  }

  private func starting(_ campaign: String, jobs: Int) throws -> ChildProcess {
    try start(runArguments(campaign, "run", jobs: jobs))
  }

  /// What came of some disturbed runs.
  struct Tally {
    var kills = 0
    var refused = 0
    var identical = 0
    var lost = 0
    var doubled = 0

    func summary(of calls: Int?) -> String {
      let points = calls.map { " of \($0) calls" } ?? ""
      return
        "\(kills) kills\(points), \(identical) identical after resuming, \(lost) lost, \(doubled) doubled"
    }
  }

  /// Resumes a disturbed run to its end, compares it and removes it.
  func settle(
    _ campaign: String, _ whole: RunResult, _ ending: Ending, _ tally: inout Tally, _ report: Report,
    _ what: String
  ) throws {
    defer { remove("run") }
    if ending.wasKilled { tally.kills += 1 }
    if ending.code == 2 { tally.refused += 1 }
    if ending.isCrash { report.fail("\(what): ended with \(ending.code): \(ending.errors)") }
    let resumed = try sluice(runArguments(campaign, "run", jobs: 2))
    guard resumed.code == 0 else {
      report.fail("\(what): cannot be resumed (\(resumed.code)): \(resumed.errors)")
      return
    }
    let found = try result("run")
    let (lost, doubled) = found.difference(from: whole)
    tally.lost += lost
    tally.doubled += doubled
    if found == whole {
      tally.identical += 1
    } else {
      report.fail("\(what): \(lost) lost, \(doubled) doubled")
    }
  }
}
