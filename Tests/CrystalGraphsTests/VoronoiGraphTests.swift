import Crystal
import CrystalGraphs
import Foundation
import TestSupport
import Testing

struct VoronoiGraphTests {
  @Test(arguments: 0..<12)
  func `the graph has the facets above the threshold, both ways`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 500 + seed)
    let structure = try randomStructure(
      siteCount: Int.random(in: 1...9, using: &generator), using: &generator)
    let fraction = [0, 0.01, 0.1][Int(seed) % 3]
    let built = try VoronoiGraphBuilder(minimumSolidAngleFraction: fraction).graph(of: structure)
    let cells = try VoronoiTessellation(of: structure).cells
    let largest = cells.map { $0.faces.reduce(0) { max($0, $1.solidAngle) } }
    var dropped = 0
    for cell in cells {
      let kept = cell.faces.filter {
        $0.solidAngle >= fraction * max(largest[cell.site], largest[$0.neighbor])
      }
      dropped += cell.faces.count - kept.count
      let edges = built.graph.edges(of: cell.site)
      #expect(Array(built.graph.neighbors[edges]) == kept.map { Int32($0.neighbor) })
      #expect(Array(built.graph.images[edges]) == kept.map(\.image))
      #expect(Array(built.graph.distances[edges]) == kept.map(\.distance))
      #expect(Array(built.areas[edges]) == kept.map(\.area))
      #expect(Array(built.solidAngles[edges]) == kept.map(\.solidAngle))
      #expect(Array(built.pyramidVolumes[edges]) == kept.map(\.pyramidVolume))
    }
    #expect(built.droppedFacetCount == dropped)
    #expect(built.minimumSolidAngleFraction == fraction)
  }

  @Test func `the threshold keeps rock salt at six facets when atoms move a thousandth of an Ångström`()
    throws
  {
    var generator = SeededGenerator(seed: 600)
    let salt = try SpecialCrystals.rockSalt()
    for _ in 0..<10 {
      let shaken = try Structure(
        lattice: salt.lattice, elements: salt.elements,
        fractionalPositions: salt.fractionalPositions.map {
          $0 + SIMD3(.random(in: -1...1, using: &generator), .random(in: -1...1, using: &generator), 0) * 2e-4
        })
      #expect(try VoronoiGraphBuilder().graph(of: shaken).graph.edgeOffsets == [0, 6, 12])
    }
  }

  @Test func `the angular moments of rock salt are those of an octahedron`() throws {
    let graph = try VoronoiGraphBuilder().graph(of: SpecialCrystals.rockSalt())
    // One neighbor ahead, one behind, four at right angles: all of the other element.
    let octahedron: [Double] = [0, 0, 0, (2 * 1 + 4 * 0.375) / 6]
    for edge in 0..<graph.graph.edgeCount {
      let start = VoronoiGraph.angularMomentCount * edge
      for (index, expected) in (octahedron + octahedron).enumerated() {
        #expect(abs(Double(graph.angularMoments[start + index]) - expected) < 1e-6)
      }
    }
  }

  @Test(arguments: 0..<8)
  func `angular moments do not depend on rotation, order, basis or supercell`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 900 + seed)
    let crystal = try randomStructure(siteCount: 2 + Int(seed), using: &generator)
    /// Every edge as length, element of its center, and moments, sorted; each `copies` times.
    func edges(_ structure: Structure, copies: Int = 1) throws -> [[Double]] {
      let built = try VoronoiGraphBuilder().graph(of: structure)
      let count = VoronoiGraph.angularMomentCount
      var rows: [[Double]] = []
      for site in 0..<built.graph.siteCount {
        for edge in built.graph.edges(of: site) {
          let moments = built.angularMoments[count * edge..<count * (edge + 1)].map { Double($0) }
          let row =
            [(built.graph.distances[edge] * 1e6).rounded(), Double(structure.elements[site].rawValue)]
            + moments
          rows += Array(repeating: row, count: copies)
        }
      }
      return rows.sorted { $0.lexicographicallyPrecedes($1) }
    }
    let described = [
      (try crystal.rotated(using: &generator), 1), (try crystal.reordered(using: &generator), 1),
      (try crystal.inOtherBasis(using: &generator), 1), (try crystal.supercell(SIMD3(1, 2, 1)), 2),
    ]
    for (other, copies) in described {
      let (a, b) = (try edges(crystal, copies: copies), try edges(other))
      try #require(a.count == b.count)
      for (a, b) in zip(a, b) {
        #expect(abs(a[0] - b[0]) <= 1 && a[1] == b[1])
        for (a, b) in zip(a.dropFirst(2), b.dropFirst(2)) { #expect(abs(a - b) < 2e-5) }
      }
    }
  }

  @Test func `working memory used before changes nothing`() throws {
    var generator = SeededGenerator(seed: 78)
    var scratch = VoronoiGraphBuilder.Scratch()
    let builder = VoronoiGraphBuilder()
    for count in [14, 1, 20, 3, 9] {
      let structure = try randomStructure(siteCount: count, using: &generator, minimumDistance: 1)
      #expect(try builder.graph(of: structure, scratch: &scratch) == builder.graph(of: structure))
    }
    let rod = try SpecialCrystals.rod()
    #expect(try builder.graph(of: rod, scratch: &scratch) == builder.graph(of: rod))
  }

  @Test func `an atom with hundreds of facets is no exception`() throws {
    // One atom in the middle of a shell of many: a Fibonacci sphere.
    let count = 400
    var positions = [SIMD3(0.5, 0.5, 0.5)]
    for index in 0..<count {
      let z = 1 - (2 * Double(index) + 1) / Double(count)
      let angle = 2.399963229728653 * Double(index)
      let radius = (1 - z * z).squareRoot()
      positions.append(SIMD3(0.5, 0.5, 0.5) + 0.3 * SIMD3(radius * cos(angle), radius * sin(angle), z))
    }
    let elements = [Element](repeating: Element.all[5], count: count + 1)
    let structure = try Structure(
      lattice: Lattice(a: SIMD3(40, 0, 0), b: SIMD3(0, 40, 0), c: SIMD3(0, 0, 40)), elements: elements,
      fractionalPositions: positions)
    let tessellation = try VoronoiTessellation(of: structure)
    #expect(tessellation.cells[0].faces.count == count)
    let total = tessellation.cells.reduce(0) { $0 + $1.volume }
    #expect(abs(total / 64000 - 1) < 1e-9)
  }

  /// One line of the reference file.
  private struct Facet {
    let neighbor: Int
    let distance: Double
    let area: Double
    let solidAngle: Double
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `real crystals have the facets that an independent program finds`() throws {
    var expected: [String: [Int: [Facet]]] = [:]
    for line in try RealCrystals.text("reference/voronoi_facets.csv.zst").split(separator: 10).dropFirst() {
      let fields = line.split(separator: 44).map { String(decoding: $0, as: UTF8.self) }
      let numbers = fields.dropFirst().compactMap(Double.init)
      expected[fields[0], default: [:]][Int(numbers[0]), default: []].append(
        Facet(neighbor: Int(numbers[1]), distance: numbers[2], area: numbers[3], solidAngle: numbers[4]))
    }
    let records = try RealCrystals.load("mp/test.jsonl.zst", ids: Set(expected.keys))
    #expect(records.count == expected.count && records.count == 300)
    for record in records {
      let sites = try #require(expected[record.id])
      for cell in try VoronoiTessellation(of: record.structure).cells {
        expectSame(cell, try #require(sites[cell.site]), record.id)
      }
    }
  }

  /// Facets above 1 % of the largest solid angle agree: neighbor, and the measures in order.
  private func expectSame(_ cell: VoronoiCell, _ reference: [Facet], _ id: String) {
    let threshold = 0.01 * reference.reduce(0) { max($0, $1.solidAngle) }
    // Facets at the threshold itself may fall on either side: take all of both, and demand the larger ones.
    var remaining = cell.faces
    for facet in reference where facet.solidAngle >= threshold {
      // Several facets can agree within the tolerance; the best one is the partner.
      let match = remaining.indices
        .filter { index in
          let face = remaining[index]
          return face.neighbor == facet.neighbor && abs(face.distance - facet.distance) < 1e-5
            && abs(face.area - facet.area) < 1e-5 * facet.area + 1e-6
            && abs(face.solidAngle - facet.solidAngle) < 1e-5 * facet.solidAngle + 1e-6
        }
        .min { deviation(remaining[$0], facet) < deviation(remaining[$1], facet) }
      #expect(match != nil, "\(id) site \(cell.site): no facet to \(facet.neighbor) at \(facet.distance) Å")
      if let match { remaining.remove(at: match) }
    }
    #expect(remaining.allSatisfy { $0.solidAngle < threshold * 1.00001 + 1e-6 }, "\(id) site \(cell.site)")
  }

  private func deviation(_ face: VoronoiFace, _ facet: Facet) -> Double {
    abs(face.distance - facet.distance) + abs(face.area - facet.area)
      + abs(face.solidAngle - facet.solidAngle)
  }
}
