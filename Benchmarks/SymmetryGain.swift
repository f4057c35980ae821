import Crystal
import CrystalGraphs
import Foundation
import Networks
import Screening
import StructureArchive
import Training

/// What evaluating equivalent sites once gains in each crystal system: how many sites and edges remain, how much faster
/// ensembles predict on one thread, and by how much their predictions differ at most.
enum SymmetryGain {
  /// Prints a line for each crystal system and model.
  ///
  /// - Parameters:
  ///   - archive: crystals with the number of their space group under `spacegroup`; those of at most 30 sites are used.
  ///   - models: model folders.
  static func report(_ archive: String, models: [String]) throws {
    print(
      "system        network  structures     sites  merged     edges  merged  whole/s  merged/s  gain  difference"
    )
    for model in models {
      let ensemble = Ensemble(try ModelFolder(path: model))
      for (system, graphs) in zip(CrystalSystem.allCases, try graphs(archive, ensemble.encoder))
      where !graphs.isEmpty {
        let network = ensemble.configuration
        let scratch = Ensemble.Scratch()
        var (whole, merged) = (GraphCollection(), GraphCollection())
        var (expected, found) = ([EnsemblePrediction](), [EnsemblePrediction]())
        var quotient = QuotientGraph()
        // Laying out the graphs, and finding what is equivalent, counts.
        let wholeTime = median(
          seconds(repetitions: 5) {
            whole.removeAll()
            for graph in graphs { whole.append(graph, for: network.requirements) }
            expected = ensemble.predictions(whole, scratch: scratch)
          })
        let mergedTime = median(
          seconds(repetitions: 5) {
            merged.removeAll()
            for graph in graphs {
              merged.appendQuotient(of: graph, for: network.requirements, scratch: &quotient)
            }
            found = ensemble.predictions(merged, scratch: scratch)
          })
        let difference = zip(expected, found).map { abs($0.mean - $1.mean) }.max() ?? 0
        let rates = [wholeTime, mergedTime].map { Double(graphs.count) / $0 }
        let columns = [
          (system.rawValue, -14), (network.title, -8), ("\(graphs.count)", 11),
          ("\(whole.atomicNumbers.count)", 10), ("\(merged.atomicNumbers.count)", 8),
          ("\(whole.neighbors.count)", 10), ("\(merged.neighbors.count)", 8),
          ("\(Int(rates[0]))", 9), ("\(Int(rates[1]))", 10), (rounded(rates[1] / rates[0]), 6),
          (scientific(difference), 12),
        ]
        print(columns.map { padded($0.0, $0.1) }.joined())
      }
    }
  }

  /// The graphs of the crystals of each system.
  private static func graphs(_ archive: String, _ encoder: InputEncoder) throws -> [[NeighborGraph]] {
    var graphs = CrystalSystem.allCases.map { _ in [NeighborGraph]() }
    let scratch = InputEncoder.Scratch()
    let reader = try ArchiveReader(path: archive)
    let decoder = StructureDecoder(properties: ["spacegroup"])
    while let record = try reader.next() {
      let decoded = try decoder.decode(record)
      guard let group = decoded.properties["spacegroup"].flatMap({ Int(exactly: $0) }),
        decoded.structure.siteCount <= 30,
        let system = CrystalSystem.allCases.firstIndex(where: { $0.spaceGroups.contains(group) })
      else { continue }
      graphs[system].append(try encoder.graph(of: decoded.structure, scratch: scratch))
    }
    return graphs
  }

  /// With one digit after the point: 2.4e-07.
  private static func scientific(_ value: Double) -> String { String(format: "%.1e", value) }

  /// The text in so many columns: to the right, or to the left where `width` is negative.
  private static func padded(_ text: String, _ width: Int) -> String {
    let space = String(repeating: " ", count: max(0, abs(width) - text.count))
    return width < 0 ? text + space : space + text
  }
}
