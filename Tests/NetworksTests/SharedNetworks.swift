import Crystal
import CrystalGraphs
import Foundation
import StructureArchive
import TestSupport
import Testing

/// The shared data folder's reference values of networks.
enum SharedNetworks {
  /// A file, decompressed.
  static func bytes(_ name: String) throws -> [UInt8] {
    let folder = try #require(Fixtures.sharedData).appending(path: "reference/networks")
    return try readWholeFile(path: folder.appending(path: name).path)
  }

  /// The crystals' nearest neighbors, those whose distance (Å) `isTaken`.
  static func graphs(where isTaken: (Double) -> Bool) throws -> [String: CrystalGraph] {
    struct Line: Decodable {
      let id: String
      let species: [String]
    }
    // id, site, slot, neighbor, distance, a site's one after the other.
    var edges: [String: [(site: Int, neighbor: Int32, distance: Double)]] = [:]
    for row in String(decoding: try bytes("knn12.csv.zst"), as: UTF8.self).split(separator: "\n").dropFirst()
    {
      let fields = row.split(separator: ",").map { String($0) }
      let distance = try #require(Double(fields[4]))
      guard isTaken(distance) else { continue }
      edges[fields[0], default: []].append(
        (try #require(Int(fields[1])), try #require(Int32(fields[3])), distance))
    }
    var graphs: [String: CrystalGraph] = [:]
    for line in try bytes("crystals.jsonl.zst").split(separator: 10) {
      let crystal = try JSONDecoder().decode(Line.self, from: Data(line))
      let elements = try crystal.species.map { try #require(Element(symbol: $0)) }
      let own = edges[crystal.id] ?? []
      graphs[crystal.id] = CrystalGraph(
        elements: elements,
        edgeOffsets: (0...elements.count).map { site in Int32(own.count { $0.site < site }) },
        neighbors: own.map(\.neighbor), distances: own.map(\.distance),
        images: own.map { _ in SIMD3(0, 0, 0) }, tiedCuts: elements.map { _ in false })
    }
    return graphs
  }
}
