public import Crystal

/// Which sites of a crystal are neighbors.
public enum NeighborRule: Hashable, Sendable {
  /// The nearest `count` within `cutoff` (Å).
  case nearest(count: Int, cutoff: Double)
  /// Sites whose Voronoi cells share a facet of at least this fraction of the larger cell's largest solid angle.
  case voronoi(minimumSolidAngleFraction: Double)
  /// No site has any: for networks that look at the composition alone.
  case noNeighbors
}

/// A crystal graph by one of the rules.
public enum NeighborGraph: Hashable, Sendable {
  /// Edges to the nearest neighbors, or none.
  case nearest(CrystalGraph)
  /// Edges through the facets of Voronoi cells, with their measures.
  case voronoi(VoronoiGraph)

  /// Sites and edges.
  public var graph: CrystalGraph {
    switch self {
    case .nearest(let graph): graph
    case .voronoi(let voronoi): voronoi.graph
    }
  }

  /// The measures of the facets, where edges are facets.
  public var facets: VoronoiGraph? {
    if case .voronoi(let voronoi) = self { voronoi } else { nil }
  }
}

/// Builds graphs by one of the rules.
public struct NeighborGraphBuilder: Hashable, Sendable {
  /// Which sites are neighbors.
  public let rule: NeighborRule

  /// A builder of graphs by `rule`.
  ///
  /// - Precondition: as for `NearestNeighborGraphBuilder` and `VoronoiGraphBuilder`.
  public init(_ rule: NeighborRule) { self.rule = rule }

  /// Working memory of one thread, behind a reference so that it can be handed from batch to batch.
  public final class Scratch {
    var nearest = NearestNeighborGraphBuilder.Scratch()
    var voronoi = VoronoiGraphBuilder.Scratch()

    /// Empty; grows with use.
    public init() {}
  }

  /// The graph of a crystal.
  ///
  /// - Throws: `VoronoiError`, foremost `.sitesTooClose` with the closest pair; nearest neighbors throw the cases that
  ///   `GraphError` has too.
  public func graph(of structure: Structure, scratch: Scratch) throws(VoronoiError) -> NeighborGraph {
    switch rule {
    case .nearest(let count, let cutoff):
      let builder = NearestNeighborGraphBuilder(neighborCount: count, cutoff: cutoff)
      do throws(GraphError) {
        return .nearest(try builder.graph(of: structure, scratch: &scratch.nearest))
      } catch {
        throw VoronoiError(error)
      }
    case .voronoi(let fraction):
      let builder = VoronoiGraphBuilder(minimumSolidAngleFraction: fraction)
      return .voronoi(try builder.graph(of: structure, scratch: &scratch.voronoi))
    case .noNeighbors: return .nearest(CrystalGraph(withoutEdges: structure.elements))
    }
  }
}
