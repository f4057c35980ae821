/// The linear program of a hull distance, solved by a dense revised simplex method.
///
///     minimise Σ xⱼ Eⱼ  subject to  Σ xⱼ cⱼ = c,  x ≥ 0
///
/// Columns are atomic fractions, so the k elements, which come first, are an identity matrix and a feasible start.
/// Each step prices all columns at once (row by row, which the compiler vectorises) and brings in the most negative
/// reduced cost; steps that gain nothing switch to Bland's rule, which cannot cycle. The result is a pure function
/// of the columns and the target: nothing is carried over from one solve to the next.
///
/// Accuracy: at the end the basis is inverted afresh and priced again, so no column has a reduced cost below
/// −`tolerance`. As fractions sum to 1, the energy is within `tolerance` of the optimum.
struct HullSimplex: Sendable {
  /// Reduced costs above −tolerance count as zero (eV/atom).
  static let tolerance = 1e-12
  /// Direction components and steps below this are zero; real ones are ratios of atom counts.
  private static let pivotTolerance = 1e-11

  /// Column numbers of the basis, k.
  private(set) var basis: [Int] = []
  /// Amounts of the basis columns, k.
  private(set) var amounts: [Double] = []
  /// Dual values: chemical potentials, k (eV/atom).
  private(set) var potentials: [Double] = []
  private var inverse: [Double] = []
  private var reducedCosts: [Double] = []
  private var direction: [Double] = []
  private var workspace: [Double] = []

  /// Solves for `target` (k atomic fractions, all > 0); false when the step limit is reached.
  mutating func solve(_ columns: PhaseColumns, target: [Double]) -> Bool {
    let k = columns.elementCount
    start(k: k, count: columns.count, target: target)
    var stalled = 0
    var isFresh = true
    for _ in 0..<(200 + 20 * (k + columns.count)) {
      let usesBland = stalled > 4 * k + 8
      price(columns)
      guard let entering = enteringColumn(columns.count, usesBland: usesBland) else {
        if isFresh { return true }
        guard invert(columns, target: target) else { return false }
        isFresh = true
        continue
      }
      guard let row = leavingRow(columns, entering: entering, usesBland: usesBland) else { return false }
      let step = exchange(row: row, entering: entering, k: k)
      stalled = step > Self.pivotTolerance ? 0 : stalled + 1
      isFresh = false
    }
    return false
  }

  /// Takes over an optimal basis found elsewhere; false when it is singular.
  mutating func adopt(basis: [Int], _ columns: PhaseColumns, target: [Double]) -> Bool {
    start(k: columns.elementCount, count: columns.count, target: target)
    self.basis = basis
    guard invert(columns, target: target) else { return false }
    price(columns)
    return true
  }

  /// Energy of the mixture (eV/atom).
  func energy(_ columns: PhaseColumns) -> Double {
    var sum = 0.0
    for (column, amount) in zip(basis, amounts) { sum += amount * columns.energies[column] }
    return sum
  }

  private mutating func start(k: Int, count: Int, target: [Double]) {
    basis.removeAll(keepingCapacity: true)
    inverse.removeAll(keepingCapacity: true)
    for row in 0..<k {
      basis.append(row)
      for column in 0..<k { inverse.append(row == column ? 1 : 0) }
    }
    amounts = target
    if potentials.count != k {
      potentials = [Double](repeating: 0, count: k)
      direction = [Double](repeating: 0, count: k)
      workspace = [Double](repeating: 0, count: 2 * k * k)
    }
    if reducedCosts.count < count { reducedCosts = [Double](repeating: 0, count: 2 * count) }
  }

  /// Potentials y = E_B B⁻¹ and reduced costs Eⱼ − y·cⱼ of all columns.
  private mutating func price(_ columns: PhaseColumns) {
    let (k, count, stride) = (columns.elementCount, columns.count, columns.stride)
    for column in 0..<k {
      var sum = 0.0
      for row in 0..<k { sum += columns.energies[basis[row]] * inverse[row * k + column] }
      potentials[column] = sum
    }
    // Four columns at a time: a loop over single ones is bound by its loads and stores.
    let whole = count & ~3
    reducedCosts.withUnsafeMutableBytes { costs in
      columns.energies.withUnsafeBytes { energies in
        columns.fractions.withUnsafeBytes { fractions in
          potentials.withUnsafeBufferPointer { potentials in
            for j in Swift.stride(from: 0, to: whole, by: 4) {
              var four = energies.loadUnaligned(fromByteOffset: 8 * j, as: SIMD4<Double>.self)
              for row in 0..<k {
                four -=
                  potentials[row]
                  * fractions.loadUnaligned(fromByteOffset: 8 * (row * stride + j), as: SIMD4<Double>.self)
              }
              costs.storeBytes(of: four, toByteOffset: 8 * j, as: SIMD4<Double>.self)
            }
          }
        }
      }
    }
    for j in whole..<count {
      var cost = columns.energies[j]
      for row in 0..<k { cost -= potentials[row] * columns.fractions[row * stride + j] }
      reducedCosts[j] = cost
    }
  }

