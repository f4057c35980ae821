public import Networks

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

  /// Shares of sites and edges.
  public init(sites: Double, edges: Double?) {
    self.sites = sites
    self.edges = edges
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
