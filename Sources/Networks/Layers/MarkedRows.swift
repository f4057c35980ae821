internal import TensorKernels

/// What is known of marked sites, or of the two ends of marked edges.
///
/// Source: the heads of the predictive task of Kong et al., Mach. Learn.: Sci. Technol. 5, 035018 (2024), see x_i of a hidden
/// site and x_i + x_j of an edge at one.
struct MarkedRows: Layer {
  /// What a row is made of.
  enum Kind: Sendable {
    /// x_i of each marked site i.
    case sites
    /// x_i + x_j of each marked edge between i and j.
    case ends
  }

  let kind: Kind
  let width: Int
  let goesOn: Bool

  var outputs: [ValueShape] {
    [
      ValueShape(
        space: kind == .sites ? .markedSites : .markedEdges, width: width, needsGradient: goesOn)
    ]
  }
  var backwardStages: Int { goesOn ? 1 : 0 }
  var isShared: Bool { !goesOn }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (marks, x, y) = (context.block.marks, context.input(0), context.output(0))
    switch kind {
    case .sites:
      for (row, site) in marks.sites.enumerated() {
        (y + row * width).update(from: x + site * width, count: width)
      }
    case .ends:
      let neighbors = context.block.neighbors.pointer
      for row in 0..<marks.edgeCount {
        let (center, neighbor) = (
          x + marks.centers[row] * width, x + Int(neighbors[marks.edges[row]]) * width
        )
        for channel in 0..<width { y[row * width + channel] = center[channel] + neighbor[channel] }
      }
    }
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    guard let out = context.clearedInputGradient(0) else { return }
    let (marks, g) = (context.block.marks, context.outputGradient(0))
    func add(_ row: Int, to site: Int) {
      Scalar.addRows(rows: 1, width: width, g + row * width, stride: width, to: out + site * width)
    }
    switch kind {
    case .sites: for (row, site) in marks.sites.enumerated() { add(row, to: site) }
    case .ends:
      let neighbors = context.block.neighbors.pointer
      for row in 0..<marks.edgeCount {
        add(row, to: marks.centers[row])
        add(row, to: Int(neighbors[marks.edges[row]]))
      }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    switch kind {
    case .sites: return [context.markedSites.flatMap { $0.map { inputs[0][$0.site] } }]
    case .ends:
      return [
        context.markedEdges.flatMap { edges in
          edges.map { edge in
            zip(inputs[0][context.edges[edge].center], inputs[0][context.edges[edge].neighbor]).map {
              $0 + $1
            }
          }
        }
      ]
    }
  }
}

extension NetworkBuilder {
  /// The rows of marked sites among `nodes`.
  public mutating func markedSites(_ nodes: NetworkValue) -> NetworkValue { markedRows(.sites, nodes) }

  /// The sum of the two ends of each marked edge among `nodes`.
  public mutating func markedEdgeEnds(_ nodes: NetworkValue) -> NetworkValue { markedRows(.ends, nodes) }

  private mutating func markedRows(_ kind: MarkedRows.Kind, _ nodes: NetworkValue) -> NetworkValue {
    precondition(nodes.space == .sites, "a row a site")
    let goesOn = needsGradient(nodes)
    return add([nodes]) { _ in MarkedRows(kind: kind, width: nodes.width, goesOn: goesOn) }[0]
  }
}
