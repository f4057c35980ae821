internal import CKernels

/// Number of Gaussians kept for each edge: those whose centers lie within four spacings of the distance. The
/// largest one left out is below e⁻¹⁶ ≈ 1.1e-7.
public let gaussianTapCount = Int(SLUICE_TAPS)

/// Knots of a table whose rows make the filter of an edge.
public let filterKnotCount = Int(SLUICE_KNOTS)

/// The edges of a block of centers together with the projections their pre-activations are made of.
///
///     pₑ = AB[i][0 ..< 2w] + AB[j][2w ..< 4w] + Σₜ taps[e][t] · edgeWeights[starts[e] + t],   e = (i, j)
///
/// Shapes: n centers, w node features (a multiple of 16), E edges, K Gaussians.
public struct EdgeBlock<Scalar> {
  /// Number of centers n.
  public var centerCount: Int
  /// Node-feature width w.
  public var width: Int
  /// Projections of every node, shape (n, 4w).
  public var projections: UnsafePointer<Scalar>
  /// Edges of center i are `edgeOffsets[i] ..< edgeOffsets[i + 1]`, shape (n + 1).
  public var edgeOffsets: UnsafePointer<Int32>
  /// Neighbor of each edge, shape (E), within 0 ..< n.
  public var neighbors: UnsafePointer<Int32>
  /// Gaussian values, shape (E, 8).
  public var taps: UnsafePointer<Scalar>
  /// First Gaussian of each edge, shape (E).
  public var starts: UnsafePointer<Int32>
  /// Projection of the Gaussians, shape (K, 2w).
  public var edgeWeights: UnsafePointer<Scalar>
  /// How often centers and edges count.
  public var multiplicities: Multiplicities<Scalar>

  /// A block over memory that must stay valid while it is used.
  public init(
    centerCount: Int, width: Int, projections: UnsafePointer<Scalar>, edgeOffsets: UnsafePointer<Int32>,
    neighbors: UnsafePointer<Int32>, taps: UnsafePointer<Scalar>, starts: UnsafePointer<Int32>,
    edgeWeights: UnsafePointer<Scalar>, multiplicities: Multiplicities<Scalar> = Multiplicities()
  ) {
    precondition(width > 0 && width % 16 == 0, "the node width is a multiple of 16")
    self.centerCount = centerCount
    self.width = width
    self.projections = projections
    self.edgeOffsets = edgeOffsets
    self.neighbors = neighbors
    self.taps = taps
    self.starts = starts
    self.edgeWeights = edgeWeights
    self.multiplicities = multiplicities
  }
}

/// How many centers and edges of the whole graph each one of its quotient stands for; nil where each stands for itself.
///
/// Gradients with respect to a row are those with respect to all the rows that it stands for.
public struct Multiplicities<Scalar> {
  /// Centers that each center stands for, shape (n).
  public var centers: UnsafePointer<Scalar>?
  /// Edges of one center that each edge stands for, shape (E).
  public var edges: UnsafePointer<Scalar>?
  /// Edges of the whole graph that each edge stands for, the product of the two, shape (E).
  public var rows: UnsafePointer<Scalar>?

  /// Three arrays over memory that must stay valid while it is used.
  public init(
    centers: UnsafePointer<Scalar>? = nil, edges: UnsafePointer<Scalar>? = nil,
    rows: UnsafePointer<Scalar>? = nil
  ) {
    self.centers = centers
    self.edges = edges
    self.rows = rows
  }
}

/// Batch normalization of c channels as the kernels take it: x̃ = x · scale + shift, x̂ = (x − mean) · inverseDeviation.
public struct NormalizationPointers<Scalar> {
  /// γ / √(var + ε), shape (c).
  public var scale: UnsafePointer<Scalar>
  /// β − mean · scale, shape (c).
  public var shift: UnsafePointer<Scalar>
  /// Batch mean, shape (c).
  public var mean: UnsafePointer<Scalar>
  /// 1 / √(var + ε), shape (c).
  public var inverseDeviation: UnsafePointer<Scalar>

  /// Pointers to four arrays of c channels.
  public init(
    scale: UnsafePointer<Scalar>, shift: UnsafePointer<Scalar>, mean: UnsafePointer<Scalar>,
    inverseDeviation: UnsafePointer<Scalar>
  ) {
    self.scale = scale
    self.shift = shift
    self.mean = mean
    self.inverseDeviation = inverseDeviation
  }
}

