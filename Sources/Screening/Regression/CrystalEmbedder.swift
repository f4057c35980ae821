internal import Crystal
internal import Networks
internal import StructureArchive

/// What one network of a model knows of crystals behind some of its layers.
public struct CrystalEmbedder: Sendable {
  /// How the layers are pooled.
  let pooling: SitePooling
  private let encoder: InputEncoder
  private let embedder: NetworkEmbedder

  /// Numbers of a row.
  public var width: Int { embedder.width }
  /// Names of the layers, in the order of their numbers in a row.
  public var layers: [String] { embedder.layers.map(\.name) }

  /// The layers of a model's network.
  ///
  /// - Parameters:
  ///   - folder: the model.
  ///   - member: which of its networks, from 1.
  ///   - layers: names of layers, as `convs.0`; their numbers, 0 being the input's; digits that begin with 0, as `012`, for the
  ///     layers of these numbers; `last`; or `all`.
  ///   - pooling: how the sites of a crystal are pooled.
  /// - Throws: `ScreeningError.invalid` naming the layers that there are.
  public init(
    _ folder: ModelFolder, member: Int = 1, layers: [String], pooling: SitePooling
  ) throws(ScreeningError) {
    let name = "\(folder.path): \(folder.card.name)"
    guard folder.parameters.indices.contains(member - 1) else {
      throw .invalid("\(name) has members 1 to \(folder.parameters.count), not \(member)")
    }
    let network = folder.parameters[member - 1]
    let chosen = try folder.representations(layers)
    self.pooling = pooling
    encoder = InputEncoder(network.configuration.requirements)
    embedder = NetworkEmbedder(network, layers: chosen)
  }

  /// The layers with the numbers that each has of a row.
  var layerWidths: [(name: String, width: Int)] { embedder.layers.map { ($0.name, $0.width) } }

  /// Working memory of one thread.
  final class Scratch {
    fileprivate let inputs = InputEncoder.Scratch()
    fileprivate let network = NetworkEmbedder.Scratch()
    fileprivate var collection = GraphCollection()
  }

  /// The rows of a crystal, row-major: one a site in its order, or one.
  ///
  /// - Throws: `InputError` where the crystal is no input of the network.
  func rows(_ structure: Structure, _ scratch: Scratch) throws(InputError) -> [Float] {
    scratch.collection.removeAll()
    try encoder.append(structure, to: &scratch.collection, scratch: scratch.inputs)
    let nodes = embedder.rows(scratch.collection, scratch: scratch.network)
    let (sites, width) = (Array(scratch.inputs.siteNodes), width)
    guard pooling != .none else {
      return sites.flatMap { nodes[Int($0) * width..<(Int($0) + 1) * width] }
    }
    return pooling.pooled(sites.count, width: width) { Double(nodes[Int(sites[$0]) * width + $1]) }.map {
      Float($0)
    }
  }
}

extension ModelFolder {
  /// Layers of the model's networks.
  ///
  /// - Parameter layers: names, as `convs.0`; numbers, 0 being the input's; digits that begin with 0, as `012`, for the layers of
  ///   these numbers; `last`; or `all`.
  /// - Throws: `ScreeningError.invalid` naming the layers that there are.
  func representations(_ layers: [String]) throws(ScreeningError) -> [SiteRepresentation] {
    let name = "\(path): \(card.name)"
    let all = parameters[0].program.representations
    guard !all.isEmpty else { throw .invalid("\(name) sees compositions alone and knows nothing of sites") }
    var chosen: [SiteRepresentation] = []
    for layer in layers {
      if layer == "all" {
        chosen += all
      } else if layer == "last" {
        chosen.append(all[all.count - 1])
      } else if let scale = Self.scale(layer), scale.allSatisfy({ all.indices.contains($0) }) {
        chosen += scale.map { all[$0] }
      } else if let number = Int(layer), all.indices.contains(number) {
        chosen.append(all[number])
      } else if let named = all.first(where: { $0.name == layer }) {
        chosen.append(named)
      } else {
        let list = all.enumerated().map { "\($0.offset) \($0.element.name)" }.joined(separator: ", ")
        throw .invalid("\(name) has no layer \"\(layer)\"; it has \(list)")
      }
    }
    if let twice = chosen.indices.first(where: { chosen[..<$0].contains(chosen[$0]) }) {
      throw .invalid("the layer \(chosen[twice].name) is asked for twice")
    }
    return chosen
  }

  /// The numbers of several layers in a word, as Kong et al. have them: 012 for the first three. nil where it is no such word.
  private static func scale(_ word: String) -> [Int]? {
    guard word.count > 1, word.hasPrefix("0") else { return nil }
    let digits = word.compactMap(\.wholeNumberValue)
    return digits.count == word.count ? digits : nil
  }
}
