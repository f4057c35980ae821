import Foundation

extension Workplace {
  /// Kills a retry of rejected records at each of its writes; then ends it and compares with a run from scratch.
  func retries(_ report: Report) throws {
    let text = try files.folder.text("records.jsonl")
    let lines = text.split(separator: "\n").map(String.init)
    let mended = lines.enumerated().map { index, line in
      line.hasPrefix("{\"id\": \"bad-") ? lines[0].replacing("r-0", with: "mended-\(index)") : line
    }
    let input = Input(
      name: "retry", yaml: "- archive: {path: retry.jsonl}", file: "retry.jsonl", hasChecksum: false, batch: 2
    )
    try files.folder.write(text, to: "retry.jsonl")
    let (campaign, _) = try undisturbed(input)
    guard try sluice(runArguments(campaign, "before")).code == 0 else { throw Trouble("no run to retry") }
    try files.folder.write(mended.map { $0 + "\n" }.joined(), to: "retry.jsonl")
    let (_, whole) = try undisturbed(input)
    func renew() throws {
      remove("run")
      try FileManager.default.copyItem(atPath: path("before"), toPath: path("run"))
    }
    try renew()
    let arguments = runArguments(campaign, "run") + ["--retry-rejected"]
    let calls = try callCount(arguments, folder: path("run"))
    guard try result("run") == whole else { throw Trouble("a retry differs from a run from scratch") }
    var tally = Tally()
    let points = isShort ? [1, calls / 3, calls / 2, calls] : Array(1...calls)
    for point in points {
      try renew()
      let ending = try sluice(arguments, fault: Fault(mode: .kill, call: point, folder: path("run")))
      if ending.wasKilled { tally.kills += 1 }
      let again = try sluice(arguments)
      let found = try result("run")
      let (lost, doubled) = found.difference(from: whole)
      tally.lost += lost
      tally.doubled += doubled
      if found == whole, again.code == 0 {
        tally.identical += 1
      } else {
        report.fail(
          "retry killed at call \(point) of \(calls): \(lost) lost, \(doubled) doubled: \(again.errors)")
      }
    }
    remove("run")
    remove("before")
    report.add(
      "kill -9 of --retry-rejected", "generated jsonl", tries: points.count, tally.summary(of: calls))
  }
}

extension Workplace {
  /// An archive whose records have ids that can be made to crash whoever copies them, and its lines.
  func crashInput() throws -> (input: Input, lines: [String]) {
    let lines = try files.folder.text("records.jsonl").split(separator: "\n").map(String.init)
    let named = lines.enumerated().map { index, line in
      line.replacing("\"r-\(index)\"", with: "\"record-of-sixteen-or-more-\(index)\"")
    }
    try files.folder.write(named.map { $0 + "\n" }.joined(), to: "crash.jsonl")
    let input = Input(
      name: "crash", yaml: "- archive: {path: crash.jsonl}", file: "crash.jsonl", hasChecksum: false, batch: 7
    )
    return (input, named)
  }

  /// Gives one record after another a decoder that crashes: it alone is rejected, and comes back when it is mended.
  func crashes(_ report: Report) throws {
    let (input, named) = try crashInput()
    let (campaign, whole) = try undisturbed(input)
    guard try sluice(runArguments(campaign, "run")).code == 0 else { throw Trouble("no run") }
    let expected = try outcomes("run")
    remove("run")
    var (isolated, mended) = (0, 0)
    let culprits = isShort ? [8] : named.indices.filter { named[$0].contains("sixteen") }
    for (number, culprit) in culprits.enumerated() {
      defer { remove("run") }
      let id = "record-of-sixteen-or-more-\(culprit)"
      let arguments = runArguments(campaign, "run", jobs: 1 + number % 3)
      let ending = try sluice(arguments, settings: ["SLUICE_FAULT_CRASH=:\(id)"])
      let found = try outcomes("run")
      let isAlone = found.filter { $0.record != culprit } == expected.filter { $0.record != culprit }
      if ending.code == 0, isAlone, found.first(where: { $0.record == culprit })?.reason == "decoder_crashed"
      {
        isolated += 1
      } else {
        report.fail("\(id) crashes its decoder: ended with \(ending.code): \(ending.errors)")
      }
      let again = try sluice(arguments + ["--retry-rejected"])
      if again.code == 0, try result("run") == whole {
        mended += 1
      } else {
        report.fail("\(id) decoded again: ended with \(again.code): \(again.errors)")
      }
    }
    report.add(
      "decoder that crashes", "generated jsonl", tries: culprits.count,
      "\(isolated) rejected alone as decoder_crashed, \(mended) identical after --retry-rejected without the fault"
    )
  }
}
