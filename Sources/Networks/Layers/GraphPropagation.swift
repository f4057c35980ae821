internal import TensorKernels

/// The propagation of a graph convolution: H' = D̃^(−1/2) Ã D̃^(−1/2) H with Ã = A + I, D̃ᵢᵢ = Σⱼ Ãᵢⱼ.
///
/// A is symmetric (`InputRequirements.countsBonds`). On a quotient graph the sum over the sites of a class is an edge with
/// its multiplicity, and sites of a class have one degree.
///
/// Source: T. N. Kipf and M. Welling, ICLR 2017, Eq. 2.
struct GraphPropagation: Layer {
  let width: Int
  let goesOn: Bool

  var outputs: [ValueShape] { [ValueShape(space: .sites, width: width, needsGradient: goesOn)] }
  var backwardStages: Int { goesOn ? 1 : 0 }
  var isShared: Bool { !goesOn }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let out = context.output(0)
    out.update(repeating: 0, count: context.block.siteCount * width)
    propagate(context, from: context.input(0), to: out, transposed: false)
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    guard let out = context.clearedInputGradient(0) else { return }
    propagate(context, from: context.outputGradient(0), to: out, transposed: true)
  }

  /// to += P · from, or Pᵀ · from: on a quotient P is not symmetric.
  private func propagate<Scalar: NetworkScalar>(
    _ context: LayerContext<Scalar>, from: UnsafePointer<Scalar>, to: UnsafeMutablePointer<Scalar>,
    transposed: Bool
  ) {
    let (block, offsets) = (context.block, context.block.edgeOffsets.pointer)
    let (neighbors, multiplicities) = (block.neighbors.pointer, block.multiplicities.edges)
    let factors = context.chunk.scratch[0].reserve(block.siteCount)
    for site in 0..<block.siteCount {
      var degree: Scalar = 1
      for edge in Int(offsets[site])..<Int(offsets[site + 1]) { degree += multiplicities?[edge] ?? 1 }
      factors[site] = 1 / degree.squareRoot()
    }
    func add(_ factor: Scalar, _ source: Int, _ target: Int) {
      let (x, y) = (from + source * width, to + target * width)
      for channel in 0..<width { y[channel] += factor * x[channel] }
    }
    for site in 0..<block.siteCount {
      add(factors[site] * factors[site], site, site)
      for edge in Int(offsets[site])..<Int(offsets[site + 1]) {
        let neighbor = Int(neighbors[edge])
        let factor = factors[site] * factors[neighbor] * (multiplicities?[edge] ?? 1)
        add(factor, transposed ? site : neighbor, transposed ? neighbor : site)
      }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    // The whole matrix, as the equation has it.
    let count = inputs[0].count
    var matrix = (0..<count).map { row in (0..<count).map { $0 == row ? 1.0 : 0 } }
    for edge in context.edges { matrix[edge.center][edge.neighbor] += 1 }
    let degrees = matrix.map { $0.reduce(0, +) }
    var rows = inputs[0].map { _ in [Double](repeating: 0, count: width) }
    for row in 0..<count {
      for column in 0..<count {
        let factor = matrix[row][column] / (degrees[row] * degrees[column]).squareRoot()
        for channel in 0..<width { rows[row][channel] += factor * inputs[0][column][channel] }
      }
    }
    return [rows]
  }
}

extension NetworkBuilder {
  /// A graph convolution: f(P H Wᵀ) with P = D̃^(−1/2) (A + I) D̃^(−1/2), without a bias.
  ///
  /// - Parameters:
  ///   - name: path of the tensor `name.weight` (out, in).
  ///   - nodes: a row a site.
  ///   - outputs: columns of the result.
  ///   - activation: f; the identity where nil.
  public mutating func graphConvolution(
    _ name: String, _ nodes: NetworkValue, to outputs: Int, activation: ActivationFunction? = .relu
  ) -> NetworkValue {
    let projected = linear(name, nodes, to: outputs, hasBias: false)
    let propagated = add([projected]) { _ in GraphPropagation(width: outputs, goesOn: true) }[0]
    return activation.map { self.activation($0, propagated) } ?? propagated
  }
}
