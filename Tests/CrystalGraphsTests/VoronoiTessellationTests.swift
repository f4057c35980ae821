import Crystal
import CrystalGraphs
import Foundation
import TestSupport
import Testing

struct VoronoiTessellationTests {
  @Test(arguments: 0..<24)
  func `random crystals obey the laws of a tessellation`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 100 + seed)
    let structure = try randomStructure(
      siteCount: Int.random(in: 1...12, using: &generator), using: &generator)
    try expectLaws(VoronoiTessellation(of: structure), of: structure)
  }

  @Test func `special crystals obey the laws of a tessellation`() throws {
    for (name, structure) in try SpecialCrystals.all() {
      try expectLaws(VoronoiTessellation(of: structure), of: structure, "\(name)")
    }
  }

  @Test(arguments: 0..<8)
  func `very skewed cells obey the laws of a tessellation`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 200 + seed)
    let structure = try randomStructure(siteCount: 1 + Int(seed), using: &generator, skew: 20)
    try expectLaws(VoronoiTessellation(of: structure), of: structure)
  }

  @Test(arguments: 0..<6)
  func `random points fall into the cell of their nearest site as often as its volume says`(seed: UInt64)
    throws
  {
    var generator = SeededGenerator(seed: 300 + seed)
    let structure = try randomStructure(siteCount: 1 + Int(seed), using: &generator)
    let tessellation = try VoronoiTessellation(of: structure)
    // A point is in the cell of the site it is nearest to: the share of random points is the share of the volume.
    var hits = [Int](repeating: 0, count: structure.siteCount)
    let samples = 1000
    for _ in 0..<samples {
      let point = SIMD3<Double>(
        .random(in: 0..<1, using: &generator), .random(in: 0..<1, using: &generator),
        .random(in: 0..<1, using: &generator))
      let distances = try structure.fractionalPositions.map {
        try shortestImageDistance(structure.lattice, point - $0)
      }
      let nearest = try #require(distances.indices.min { distances[$0] < distances[$1] })
      hits[nearest] += 1
    }
    for cell in tessellation.cells {
      let share = cell.volume / structure.lattice.volume
      let deviation = (max(0, share * (1 - share)) / Double(samples)).squareRoot()
      #expect(abs(Double(hits[cell.site]) / Double(samples) - share) <= 5 * deviation + 1e-12)
    }
  }

  @Test func `cubic crystals have the cells of the textbook`() throws {
    let counts: [(String, Structure, [Int])] = [
      ("sc", try SpecialCrystals.simpleCubic(), [6]), ("bcc", try SpecialCrystals.bodyCentered(), [14]),
      ("fcc", try SpecialCrystals.faceCentered(), [12]),
      ("rock salt", try SpecialCrystals.rockSalt(), [6, 6]),
      ("CsCl", try SpecialCrystals.cesiumChloride(), [14, 14]),
      ("diamond", try SpecialCrystals.diamond(), [16, 16]),
      ("perovskite", try SpecialCrystals.perovskite(), [12, 6, 14, 14, 14]),
    ]
    for (name, structure, expected) in counts {
      let tessellation = try VoronoiTessellation(of: structure)
      #expect(tessellation.cells.map(\.faces.count) == expected, "\(name)")
    }
    let truncatedOctahedron = try VoronoiTessellation(of: SpecialCrystals.bodyCentered(2)).cells[0]
    #expect((truncatedOctahedron.vertexCount, truncatedOctahedron.edgeCount) == (24, 36))
    #expect(truncatedOctahedron.faces.map(\.vertexCount) == [6, 6, 6, 6, 6, 6, 6, 6, 4, 4, 4, 4, 4, 4])
    #expect(abs(truncatedOctahedron.volume - 4) < 1e-12)
    #expect(abs(truncatedOctahedron.faces[13].area - 0.5) < 1e-12)
    let cube = try VoronoiTessellation(of: SpecialCrystals.simpleCubic(3)).cells[0]
    #expect(
      cube.faces.allSatisfy { abs($0.solidAngle - 2 * Double.pi / 3) < 1e-12 && abs($0.area - 9) < 1e-12 })
  }

  @Test func `ThCr2Si2 has the facets of the reference table`() throws {
    // Count, element of the neighbor, solid angle, area, distance, pyramid volume, corners.
    let expected: [Int: [(Int, Int, Double, Double, Double, Double, Int)]] = [
      90: [
        (8, 14, 0.9155, 3.0189, 3.1545, 1.5872, 5), (8, 24, 0.5824, 1.9341, 3.3286, 1.0730, 6),
        (2, 14, 0.0239, 0.0939, 3.9558, 0.0619, 4), (4, 90, 0.1340, 0.5673, 4.0435, 0.3823, 6),
      ],
      24: [
        (4, 14, 1.7939, 4.6012, 2.4099, 1.8481, 5), (4, 24, 0.7654, 2.1268, 2.8592, 1.0135, 4),
        (4, 90, 0.5824, 1.9341, 3.3286, 1.0730, 6),
      ],
      14: [
        (4, 24, 1.7939, 4.6012, 2.4099, 1.8481, 5), (1, 14, 1.7051, 5.0086, 2.6654, 2.2250, 4),
        (4, 90, 0.9155, 3.0189, 3.1545, 1.5872, 5), (1, 90, 0.0239, 0.0939, 3.9558, 0.0619, 4),
      ],
    ]
    let structure = try SpecialCrystals.thoriumChromiumSilicide()
    for cell in try VoronoiTessellation(of: structure).cells {
      var faces = cell.faces[...]
      for row in try #require(expected[structure.elements[cell.site].atomicNumber]) {
        for face in faces.prefix(row.0) {
          #expect(structure.elements[face.neighbor].atomicNumber == row.1)
          #expect(abs(face.solidAngle - row.2) <= 6e-5 && abs(face.area - row.3) <= 6e-5)
          #expect(abs(face.distance - row.4) <= 6e-5 && abs(face.pyramidVolume - row.5) <= 6e-5)
          #expect(face.vertexCount == row.6)
        }
        faces = faces.dropFirst(row.0)
      }
      #expect(faces.isEmpty)
    }
  }

  @Test func `sites that are too close are refused, with the closest pair`() throws {
    let structure = try SpecialCrystals.box(
      5, 5, 5,
      [(8, SIMD3(0, 0, 0)), (8, SIMD3(0.5, 0.5, 0.01)), (8, SIMD3(0.5, 0.5, -0.002)), (1, SIMD3(0.04, 0, 0))])
    let error = try #require(throws: VoronoiError.self) { try VoronoiTessellation(of: structure) }
    guard case .sitesTooClose(1, 2, let distance) = error else { throw error }
    #expect(abs(distance - 0.06) < 1e-9)
    let coincident = try SpecialCrystals.box(5, 5, 5, [(8, SIMD3(0, 0, 0)), (8, SIMD3(1, 0, -3))])
    #expect(throws: VoronoiError.sitesTooClose(siteA: 0, siteB: 1, distance: 0)) {
      try VoronoiTessellation(of: coincident)
    }
  }

  @Test(arguments: [1000.0, 10_000])
  func `a cell a thousand times as long as wide is exact`(length: Double) throws {
    let structure = try SpecialCrystals.box(
      3, 3.1, length, [(14, SIMD3(0, 0, 0)), (8, SIMD3(0.5, 0.5, 3 / length)), (8, SIMD3(0.5, 0.1, 0.3))])
    let tessellation = try VoronoiTessellation(of: structure)
    try expectLaws(tessellation, of: structure)
    #expect(tessellation.searchRadius > 0.6 * length)
  }

  @Test func `cells that do not fill space for rounding are refused, not returned`() throws {
    let structure = try SpecialCrystals.box(
      3, 3, 3e5, [(14, SIMD3(0, 0, 0)), (8, SIMD3(0.5, 0.5, 1e-5)), (8, SIMD3(0.5, 0.1, 0.3))])
    do {
      try expectLaws(VoronoiTessellation(of: structure), of: structure)
    } catch VoronoiError.volumeMismatch(let relativeError) {
      #expect(abs(relativeError) > 1e-6)
    }
  }
}

