import Foundation
import PipelineEngine
import TestSupport

extension Workplace {
  /// The digest of the exported ranking and rejections for any number of threads, batches and interruptions.
  func identity(_ input: Input, _ report: Report) throws {
    var digests: [(what: String, digest: String)] = []
    func note(_ what: String) throws {
      let found = try result("run")
      digests.append((what, Fingerprint(of: found.ranking + found.rejections).hexadecimal))
      remove("run")
    }
    for batch in isShort ? [3] : [3, 16, 512] {
      let (campaign, _) = try undisturbed(input, batch: batch)
      for jobs in [1, 2, 4] {
        guard try sluice(runArguments(campaign, "run", jobs: jobs)).code == 0 else { throw Trouble("no run") }
        try note("--jobs \(jobs), batch \(batch)")
      }
    }
    let (campaign, _) = try undisturbed(input, batch: 4)
    var generator = SeededGenerator(seed: 20)
    for _ in 0..<(isShort ? 2 : 20) {
      // Stopped by --limit, by kill and by signal until it is finished.
      var calls = 0
      var isFinished = false
      while !isFinished, calls < 200 {
        calls += 1
        let process = try start(
          runArguments(campaign, "run", jobs: Int.random(in: 1...4, using: &generator))
            + ["--limit", "\(Int.random(in: 5...40, using: &generator))"])
        if Bool.random(using: &generator) {
          Thread.sleep(forTimeInterval: Double.random(in: 0.01...0.12, using: &generator))
          if Bool.random(using: &generator) { process.killAtOnce() } else { process.interrupt() }
        }
        let outcome = process.wait()
        isFinished = outcome.exitCode == 0 && !outcome.errors.contains("Not finished")
      }
      try note("interrupted \(calls - 1) times, batch 4")
    }
    for (what, digest) in digests {
      report.add("sha256 of the export", input.name + ", " + what, tries: 1, digest)
    }
    let different = Set(digests.map(\.digest)).count
    if different != 1 { report.fail("\(input.name): \(different) different exports of one campaign") }
  }
}
