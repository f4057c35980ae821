import BigInt
import Crystal
import TestSupport
import Testing

@testable import PhaseStability

struct ExactProgramTests {
  @Test(arguments: 0..<24)
  func `exact pivots from the elements reach the optimum of floating point, which can take their basis`(
    seed: UInt64
  ) throws {
    var generator = SeededGenerator(seed: 800 + seed)
    let (elements, entries) = try randomPhases(
      elementCount: 2 + Int(seed % 4), compoundCount: 14, using: &generator)
    let table = try HullReferences(entries: entries, name: "random").table
    var (columns, simplex) = (PhaseColumns(), HullSimplex())
    for _ in 0..<4 {
      let parts = try randomComposition(of: elements, using: &generator).reduced.parts
      try columns.gather(from: table, elements: parts, excluding: nil)
      let atoms = parts.reduce(0.0) { $0 + Double($1.count) }
      let target = parts.map { Double($0.count) / atoms }
      let isSolved = simplex.solve(columns, target: target)
      #expect(isSolved)
      let energy = simplex.energy(columns)
      let program = ExactProgram(
        table: table, phases: columns.phases.prefix(columns.count).map { Int($0) }, parts: parts)
      let fromElements = program.solve(startingFrom: program.elementBasis)
      let fromFloat = program.solve(startingFrom: simplex.basis)
      #expect(exactEnergy(fromElements, program) == exactEnergy(fromFloat, program))
      let isAdopted = simplex.adopt(basis: fromElements.basis, columns, target: target)
      #expect(isAdopted)
      #expect(abs(simplex.energy(columns) - energy) < 1e-12)
      #expect(fromElements.amounts.allSatisfy { $0 >= 0 })
      // A basis that is not feasible, or none at all, leads back to the elements.
      let nonsense = [Int](repeating: 0, count: parts.count)
      #expect(exactEnergy(program.solve(startingFrom: nonsense), program) == exactEnergy(fromFloat, program))
    }
  }

  private func exactEnergy(_ solution: ExactProgram.Solution, _ program: ExactProgram) -> Rational {
    let sum = zip(solution.basis, solution.amounts).reduce(BigInt(0)) { $0 + program.costs[$1.0] * $1.1 }
    return Rational(sum, over: solution.determinant)
  }
}
