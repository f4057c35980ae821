internal import TensorKernels

/// Which Gaussians of an expansion plain loops add up, and whether continuous filters are themselves or interpolated.
public enum PlainGaussians: Sendable {
  /// All of them, and filters themselves: as the equations are written.
  case all
  /// The eight that the fast code keeps, which leaves out values below e⁻¹⁶, and filters between the knots of its tables: with
  /// these the two agree to rounding.
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
