internal import TensorKernels

/// The mean over the sites of each structure; a node that stands for several sites counts as often.
struct MeanPooling: Layer {
  let width: Int
  let goesOn: Bool

  var outputs: [ValueShape] { [ValueShape(space: .structures, width: width, needsGradient: goesOn)] }
  var backwardStages: Int { goesOn ? 1 : 0 }
  var isShared: Bool { !goesOn }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (block, nodes, pooled) = (context.block, context.input(0), context.output(0))
    let offsets = block.structureOffsets.pointer
    let multiplicities = block.multiplicities.centers
    for structure in 0..<block.structureCount {
      let row = pooled + structure * width
      row.update(repeating: 0, count: width)
      var total: Scalar = 0
      for site in Int(offsets[structure])..<Int(offsets[structure + 1]) {
        let node = nodes + site * width
        let weight = multiplicities?[site] ?? 1
        total += weight
        for channel in 0..<width { row[channel] += weight * node[channel] }
      }
      let factor = 1 / total
      for channel in 0..<width { row[channel] *= factor }
    }
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    guard let out = context.clearedInputGradient(0) else { return }
    let (block, g) = (context.block, context.outputGradient(0))
    let offsets = block.structureOffsets.pointer
    let multiplicities = block.multiplicities.centers
    for structure in 0..<block.structureCount {
      let sites = Int(offsets[structure])..<Int(offsets[structure + 1])
      let factor = 1 / sites.reduce(Scalar(0)) { $0 + (multiplicities?[$1] ?? 1) }
      for site in sites {
        let factor = factor * (multiplicities?[site] ?? 1)
        for channel in 0..<width { out[site * width + channel] += g[structure * width + channel] * factor }
      }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    [
      context.structures.map { sites in
        (0..<width).map { channel in sites.reduce(0) { $0 + inputs[0][$1][channel] } / Double(sites.count) }
      }
    ]
  }
}

extension NetworkBuilder {
  /// The mean of `nodes` over the sites of each structure.
  public mutating func meanPooling(_ nodes: NetworkValue) -> NetworkValue {
    precondition(nodes.space == .sites, "sites are pooled")
    let goesOn = needsGradient(nodes)
    return add([nodes]) { _ in MeanPooling(width: nodes.width, goesOn: goesOn) }[0]
  }
}
