internal import TensorKernels

/// Where a number of each edge lies on the grid of a filter: the first of four knots, and their weights. They are
/// multiplied by how many edges the edge stands for, where `isCounted`.
struct KnotWeights: Layer {
  let filter: EdgeFilter
  let isCounted: Bool

  var outputs: [ValueShape] {
    [ValueShape(space: .edges, width: filter.knotCount, needsGradient: false, stored: filterKnotCount)]
  }
  var backwardStages: Int { 0 }
  var isShared: Bool { true }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let block = context.block
    let (weights, count) = (context.output(0), block.edgeCount)
    let starts = context.chunk.starts[context.outputs[0]].reserve(count)
    let (counts, kinds) = (isCounted ? block.multiplicities.edges : nil, block.edgeKinds.pointer)
    for edge in 0..<count {
      let number =
        switch filter.number {
        case .distance: Double(block.distances.pointer[edge])
        case .solidAngleRoot:
          Double(block.facets.pointer[Int(kinds[edge]) * GraphCollection.facetMeasureCount]).squareRoot()
        }
      let (first, own) = filter.interpolation(at: number)
      starts[edge] = Int32(first)
      let factor = Double(counts?[edge] ?? 1)
      for knot in 0..<filterKnotCount { weights[edge * filterKnotCount + knot] = Scalar(factor * own[knot]) }
    }
  }

  /// The numbers themselves: the convolution does with them what is asked for.
  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    [
      context.edges.map { edge in
        switch filter.number {
        case .distance: [edge.distance]
        case .solidAngleRoot: [edge.facet[0].squareRoot()]
        }
      }
    ]
  }
}

extension NetworkBuilder {
  /// A number of each edge on the grid of a filter.
  ///
  /// - Parameters:
  ///   - filter: the filter.
  ///   - isCounted: whether an edge counts as often as it stands for others; so it is with one filter of a product.
  public mutating func knotWeights(_ filter: EdgeFilter, isCounted: Bool = true) -> NetworkValue {
    add([]) { _ in KnotWeights(filter: filter, isCounted: isCounted) }[0]
  }
}