/// Coefficients of the backward pass of batch normalization: dL/dx = k1 · g − k2 − k3 · x̂, each of c channels.
public struct NormalizationGradientPointers<Scalar> {
  /// γ · inverseDeviation, shape (c).
  public var k1: UnsafePointer<Scalar>
  /// k1 · mean(g), shape (c).
  public var k2: UnsafePointer<Scalar>
  /// k1 · mean(g · x̂), shape (c).
  public var k3: UnsafePointer<Scalar>

  /// Pointers to three arrays of c channels.
  public init(k1: UnsafePointer<Scalar>, k2: UnsafePointer<Scalar>, k3: UnsafePointer<Scalar>) {
    self.k1 = k1
    self.k2 = k2
    self.k3 = k3
  }
}

/// A floating-point type that the fused kernels exist for: `Float` for work, `Double` for checks.
///
/// All matrices are row-major. "Adds to" accumulates, everything else overwrites. No kernel allocates, and each
/// row's result is independent of the rows beside it, bit for bit.
public protocol KernelScalar: BinaryFloatingPoint, Sendable {
  /// Expands distances (Å) on Gaussians exp(−(d − kΔ)²/Δ²), k = 0 … count − 1, keeping the eight nearest centers.
  static func gaussianTaps(
    _ distances: UnsafePointer<Self>, count: Int, spacing: Self, gaussianCount: Int,
    taps: UnsafeMutablePointer<Self>, starts: UnsafeMutablePointer<Int32>)

  /// C (n, m) = [C +] A (n, k) · B (k, m) [+ bias (m)], m a multiple of 16; `aRow`, `aColumn` are A's strides.
  static func multiply(
    rows n: Int, columns m: Int, inner k: Int, _ a: UnsafePointer<Self>, aRow: Int, aColumn: Int,
    _ b: UnsafePointer<Self>, bias: UnsafePointer<Self>?, into c: UnsafeMutablePointer<Self>, accumulate: Bool
  )

  /// C (n, m) = A (n, k) · B (k, m) [+ bias (m)] with B as `panels` has it, rows of A `aRow` apart; bit for bit what
  /// `multiply` gives. Wide matrices are read faster so.
  static func multiply(
    rows n: Int, columns m: Int, inner k: Int, _ a: UnsafePointer<Self>, aRow: Int,
    panels: UnsafePointer<Self>, bias: UnsafePointer<Self>?, into c: UnsafeMutablePointer<Self>)

  /// B (k, m), stored row by row, in panels: 32 columns of all rows, then the next 32; as many numbers.
  static func pack(
    _ b: UnsafePointer<Self>, rows k: Int, columns m: Int, into panels: UnsafeMutablePointer<Self>)

  /// Adds the column sums of p and p² over all edges to `sum`, `square`, shape (2w).
  static func edgeStatistics(
    _ block: EdgeBlock<Self>, sum: UnsafeMutablePointer<Double>, square: UnsafeMutablePointer<Double>)

  /// s (n, w) = Σ over edges of sigmoid(p̃ filter) ⊙ softplus(p̃ core), with p̃ = p where `scale` is nil.
  static func edgeGate(
    _ block: EdgeBlock<Self>, scale: UnsafePointer<Self>?, shift: UnsafePointer<Self>?,
    into s: UnsafeMutablePointer<Self>)

  /// First backward pass of `edgeGate`: adds the sums of g = dL/dp̃ and of g · p̂ to `sumG`, `sumGX`, shape (2w).
  static func edgeGateBackwardStatistics(
    _ block: EdgeBlock<Self>, _ normalization: NormalizationPointers<Self>, gradient: UnsafePointer<Self>,
    sumG: UnsafeMutablePointer<Double>, sumGX: UnsafeMutablePointer<Double>)

  /// Second backward pass of `edgeGate`: overwrites dL/dAB (n, 4w), adds dL/d(edge weights) (K, 2w).
  static func edgeGateBackward(
    _ block: EdgeBlock<Self>, _ normalization: NormalizationPointers<Self>, gradient: UnsafePointer<Self>,
    _ coefficients: NormalizationGradientPointers<Self>, projections: UnsafeMutablePointer<Self>,
    edgeWeights: UnsafeMutablePointer<Self>)

