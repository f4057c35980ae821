import ArgumentParser
import Screening

/// How neighbors are chosen.
enum NeighborRule: String, ExpressibleByArgument, CaseIterable {
  case knn
}

struct Graph: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the edges of every crystal's graph.",
    discussion: """
      Writes id,site,neighbor,distance_A,image; the image is the lattice translation of the neighbor, in the basis \
      of the input.

      Example: sluice graph crystals.tar.zst --neighbors knn --output edges.csv
      """)

  @Argument(help: "Archive, file or folder of crystals.")
  var input: String

  @Option(help: "How neighbors are chosen: knn.")
  var neighbors: NeighborRule = .knn

  @Option(help: "Nearest neighbors of each site.")
  var count = 12

  @Option(help: "Largest neighbor distance, Å.")
  var cutoff = 8.0

  @Option(help: "CSV file to write.")
  var output: String

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if !(1...64).contains(count) { throw ValidationError("--count takes 1 to 64") }
    if !(cutoff > 0.1 && cutoff <= 20) { throw ValidationError("--cutoff takes a distance of 0.1 to 20 Å") }
  }

  func run() throws {
    try reportingErrors {
      let report = try GraphTable(count: count, cutoff: cutoff, jobs: threads.count).write(input, to: output)
      try conclude(report, output)
    }
  }
}
