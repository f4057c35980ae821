import ArgumentParser
import Screening

/// How neighbors are chosen.
enum NeighborChoice: String, ExpressibleByArgument, CaseIterable {
  case knn
  case voronoi
}

struct Graph: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the edges of every crystal's graph.",
    discussion: """
      knn writes id,site,neighbor,distance_A,image; the image is the lattice translation of the neighbor, in the \
      basis of the input. voronoi writes id,site,neighbor,distance_A,area_A2,solid_angle_sr,volume_A3: the facet \
      between the two Voronoi cells and the volume of the pyramid on it.

      Example: sluice graph crystals.tar.zst --neighbors knn --output edges.csv
      """)

  @Argument(help: "Archive, file or folder of crystals.")
  var input: String

  @Option(help: "How neighbors are chosen: knn or voronoi.")
  var neighbors: NeighborChoice = .knn

  @Option(help: "knn: nearest neighbors of each site.")
  var count = 12

  @Option(help: "knn: largest neighbor distance, Å.")
  var cutoff = 8.0

  @Option(
    help:
      "voronoi: leave out facets below this fraction of the larger cell's largest solid angle; 0 keeps all.")
  var minimumSolidAngle = 0.01

  @Option(help: "CSV file to write.")
  var output: String

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if !(1...64).contains(count) { throw ValidationError("--count takes 1 to 64") }
    if !(cutoff >= 0.4 && cutoff <= 20) { throw ValidationError("--cutoff takes a distance of 0.4 to 20 Å") }
    if !(minimumSolidAngle >= 0 && minimumSolidAngle < 1) {
      throw ValidationError("--minimum-solid-angle takes a fraction of 0 to 1")
    }
  }

  func run() throws {
    try reportingErrors {
      let rule: NeighborRule =
        switch neighbors {
        case .knn: .nearest(count: count, cutoff: cutoff)
        case .voronoi: .voronoi(minimumSolidAngleFraction: minimumSolidAngle)
        }
      try conclude(try GraphTable(rule, jobs: threads.count).write(input, to: output), output)
      if neighbors == .voronoi {
        Terminal.note("facet threshold \(minimumSolidAngle) of the largest solid angle")
      }
    }
  }
}