  /// Adds the column sums of x and x², x of shape (n, w), to `sum`, `square`; row r counts `weights[r]` times.
  static func columnStatistics(
    _ x: UnsafePointer<Self>, rows: Int, width: Int, weights: UnsafePointer<Self>?,
    sum: UnsafeMutablePointer<Double>,
    square: UnsafeMutablePointer<Double>)

  /// out (n, w) = softplus(v + s ⊙ scale + shift).
  static func residualSoftplus(
    rows: Int, width: Int, _ v: UnsafePointer<Self>, _ s: UnsafePointer<Self>, scale: UnsafePointer<Self>,
    shift: UnsafePointer<Self>, into out: UnsafeMutablePointer<Self>)

  /// g (n, w) ⊙= 1 − exp(−y), y = softplus(…); adds the column sums of g and g · ŝ to `sumG`, `sumGX`.
  static func residualSoftplusBackward(
    rows: Int, width: Int, output y: UnsafePointer<Self>, _ s: UnsafePointer<Self>,
    _ normalization: NormalizationPointers<Self>, gradient g: UnsafeMutablePointer<Self>,
    sumG: UnsafeMutablePointer<Double>, sumGX: UnsafeMutablePointer<Double>)

  /// out (n, w) = k1 ⊙ g − weights · (k2 + k3 ⊙ ŝ), the weights being one a row, or 1 where nil.
  static func normalizationBackward(
    rows: Int, width: Int, gradient g: UnsafePointer<Self>, _ s: UnsafePointer<Self>,
    _ normalization: NormalizationPointers<Self>, _ coefficients: NormalizationGradientPointers<Self>,
    weights: UnsafePointer<Self>?, into out: UnsafeMutablePointer<Self>)

  /// x = softplus(x) − shift in place.
  static func softplus(_ x: UnsafeMutablePointer<Self>, count: Int, shift: Self)

  /// g ⊙= 1 − exp(−y − shift) in place: the backward pass of y = softplus(x) − shift.
  static func softplusBackward(
    output y: UnsafePointer<Self>, gradient g: UnsafeMutablePointer<Self>, count: Int, shift: Self)

  // MARK: Networks with a vector per edge
  //
  // A row of o = 2d + 2e gate channels holds filter and core of the node update (d each), then of the edge update (e
  // each). Edges of center i are `offsets[i] ..< offsets[i + 1]`; n centers, E edges.

  /// p (E, w) += row of the center (where given) + row of the neighbor; rows of `stride` numbers.
  static func edgeAssemble(
    _ edges: EdgeLists<Self>, width: Int, center: UnsafePointer<Self>?, neighbor: UnsafePointer<Self>,
    stride: Int,
    into p: UnsafeMutablePointer<Self>)

  /// Backward of `edgeAssemble`: overwrites the centers' rows (where given), adds to the neighbors' rows.
  static func edgeScatter(
    _ edges: EdgeLists<Self>, width: Int, _ p: UnsafePointer<Self>, center: UnsafeMutablePointer<Self>?,
    neighbor: UnsafeMutablePointer<Self>, stride: Int)

  /// s (n, d) = Σ over edges, u (E, e) = per edge, of sigmoid(filter) ⊙ softplus(core) of p ⊙ scale + shift, where p is
  /// given as it is or, with `rows`, before `edgeAssemble`, and then perhaps a row a kind of edge.
  static func pairGate(
    _ edges: EdgeLists<Self>, _ widths: GateWidths, _ p: UnsafePointer<Self>, adding rows: PairRows<Self>?,
    scale: UnsafePointer<Self>, shift: UnsafePointer<Self>, nodes s: UnsafeMutablePointer<Self>,
    edges u: UnsafeMutablePointer<Self>)

  /// Backward of `pairGate` with respect to p ⊙ scale + shift: overwrites g (E, o).
  static func pairGateBackward(
    _ edges: EdgeLists<Self>, _ widths: GateWidths, _ p: UnsafePointer<Self>, scale: UnsafePointer<Self>,
    shift: UnsafePointer<Self>, nodes gs: UnsafePointer<Self>, edges gu: UnsafePointer<Self>,
    into g: UnsafeMutablePointer<Self>)

  /// Triplets j ≠ l of edges of one center, t = (pⱼ + qₗ) ⊙ scale + shift: adds Σ over (j, l) to s (n, d) and Σ over l
  /// to u (E, e), times 1 / (edges of the center − 1) where `normalize`.
  static func tripletGate(
    _ edges: EdgeLists<Self>, _ widths: GateWidths, _ p: UnsafePointer<Self>, _ q: UnsafePointer<Self>,
    scale: UnsafePointer<Self>, shift: UnsafePointer<Self>, normalize: Bool,
    nodes s: UnsafeMutablePointer<Self>,
    edges u: UnsafeMutablePointer<Self>)

