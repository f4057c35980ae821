import Foundation
import TestSupport

// Tries to make the program lose something; docs/faults.md says what and how.
//
//     SluiceFaults PROGRAM [--short] [TRIAL …]
@main struct Faults {
  static func main() {
    do {
      var arguments = CommandLine.arguments.dropFirst()
      guard let program = arguments.popFirst() else {
        throw Trouble("usage: SluiceFaults PROGRAM [--short] [TRIAL …]")
      }
      let isShort = arguments.first == "--short"
      let wanted = Set(arguments.dropFirst(isShort ? 1 : 0))
      let report = Report()
      try run(Workplace(program: program, isShort: isShort), report, wanted)
      print("\n" + report.table())
      for failure in report.failures { print("FAILED: \(failure)") }
      print(report.failures.isEmpty ? "\nNothing was lost." : "\n\(report.failures.count) failures.")
      exit(report.failures.isEmpty ? 0 : 1)
    } catch {
      print("error: \(error)")
      exit(2)
    }
  }

  private static func run(_ place: Workplace, _ report: Report, _ wanted: Set<String>) throws {
    func isWanted(_ trial: String) -> Bool { wanted.isEmpty || wanted.contains(trial) }
    // Nothing is broken here, so it is no part of what runs without a name.
    if wanted.contains("simulation") { try place.simulation(report) }
    if wanted == ["simulation"] { return }
    let generated = try place.generatedInputs()
    let shared = place.isShort ? [] : try place.sharedInputs()
    if !place.isShort, shared.isEmpty {
      print("The shared archives are not here: only generated ones are tried.")
    }
    let small =
      place.isShort
      ? generated.filter { ["decorate", "competitors", "generated jsonl"].contains($0.name) } : generated
    if isWanted("identity") {
      for input in generated where ["generated jsonl", "competitors"].contains(input.name) {
        try place.identity(input, report)
      }
    }
    if isWanted("kills") { try place.kills(small + shared, report) }
    if isWanted("retries") { try place.retries(report) }
    if isWanted("crashes") { try place.crashes(report) }
    if isWanted("writes") { for input in generated.prefix(2) { try place.failingWrites(input, report) } }
    if isWanted("shards") {
      for input in generated where ["decorate", "generated jsonl"].contains(input.name) {
        try place.shards(input, report)
      }
      try place.crashesInShards(report)
    }
    if isWanted("flips") {
      try place.flipsInCheckedFiles(report)
      try place.flipsInStore(report)
      for input in small + shared { try place.flipsInArchive(input, report) }
    }
    if isWanted("cuts") { for input in generated + shared { try place.cuts(input, report) } }
  }
}
