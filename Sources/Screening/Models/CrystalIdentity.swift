internal import Crystal
internal import CrystalGraphs
internal import Foundation
internal import PipelineEngine

/// What of a crystal says whether another one is the same, in 24 bytes: for crystals that are not at hand any more.
///
/// Two crystals are taken for one structure where their reduced compositions are equal, their volumes per site differ by at
/// most a fifth, and three mean distances by at most 0.03 of the cube root of the volume per site. The distances are those to
/// the nearest four, the next four and the next four sites, each a mean over all sites. They depend neither on the cell nor
/// on the order of sites, and small displacements move them little. That is less than `SiteEnvironments` asks for, so of
/// crystals that are different some pass for the same; those that are the same hardly ever pass for different.
struct CrystalIdentity: Hashable, Sendable {
  /// The first eight bytes of the SHA-256 of the reduced formula, as a number with the first byte highest.
  let composition: Int64
  /// Volume per site (Å³).
  let volume: Float
  /// Mean distance of the first, second and third four nearest sites (Å); 0 where sites are too close
  /// for a crystal.
  let distances: SIMD3<Float>

  /// Sites that are looked at around each.
  private static let neighborCount = 12
  /// Farther sites, and those that are missing within it, count as so far (Å).
  private static let reach = 8.0

  /// Working memory of one thread.
  final class Scratch {
    fileprivate var graph = NearestNeighborGraphBuilder.Scratch()
  }

  init(composition: Int64, volume: Float, distances: SIMD3<Float>) {
    self.composition = composition
    self.volume = volume
    self.distances = distances
  }

  init(of structure: Structure, scratch: Scratch) {
    composition = Self.composition(of: structure)
    volume = Float(structure.lattice.volume / Double(structure.siteCount))
    let builder = NearestNeighborGraphBuilder(neighborCount: Self.neighborCount, cutoff: Self.reach)
    guard let graph = try? builder.graph(of: structure, scratch: &scratch.graph) else {
      distances = .zero
      return
    }
    var sums = SIMD3<Double>.zero
    for site in 0..<graph.siteCount {
      let edges = graph.edges(of: site)
      for place in 0..<Self.neighborCount {
        sums[place / 4] += place < edges.count ? graph.distances[edges.lowerBound + place] : Self.reach
      }
    }
    distances = SIMD3<Float>(sums / Double(4 * graph.siteCount))
  }

  /// The number of a crystal's reduced composition.
  static func composition(of structure: Structure) -> Int64 {
    let digest = Fingerprint(of: structure.composition.reducedFormula).bytes
    return Int64(bitPattern: digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
  }

  /// Whether the two are taken for one structure; one without distances for any of its composition and volume.
  func isSameStructure(as other: CrystalIdentity) -> Bool {
    guard composition == other.composition,
      max(volume, other.volume) <= Float(SiteEnvironments.largestVolumeRatio) * min(volume, other.volume)
    else { return false }
    guard distances != .zero, other.distances != .zero else { return true }
    let (own, others) = (distances / cbrt(volume), other.distances / cbrt(other.volume))
    return (0..<3).allSatisfy { abs(own[$0] - others[$0]) <= Float(SiteEnvironments.tolerance) }
  }
}
