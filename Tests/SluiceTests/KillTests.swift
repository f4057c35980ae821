import Foundation
import Screening
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing

/// Runs that are ended by force or by request.
@Suite("Killed and interrupted runs", .serialized) struct KillTests {
  let files: CampaignFolder
  let campaign: String

  init() throws {
    files = try CampaignFolder()
    // 1,056 candidates in 1,056 / 6 commits, some of them filtered out and some rejected.
    campaign = try files.campaign(
      inputs: """
        - decorate:
            prototype: half-Heusler
            sites:
              X: [Ni, Co, Pd, Pt, Rh, Ir, Cu, Ag, Au, Fe, Ru]
              Y: [Ti, Zr, Hf, V, Nb, Ta, Sc, Y]
              Z: [Sn, Sb, Ge, Si, Pb, Bi, Al, Ga, In, Te, Se, As]
        """,
      stages: "- filter: {name: no gallium, without_elements: [Ga]}\n" + CampaignFolder.stages, batch: 6,
      more: "rejections: {allowed_share: 1}")
    // No reference knows gold: those candidates are rejected.
    let elements = [
      "Ni", "Co", "Pd", "Pt", "Rh", "Ir", "Cu", "Ag", "Fe", "Ru", "Ti", "Zr", "Hf", "V", "Nb", "Ta", "Sc",
      "Y", "Sn",
      "Sb", "Ge", "Si", "Pb", "Bi", "Al", "In", "Te", "Se", "As",
    ]
    try files.folder.write(
      "formula,formation_energy_per_atom\nTiNiSn,-0.5\nZrCoSb,-0.8\nTiNi,-0.3\n"
        + elements.map { "\($0),0\n" }.joined(), to: "phases.csv")
  }

  private func arguments(_ directory: String, jobs: Int) -> [String] {
    ["run", campaign, "--run-directory", files.folder.path(directory), "--jobs", "\(jobs)"]
  }

  private func counts(_ directory: String) throws -> RunCounts {
    try openRun(files.folder.path(directory)).verifyCounts()
  }

  @Test func `a run killed at any moment and called again ends with the same rows`() throws {
    let clock = ContinuousClock()
    let start = clock.now
    let whole = try Program.start(arguments("whole", jobs: 2)).wait()
    let seconds = (clock.now - start) / .seconds(1)
    #expect(whole.exitCode == 0, "\(whole.errors)")
    let expected = try files.export("whole")
    let rejected = try files.export("whole", select: .rejected)
    let expectedCounts = try counts("whole")
    #expect(expectedCounts.records == 1056)
    #expect(expectedCounts.leftOut == 88)
    #expect(expectedCounts.rejected == 88)

    var generator = SeededGenerator(seed: 20)
    var kills = 0
    var rounds = 0
    var interruptedRuns = 0
    while kills < 20, rounds < 60 {
      rounds += 1
      let directory = "killed-\(rounds)"
      var killsOfThisRun = 0
      // Kills of one run until it gets to its end; short delays hit the start of the process and of the store.
      while kills < 20 {
        let longest = Bool.random(using: &generator) ? 1.1 * seconds : 0.15 * seconds
        let delay = Double.random(in: 0...longest, using: &generator)
        let process = try Program.start(arguments(directory, jobs: Int.random(in: 1...3, using: &generator)))
        Thread.sleep(forTimeInterval: delay)
        process.killAtOnce()
        let outcome = process.wait()
        if outcome.signal == nil {
          #expect(outcome.exitCode == 0, "\(outcome.errors)")
          break
        }
        kills += 1
        killsOfThisRun += 1
      }
      let last = try Program.start(arguments(directory, jobs: 2)).wait()
      #expect(last.exitCode == 0, "\(last.errors)")
      if killsOfThisRun > 0 { interruptedRuns += 1 }
      #expect(try files.export(directory) == expected)
      #expect(try files.export(directory, select: .rejected) == rejected)
      let counts = try counts(directory)
      #expect(counts.records == expectedCounts.records)
      #expect(counts.rows == expectedCounts.rows)
      #expect(counts.leftOut == expectedCounts.leftOut)
    }
    #expect(kills == 20)
    #expect(interruptedRuns > 1)
  }

  @Test(arguments: ["interrupt", "terminate"])
  func `a polite signal finishes the batch in hand, exits with 2, and the run goes on later`(signal: String)
    throws
  {
    #expect(try Program.start(arguments("whole", jobs: 1)).wait().exitCode == 0)
    let expected = try files.export("whole")
    var stopped = 0
    // The call is stopped as soon as the store shows progress; a fast machine may need another attempt.
    for attempt in 0..<10 where stopped == 0 {
      let directory = "run-\(attempt)"
      let process = try Program.start(arguments(directory, jobs: 1))
      while process.isRunning, ((try? counts(directory).records) ?? 0) == 0 {
        Thread.sleep(forTimeInterval: 0.002)
      }
      if signal == "interrupt" { process.interrupt() } else { process.terminate() }
      let outcome = process.wait()
      if outcome.exitCode == 0 { continue }
      stopped += 1
      #expect(outcome.exitCode == 2, "\(outcome.errors)")
      #expect(outcome.errors.contains("call the same command again"), "\(outcome.errors)")
      // The batch in hand may be a short one: reading ends where the signal met it. Every record read has its outcome.
      let found = try counts(directory)
      #expect(found.records > 0 && found.records < 1056)
      #expect(found.records == found.rows + found.rejected + found.leftOut)
      #expect(try Program.run(["status", files.folder.path(directory)]).output.contains("not finished"))
      let second = try Program.start(arguments(directory, jobs: 2)).wait()
      #expect(second.exitCode == 0, "\(second.errors)")
      #expect(try files.export(directory) == expected)
    }
    #expect(stopped == 1)
  }

  @Test func `a training killed at any moment and called again ends with the same weights`() throws {
    let training = try TrainingFolder()
    let file = try training.training(epochs: 12)
    func arguments(_ output: String) -> [String] {
      ["train", file, "--output", training.folder.path(output), "--jobs", "2"]
    }
    let clock = ContinuousClock()
    let start = clock.now
    let whole = try Program.run(arguments("whole"))
    let seconds = (clock.now - start) / .seconds(1)
    #expect(whole.exitCode == 0, "\(whole.errors)")
    var generator = SeededGenerator(seed: 4)
    for round in 0..<3 {
      let output = "killed-\(round)"
      for _ in 0..<4 {
        let process = try Program.start(arguments(output))
        Thread.sleep(forTimeInterval: Double.random(in: 0...(0.7 * seconds), using: &generator))
        process.killAtOnce()
        let outcome = process.wait()
        #expect(outcome.signal != nil || outcome.exitCode == 0, "\(outcome.errors)")
      }
      let last = try Program.run(arguments(output))
      #expect(last.exitCode == 0, "\(last.errors)")
      #expect(try training.differences(output, "whole") == [])
    }
  }
}