  private func enteringColumn(_ count: Int, usesBland: Bool) -> Int? {
    reducedCosts.withUnsafeBufferPointer { costs in
      var best = -Self.tolerance
      var entering: Int?
      for j in 0..<count where costs[j] < best {
        // A basis column's reduced cost is zero but for rounding.
        if basis.contains(j) { continue }
        best = costs[j]
        entering = j
        if usesBland { break }
      }
      return entering
    }
  }

  /// The basis row that leaves when `entering` grows: the first to reach zero.
  private mutating func leavingRow(_ columns: PhaseColumns, entering: Int, usesBland: Bool) -> Int? {
    let (k, stride) = (columns.elementCount, columns.stride)
    var leaving: Int?
    var smallest = Double.infinity
    for row in 0..<k {
      var sum = 0.0
      for i in 0..<k { sum += inverse[row * k + i] * columns.fractions[i * stride + entering] }
      direction[row] = sum
      guard sum > Self.pivotTolerance else { continue }
      let ratio = max(amounts[row], 0) / sum
      guard let current = leaving, ratio >= smallest - Self.pivotTolerance else {
        (leaving, smallest) = (row, ratio)
        continue
      }
      // Ties: Bland's rule needs the lowest column; otherwise the larger pivot is the safer one.
      guard ratio <= smallest + Self.pivotTolerance else { continue }
      if usesBland ? basis[row] < basis[current] : sum > direction[current] {
        (leaving, smallest) = (row, min(ratio, smallest))
      }
    }
    return leaving
  }

  /// Puts column `entering` into the basis in place of `row`; returns how far the amounts moved.
  private mutating func exchange(row: Int, entering: Int, k: Int) -> Double {
    let pivot = direction[row]
    let step = max(amounts[row], 0) / pivot
    for i in 0..<k { inverse[row * k + i] /= pivot }
    for other in 0..<k where other != row {
      let factor = direction[other]
      amounts[other] -= factor * step
      if factor == 0 { continue }
      for i in 0..<k { inverse[other * k + i] -= factor * inverse[row * k + i] }
    }
    amounts[row] = step
    basis[row] = entering
    return step
  }

  /// Inverts the basis matrix afresh (Gauss–Jordan, partial pivoting) and recomputes the amounts; false when singular.
  private mutating func invert(_ columns: PhaseColumns, target: [Double]) -> Bool {
    let (k, stride) = (columns.elementCount, columns.stride)
    let width = 2 * k
    for i in 0..<k {
      for j in 0..<k {
        workspace[i * width + j] = columns.fractions[i * stride + basis[j]]
        workspace[i * width + k + j] = i == j ? 1 : 0
      }
    }
    for column in 0..<k {
      var pivotRow = column
      for row in column..<k
      where abs(workspace[row * width + column]) > abs(workspace[pivotRow * width + column]) {
        pivotRow = row
      }
      let pivot = workspace[pivotRow * width + column]
      guard abs(pivot) > 1e-300 else { return false }
      for j in 0..<width {
        let value = workspace[pivotRow * width + j]
        workspace[pivotRow * width + j] = workspace[column * width + j]
        workspace[column * width + j] = value / pivot
      }
      for row in 0..<k where row != column {
        let factor = workspace[row * width + column]
        if factor == 0 { continue }
        for j in column..<width { workspace[row * width + j] -= factor * workspace[column * width + j] }
      }
    }
    for row in 0..<k {
      var sum = 0.0
      for i in 0..<k {
        inverse[row * k + i] = workspace[row * width + k + i]
        sum += workspace[row * width + k + i] * target[i]
      }
      amounts[row] = sum
    }
    return true
  }
}
