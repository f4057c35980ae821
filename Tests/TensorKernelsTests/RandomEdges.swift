/// Random edges of centers, with the numbers that the fused kernels of one convolution take.
struct RandomEdges<Scalar: BinaryFloatingPoint> {
  let centers: Int
  let offsets: [Int32]
  let neighbors: [Int32]
  /// How often edges and centers count; nil for once.
  let multiplicities: [Scalar]?
  let centerWeights: [Scalar]?

  /// Centers with the given numbers of edges.
  init(_ counts: [Int], weighted: Bool, using random: inout RandomInput<Scalar>) {
    centers = counts.count
    offsets = counts.reduce(into: [0]) { $0.append(($0.last ?? 0) + Int32($1)) }
    neighbors = random.integers(counts.reduce(0, +), 0..<max(1, counts.count))
    multiplicities = weighted ? random.weights(neighbors.count) : nil
    centerWeights = weighted ? random.weights(counts.count) : nil
  }

  var count: Int { neighbors.count }
  /// Edges of the whole graph that each edge stands for.
  var rowWeights: [Scalar]? {
    guard let multiplicities, let centerWeights else { return nil }
    return (0..<centers).flatMap { i in edges(of: i).map { centerWeights[i] * multiplicities[$0] } }
  }

  func edges(of center: Int) -> Range<Int> { Int(offsets[center])..<Int(offsets[center + 1]) }
  func multiplicity(_ edge: Int) -> Double { Double(multiplicities?[edge] ?? 1) }
  func weight(ofCenter center: Int) -> Double { Double(centerWeights?[center] ?? 1) }
  /// Edges of the center, each as often as it counts.
  func size(of center: Int) -> Double { edges(of: center).reduce(0) { $0 + multiplicity($1) } }
  /// How many pairs of different edges the pair (j, l) stands for, per edge that j stands for.
  func partners(_ j: Int, _ l: Int) -> Double { multiplicity(l) - (j == l ? 1 : 0) }
}

/// sigmoid(x) · softplus(y) with its two derivatives.
func plainGate(_ x: Double, _ y: Double) -> (value: Double, byFilter: Double, byCore: Double) {
  let (f, c) = (plainSigmoid(x), plainSoftplus(y))
  return (f * c, f * plainSigmoid(-x) * c, f * plainSigmoid(y))
}