  /// Backward of `tripletGate` with respect to t: overwrites gp = Σ over l and gq = Σ over j, both (E, o).
  static func tripletGateBackward(
    _ edges: EdgeLists<Self>, _ widths: GateWidths, _ p: UnsafePointer<Self>, _ q: UnsafePointer<Self>,
    scale: UnsafePointer<Self>, shift: UnsafePointer<Self>, normalize: Bool, nodes gs: UnsafePointer<Self>,
    edges gu: UnsafePointer<Self>, into gp: UnsafeMutablePointer<Self>, _ gq: UnsafeMutablePointer<Self>)

  /// Adds the column sums of pⱼ + qₗ and of its square over all triplets to `sum`, `square`, in O(E).
  static func tripletStatistics(
    _ edges: EdgeLists<Self>, width: Int, _ p: UnsafePointer<Self>, _ q: UnsafePointer<Self>,
    sum: UnsafeMutablePointer<Double>, square: UnsafeMutablePointer<Double>)

  /// Adds the column sums of g and of g ⊙ x to `sumG`, `sumGX`; both of shape (rows, width).
  static func columnProducts(
    rows: Int, width: Int, _ x: UnsafePointer<Self>, gradient g: UnsafePointer<Self>,
    sumG: UnsafeMutablePointer<Double>, sumGX: UnsafeMutablePointer<Double>)

  /// Backward of the normalization over all triplets: gp, gq (E, w) become dL/dp, dL/dq.
  static func tripletNormalizationBackward(
    _ edges: EdgeLists<Self>, width: Int, _ p: UnsafePointer<Self>, _ q: UnsafePointer<Self>,
    _ normalization: NormalizationPointers<Self>, _ coefficients: NormalizationGradientPointers<Self>,
    _ gp: UnsafeMutablePointer<Self>, _ gq: UnsafeMutablePointer<Self>)

  // MARK: Sums and steps, of any width

  /// out (w) += the rows of x, `stride` numbers apart, one after the other.
  static func addRows(
    rows: Int, width: Int, _ x: UnsafePointer<Self>, stride: Int, to out: UnsafeMutablePointer<Self>)

  /// Each row of x, `stride` numbers apart, += vector (w).
  static func addToRows(
    rows: Int, width: Int, _ vector: UnsafePointer<Self>, _ x: UnsafeMutablePointer<Self>, stride: Int)

  /// One step of Adam over `count` parameters; see `AdamStep`.
  static func adamStep(
    _ step: AdamStep<Self>, count: Int, gradient: UnsafePointer<Self>, values: UnsafeMutablePointer<Self>,
    first: UnsafeMutablePointer<Self>, second: UnsafeMutablePointer<Self>)

  // MARK: Convolutions with continuous filters

  /// s (n, w) = Σ over edges of the neighbor's row of x (n, w) ⊙ the edge's filter, or the product of its two filters.
  static func filterSum(
    _ edges: EdgeLists<Self>, width: Int, _ x: UnsafePointer<Self>, _ filter: FilterRows<Self>,
    times second: FilterRows<Self>?, into s: UnsafeMutablePointer<Self>)

  /// Backward of `filterSum` with g = dL/ds: adds to dL/dx (n, w) and to the gradients of the filters' tables.
  static func filterSumBackward(
    _ edges: EdgeLists<Self>, width: Int, _ x: UnsafePointer<Self>, _ filter: FilterRows<Self>,
    times second: FilterRows<Self>?, gradient g: UnsafePointer<Self>, nodes: UnsafeMutablePointer<Self>,
    table: UnsafeMutablePointer<Self>, secondTable: UnsafeMutablePointer<Self>?)

  // MARK: Edge-gated convolutions
  //
  // A row of `projections` (n, 4w) holds what a source gives to gates and to the mean, what a target gives to gates, and
  // a target's own share.

