import Crystal
import Foundation
import PhaseStability
import TestSupport
import Testing

struct PhaseDiagramTests {
  private func diagram(seed: UInt64, elementCount: Int) throws -> PhaseDiagram {
    var generator = SeededGenerator(seed: 300 + seed)
    let (elements, entries) = try randomPhases(
      elementCount: elementCount, compoundCount: 16, using: &generator)
    return try PhaseDiagram(
      references: try HullReferences(entries: entries, name: "a & b <c>"),
      elements: elements.shuffled(using: &generator))
  }

  @Test(arguments: 0..<18)
  func `facets tile the simplex, use every stable phase and lie below all phases`(seed: UInt64) throws {
    let width = 2 + Int(seed % 3)
    let diagram = try diagram(seed: seed, elementCount: width)
    var volume = 0.0
    for facet in diagram.facets {
      volume += abs(determinant(facet.map { diagram.phases[$0].fractions }))
      let potentials = diagram.chemicalPotentials(on: facet)
      for phase in diagram.phases {
        let plane = zip(potentials, phase.fractions).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(plane <= phase.energyPerAtom + 1e-9)
      }
      #expect(facet.allSatisfy { diagram.phases[$0].isStable })
    }
    #expect(abs(volume - 1) < 1e-9)
    let stable = diagram.phases.filter(\.isStable)
    #expect(Set(diagram.facets.joined()) == Set(stable.indices))
    if width == 2 { #expect(diagram.facets.count == stable.count - 1) }
    if width == 3 {
      // Euler's relation for a triangulated polygon.
      let boundary = stable.filter { $0.fractions.contains(0) }.count
      #expect(diagram.facets.count == 2 * stable.count - 2 - boundary)
      #expect(diagram.tieLines.count == 3 * stable.count - 3 - boundary)
    }
  }

  private func determinant(_ rows: [[Double]]) -> Double {
    guard rows.count > 1 else { return rows.first?[0] ?? 1 }
    return rows.indices.reduce(0) { sum, column in
      let minor = rows.dropFirst().map { row in row.enumerated().filter { $0.offset != column }.map(\.element)
      }
      return sum + (column % 2 == 0 ? 1 : -1) * rows[0][column] * determinant(minor)
    }
  }

  @Test func `phases of one plane are cut into facets that do not overlap`() throws {
    var csv = "formula,formation_energy_per_atom\n"
    for a in 0...6 {
      for b in 0...(6 - a) where max(a, b, 6 - a - b) < 6 {
        let parts = [("Li", a), ("Fe", b), ("O", 6 - a - b)].filter { $0.1 > 0 }
        csv += parts.map { "\($0.0)\($0.1)" }.joined() + ",-1\n"
      }
    }
    let elements = ["Li", "Fe", "O"].compactMap { Element(symbol: $0) }
    let diagram = try PhaseDiagram(
      references: try HullReferences(csv: Array(csv.utf8), name: "plane"), elements: elements)
    let volume = diagram.facets.reduce(0) { $0 + abs(determinant($1.map { diagram.phases[$0].fractions })) }
    #expect(abs(volume - 1) < 1e-9)
    #expect(diagram.phases.count == 28)
    #expect(diagram.phases.filter(\.isStable).count == 28)
  }

  @Test func `the JSON of a quaternary system reads back`() throws {
    let diagram = try diagram(seed: 0, elementCount: 4)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(diagram.json().utf8)) as? [String: Any])
    let phases = try #require(object["phases"] as? [[String: Any]])
    let facets = try #require(object["facets"] as? [[String: Any]])
    #expect(object["elements"] as? [String] == diagram.elements.map(\.symbol))
    #expect(object["source"] as? String == "a & b <c>")
    let energies = phases.compactMap { $0["energy_per_atom"] as? Double }
    #expect(energies.count == diagram.phases.count)
    #expect(zip(energies, diagram.phases).allSatisfy { abs($0 - $1.energyPerAtom) < 1e-14 })
    #expect(facets.compactMap { $0["phases"] as? [Int] } == diagram.facets)
  }

  @Test(arguments: 0..<6)
  func `candidates stand beside the references and leave the hull as it is`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 400 + seed)
    let (elements, entries) = try randomPhases(
      elementCount: 2 + Int(seed % 3), compoundCount: 12, using: &generator)
    let references = try HullReferences(entries: entries, name: "references")
    var candidates: [PhaseEntry] = []
    for entry in entries.prefix(8) {
      for shift in [-0.3, 0, 0.2] {
        candidates.append(
          try PhaseEntry(composition: entry.composition, energyPerAtom: entry.energyPerAtom + shift))
      }
    }
    let plain = try PhaseDiagram(references: references, elements: elements)
    let foreign = try PhaseEntry(formula: "XeF2", energyPerAtom: -9)
    let diagram = try PhaseDiagram(
      references: references, elements: elements,
      candidates: (candidates + [foreign]).shuffled(using: &generator))
    #expect(diagram.phases == plain.phases && diagram.facets == plain.facets)
    #expect(diagram.candidates.count == candidates.count)
    var solver = HullSolver(references: references)
    for entry in candidates {
      let distance = try solver.distance(of: entry.composition, energyPerAtom: entry.energyPerAtom)
      let shown = diagram.candidates.first {
        $0.formula == entry.formula && $0.energyPerAtom == entry.energyPerAtom
      }
      #expect(shown?.energyAboveHull == distance.energyAboveHull)
      #expect(shown?.isStable == (distance.energyAboveHull <= 0))
    }
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(diagram.json().utf8)) as? [String: Any])
    #expect((object["candidates"] as? [[String: Any]])?.count == candidates.count)
  }

  @Test func `diagrams of one, five or repeated elements are refused`() throws {
    let references = try HullReferences(
      csv: Array("formula,formation_energy_per_atom\nNaCl,-2\n".utf8), name: "salt")
    let sodium = try #require(Element(symbol: "Na"))
    let iron = try #require(Element(symbol: "Fe"))
    for (elements, count) in [([sodium], 1), ([sodium, sodium], 1), (Array(Element.all.prefix(5)), 5)] {
      #expect(throws: HullError.noDiagram(elementCount: count)) {
        try PhaseDiagram(references: references, elements: elements)
      }
    }
    #expect(throws: HullError.noTerminalReference(iron)) {
      try PhaseDiagram(references: references, elements: [sodium, iron])
    }
  }
}
