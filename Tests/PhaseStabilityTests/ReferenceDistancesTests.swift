import Crystal
import Foundation
import PhaseStability
import TestSupport
import Testing

/// Distances of 3,000 phases computed by HiGHS, printed to nine decimals.
struct ReferenceDistancesTests {
  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `both distances of 3000 phases agree with an independent solver`() throws {
    let data = try #require(Fixtures.sharedData)
    let csv = [UInt8](try Data(contentsOf: data.appending(path: "hull/mp2019_all.csv")))
    let references = try HullReferences(csv: csv, name: "mp2019_all")
    #expect(references.entryCount == 90507)
    var solver = HullSolver(references: references)
    let golden = try String(
      contentsOf: data.appending(path: "reference/hull_mp2019_all.csv"), encoding: .utf8)
    var checked = 0
    for line in golden.split(separator: "\n").dropFirst() {
      let fields = line.split(separator: ",")
      let composition = try Composition(formula: fields[0])
      let energy = try #require(Double(fields[1]))
      let aboveHull = try #require(Double(fields[2]))
      let decomposition = try #require(Double(fields[3]))
      let distance = try solver.distance(of: composition, energyPerAtom: energy)
      #expect(abs(distance.energyAboveHull - aboveHull) < 1e-9, "\(line)")
      #expect(abs(distance.decompositionEnergy - decomposition) < 1e-9, "\(line)")
      #expect(distance.energyAboveHull >= 0)
      try checkDecomposition(distance, energy: energy, expected: fields[4], references)
      checked += 1
    }
    #expect(checked == 3000)
  }

  /// The same phases with the same fractions, and their energy the one reported.
  private func checkDecomposition(
    _ distance: HullDistance, energy: Double, expected: Substring, _ references: HullReferences
  ) throws {
    let products = distance.decomposition
    #expect(abs(products.reduce(0) { $0 + $1.fraction } - 1) < 1e-12)
    let mixture = products.reduce(0) { $0 + $1.fraction * references.phase(at: $1.phase).energyPerAtom }
    #expect(abs(energy - mixture - distance.decompositionEnergy) < 1e-12)
    var fractions: [Int: Double] = [:]
    for term in expected.split(separator: "+") {
      let words = term.split(separator: " ")
      // By composition: an element supplied at zero is "F" here and "F2" there.
      let phase = try #require(references.phaseIndex(of: try Composition(formula: words[1])))
      fractions[phase] = Double(words[0])
    }
    #expect(products.count == fractions.count, "\(expected)")
    // The expected fractions are printed to six decimals.
    #expect(products.allSatisfy { abs((fractions[$0.phase] ?? -1) - $0.fraction) < 1e-6 }, "\(expected)")
  }
}