  /// For targets i and their edges e from s: m = g + p_s[0 ..< w] + p_i[2w ..< 3w], gate = sigmoid(m),
  /// vᵢ = p_i[3w ..< 4w] + Σ gate ⊙ p_s[w ..< 2w] / (Σ gate + 1e-6).
  ///
  /// Row `index[e]` of g is that of edge e; without an index the first row is that of the targets' first edge. Likewise of
  /// m, where it is asked for. Denominators have the shape (n, w), where they are asked for.
  static func edgeGatedMean(
    _ graph: GatedEdges<Self>, targets: Range<Int>, width: Int, projections p: UnsafePointer<Self>,
    edges g: UnsafePointer<Self>, index: UnsafePointer<Int32>?, gates m: UnsafeMutablePointer<Self>?,
    into v: UnsafeMutablePointer<Self>, denominators: UnsafeMutablePointer<Self>?)

  /// Backward of `edgeGatedMean` over all targets: dL/dm is added to `gm` or overwrites it; the sources' half of `gp` (n,
  /// 4w) is added to, the targets' half overwritten.
  static func edgeGatedMeanBackward(
    _ graph: GatedEdges<Self>, width: Int, projections p: UnsafePointer<Self>, gates m: UnsafePointer<Self>,
    _ v: UnsafePointer<Self>, denominators: UnsafePointer<Self>, gradient gv: UnsafePointer<Self>, adds: Bool,
    gates gm: UnsafeMutablePointer<Self>, projections gp: UnsafeMutablePointer<Self>)

  /// out (n, w) = [row `index[r]`, or r, of x +] silu(v ⊙ scale + shift), silu(y) = y · sigmoid(y).
  static func residualSiLU(
    rows: Int, width: Int, _ x: UnsafePointer<Self>?, index: UnsafePointer<Int32>?, _ v: UnsafePointer<Self>,
    _ affine: (scale: UnsafePointer<Self>, shift: UnsafePointer<Self>), into out: UnsafeMutablePointer<Self>)

  /// Backward of silu with respect to its argument v ⊙ scale + shift: overwrites `out`, which may be g; adds the column
  /// sums of it and of it · v̂ to `sumG`, `sumGX`.
  static func siLUBackward(
    rows: Int, width: Int, _ v: UnsafePointer<Self>, _ normalization: NormalizationPointers<Self>,
    gradient g: UnsafePointer<Self>, into out: UnsafeMutablePointer<Self>, sumG: UnsafeMutablePointer<Double>,
    sumGX: UnsafeMutablePointer<Double>)

  /// Row `index[r]` of out += row r of g (n, w).
  static func scatterRows(
    _ g: UnsafePointer<Self>, rows: Int, width: Int, index: UnsafePointer<Int32>,
    to out: UnsafeMutablePointer<Self>)

  // MARK: Messages that go through layers of their own

  /// y = x · sigmoid(x); y may be x.
  static func silu(_ x: UnsafePointer<Self>, count: Int, into y: UnsafeMutablePointer<Self>)

  /// g ⊙= the slope of silu at x, in place.
  static func siLUSlope(_ x: UnsafePointer<Self>, count: Int, gradient g: UnsafeMutablePointer<Self>)

  /// s (n, w) = Σ over edges of the rows of x (E, w), each times the edge's weight where there are weights (E).
  static func edgeSum(
    _ edges: EdgeLists<Self>, width: Int, _ x: UnsafePointer<Self>, weights: UnsafePointer<Self>?,
    into s: UnsafeMutablePointer<Self>)

  /// Backward of `edgeSum` with g = dL/ds: dL/dx (E, w) is added to `out` or overwrites it.
  static func edgeSumBackward(
    _ edges: EdgeLists<Self>, width: Int, weights: UnsafePointer<Self>?, gradient g: UnsafePointer<Self>,
    adds: Bool, into out: UnsafeMutablePointer<Self>)
}

/// A step of Adam: with g = gradient + coupledDecay · θ,
///
///     m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²,
///     θ ← decoupledFactor · θ − stepSize · m / (√v · denominatorScale + ε)
///
/// Each operation is rounded by itself, at every processor level alike.
public struct AdamStep<Scalar: Sendable>: Sendable {
  /// Weight decay that is added to the gradient.
  public var coupledDecay: Scalar
  /// 1 − learning rate · weight decay where that is decoupled.
  public var decoupledFactor: Scalar
  /// Share of the first moment that stays.
  public var beta1: Scalar
  /// Share of the second moment that stays.
  public var beta2: Scalar
  /// Learning rate / (1 − β₁ᵗ).
  public var stepSize: Scalar
  /// 1 / √(1 − β₂ᵗ).
  public var denominatorScale: Scalar
  /// ε.
  public var epsilon: Scalar

