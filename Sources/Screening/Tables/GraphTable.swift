internal import Crystal
public import CrystalGraphs
internal import Networks
internal import StructureArchive
internal import TextFormats

/// Which sites of a crystal are neighbors.
public typealias NeighborRule = CrystalGraphs.NeighborRule

/// The edges of every crystal's graph.
public struct GraphTable: Sendable {
  private let rule: NeighborRule
  private let jobs: Int

  /// A table of edges by `rule`.
  public init(_ rule: NeighborRule, jobs: Int) {
    self.rule = rule
    self.jobs = jobs
  }

  /// Writes one line an edge, in the order of the input.
  ///
  /// Nearest neighbors: `id,site,neighbor,distance_A,image`, the image being the lattice translation "i j k" of the
  /// neighbor. Voronoi neighbors: `id,site,neighbor,distance_A,area_A2,solid_angle_sr,volume_A3` of the facet between the
  /// two and the pyramid on it. Sites count from 0.
  public func write(_ input: String, to output: String) throws -> TableReport {
    let writer = try LineWriter(path: output, inputs: [input])
    var report = TableReport()
    switch rule {
    case .nearest, .nearestShells, .symmetricShells, .within, .noNeighbors:
      let encoder = InputEncoder(InputRequirements(neighbors: rule))
      try writer.append("id,site,neighbor,distance_A,image")
      try streamCrystals(
        input, jobs: jobs, report: &report,
        work: { scratch, records in
          records.map { record in
            do throws(VoronoiError) {
              return .value(
                (record.id, try encoder.graph(of: record.structure, scratch: scratch.inputs).graph))
            } catch {
              return .rejected(error.rejectionReason, "\(record.id): \(error)")
            }
          }
        }, write: { (value: (String, CrystalGraph)) in try Self.append(value.1, id: value.0, to: writer) })
    case .voronoi(let fraction):
      let builder = VoronoiGraphBuilder(minimumSolidAngleFraction: fraction)
      try writer.append("id,site,neighbor,distance_A,area_A2,solid_angle_sr,volume_A3")
      try streamCrystals(
        input, jobs: jobs, report: &report,
        work: { _, records in
          var scratch = VoronoiGraphBuilder.Scratch()
          return records.map { record in
            do throws(VoronoiError) {
              return .value((record.id, try builder.graph(of: record.structure, scratch: &scratch)))
            } catch {
              return .rejected(error.rejectionReason, "\(record.id): \(error)")
            }
          }
        }, write: { (value: (String, VoronoiGraph)) in try Self.append(value.1, id: value.0, to: writer) })
    }
    try writer.finish()
    return report
  }

  private static func append(_ graph: CrystalGraph, id: String, to writer: LineWriter) throws {
    for site in 0..<graph.siteCount {
      for edge in graph.edges(of: site) {
        let image = graph.images[edge]
        try writer.append(
          "\(csvField(id)),\(site),\(graph.neighbors[edge]),\(graph.distances[edge]),"
            + "\(image.x) \(image.y) \(image.z)")
      }
    }
  }

  private static func append(_ voronoi: VoronoiGraph, id: String, to writer: LineWriter) throws {
    let graph = voronoi.graph
    for site in 0..<graph.siteCount {
      for edge in graph.edges(of: site) {
        try writer.append(
          "\(csvField(id)),\(site),\(graph.neighbors[edge]),\(graph.distances[edge]),\(voronoi.areas[edge]),"
            + "\(voronoi.solidAngles[edge]),\(voronoi.pyramidVolumes[edge])")
      }
    }
  }
}

extension InputError {
  var rejectionReason: RejectionReason {
    switch self {
    case .unknownElement: .elementNotInModel
    case .noGraph(let error): error.rejectionReason
    }
  }
}

extension VoronoiError {
  var rejectionReason: RejectionReason {
    switch self {
    case .sitesTooClose: .sitesTooClose
    default: .notACrystal
    }
  }
}
