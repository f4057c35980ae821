internal import TensorKernels

/// The vectors of sites, of which marked ones have the mean over all sites of their structure instead: behind a linear layer on
/// features that is what the layer makes of the mean of the features.
///
/// Source: the views of the contrastive task of Kong et al., Mach. Learn.: Sci. Technol. 5, 035018 (2024).
struct SiteMeans: Layer {
  let width: Int

  var outputs: [ValueShape] { [ValueShape(space: .sites, width: width)] }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (block, x, y) = (context.block, context.input(0), context.output(0))
    y.update(from: x, count: block.siteCount * width)
    let mean = context.chunk.scratch[0].reserve(width)
    for structure in 0..<block.structureCount {
      let marked = block.marks.siteOffsets[structure]..<block.marks.siteOffsets[structure + 1]
      guard !marked.isEmpty else { continue }
      let sites = sites(of: structure, block)
      mean.update(repeating: 0, count: width)
      Scalar.addRows(
        rows: sites.count, width: width, x + sites.lowerBound * width, stride: width, to: mean)
      for channel in 0..<width { mean[channel] /= Scalar(sites.count) }
      for mark in marked { (y + block.marks.sites[mark] * width).update(from: mean, count: width) }
    }
  }

  private func sites<Scalar: NetworkScalar>(of structure: Int, _ block: GraphBlock<Scalar>) -> Range<Int> {
    Int(block.structureOffsets.pointer[structure])..<Int(block.structureOffsets.pointer[structure + 1])
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    guard let out = context.clearedInputGradient(0) else { return }
    let (block, g) = (context.block, context.outputGradient(0))
    let share = context.chunk.scratch[0].reserve(width)
    for structure in 0..<block.structureCount {
      let sites = sites(of: structure, block)
      share.update(repeating: 0, count: width)
      for mark in block.marks.siteOffsets[structure]..<block.marks.siteOffsets[structure + 1] {
        let row = g + block.marks.sites[mark] * width
        Scalar.addRows(rows: 1, width: width, row, stride: width, to: share)
        row.update(repeating: 0, count: width)
      }
      for channel in 0..<width { share[channel] /= Scalar(sites.count) }
      for site in sites {
        for channel in 0..<width {
          out[site * width + channel] += g[site * width + channel] + share[channel]
        }
      }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    var rows = inputs[0]
    for (sites, marked) in zip(context.structures, context.markedSites) {
      let mean = (0..<width).map { channel in
        sites.reduce(0) { $0 + inputs[0][$1][channel] } / Double(sites.count)
      }
      for mark in marked { rows[mark.site] = mean }
    }
    return [rows]
  }
}

extension NetworkBuilder {
  /// `nodes`, of which marked ones (`GraphMarks`) are the mean over the sites of their structure.
  public mutating func siteMeans(_ nodes: NetworkValue) -> NetworkValue {
    precondition(nodes.space == .sites && needsGradient(nodes), "a row a site that depends on parameters")
    return add([nodes]) { _ in SiteMeans(width: nodes.width) }[0]
  }
}
