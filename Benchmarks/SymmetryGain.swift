import CrystalGraphs
import CrystalModels
import StructureArchive
import TensorKernels

/// What evaluating equivalent sites once gains in each crystal system: how many sites and edges remain, and how much
/// faster networks of the shipped shapes predict, on one thread.
enum SymmetryGain {
  /// The shape of the iCGCNN ensemble that ships.
  static var improved: ICGCNNConfiguration {
    var configuration = ICGCNNConfiguration()
    configuration.edgeWidth = 64
    configuration.hasTriplets = false
    configuration.facetEncoding = .gaussians
    configuration.usesAngularMoments = true
    configuration.weighsBySolidAngle = true
    return configuration
  }

  private static let systems: [(name: String, last: Double)] = [
    ("triclinic", 2), ("monoclinic", 15), ("orthorhombic", 74), ("tetragonal", 142), ("trigonal", 167),
    ("hexagonal", 194), ("cubic", 230),
  ]

  /// Prints a line for each crystal system and network.
  ///
  /// - Parameter archive: crystals with the number of their space group under `spacegroup`; those of at most 30 sites are
  ///   used.
  static func report(_ archive: String) throws {
    print("system        network  structures     sites  merged     edges  merged  whole/s  merged/s  gain")
    for network in [NetworkConfiguration.cgcnn(CGCNNConfiguration()), .icgcnn(improved)] {
      var graphs = systems.map { _ in [NeighborGraph]() }
      let builder = NeighborGraphBuilder(network.rule)
      let scratch = NeighborGraphBuilder.Scratch()
      let reader = try ArchiveReader(path: archive)
      let decoder = StructureDecoder(properties: ["spacegroup"])
      while let record = try reader.next() {
        let decoded = try decoder.decode(record)
        guard let group = decoded.properties["spacegroup"], decoded.structure.siteCount <= 30,
          let system = systems.firstIndex(where: { group <= $0.last })
        else { continue }
        graphs[system].append(try builder.graph(of: decoded.structure, scratch: scratch))
      }
      var random = SeededRandom(seed: 7)
      let predictor = NetworkPredictor([try NetworkParameters(network, using: &random)])
      for (system, graphs) in zip(systems, graphs) where !graphs.isEmpty {
        var (whole, merged) = (GraphCollection(), GraphCollection())
        var quotient = QuotientGraph()
        // Laying out the graphs, and finding what is equivalent, counts.
        let wholeTime = median(
          seconds(repetitions: 5) {
            whole.removeAll()
            for graph in graphs { whole.append(graph, for: network) }
            _ = predictor.predictions(whole, jobs: 1)
          })
        let mergedTime = median(
          seconds(repetitions: 5) {
            merged.removeAll()
            for graph in graphs { merged.appendQuotient(of: graph, for: network, scratch: &quotient) }
            _ = predictor.predictions(merged, jobs: 1)
          })
        let rates = [wholeTime, mergedTime].map { Double(graphs.count) / $0 }
        let columns = [
          (system.name, -14), (network.architecture, -8), ("\(graphs.count)", 11),
          ("\(whole.atomicNumbers.count)", 10), ("\(merged.atomicNumbers.count)", 8),
          ("\(whole.neighbors.count)", 10), ("\(merged.neighbors.count)", 8),
          ("\(Int(rates[0]))", 9), ("\(Int(rates[1]))", 10), (rounded(rates[1] / rates[0]), 6),
        ]
        print(columns.map { padded($0.0, $0.1) }.joined())
      }
    }
  }

  /// The text in so many columns: to the right, or to the left where `width` is negative.
  private static func padded(_ text: String, _ width: Int) -> String {
    let space = String(repeating: " ", count: max(0, abs(width) - text.count))
    return width < 0 ? text + space : space + text
  }
}
