internal import ModelFormats
internal import TensorKernels

/// The features of each site's element: 92 of the table that CGCNN was published with, as they are.
struct ElementFeatures: Layer {
  private static var table: AtomFeatureTable { .cgcnn }

  var outputs: [ValueShape] {
    [ValueShape(space: .sites, width: Self.table.featureCount, needsGradient: false)]
  }
  var backwardStages: Int { 0 }
  var isShared: Bool { true }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (out, table, block) = (context.output(0), Self.table, context.block)
    let width = table.featureCount
    for site in 0..<block.siteCount {
      let row = (Int(block.atomicNumbers.pointer[site]) - 1) * width
      for feature in 0..<width { out[site * width + feature] = Scalar(table.values[row + feature]) }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    [context.atomicNumbers.map { Self.table.row(for: Int($0))?.map { Double($0) } ?? [] }]
  }
}

/// The share of each element among the sites of a structure, by atomic number from 1 to 100.
struct ElementFractions: Layer {
  private var width: Int { InputRequirements.largestAtomicNumber }

  var outputs: [ValueShape] { [ValueShape(space: .structures, width: width, needsGradient: false)] }
  var backwardStages: Int { 0 }
  var isShared: Bool { true }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (out, block) = (context.output(0), context.block)
    let (offsets, multiplicities) = (block.structureOffsets.pointer, block.multiplicities.centers)
    out.update(repeating: 0, count: block.structureCount * width)
    for structure in 0..<block.structureCount {
      let (row, sites) = (out + structure * width, Int(offsets[structure])..<Int(offsets[structure + 1]))
      var total: Scalar = 0
      for site in sites {
        let weight = multiplicities?[site] ?? 1
        total += weight
        row[Int(block.atomicNumbers.pointer[site]) - 1] += weight
      }
      for element in 0..<width { row[element] /= total }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    [
      context.structures.map { sites in
        (1...width).map { number in
          Double(sites.count { Int(context.atomicNumbers[$0]) == number }) / Double(sites.count)
        }
      }
    ]
  }
}

extension NetworkBuilder {
  /// The 92 features of each site's element.
  public mutating func elementFeatures() -> NetworkValue { add([]) { _ in ElementFeatures() }[0] }

  /// The share of each element in each structure, 100 columns.
  public mutating func elementFractions() -> NetworkValue { add([]) { _ in ElementFractions() }[0] }
}
