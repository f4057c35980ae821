internal import TensorKernels

/// How solid angle, area and pyramid volume of a facet are made into features of its edge.
public enum FacetEncoding: String, Codable, CaseIterable, Hashable, Sendable {
  /// Ω/4π, A/10 Å², V/10 Å³ as they are: three columns.
  case scalars
  /// The square roots of these three, each on 13 Gaussians exp(−(x − kΔ)²/Δ²) from 0: Δ = 0.05, 0.1 and 0.1; angular
  /// moments each on 9 Gaussians from −1 to 1, Δ = 0.25.
  case gaussians
}

/// What is expanded on which Gaussians.
private struct Expansion {
  /// Index of the measure among the facet's.
  let measure: Int
  let count: Int
  let spacing: Double
  /// The number that is expanded.
  let function: MeasureFunction
}

private enum MeasureFunction {
  case root
  case plusOne

  func callAsFunction<Scalar: BinaryFloatingPoint>(_ x: Scalar) -> Scalar {
    switch self {
    case .root: x.squareRoot()
    case .plusOne: x + 1
    }
  }
}

/// The features of each kind of edge in one row: the length on Gaussians, the facet's measures, its angular moments.
struct FacetFeatures: Layer {
  /// Δ of the Gaussians of the length (Å), and their number.
  let spacing: Double
  let gaussianCount: Int
  /// Whether solid angle, area and pyramid volume are among the features.
  let usesMeasures: Bool
  let usesMoments: Bool
  let encoding: FacetEncoding

  private static let measures = 0..<3
  private static let moments = 3..<GraphCollection.facetMeasureCount

  private var used: [Range<Int>] {
    (usesMeasures ? [Self.measures] : []) + (usesMoments ? [Self.moments] : [])
  }

  private func expansion(_ measure: Int) -> Expansion {
    measure < Self.moments.lowerBound
      ? Expansion(measure: measure, count: 13, spacing: measure == 0 ? 0.05 : 0.1, function: .root)
      : Expansion(measure: measure, count: 9, spacing: 0.25, function: .plusOne)
  }

  private var columnCount: Int {
    used.joined().reduce(gaussianCount) { $0 + (encoding == .scalars ? 1 : expansion($1).count) }
  }

  var outputs: [ValueShape] { [ValueShape(space: .edgeKinds, width: columnCount, needsGradient: false)] }
  var backwardStages: Int { 0 }
  var isShared: Bool { true }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (block, out, stride) = (context.block, context.output(0), columnCount)
    let facets = block.facets.pointer
    out.update(repeating: 0, count: block.kindCount * stride)
    expand(
      context, block.kindDistances.pointer, count: gaussianCount, spacing: spacing, into: out, stride: stride)
    var column = gaussianCount
    for measure in used.joined() {
      switch encoding {
      case .scalars:
        for kind in 0..<block.kindCount {
          out[kind * stride + column] = facets[GraphCollection.facetMeasureCount * kind + measure]
        }
        column += 1
      case .gaussians:
        let own = expansion(measure)
        let values = context.chunk.scratch[0].reserve(block.kindCount)
        for kind in 0..<block.kindCount {
          values[kind] = own.function(facets[GraphCollection.facetMeasureCount * kind + measure])
        }
        expand(context, values, count: own.count, spacing: own.spacing, into: out + column, stride: stride)
        column += own.count
      }
    }
  }

  /// Writes `values` (K) on Gaussians into rows that are `stride` apart and hold zeros.
  private func expand<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, _ values: UnsafePointer<Scalar>, count: Int, spacing: Double,
    into out: UnsafeMutablePointer<Scalar>, stride: Int
  ) {
    let kindCount = context.block.kindCount
    let taps = context.chunk.scratch[1].reserve(kindCount * gaussianTapCount)
    let starts = context.chunk.starts[context.outputs[0]].reserve(kindCount)
    Scalar.gaussianTaps(
      values, count: kindCount, spacing: Scalar(spacing), gaussianCount: count, taps: taps, starts: starts)
    for kind in 0..<kindCount {
      let row = out + kind * stride + Int(starts[kind])
      for tap in 0..<gaussianTapCount { row[tap] = taps[kind * gaussianTapCount + tap] }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    [
      context.edges.map { edge in
        var features = context.gaussians.values(edge.distance / spacing, count: gaussianCount)
        for measure in used.joined() {
          switch (encoding, measure < Self.moments.lowerBound) {
          case (.scalars, _): features.append(edge.facet[measure])
          case (.gaussians, true):
            features += context.gaussians.values(
              edge.facet[measure].squareRoot() / [0.05, 0.1, 0.1][measure], count: 13)
          case (.gaussians, false):
            features += context.gaussians.values((edge.facet[measure] + 1) / 0.25, count: 9)
          }
        }
        return features
      }
    ]
  }
}

/// What the message along each edge counts by, (E, 1): w = 12 Ω/4π, or 2 w / (1 + w) where it saturates.
struct SolidAngleWeights: Layer {
  let saturates: Bool

  var outputs: [ValueShape] { [ValueShape(space: .edges, width: 1, needsGradient: false)] }
  var backwardStages: Int { 0 }
  var isShared: Bool { true }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (block, out) = (context.block, context.output(0))
    let (multiplicities, kinds) = (block.multiplicities.edges, block.edgeKinds.pointer)
    for edge in 0..<block.edgeCount {
      let share = 12 * block.facets.pointer[GraphCollection.facetMeasureCount * Int(kinds[edge])]
      let weight = saturates ? 2 * share / (1 + share) : share
      out[edge] = weight * (multiplicities?[edge] ?? 1)
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    [
      context.edges.map { edge in
        let weight = 12 * edge.facet[0]
        return [saturates ? 2 / (1 + 1 / weight) : weight]
      }
    ]
  }
}

extension NetworkBuilder {
  /// The features of each kind of edge: its length on Gaussians from 0 to `reach` (Å), `spacing` (Å) apart and as wide, and
  /// what is asked for of its facet.
  ///
  /// - Parameters:
  ///   - reach: where the Gaussians end; longer edges see the last ones.
  ///   - spacing: Δ.
  ///   - usesMeasures: whether solid angle, area and pyramid volume belong to them.
  ///   - usesMoments: whether the angular moments do.
  ///   - encoding: how these are made into columns.
  public mutating func facetFeatures(
    reach: Double, spacing: Double, usesMeasures: Bool, usesMoments: Bool, encoding: FacetEncoding
  ) -> NetworkValue {
    let count = Int((reach / spacing).rounded()) + 1
    return add([]) { _ in
      FacetFeatures(
        spacing: spacing, gaussianCount: count, usesMeasures: usesMeasures, usesMoments: usesMoments,
        encoding: encoding)
    }[0]
  }

  /// What a message counts by in the sum over a site's facets, by the facet's share of the full solid angle: a facet
  /// that appears as atoms move then comes in with no weight.
  ///
  /// - Parameter saturates: whether w = 12 Ω/4π is taken as 2 w / (1 + w), below 2 for any facet.
  public mutating func solidAngleWeights(saturates: Bool) -> NetworkValue {
    add([]) { _ in SolidAngleWeights(saturates: saturates) }[0]
  }
}
