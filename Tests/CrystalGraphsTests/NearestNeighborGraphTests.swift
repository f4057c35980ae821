import Crystal
import CrystalGraphs
import Foundation
import TestSupport
import Testing

struct NearestNeighborGraphTests {
  @Test(arguments: 0..<24)
  func `the graph is what plain loops over all images find`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let count = Int.random(in: 1...9, using: &generator)
    let structure = try randomStructure(siteCount: count, using: &generator)
    let cutoff = Double.random(in: 3...8, using: &generator)
    let neighborCount = Int.random(in: 1...20, using: &generator)
    let graph = try NearestNeighborGraphBuilder(neighborCount: neighborCount, cutoff: cutoff).graph(
      of: structure)
    expectPlain(graph, of: structure, neighborCount: neighborCount, cutoff: cutoff)
  }

  @Test(arguments: 0..<4)
  func `the graph of a crystal with many sites is what plain loops find`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 1000 + seed)
    let structure = try randomStructure(
      siteCount: 40 + 10 * Int(seed), using: &generator, minimumDistance: 1.2, skew: 0.2 * Double(seed))
    let graph = try NearestNeighborGraphBuilder(cutoff: 5).graph(of: structure)
    expectPlain(graph, of: structure, neighborCount: 12, cutoff: 5)
  }

  @Test(arguments: 0..<8)
  func `a skewed basis gives what plain loops find in it`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 2000 + seed)
    let structure = try randomStructure(siteCount: 1 + Int(seed) % 3, using: &generator, skew: 12)
    let graph = try NearestNeighborGraphBuilder(cutoff: 5).graph(of: structure)
    expectPlain(graph, of: structure, neighborCount: 12, cutoff: 5)
  }

  @Test func `special crystals give what plain loops find`() throws {
    for (name, structure) in try SpecialCrystals.all() {
      let graph = try NearestNeighborGraphBuilder(cutoff: 4.5).graph(of: structure)
      #expect(graph.siteCount == structure.siteCount, "\(name)")
      expectPlain(graph, of: structure, neighborCount: 12, cutoff: 4.5)
    }
  }

  @Test func `a tiny cell has its own images as neighbors`() throws {
    let structure = try SpecialCrystals.box(0.5, 0.5, 0.5, [(1, SIMD3(0.3, 0.3, 0.3))])
    let graph = try NearestNeighborGraphBuilder(neighborCount: 18, cutoff: 8).graph(of: structure)
    #expect(graph.distances.prefix(6).allSatisfy { abs($0 - 0.5) < 1e-12 })
    #expect(graph.distances.suffix(12).allSatisfy { abs($0 - 0.5 * 2.0.squareRoot()) < 1e-12 })
    #expect(graph.images.prefix(2) == [SIMD3(-1, 0, 0), SIMD3(0, -1, 0)])
    #expect(graph.tiedCutSites().isEmpty)
    #expect(try NearestNeighborGraphBuilder(neighborCount: 17).graph(of: structure).tiedCutSites() == [0])
  }

  @Test(arguments: 0..<8)
  func `images refer to the positions as given, wrapped or not`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 3000 + seed)
    let structure = try randomStructure(siteCount: 5, using: &generator)
    let shifts = (0..<5).map { _ in
      SIMD3<Int32>(
        Int32.random(in: -900...900, using: &generator), Int32.random(in: -9...9, using: &generator),
        Int32.random(in: -9...9, using: &generator))
    }
    let moved = try Structure(
      lattice: structure.lattice, elements: structure.elements,
      fractionalPositions: zip(structure.fractionalPositions, shifts).map { $0 + SIMD3<Double>($1) })
    let builder = NearestNeighborGraphBuilder()
    let (graph, other) = (try builder.graph(of: structure), try builder.graph(of: moved))
    #expect(other.neighbors == graph.neighbors)
    for site in 0..<5 {
      for edge in graph.edges(of: site) {
        let neighbor = Int(graph.neighbors[edge])
        #expect(other.images[edge] == graph.images[edge] &+ shifts[site] &- shifts[neighbor])
        #expect(abs(other.distances[edge] - graph.distances[edge]) < 1e-9)
        let vector = moved.lattice.cartesian(
          moved.fractionalPositions[neighbor] + SIMD3<Double>(other.images[edge])
            - moved.fractionalPositions[site])
        #expect(abs(length(vector) - other.distances[edge]) < 1e-9)
      }
    }
  }

  @Test func `fewer neighbors than asked for are stored where fewer lie within the cutoff`() throws {
    let structure = try SpecialCrystals.box(
      20, 20, 20, [(8, SIMD3(0, 0, 0)), (1, SIMD3(0.05, 0, 0)), (2, SIMD3(0.5, 0.5, 0.5))])
    let graph = try NearestNeighborGraphBuilder().graph(of: structure)
    #expect(graph.edgeOffsets == [0, 1, 2, 2])
    #expect(graph.neighbors == [1, 0])
    #expect(graph.distances.allSatisfy { abs($0 - 1) < 1e-12 })
  }

  @Test func `a neighbor exactly at the cutoff belongs to the graph`() throws {
    let structure = try SpecialCrystals.box(4, 4.5, 4.5, [(8, SIMD3(0.3, 0.7, 0.1))])
    let graph = try NearestNeighborGraphBuilder(neighborCount: 12, cutoff: 4).graph(of: structure)
    #expect(graph.images == [SIMD3(-1, 0, 0), SIMD3(1, 0, 0)])
  }

  @Test func `ties go by atomic number, then site, then image`() throws {
    let a = 4.0
    let structure = try SpecialCrystals.box(
      a, a, a,
      [(22, SIMD3(0.5, 0.5, 0.5)), (9, SIMD3(0.5, 0.5, 0)), (8, SIMD3(0.5, 0, 0.5)), (8, SIMD3(0, 0.5, 0.5))])
    let graph = try NearestNeighborGraphBuilder(neighborCount: 5).graph(of: structure)
    #expect(Array(graph.neighbors[graph.edges(of: 0)]) == [2, 2, 3, 3, 1])
    #expect(
      Array(graph.images[graph.edges(of: 0)]) == [
        SIMD3(0, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 0), SIMD3(1, 0, 0), SIMD3(0, 0, 0),
      ])
    #expect(graph.tiedCuts[0])
  }

  @Test func `a tie at half a hundred-millionth of an Ångström is a tie`() throws {
    // The two neighbors along each axis are equally far, up to rounding that depends on the position.
    var generator = SeededGenerator(seed: 31)
    for _ in 0..<200 {
      let edges = (0..<3).map { _ in
        (Double.random(in: 3...5, using: &generator) * 1e8).rounded() / 1e8 + 0.5e-8
      }
      let structure = try SpecialCrystals.box(
        edges[0], edges[1], edges[2],
        [(6, SIMD3(.random(in: 0...1, using: &generator), .random(in: 0...1, using: &generator), 0.3))])
      let images = try NearestNeighborGraphBuilder(neighborCount: 6).graph(of: structure).images
      // Of two opposite images, the lexicographically smaller one comes first.
      for pair in 0..<3 where images[2 * pair] == 0 &- images[2 * pair + 1] {
        #expect(images[2 * pair].x < 0 || images[2 * pair].y < 0 || images[2 * pair].z < 0)
      }
    }
  }

  @Test func `sites that are too close are refused, with the closest pair`() throws {
    let structure = try SpecialCrystals.box(
      5, 5, 5,
      [(8, SIMD3(0, 0, 0)), (8, SIMD3(0.5, 0.5, 0.01)), (8, SIMD3(0.5, 0.5, -0.002)), (1, SIMD3(0.04, 0, 0))])
    let error = try #require(throws: GraphError.self) {
      try NearestNeighborGraphBuilder().graph(of: structure)
    }
    guard case .sitesTooClose(1, 2, let distance) = error else { throw error }
    #expect(abs(distance - 0.06) < 1e-9)
    #expect(throws: Never.self) {
      try NearestNeighborGraphBuilder(minimumDistance: 0.01).graph(of: structure)
    }
    let coincident = try SpecialCrystals.box(5, 5, 5, [(8, SIMD3(0, 0, 0)), (8, SIMD3(1, 0, -3))])
    #expect(throws: GraphError.sitesTooClose(siteA: 0, siteB: 1, distance: 0)) {
      try NearestNeighborGraphBuilder().graph(of: coincident)
    }
  }

  @Test func `working memory used before changes nothing`() throws {
    var generator = SeededGenerator(seed: 77)
    var scratch = NearestNeighborGraphBuilder.Scratch()
    let builder = NearestNeighborGraphBuilder()
    for count in [30, 1, 45, 3, 12, 50, 2] {
      let structure = try randomStructure(siteCount: count, using: &generator, minimumDistance: 1)
      #expect(try builder.graph(of: structure, scratch: &scratch) == builder.graph(of: structure))
    }
  }

  @Test(arguments: 0..<8)
  func `a supercell repeats the distances of every site`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 4000 + seed)
    let structure = try randomStructure(siteCount: 4, using: &generator)
    let lattice = structure.lattice
    let doubled = try Structure(
      lattice: Lattice(a: lattice.a + lattice.b, b: lattice.b - lattice.a, c: lattice.c),
      elements: structure.elements + structure.elements,
      fractionalPositions: [0.0, 1.0].flatMap { shift in
        structure.fractionalPositions.map {
          SIMD3(($0.x + shift + $0.y) / 2, ($0.y - $0.x - shift) / 2, $0.z)
        }
      })
    let builder = NearestNeighborGraphBuilder()
    let (graph, large) = (try builder.graph(of: structure), try builder.graph(of: doubled))
    for site in 0..<8 {
      let expected = graph.distances[graph.edges(of: site % 4)]
      #expect(zip(large.distances[large.edges(of: site)], expected).allSatisfy { abs($0 - $1) < 1e-11 })
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `tied cuts of real crystals are those of an independent program`() throws {
    let folder = try #require(Fixtures.sharedData)
    let table = try String(
      contentsOf: folder.appending(path: "reference/cgcnn_pretrained.csv"), encoding: .utf8)
    var expected: [String: Bool] = [:]
    for line in table.split(separator: "\n").dropFirst() {
      let fields = line.split(separator: ",")
      expected[String(fields[0])] = fields[3] == "1"
    }
    var compared = 0
    for crystal in try RealCrystals.load("mp/test.jsonl.zst", ids: Set(expected.keys)) {
      // The table was made with a tolerance of 1e-6 Å.
      let graph = try NearestNeighborGraphBuilder(tieTolerance: 1e-6).graph(of: crystal.structure)
      #expect(!graph.tiedCutSites().isEmpty == expected[crystal.id], "\(crystal.id)")
      compared += 1
    }
    #expect(compared == expected.count)
  }
}

/// Compares a graph with the plain search, edge by edge; distances to 1e-9 Å.
private func expectPlain(_ graph: CrystalGraph, of structure: Structure, neighborCount: Int, cutoff: Double) {
  let search = PlainNeighborSearch(cutoff: cutoff)
  for site in 0..<structure.siteCount {
    let all = search.neighbors(of: site, in: structure)
    let expected = all.prefix(neighborCount)
    let edges = graph.edges(of: site)
    #expect(Array(graph.neighbors[edges]) == expected.map { Int32($0.site) }, "site \(site)")
    #expect(Array(graph.images[edges]) == expected.map(\.image), "site \(site)")
    #expect(zip(graph.distances[edges], expected).allSatisfy { abs($0 - $1.distance) < 1e-9 }, "site \(site)")
    let isTied =
      all.count > neighborCount
      && all[neighborCount].roundedDistance == all[neighborCount - 1].roundedDistance
    #expect(graph.tiedCuts[site] == isTied, "site \(site)")
  }
}
