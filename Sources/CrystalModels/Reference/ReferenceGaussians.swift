internal import TensorKernels

/// Which Gaussians of an expansion a reference network adds up.
public enum ReferenceGaussians: Sendable {
  /// All of them, as the equations are written.
  case all
  /// The eight that the fast code keeps, which leaves out values below e⁻¹⁶: with these the two agree to rounding.
  case nearestEight

  /// exp(−(x − k)²) for k in 0 ..< `count`.
  func values(_ x: Double, count: Int) -> [Double] {
    let first = max(0, min(Int(x) - 3, count - gaussianTapCount))
    let kept = self == .all ? 0..<count : first..<first + gaussianTapCount
    return (0..<count).map { index in
      kept.contains(index) ? exponential(-(x - Double(index)) * (x - Double(index))) : 0
    }
  }
}

func referenceSigmoid(_ x: Double) -> Double { 1 / (1 + exponential(-x)) }

func referenceSoftplus(_ x: Double) -> Double { max(x, 0) + logarithm1p(exponential(-abs(x))) }
