import Foundation

extension Workplace {
  /// Lets every single write of a run, and of an export, fail in each way that a disk can.
  func failingWrites(_ input: Input, _ report: Report) throws {
    let (campaign, whole) = try undisturbed(input)
    let calls = try callCount(runArguments(campaign, "counted"), folder: path("counted"))
    for mode in [Fault.Mode.full, .error, .short] {
      var tally = Tally()
      var unsaid = 0
      let points = isShort ? Array(stride(from: 1, through: calls, by: max(1, calls / 6))) : Array(1...calls)
      for point in points {
        let what = "\(input.name), \(mode.rawValue) at call \(point) of \(calls)"
        let fault = Fault(mode: mode, call: point, folder: path("run"))
        let ending = try sluice(runArguments(campaign, "run"), fault: fault)
        if ![0, 2].contains(ending.code) {
          report.fail("\(what): ended with \(ending.code): \(ending.errors)")
        }
        if ending.code == 2, !says(ending) {
          unsaid += 1
          report.fail("\(what): \(ending.errors)")
        }
        // A call that SQLite makes up for may end well; then the result must be whole as it stands.
        if ending.code == 0, try result("run") != whole {
          report.fail("\(what): said to be finished and is not")
        }
        try settle(campaign, whole, ending, &tally, report, what)
      }
      report.add(
        "write: " + mode.rawValue, input.name, tries: points.count,
        "\(tally.refused) stopped with exit code 2 and a message, \(points.count - tally.refused) made up for, "
          + "\(tally.identical) identical after resuming, \(tally.lost) lost, \(tally.doubled) doubled")
    }
    try failingExports(report, "counted")
    remove("counted")
  }

  /// Whether a message says what is wrong with the disk.
  private func says(_ ending: Ending) -> Bool {
    let words = [
      "disk is full", "failed to write", "cannot be written", "no space", "No space", "nput/output error",
      "cannot write",
    ]
    // Lines about progress may come before it.
    let isError = ending.errors.split(whereSeparator: \.isNewline).contains { $0.hasPrefix("error: ") }
    return isError && words.contains { ending.errors.contains($0) }
  }

  private func failingExports(_ report: Report, _ run: String) throws {
    for (name, format) in [("out.csv", "csv"), ("out.tar.zst", "cif"), ("out.zip", "cif")] {
      func arguments(_ file: String) -> [String] {
        ["export", path(run), "--select", "all", "--format", format, "--output", path(file)]
      }
      let calls = try callCount(arguments("whole-\(name)"), folder: path("whole-\(name)"))
      let whole = try Data(contentsOf: URL(filePath: path("whole-\(name)")))
      var refused = 0
      var tries = 0
      for mode in [Fault.Mode.full, .error, .short] {
        for point in 1...max(1, calls) {
          tries += 1
          remove(name)
          let ending = try sluice(
            arguments(name), fault: Fault(mode: mode, call: point, folder: path(name)))
          let what = "export \(name), \(mode.rawValue) at call \(point) of \(calls)"
          if ending.code == 2 { refused += 1 }
          if ending.code == 2, !says(ending) { report.fail("\(what): \(ending.errors)") }
          if ![0, 2].contains(ending.code) {
            report.fail("\(what): ended with \(ending.code): \(ending.errors)")
          }
          if ending.code == 0, try Data(contentsOf: URL(filePath: path(name))) != whole {
            report.fail("\(what): said to be written and is not")
          }
        }
      }
      report.add(
        "write: export", name, tries: tries,
        "\(refused) refused with a message, \(tries - refused) made up for")
      remove(name)
      remove("whole-\(name)")
    }
  }
}
