import BigInt
import Crystal

/// The linear program of a hull distance in whole numbers, solved without rounding.
///
///     minimise Σ zⱼ Fⱼ  subject to  Σ zⱼ aⱼ = a,  z ≥ 0
///
/// with aⱼ the atom counts of one formula unit, zⱼ the number of units and Fⱼ the unit's energy times 10^d, where d is
/// the largest number of decimals among the phases. The atoms of a phase then are zⱼ Nⱼ of the candidate's N.
struct ExactProgram {
  /// Numbers of the phases in the references; the elements first.
  let phases: [Int]
  /// Atom counts, shape (phases, k).
  let counts: [Int]
  /// Energies of formula units, scaled by `scale`.
  let costs: [BigInt]
  /// The power of ten that makes the energies whole.
  let scale: BigInt
  /// The candidate's reduced counts, k.
  let target: [Int]

  /// An optimal basis with its exact amounts and potentials, all over the common `determinant` > 0.
  struct Solution {
    /// Rows of the program's phases that form the basis, k.
    let basis: [Int]
    let determinant: BigInt
    /// Numbers of formula units, times the determinant; ≥ 0.
    let amounts: [BigInt]
    /// Chemical potentials, times the determinant and the scale.
    let potentials: [BigInt]
  }

  /// The program of the phases `phases` (numbers in `table`), the elements of `parts` first.
  init(table: PhaseTable, phases: [Int], parts: [Composition.Part]) {
    var counts: [Int] = []
    var energies: [Rational] = []
    var sizes: [Int] = []
    for phase in phases {
      let own = table.parts(ofPhase: phase)
      for part in parts { counts.append(own.first { $0.element == part.element }?.count ?? 0) }
      sizes.append(own.reduce(0) { $0 + $1.count })
      energies.append(table.exactEnergy(at: phase))
    }
    // All denominators divide a power of ten, so their least common multiple is found among them step by step.
    var scale: BigInt = 1
    for energy in energies where !(scale % energy.denominator).isZero {
      scale = scale / scale.greatestCommonDivisor(with: energy.denominator) * energy.denominator
    }
    self.phases = phases
    self.counts = counts
    self.scale = scale
    let common = scale
    costs = zip(energies, sizes).map { $0.numerator * (common / $0.denominator) * BigInt($1) }
    target = parts.map(\.count)
  }

  private var width: Int { target.count }

  /// The basis of the elements: feasible for every target.
  var elementBasis: [Int] { Array(0..<width) }

  /// The optimum, starting from a basis that floating point found, or from the elements where that basis turns out
  /// infeasible. Bland's rule makes the exact steps end.
  func solve(startingFrom start: [Int]) -> Solution {
    var basis = start
    var state = evaluate(basis)
    if state == nil || state?.amounts.contains(where: { $0 < 0 }) == true {
      basis = elementBasis
      state = evaluate(basis)
    }
    while let current = state {
      guard let entering = firstViolation(potentials: current.potentials, determinant: current.determinant)
      else {
        return Solution(
          basis: basis, determinant: current.determinant, amounts: current.amounts,
          potentials: current.potentials)
      }
      basis[leavingRow(current, basis: basis, entering: entering)] = entering
      state = evaluate(basis)
    }
    preconditionFailure("exact pivots never lead to a singular basis")
  }

  /// The first phase whose energy lies below the plane of the potentials (given times determinant and scale); nil when
  /// the plane supports all phases.
  func firstViolation(potentials: [BigInt], determinant: BigInt) -> Int? {
    for phase in 0..<phases.count {
      var plane = BigInt(0)
      for i in 0..<width where counts[phase * width + i] != 0 {
        plane += potentials[i] * BigInt(counts[phase * width + i])
      }
      if costs[phase] * determinant < plane { return phase }
    }
    return nil
  }

  private struct State {
    var determinant: BigInt
    var adjugate: [BigInt]
    var amounts: [BigInt]
    var potentials: [BigInt]
  }

  private func evaluate(_ basis: [Int]) -> State? {
    let k = width
    var matrix: [BigInt] = []
    for i in 0..<k { for phase in basis { matrix.append(BigInt(counts[phase * k + i])) } }
    guard var (adjugate, determinant) = adjugateAndDeterminant(matrix, size: k) else { return nil }
    if determinant < 0 {
      determinant.negate()
      adjugate = adjugate.map { -$0 }
    }
    var amounts: [BigInt] = []
    var potentials: [BigInt] = []
    for i in 0..<k {
      var (amount, potential) = (BigInt(0), BigInt(0))
      for j in 0..<k {
        amount += adjugate[i * k + j] * BigInt(target[j])
        potential += costs[basis[j]] * adjugate[j * k + i]
      }
      amounts.append(amount)
      potentials.append(potential)
    }
    return State(determinant: determinant, adjugate: adjugate, amounts: amounts, potentials: potentials)
  }

  private func leavingRow(_ state: State, basis: [Int], entering: Int) -> Int {
    let k = width
    var best: (row: Int, amount: BigInt, direction: BigInt)?
    for row in 0..<k {
      var direction = BigInt(0)
      for i in 0..<k { direction += state.adjugate[row * k + i] * BigInt(counts[entering * k + i]) }
      guard direction > 0 else { continue }
      guard let current = best else {
        best = (row, state.amounts[row], direction)
        continue
      }
      let (left, right) = (state.amounts[row] * current.direction, current.amount * direction)
      if left < right || (left == right && basis[row] < basis[current.row]) {
        best = (row, state.amounts[row], direction)
      }
    }
    guard let best else { preconditionFailure("atoms are conserved, so some amount must shrink") }
    return best.row
  }
}

/// The adjugate and determinant of a whole-number matrix, by fraction-free Gauss–Jordan elimination (Bareiss, Math.
/// Comp. 22, 565 (1968)): every division is exact. Nil when the matrix is singular.
func adjugateAndDeterminant(_ matrix: [BigInt], size k: Int) -> ([BigInt], BigInt)? {
  var left = matrix
  var right = [BigInt](repeating: 0, count: k * k)
  for i in 0..<k { right[i * k + i] = 1 }
  var previous: BigInt = 1
  var isOdd = false
  for column in 0..<k {
    guard let pivotRow = (column..<k).first(where: { !left[$0 * k + column].isZero }) else { return nil }
    if pivotRow != column {
      for j in 0..<k {
        left.swapAt(pivotRow * k + j, column * k + j)
        right.swapAt(pivotRow * k + j, column * k + j)
      }
      isOdd.toggle()
    }
    let pivot = left[column * k + column]
    for row in 0..<k where row != column {
      let factor = left[row * k + column]
      for j in 0..<k {
        left[row * k + j] = (pivot * left[row * k + j] - factor * left[column * k + j]) / previous
        right[row * k + j] = (pivot * right[row * k + j] - factor * right[column * k + j]) / previous
      }
    }
    previous = pivot
  }
  // Now left = d·1 and right = d·inverse with d = ±determinant: an odd number of swaps flips the sign of both.
  return isOdd ? (right.map { -$0 }, -previous) : (right, previous)
}
