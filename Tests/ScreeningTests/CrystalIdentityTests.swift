import Crystal
import Foundation
import TestSupport
import Testing

@testable import Screening

@Suite("What tells crystals apart once they are gone") struct CrystalIdentityTests {
  private func identity(_ structure: Structure) -> CrystalIdentity {
    CrystalIdentity(of: structure, scratch: CrystalIdentity.Scratch())
  }

  private func cubic(_ length: Double, _ sites: [(String, SIMD3<Double>)]) throws -> Structure {
    try Structure(
      lattice: Lattice(a: [length, 0, 0], b: [0, length, 0], c: [0, 0, length]),
      elements: sites.map { try #require(Element(symbol: $0.0)) }, fractionalPositions: sites.map(\.1))
  }

  private func rockSalt(_ length: Double, _ first: String = "Na") throws -> Structure {
    let corners: [SIMD3<Double>] = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    return try cubic(
      length, corners.map { (first, $0) } + corners.map { ("Cl", $0 + SIMD3(0.5, 0.5, 0.5)) })
  }

  private func cesiumChloride(_ length: Double) throws -> Structure {
    try cubic(length, [("Na", [0, 0, 0]), ("Cl", [0.5, 0.5, 0.5])])
  }

  @Test func `one crystal is the same in any cell, orientation and order, and a little displaced`() throws {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<20 {
      let crystal = try randomStructure(siteCount: 4, using: &generator)
      let own = identity(crystal)
      for other in [
        try crystal.supercell([2, 1, 3]), try crystal.rotated(using: &generator),
        try crystal.translated(by: [0.3, 0.1, 0.7]), try crystal.reordered(using: &generator),
        try crystal.inOtherBasis(using: &generator),
      ] {
        let found = identity(other)
        #expect(found.composition == own.composition)
        #expect(found.isSameStructure(as: own) && own.isSameStructure(as: found))
      }
      let moved = try Structure(
        lattice: crystal.lattice, elements: crystal.elements,
        fractionalPositions: crystal.fractionalPositions.map {
          $0 + SIMD3(Double.random(in: -0.002...0.002, using: &generator), 0, 0)
        })
      #expect(identity(moved).isSameStructure(as: own))
    }
  }

  @Test func `other structures, sizes and elements are told apart`() throws {
    let salt = identity(try rockSalt(5.64))
    #expect(identity(try rockSalt(5.7)).isSameStructure(as: salt))
    // A tenth longer is a third more volume.
    #expect(!identity(try rockSalt(6.2)).isSameStructure(as: salt))
    let other = identity(try rockSalt(5.64, "K"))
    #expect(other.composition != salt.composition && !other.isSameStructure(as: salt))
    // The same composition and volume per site.
    let dense = identity(try cesiumChloride(5.64 / pow(4, 1.0 / 3)))
    #expect(dense.composition == salt.composition && abs(dense.volume - salt.volume) < 1e-3)
    #expect(!dense.isSameStructure(as: salt))
  }

  @Test func `the numbers are those of rock salt by hand`() throws {
    let found = identity(try rockSalt(5.64))
    // Six neighbors at a/2, then at a/√2.
    let (near, far) = (Float(2.82), Float(5.64 / 2.0.squareRoot()))
    #expect(abs(found.volume - 22.425) < 1e-3)
    #expect(abs(found.distances.x - near) < 1e-5)
    #expect(abs(found.distances.y - (near + far) / 2) < 1e-5)
    #expect(abs(found.distances.z - far) < 1e-5)
    // printf NaCl | sha256sum | cut -c 1-16
    #expect(String(UInt64(bitPattern: found.composition), radix: 16) == "dbcd6d34e827bcbd")
  }
}
