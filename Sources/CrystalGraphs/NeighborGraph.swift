public import Crystal

/// Which sites of a crystal are neighbors.
public enum NeighborRule: Hashable, Sendable {
  /// The nearest `count` within `cutoff` (Å).
  case nearest(count: Int, cutoff: Double)
  /// Sites whose Voronoi cells share a facet of at least this fraction of the larger cell's largest solid angle.
  case voronoi(minimumSolidAngleFraction: Double)
  /// The nearest `count` within `cutoff` (Å), and all others of the last one's shell: no order of equal distances decides
  /// which of them are neighbors. Distances closer than `NeighborRule.shellTolerance` are equal.
  case nearestShells(count: Int, cutoff: Double)
  /// The nearest `count`, however far, with whole shells as in `nearestShells`, and an edge both ways where either of two
  /// sites lists the other. With `doublesOwnImages` an edge to a site's own image is there twice, as in the code of ALIGNN;
  /// the graph then depends on the cell that a crystal is given in. Edges have vectors.
  case symmetricShells(count: Int, doublesOwnImages: Bool)
  /// All within `cutoff` (Å).
  case within(cutoff: Double)
  /// No site has any: for networks that look at the composition alone.
  case noNeighbors

  /// Distances (Å) of one shell differ by at most this.
  public static let shellTolerance = 1e-8
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
    var shells = ShellGraphBuilder.Scratch()
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
    case .nearestShells(let count, let cutoff):
      do throws(GraphError) {
        let builder = ShellGraphBuilder(neighborCount: count, cutoff: cutoff)
        return .nearest(try builder.graph(of: structure, scratch: &scratch.shells))
      } catch {
        throw VoronoiError(error)
      }
    case .symmetricShells(let count, let doubles):
      do throws(GraphError) {
        return .nearest(
          try CrystalGraph(
            symmetricShellsOf: count, structure, doublesOwnImages: doubles, scratch: &scratch.shells))
      } catch {
        throw VoronoiError(error)
      }
    case .within(let cutoff):
      do throws(GraphError) {
        let list = try NeighborList(of: structure, cutoff: cutoff)
        return .nearest(CrystalGraph(list, of: structure.elements, wholeShellsOf: .max))
      } catch {
        throw VoronoiError(error)
      }
    case .noNeighbors: return .nearest(CrystalGraph(withoutEdges: structure.elements))
    }
  }
}

extension CrystalGraph {
  /// The first `count` neighbors of each site of a list, and those as far as the last of them, within
  /// `NeighborRule.shellTolerance` of it.
  ///
  /// - Precondition: the list is of these sites, at least one neighbor is asked for.
  public init(_ list: NeighborList, of elements: [Element], wholeShellsOf count: Int) {
    precondition(list.offsets.count == elements.count + 1 && count >= 1, "a list of these sites")
    var offsets: [Int32] = [0]
    var entries: [Int] = []
    for site in elements.indices {
      let own = list.entries(of: site)
      var end = own.count > count ? own.lowerBound + count : own.upperBound
      while end < own.upperBound,
        list.distances[end] - list.distances[end - 1] <= NeighborRule.shellTolerance
      {
        end += 1
      }
      entries += own.lowerBound..<end
      offsets.append(Int32(entries.count))
    }
    self.init(
      elements: elements, edgeOffsets: offsets, neighbors: entries.map { list.neighbors[$0] },
      distances: entries.map { list.distances[$0] }, images: entries.map { list.images[$0] },
      tiedCuts: elements.map { _ in false })
  }
}