  /// The numbers of one step.
  public init(
    coupledDecay: Scalar, decoupledFactor: Scalar, beta1: Scalar, beta2: Scalar, stepSize: Scalar,
    denominatorScale: Scalar, epsilon: Scalar
  ) {
    self.coupledDecay = coupledDecay
    self.decoupledFactor = decoupledFactor
    self.beta1 = beta1
    self.beta2 = beta2
    self.stepSize = stepSize
    self.denominatorScale = denominatorScale
    self.epsilon = epsilon
  }
}

/// Filters of edges as sums of rows of a table: that of edge e is Σ_t weights[e][t] · table[starts[e] + t] over
/// `filterKnotCount` rows. The memory must stay valid while it is used.
public struct FilterRows<Scalar> {
  /// Shape (E, `filterKnotCount`).
  public let weights: UnsafePointer<Scalar>
  /// Shape (E).
  public let starts: UnsafePointer<Int32>
  /// Shape (knots, w).
  public let table: UnsafePointer<Scalar>

  /// Rows over memory that the caller owns.
  public init(
    weights: UnsafePointer<Scalar>, starts: UnsafePointer<Int32>, table: UnsafePointer<Scalar>
  ) {
    self.weights = weights
    self.starts = starts
    self.table = table
  }
}

/// Which edges lead to which target of an edge-gated convolution; the memory must stay valid while it is used.
public struct GatedEdges<Scalar> {
  /// Number of targets n.
  public let targetCount: Int
  /// Edges of target i are `offsets[i] ..< offsets[i + 1]`, shape (n + 1).
  public let offsets: UnsafePointer<Int32>
  /// Where each edge comes from, shape (E).
  public let sources: UnsafePointer<Int32>
  /// How many edges of a target each stands for, shape (E); nil where each stands for itself.
  public let multiplicities: UnsafePointer<Scalar>?

  /// Lists over memory that the caller owns.
  public init(
    targetCount: Int, offsets: UnsafePointer<Int32>, sources: UnsafePointer<Int32>,
    multiplicities: UnsafePointer<Scalar>?
  ) {
    self.targetCount = targetCount
    self.offsets = offsets
    self.sources = sources
    self.multiplicities = multiplicities
  }
}

/// Widths of a row of gate channels.
public struct GateWidths: Hashable, Sendable {
  /// Channels d of the node update.
  public let node: Int
  /// Channels e of the edge update; 0 where edges are not updated.
  public let edge: Int

  /// Widths, both multiples of 16.
  public init(node: Int, edge: Int) {
    precondition(node > 0 && node % 16 == 0 && edge >= 0 && edge % 16 == 0, "widths are multiples of 16")
    self.node = node
    self.edge = edge
  }

  /// Channels o = 2d + 2e of a row.
  public var row: Int { 2 * (node + edge) }
}

/// Rows of centers and of neighbors that add up to those of pairs, `stride` numbers apart.
public struct PairRows<Scalar> {
  /// Shape (n; stride).
  public let center: UnsafePointer<Scalar>
  /// Shape (n; stride).
  public let neighbor: UnsafePointer<Scalar>
  /// From one row to the next.
  public let stride: Int
  /// Which row of p an edge has, shape (E); nil where it has its own.
  public let kinds: UnsafePointer<Int32>?

  /// Rows over memory that the caller owns.
  public init(
    center: UnsafePointer<Scalar>, neighbor: UnsafePointer<Scalar>, stride: Int,
    kinds: UnsafePointer<Int32>? = nil
  ) {
    self.center = center
    self.neighbor = neighbor
    self.stride = stride
    self.kinds = kinds
  }
}

/// Which edges belong to which center; the memory must stay valid while it is used.
public struct EdgeLists<Scalar> {
  /// Number of centers n.
  public let centerCount: Int
  /// Shape (n + 1).
  public let offsets: UnsafePointer<Int32>
  /// Shape (E).
  public let neighbors: UnsafePointer<Int32>
  /// How often centers and edges count.
  public var multiplicities: Multiplicities<Scalar>

  /// Lists over memory that the caller owns.
  public init(
    centerCount: Int, offsets: UnsafePointer<Int32>, neighbors: UnsafePointer<Int32>,
    multiplicities: Multiplicities<Scalar> = Multiplicities()
  ) {
    self.centerCount = centerCount
    self.offsets = offsets
    self.neighbors = neighbors
    self.multiplicities = multiplicities
  }
}
