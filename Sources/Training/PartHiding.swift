public import Networks

/// Which supercell of a crystal a view is of: a finer choice of what is hidden, since a site and its images in other cells are hidden
/// each by itself. Without anything hidden, a network with a mean over the sites sees no difference.
///
/// Source: the code of Kong et al., Mach. Learn.: Sci. Technol. 5, 035018 (2024): sizes, and how often each is drawn.
public enum SupercellView: String, CaseIterable, Hashable, Sendable {
  /// The cell itself.
  case none
  /// Two cells along the third lattice vector.
  case two = "1x1x2"
  /// Four, along the second and third.
  case four = "1x2x2"
  /// Eight.
  case eight = "2x2x2"
  /// One of these for each view: the cell itself twice as often as each of the others.
  case random

  /// Numbers of cells along the lattice vectors.
  public func counts(using generator: inout some RandomNumberGenerator) -> SIMD3<Int> {
    switch self {
    case .none: SIMD3(1, 1, 1)
    case .two: SIMD3(1, 1, 2)
    case .four: SIMD3(1, 2, 2)
    case .eight: SIMD3(2, 2, 2)
    case .random:
      // The published list has the cell as it is, and again as a supercell of one cell.
      [SupercellView.none, .none, .two, .four, .eight][Int.random(in: 0..<5, using: &generator)]
        .counts(using: &generator)
    }
  }
}

/// How sites and edges of a crystal are drawn that a network is not to see.
///
/// What is drawn follows from the seed, the epoch, the view and the crystal's own key alone: neither from the crystals beside it nor
/// from how many threads there are.
///
/// Source: the code of Kong et al., Mach. Learn.: Sci. Technol. 5, 035018 (2024).
public struct PartHiding: Hashable, Sendable {
  /// Share of the sites: of n sites the whole part of share · n + 1 are drawn, at most n.
  public var sites: Double
  /// Share of the edges likewise; nil where the edges are those at the drawn sites, every second one in the order in which they are
  /// stored.
  public var edges: Double?
  /// Which supercell they are drawn of.
  public var supercell: SupercellView

  /// Shares of sites and edges.
  public init(sites: Double, edges: Double?, supercell: SupercellView = .none) {
    self.sites = sites
    self.edges = edges
    self.supercell = supercell
  }

  /// What a view is drawn by.
  ///
  /// - Parameters:
  ///   - key: of the crystal, as of its id.
  ///   - epoch: from 0.
  ///   - view: from 0.
  ///   - seed: seed of the training.
  public func generator(key: UInt64, epoch: Int, view: Int, seed: UInt64) -> SeededRandom {
    var own = SeededRandom(seed: seed ^ 0x4849_4445_0000_0000, stream: key)
    return SeededRandom(seed: own.next(), stream: UInt64(view) << 32 | UInt64(epoch))
  }

  /// Some of `count` numbers from 0.
  private func draw(
    _ share: Double, of count: Int, using generator: inout some RandomNumberGenerator
  ) -> [Int] {
    let number = min(count, Int(share * Double(count) + 1))
    return Array((0..<count).shuffled(using: &generator).prefix(number))
  }

  /// The sites that are hidden, counted within the structure.
  public func hiddenSites(
    of structure: Int, in graphs: GraphCollection, using generator: inout some RandomNumberGenerator
  ) -> [Int] {
    draw(sites, of: graphs.siteCount(of: structure), using: &generator)
  }

  /// The edges that are hidden, counted within the structure, ascending where they are those at `sites`.
  public func hiddenEdges(
    of structure: Int, in graphs: GraphCollection, at sites: [Int],
    using generator: inout some RandomNumberGenerator
  ) -> [Int] {
    let first = graphs.siteOffsets[structure]
    let all = graphs.edgeOffsets[first]..<graphs.edgeOffsets[graphs.siteOffsets[structure + 1]]
    if let edges { return draw(edges, of: all.count, using: &generator) }
    var isHidden = [Bool](repeating: false, count: graphs.siteCount(of: structure))
    for site in sites { isHidden[site] = true }
    let touching = isHidden.indices.flatMap { site in
      (graphs.edgeOffsets[first + site]..<graphs.edgeOffsets[first + site + 1]).filter {
        isHidden[site] || isHidden[Int(graphs.neighbors[$0])]
      }
    }
    return stride(from: 0, to: touching.count, by: 2).map { touching[$0] - all.lowerBound }
  }
}
