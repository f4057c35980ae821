import Crystal
import PhaseStability
import TestSupport
import Testing

struct HullSolverTests {
  @Test(arguments: 0..<24)
  func `both distances equal those of trying every set of phases`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let width = 2 + Int(seed % 3)
    let (elements, entries) = try randomPhases(
      elementCount: width, compoundCount: 13 - 2 * width, using: &generator)
    var solver = HullSolver(references: try HullReferences(entries: entries, name: "random"))
    let others = try (0..<6).map { _ in try randomComposition(of: elements, using: &generator) }
    for candidate in entries.map(\.composition) + others {
      let competing = entries.filter { $0.composition != candidate.reduced || candidate.parts.count == 1 }
      let mixture = bruteForceEnergy(of: candidate, among: competing)
      let hull = bruteForceEnergy(of: candidate, among: entries)
      let distance = try solver.distance(of: candidate, energyPerAtom: -0.7)
      #expect(abs(distance.decompositionEnergy - (-0.7 - mixture)) < 1e-11, "\(candidate)")
      #expect(abs(distance.energyAboveHull - (-0.7 - hull)) < 1e-11, "\(candidate)")
      let excluding = HullOptions(excludesSameComposition: true)
      let alone = try solver.distance(of: candidate, energyPerAtom: -0.7, options: excluding)
      #expect(alone.energyAboveHull == distance.decompositionEnergy)
      #expect(alone.decompositionEnergy == distance.decompositionEnergy)
    }
  }

  @Test(arguments: 0..<28)
  func `members of the set lie on or above the hull and vertices lie on it exactly`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 1000 + seed)
    let (_, entries) = try randomPhases(
      elementCount: 2 + Int(seed % 7), compoundCount: 40, using: &generator)
    var solver = HullSolver(references: try HullReferences(entries: entries, name: "random"))
    var vertexCount = 0
    for entry in entries {
      let distance = try solver.distance(of: entry.composition, energyPerAtom: entry.energyPerAtom)
      #expect(distance.energyAboveHull >= 0)
      #expect(distance.energyAboveHull >= distance.decompositionEnergy)
      if distance.decompositionEnergy <= 0 {
        vertexCount += 1
        #expect(distance.energyAboveHull == 0)
      }
    }
    #expect(vertexCount >= 2 + Int(seed % 7))
  }

  @Test(arguments: 0..<28)
  func `products balance, potentials support every phase and both have the hull's energy`(seed: UInt64) throws
  {
    var generator = SeededGenerator(seed: 2000 + seed)
    let (elements, entries) = try randomPhases(
      elementCount: 2 + Int(seed % 7), compoundCount: 60, using: &generator)
    let references = try HullReferences(entries: entries, name: "random")
    var solver = HullSolver(references: references)
    for _ in 0..<20 {
      let candidate = try randomComposition(of: elements, using: &generator)
      let distance = try solver.distance(of: candidate, energyPerAtom: 0)
      let own = candidate.elements
      var sums = [Double](repeating: 0, count: own.count)
      var energy = 0.0
      for product in distance.decomposition {
        let phase = references.phase(at: product.phase)
        #expect(product.fraction > 0)
        #expect(candidate.parts.count == 1 || phase.composition != candidate.reduced)
        for (i, fraction) in fractions(of: phase.composition, elements: own).enumerated() {
          sums[i] += product.fraction * fraction
        }
        energy += product.fraction * phase.energyPerAtom
      }
      let target = fractions(of: candidate, elements: own)
      #expect(zip(sums, target).allSatisfy { abs($0 - $1) < 1e-12 })
      #expect(abs(energy + distance.decompositionEnergy) < 1e-12)
      #expect(distance.chemicalPotentials.map(\.element) == own)
      let potentials = distance.chemicalPotentials.map(\.value)
      for entry in entries where entry.composition.elements.allSatisfy(own.contains) {
        if entry.composition == candidate.reduced, candidate.parts.count > 1 { continue }
        let plane = zip(potentials, fractions(of: entry.composition, elements: own)).reduce(0) {
          $0 + $1.0 * $1.1
        }
        #expect(plane <= entry.energyPerAtom + 2e-12)
      }
      let plane = zip(potentials, target).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(plane - energy) < 1e-12)
    }
  }

  @Test(arguments: 0..<12)
  func `adding a phase never raises the hull`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 3000 + seed)
    let width = 2 + Int(seed % 4)
    let (elements, entries) = try randomPhases(elementCount: width, compoundCount: 12, using: &generator)
    let candidates = try (0..<8).map { _ in try randomComposition(of: elements, using: &generator) }
    var before = [Double](repeating: -.infinity, count: candidates.count)
    for count in width...entries.count {
      var solver = HullSolver(
        references: try HullReferences(entries: Array(entries.prefix(count)), name: "growing"))
      for (place, candidate) in candidates.enumerated() {
        let distance = try solver.distance(of: candidate, energyPerAtom: 0).energyAboveHull
        #expect(distance >= before[place] - 1e-12)
        before[place] = max(before[place], distance)
      }
    }
  }

  @Test(arguments: 0..<12)
  func `multiples, other names for the elements and other zeros of energy change nothing`(seed: UInt64) throws
  {
    var generator = SeededGenerator(seed: 4000 + seed)
    let (elements, entries) = try randomPhases(
      elementCount: 2 + Int(seed % 4), compoundCount: 25, using: &generator)
    var solver = HullSolver(references: try HullReferences(entries: entries, name: "first"))
    let renamed = Array(Element.all.shuffled(using: &generator).prefix(elements.count))
    let names = Dictionary(uniqueKeysWithValues: zip(elements, renamed))
    let zeros = Dictionary(
      uniqueKeysWithValues: elements.map { ($0, Double.random(in: -9...0, using: &generator)) })
    func moved(_ composition: Composition, _ energy: Double) throws -> PhaseEntry {
      let parts = try composition.parts.map {
        Composition.Part(element: try #require(names[$0.element]), count: $0.count)
      }
      let shift = try composition.parts.reduce(0.0) {
        $0 + (try #require(zeros[$1.element])) * Double($1.count) / Double(composition.atomCount)
      }
      return try PhaseEntry(composition: try Composition(parts: parts), energyPerAtom: energy + shift)
    }
    let movedEntries = try entries.map { try moved($0.composition, $0.energyPerAtom) }.shuffled(
      using: &generator)
    var movedSolver = HullSolver(references: try HullReferences(entries: movedEntries, name: "second"))
    for _ in 0..<10 {
      let candidate = try randomComposition(of: elements, using: &generator)
      let tripled = try Composition(
        parts: candidate.parts.map { Composition.Part(element: $0.element, count: 3 * $0.count) })
      let distance = try solver.distance(of: candidate, energyPerAtom: -0.3)
      #expect(try solver.distance(of: tripled, energyPerAtom: -0.3) == distance)
      let other = try moved(candidate, -0.3)
      let otherDistance = try movedSolver.distance(of: other.composition, energyPerAtom: other.energyPerAtom)
      #expect(abs(otherDistance.energyAboveHull - distance.energyAboveHull) < 1e-10)
      #expect(abs(otherDistance.decompositionEnergy - distance.decompositionEnergy) < 1e-10)
    }
  }

  @Test func `a result does not depend on the candidates before it, nor on the thread`() async throws {
    var generator = SeededGenerator(seed: 5)
    let (elements, entries) = try randomPhases(elementCount: 6, compoundCount: 150, using: &generator)
    let references = try HullReferences(entries: entries, name: "shared")
    let candidates = try (0..<200).map { _ in try randomComposition(of: elements, using: &generator) }
    let expected = try candidates.map { candidate in
      var solver = HullSolver(references: references)
      return try solver.distance(of: candidate, energyPerAtom: -0.1)
    }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for shift in 0..<4 {
        group.addTask {
          var solver = HullSolver(references: references)
          return try candidates.indices.allSatisfy { index in
            let place = (index * 7 + shift * 31) % candidates.count
            return try solver.distance(of: candidates[place], energyPerAtom: -0.1) == expected[place]
          }
        }
      }
      for try await agrees in group { #expect(agrees) }
    }
  }

  @Test func `phases that all lie in one plane leave no distance and do not make the solver cycle`() throws {
    // Energies linear in the composition: every mixture of a composition ties.
    let elements = ["Li", "Fe", "P", "O"].compactMap { Element(symbol: $0) }
    var entries: [PhaseEntry] = []
    for a in 0...3 {
      for b in 0...3 {
        for c in 0...3 {
          for d in 0...3 where a + b + c + d > 0 {
            let counts = [a, b, c, d]
            let parts = zip(elements, counts).map { Composition.Part(element: $0, count: $1) }
            let energy = -Double(a + 2 * b + 3 * c) / Double(a + b + c + d)
            entries.append(try PhaseEntry(composition: try Composition(parts: parts), energyPerAtom: energy))
          }
        }
      }
    }
    let references = try HullReferences(entries: entries, name: "plane")
    #expect(references.entryCount + references.duplicateCount == 255)
    var solver = HullSolver(references: references)
    for entry in entries {
      let distance = try solver.distance(of: entry.composition, energyPerAtom: entry.energyPerAtom)
      #expect(abs(distance.decompositionEnergy) < 1e-12)
      #expect(abs(distance.decomposition.reduce(0) { $0 + $1.fraction } - 1) < 1e-12)
    }
  }

  @Test func `a candidate below its own reference is below the hull, one above it is not`() throws {
    let csv = "formula,formation_energy_per_atom\nNa,0\nCl2,0\nNaCl,-2.0\n"
    var solver = HullSolver(references: try HullReferences(csv: Array(csv.utf8), name: "salt"))
    let salt = try Composition(formula: "Na4Cl4")
    let below = try solver.distance(of: salt, energyPerAtom: -2.25)
    #expect(below.energyAboveHull == -0.25)
    #expect(below.decompositionEnergy == -2.25)
    #expect(try solver.distance(of: salt, energyPerAtom: -2).energyAboveHull == 0)
    #expect(try solver.distance(of: salt, energyPerAtom: -1.5).energyAboveHull == 0.5)
    let mixture = try solver.distance(of: try Composition(formula: "NaCl3"), energyPerAtom: 0)
    #expect(mixture.energyAboveHull == 1)
    #expect(solver.references.description(of: mixture.decomposition) == "0.500000 Cl2 + 0.500000 NaCl")
    let element = try solver.distance(of: try Composition(formula: "Na8"), energyPerAtom: 0.1)
    #expect(element.energyAboveHull == 0.1 && element.decompositionEnergy == 0.1)
  }

  @Test func `candidates that have no distance say why`() throws {
    let csv = "formula,formation_energy_per_atom\nNa,0\nNaCl,-2.0\n"
    let references = try HullReferences(csv: Array(csv.utf8), name: "salt")
    var solver = HullSolver(references: references)
    let salt = try Composition(formula: "NaCl")
    let potassium = try #require(Element(symbol: "K"))
    let chlorine = try #require(Element(symbol: "Cl"))
    #expect(references.missingTerminals == [chlorine])
    #expect(throws: HullError.energyNotFinite) { try solver.distance(of: salt, energyPerAtom: .nan) }
    #expect(throws: HullError.energyNotFinite) { try solver.distance(of: salt, energyPerAtom: -.infinity) }
    #expect(throws: HullError.noTerminalReference(potassium)) {
      try solver.distance(of: try Composition(formula: "NaKCl2"), energyPerAtom: 0)
    }
    var strict = HullSolver(
      references: try HullReferences(
        csv: Array(csv.utf8), name: "salt", options: HullReferenceOptions(suppliesElementsAtZero: false)))
    #expect(throws: HullError.noTerminalReference(chlorine)) {
      try strict.distance(of: salt, energyPerAtom: 0)
    }
    let everything = Composition(counting: Array(Element.all.prefix(13)))
    #expect(throws: HullError.tooManyElements(count: 13)) {
      try solver.distance(of: everything, energyPerAtom: 0)
    }
  }

  @Test func `twelve elements and huge amounts are within reach`() throws {
    var generator = SeededGenerator(seed: 9)
    let (elements, entries) = try randomPhases(elementCount: 12, compoundCount: 60, using: &generator)
    var solver = HullSolver(references: try HullReferences(entries: entries, name: "wide"))
    let wide = Composition(counting: elements)
    let distance = try solver.distance(of: wide, energyPerAtom: 0)
    #expect(distance.chemicalPotentials.count == 12)
    #expect(abs(distance.decomposition.reduce(0) { $0 + $1.fraction } - 1) < 1e-12)
    let lopsided = try Composition(parts: [
      Composition.Part(element: elements[0], count: 1_000_000_000),
      Composition.Part(element: elements[1], count: 1),
    ])
    let far = try solver.distance(of: lopsided, energyPerAtom: 0.5)
    #expect(abs(far.energyAboveHull - 0.5) < 1e-8)
  }
}
