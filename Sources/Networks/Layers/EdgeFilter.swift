internal import TensorKernels

/// A number of an edge that filters are functions of.
public enum EdgeNumber: Hashable, Sendable {
  /// The length (Å).
  case distance
  /// √(Ω/4π), the root of the facet's share of the solid angle; graphs need facets.
  case solidAngleRoot
}

/// What a filter is multiplied by.
public enum FilterWeight: Hashable, Sendable {
  /// 1.
  case none
  /// ½ (cos(π x / reach) + 1): the filter ends smoothly at its reach.
  case cosine
  /// 2 w / (1 + w), w = 12 x²: 0 for a facet of no solid angle, where x is its root, so that facets appear and vanish
  /// smoothly as atoms move; 1 for a facet among twelve, and below 2 for any.
  case facet

  func value(_ x: Double, reach: Double) -> Double {
    switch self {
    case .none: return 1
    case .cosine: return x < reach ? 0.5 * (TensorKernels.cosine(.pi * x / reach) + 1) : 0
    case .facet: return 24 * x * x / (1 + 12 * x * x)
    }
  }
}

/// What a continuous filter is a function of, and how it is kept.
///
/// The number goes onto Gaussians exp(−(x − μ_k)²/2σ²), μ_k = k · reach / count, k = 0 ..< count, and from there through
/// two layers. Since that depends on one number alone, it is evaluated at the knots of an even grid and interpolated in
/// between, cubically through the four knots around. From `reach` on filters are what they are there.
public struct EdgeFilter: Hashable, Sendable {
  /// The number.
  public var number: EdgeNumber
  /// The largest value that is told apart, in the number's unit.
  public var reach: Double
  /// Gaussians.
  public var gaussianCount: Int
  /// σ, in the number's unit.
  public var gaussianWidth: Double
  /// Knots within σ.
  public var knotsPerWidth: Int
  /// What it is multiplied by.
  public var weight: FilterWeight

  /// A filter of the given kind.
  public init(
    _ number: EdgeNumber, reach: Double, gaussianCount: Int, gaussianWidth: Double, knotsPerWidth: Int,
    weight: FilterWeight = .none
  ) {
    self.number = number
    self.reach = reach
    self.gaussianCount = gaussianCount
    self.gaussianWidth = gaussianWidth
    self.knotsPerWidth = knotsPerWidth
    self.weight = weight
  }

  /// Steps of the grid from 0 to `reach`.
  var intervalCount: Int { Int((reach / gaussianWidth * Double(knotsPerWidth)).rounded(.up)) }
  /// One more knot lies before 0, and one behind `reach`.
  var knotCount: Int { intervalCount + 3 }
  var spacing: Double { reach / Double(intervalCount) }

  /// The number where knot `index` lies.
  func position(_ index: Int) -> Double { Double(index - 1) * spacing }

  /// The first of the four knots around x, and their weights: the cubic through them at x.
  func interpolation(at x: Double) -> (first: Int, weights: SIMD4<Double>) {
    let steps = min(max(x, 0), reach) / spacing
    let first = min(Int(steps), intervalCount - 1)
    let t = steps - Double(first)
    let (a, b, c) = (t + 1, t - 1, t - 2)
    return (first, SIMD4(-t * b * c / 6, a * b * c / 2, -a * t * c / 2, a * t * b / 6))
  }

  /// The Gaussians of a number.
  func gaussians(_ x: Double) -> [Double] {
    (0..<gaussianCount).map { index in
      let z = (x - Double(index) * reach / Double(gaussianCount)) / gaussianWidth
      return exponential(-0.5 * z * z)
    }
  }
}
