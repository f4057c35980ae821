internal import TensorKernels

/// A number of each edge or angle on Gaussians exp(−γ (x − μₖ)²) with equally spaced centers μₖ and γ = `sharpness`/spacing:
/// with 1 what the code of ALIGNN does, with ½ that of coGN; wider than a spacing.
struct GaussianExpansion: Layer {
  /// What is expanded.
  enum Quantity: Sendable {
    /// Length of an edge (Å).
    case length
    /// Cosine of an angle.
    case cosine
  }

  let quantity: Quantity
  /// First and last center.
  let range: ClosedRange<Double>
  let count: Int
  /// γ · spacing, in the reciprocal of the number's unit.
  var sharpness = 1.0

  private var spacing: Double { (range.upperBound - range.lowerBound) / Double(count - 1) }

  var outputs: [ValueShape] {
    [ValueShape(space: quantity == .length ? .edges : .angles, width: count, needsGradient: false)]
  }
  var backwardStages: Int { 0 }
  var isShared: Bool { true }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (out, rows, block) = (context.output(0), context.chunk.rows(context.outputs[0]), context.block)
    let values = quantity == .length ? block.distances.pointer : block.pairs.cosines.pointer
    for row in 0..<rows { expand(Double(values[row]), into: out + row * count) }
  }

  /// Neighboring Gaussians differ by factors that change by one factor: three exponentials make a row.
  private func expand<Scalar: NetworkScalar>(_ x: Double, into out: UnsafeMutablePointer<Scalar>) {
    // With y in spacings from the first center: exp(−s (y − k)²), s = γ spacing².
    let (s, y) = (sharpness * spacing, (x - range.lowerBound) / spacing)
    let nearest = Int(max(0, min(y.rounded(), Double(count - 1))))
    let offset = y - Double(nearest)
    let (middle, curvature) = (exponential(-s * offset * offset), exponential(-2 * s))
    out[nearest] = Scalar(middle)
    func run(_ step: Int) {
      var (value, factor) = (middle, exponential(s * (2 * offset * Double(step) - 1)))
      var place = nearest + step
      while place >= 0, place < count {
        value *= factor
        factor *= curvature
        out[place] = Scalar(value)
        place += step
      }
    }
    run(1)
    run(-1)
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    let values = quantity == .length ? context.edges.map(\.distance) : context.pairs.map(\.cosine)
    return [
      values.map { x in
        (0..<count).map { index in
          let difference = x - (range.lowerBound + Double(index) * spacing)
          return exponential(-sharpness * difference * difference / spacing)
        }
      }
    ]
  }
}

extension NetworkBuilder {
  /// The length of each edge on `count` Gaussians with centers from 0 to `reach` (Å).
  public mutating func lengthExpansion(reach: Double, count: Int) -> NetworkValue {
    add([]) { _ in GaussianExpansion(quantity: .length, range: 0...reach, count: count) }[0]
  }

  /// The length of each edge on `count` Gaussians exp(−(d − μₖ)²/2σ²) whose centers end at `reach` (Å) and begin a spacing
  /// above 0, with σ² = spacing · 1 Å: what the code of coGN does.
  public mutating func lengthExpansionAboveZero(reach: Double, count: Int) -> NetworkValue {
    add([]) { _ in
      GaussianExpansion(
        quantity: .length, range: reach / Double(count)...reach, count: count, sharpness: 0.5)
    }[0]
  }

  /// The cosine of each angle on `count` Gaussians with centers from −1 to 1.
  public mutating func cosineExpansion(count: Int) -> NetworkValue {
    add([]) { _ in GaussianExpansion(quantity: .cosine, range: -1...1, count: count) }[0]
  }
}