/// Checks every law that holds for the cells of a periodic crystal.
func expectLaws(_ tessellation: VoronoiTessellation, of structure: Structure, _ name: String = "") throws {
  struct Side: Hashable {
    let site: Int, neighbor: Int, image: SIMD3<Int32>
  }
  var faces: [Side: VoronoiFace] = [:]
  #expect(tessellation.cells.map(\.site) == Array(0..<structure.siteCount), "\(name)")
  #expect(tessellation.unpairedFacetCount == 0, "\(name)")
  for cell in tessellation.cells {
    #expect(abs(cell.faces.reduce(0) { $0 + $1.solidAngle } - 4 * .pi) < 1e-8, "\(name) solid angles")
    #expect(cell.vertexCount - cell.edgeCount + cell.faces.count == 2, "\(name) Euler")
    #expect(cell.faces.reduce(0) { $0 + $1.vertexCount } == 2 * cell.edgeCount, "\(name) edges")
    #expect(abs(cell.faces.reduce(-cell.volume) { $0 + $1.pyramidVolume }) < 1e-9 * cell.volume, "\(name)")
    var sum = SIMD3<Double>()
    for face in cell.faces {
      let vector = structure.lattice.cartesian(
        structure.fractionalPositions[face.neighbor] + SIMD3<Double>(face.image)
          - structure.fractionalPositions[cell.site])
      #expect(
        abs(length(vector) - face.distance) < 1e-9 * max(1, length(structure.lattice.c)), "\(name) distance")
      #expect(abs(face.pyramidVolume - face.area * face.distance / 6) < 1e-12 * cell.volume, "\(name)")
      #expect(face.vertexCount >= 3 && face.distance / 2 <= tessellation.searchRadius / 2, "\(name)")
      sum += face.area / face.distance * vector
      faces[Side(site: cell.site, neighbor: face.neighbor, image: face.image)] = face
    }
    let area = cell.faces.reduce(0) { $0 + $1.area }
    #expect(length(sum) < 1e-8 * area, "\(name) closed surface")
  }
  #expect(faces.count == tessellation.cells.reduce(0) { $0 + $1.faces.count }, "\(name) facets are distinct")
  for (side, face) in faces {
    let opposite = faces[Side(site: side.neighbor, neighbor: side.site, image: 0 &- side.image)]
    #expect(opposite?.area == face.area && opposite?.solidAngle == face.solidAngle, "\(name) reciprocal")
  }
  let total = tessellation.cells.reduce(0) { $0 + $1.volume }
  #expect(abs(total / structure.lattice.volume - 1) < 1e-9, "\(name) volume")
}
