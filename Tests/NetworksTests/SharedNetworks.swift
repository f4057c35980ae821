import Crystal
import Foundation
import StructureArchive
import TestSupport
import Testing

@testable import CrystalGraphs

/// The shared data folder's reference values of networks.
enum SharedNetworks {
  /// A file, decompressed.
  static func bytes(_ name: String) throws -> [UInt8] {
    let folder = try #require(Fixtures.sharedData).appending(path: "reference/networks")
    return try readWholeFile(path: folder.appending(path: name).path)
  }

  /// The crystals' nearest neighbors, those whose distance (Å) `isTaken`.
  static func graphs(where isTaken: (Double) -> Bool) throws -> [String: CrystalGraph] {
    try lists("knn12.csv.zst", where: isTaken).mapValues(\.graph)
  }

  /// The facets of the crystals' Voronoi cells as pymatgen has them, with their distances and solid angles alone.
  static func facets() throws -> [String: VoronoiGraph] {
    try lists("ogcnn_facets.csv.zst") { _ in true }.mapValues { graph, solidAngles in
      let nothing = solidAngles.map { _ in 0.0 }
      return VoronoiGraph(
        graph: graph, areas: nothing, solidAngles: solidAngles, pyramidVolumes: nothing, angularMoments: [],
        minimumSolidAngleFraction: 0, droppedFacetCount: 0)
    }
  }

  /// The crystals.
  static func crystals() throws -> [String: Structure] {
    struct Line: Decodable {
      let id: String
      let lattice: [[Double]]
      let species: [String]
      let positions: [[Double]]

      private enum CodingKeys: String, CodingKey {
        case id, lattice, species
        case positions = "frac_coords"
      }
    }
    func vector(_ numbers: [Double]) -> SIMD3<Double> { SIMD3(numbers[0], numbers[1], numbers[2]) }
    return try bytes("crystals.jsonl.zst").split(separator: 10).reduce(into: [:]) { crystals, text in
      let line = try JSONDecoder().decode(Line.self, from: Data(text))
      let rows = line.lattice.map(vector)
      crystals[line.id] = try Structure(
        lattice: try Lattice(a: rows[0], b: rows[1], c: rows[2]),
        elements: try line.species.map { try #require(Element(symbol: $0)) },
        fractionalPositions: line.positions.map(vector))
    }
  }

  /// A file of neighbors with the columns id, site, number, neighbor, distance and perhaps another, a site's one after the
  /// other; those whose distance `isTaken`, with what the last column says of each.
  private static func lists(
    _ name: String, where isTaken: (Double) -> Bool
  ) throws -> [String: (graph: CrystalGraph, last: [Double])] {
    var edges: [String: [(site: Int, neighbor: Int32, distance: Double, last: Double)]] = [:]
    for row in String(decoding: try bytes(name), as: UTF8.self).split(separator: "\n").dropFirst() {
      let fields = row.split(separator: ",").map { String($0) }
      let distance = try #require(Double(fields[4]))
      guard isTaken(distance) else { continue }
      edges[fields[0], default: []].append(
        (
          try #require(Int(fields[1])), try #require(Int32(fields[3])), distance,
          try #require(Double(fields[fields.count - 1]))
        ))
    }
    var result: [String: (graph: CrystalGraph, last: [Double])] = [:]
    for (id, crystal) in try crystals() {
      let (elements, own) = (crystal.elements, edges[id] ?? [])
      let graph = CrystalGraph(
        elements: elements,
        edgeOffsets: (0...elements.count).map { site in Int32(own.count { $0.site < site }) },
        neighbors: own.map(\.neighbor), distances: own.map(\.distance),
        images: own.map { _ in SIMD3(0, 0, 0) }, tiedCuts: elements.map { _ in false })
      result[id] = (graph, own.map(\.last))
    }
    return result
  }
}
