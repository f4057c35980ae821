public import Crystal
internal import CrystalGraphs
internal import Foundation
public import Networks
internal import PipelineEngine
internal import StructureArchive
public import Training

/// Graphs loaded from an archive, with what was left out.
public struct LoadedGraphs: Sendable {
  /// The graphs with their targets; NaN where a record has one of several properties and not this one.
  public var data = LabelledGraphs()
  /// Id of each graph.
  public var ids: [String] = []
  /// The crystal of each graph; empty unless the loader keeps them.
  public var structures: [Structure] = []
  /// What tells each crystal from others; empty unless the loader asks for it.
  var identities: [CrystalIdentity] = []
  /// Records that are not among the graphs, by cause.
  public var leftOut: [String: Int] = [:]
  /// The first few rejections in words.
  public var messages: [String] = []

  /// Those at the given places, in that order; what was left out is said of none.
  func selecting(_ places: [Int]) -> LoadedGraphs {
    var result = LoadedGraphs()
    var graphs = GraphCollection()
    for place in places { graphs.append(contentsOf: data.graphs, structure: place) }
    let count = data.targetCount
    result.data = LabelledGraphs(
      graphs: graphs, targets: places.flatMap { data.targets[$0 * count..<($0 + 1) * count] },
      targetCount: count)
    result.ids = places.map { ids[$0] }
    if !structures.isEmpty { result.structures = places.map { structures[$0] } }
    if !identities.isEmpty { result.identities = places.map { identities[$0] } }
    return result
  }
}

/// Loads every crystal of an archive as a graph, in parallel, in the order of the archive.
public struct GraphLoader: Sendable {
  /// Shape of the network that the graphs are for.
  public var configuration: NetworkConfiguration
  /// Columns of the targets; at least one. A record that has none of them is left out.
  public var properties: [String]
  /// Larger structures are left out.
  public var maximumSites: Int?
  /// Whether the crystals are kept beside their graphs.
  public var keepsStructures = false
  /// Whether what tells crystals apart is kept beside their graphs.
  var identifies = false
  /// Compositions that are left out, see `CrystalIdentity`.
  var excluded: Set<Int64> = []
  /// Number of threads.
  public var jobs: Int

  /// A loader of graphs.
  public init(configuration: NetworkConfiguration, properties: [String], maximumSites: Int?, jobs: Int) {
    precondition(!properties.isEmpty, "graphs have targets")
    self.configuration = configuration
    self.properties = properties
    self.maximumSites = maximumSites
    self.jobs = jobs
  }

  private enum Loaded: Sendable {
    case graph(GraphCollection, Structure, CrystalIdentity?, id: String, targets: [Double])
    case leftOut(String, message: String?)
  }

  /// Working memory of one thread.
  private final class Scratch {
    let inputs = InputEncoder.Scratch()
    let identity = CrystalIdentity.Scratch()
  }

  /// Loads the archive at `path`.
  ///
  /// - Parameter path: any archive that Sluice reads.
  /// - Throws: `ArchiveError` where the archive itself cannot be read; bad records are counted in `leftOut`.
  public func load(_ path: String) throws -> LoadedGraphs {
    let encoder = InputEncoder(configuration.requirements)
    let decoder = StructureDecoder(properties: properties)
    let reader = try ArchiveReader(path: path)
    var result = LoadedGraphs()
    var graphs = GraphCollection()
    var targets: [Double] = []
    _ = try OrderedPipeline(jobs: jobs, batchSize: 256).run(
      read: { try reader.next() },
      makeScratch: { Scratch() },
      work: { scratch, records in records.map { load($0, decoder, encoder, scratch) } },
      write: { (batch: [Loaded]) in
        for item in batch {
          switch item {
          case .graph(let graph, let structure, let identity, let id, let own):
            graphs.append(contentsOf: graph, structure: 0)
            targets += own
            result.ids.append(id)
            if keepsStructures { result.structures.append(structure) }
            if let identity { result.identities.append(identity) }
          case .leftOut(let cause, let message):
            result.leftOut[cause, default: 0] += 1
            if let message, result.messages.count < 10 { result.messages.append(message) }
          }
        }
      })
    result.data = LabelledGraphs(graphs: graphs, targets: targets, targetCount: properties.count)
    return result
  }

  private func load(
    _ record: ArchiveRecord, _ decoder: StructureDecoder, _ encoder: InputEncoder,
    _ scratch: Scratch
  ) -> Loaded {
    do {
      let decoded = try decoder.decode(record)
      if let maximumSites, decoded.structure.siteCount > maximumSites {
        return .leftOut("more than \(maximumSites) sites", message: nil)
      }
      let values = properties.map { decoded.properties[$0] }
      guard values.contains(where: { $0 != nil }) else {
        return .leftOut("no \(properties.joined(separator: ", "))", message: nil)
      }
      // The decoder passes on finite numbers alone.
      if let index = values.firstIndex(where: { abs($0 ?? 0) > Normalizer.largestTarget }) {
        return .leftOut(
          "\(properties[index]) beyond ±\(Normalizer.largestTarget)",
          message:
            "\(record.member) record \(record.index) (\(decoded.id)): \(properties[index]) is \(values[index] ?? 0)"
        )
      }
      if !excluded.isEmpty, excluded.contains(CrystalIdentity.composition(of: decoded.structure)) {
        return .leftOut("excluded", message: nil)
      }
      var graph = GraphCollection()
      try encoder.append(decoded.structure, to: &graph, scratch: scratch.inputs)
      let identity =
        identifies ? CrystalIdentity(of: decoded.structure, scratch: scratch.identity) : nil
      return .graph(
        graph, decoded.structure, identity, id: decoded.id, targets: values.map { $0 ?? .nan })
    } catch let error as RecordError {
      return .leftOut(error.reason.rawValue, message: "\(record.member) record \(record.index): \(error)")
    } catch {
      return .leftOut(
        ((error as? InputError)?.rejectionReason ?? .notACrystal).rawValue,
        message: "\(record.member) record \(record.index): \(error)")
    }
  }
}

extension ModelCard.Split {
  /// What a card says of an archive whose graphs were loaded.
  init(_ loaded: LoadedGraphs, from path: String) throws {
    self.init(
      file: URL(filePath: path).lastPathComponent, sha256: try Fingerprint(ofFile: path).hexadecimal,
      structures: loaded.ids.count, leftOut: loaded.leftOut)
  }
}
