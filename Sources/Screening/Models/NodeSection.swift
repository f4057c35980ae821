internal import Configuration
internal import Foundation
internal import ModelFormats
internal import Networks
internal import Training

/// The key `nodes` of a training file's model: representations of a model trained before, which sites begin with.
struct NodeSection {
  /// The model.
  let model: ModelFolder
  /// What of it is taken.
  let source: NodeSource
  /// Which crystals that it was trained on may stand in the splits by which the training is judged.
  let allowed: AllowedSharing
  /// Its parameters where they are not trained.
  let groups: [ParameterGroup]

  /// What the file says.
  ///
  /// - Parameters:
  ///   - section: the key's value.
  ///   - folder: the file's.
  ///   - resources: where models lie that are called by name.
  /// - Throws: `ScreeningError` naming a layer that the model does not have, or what else does not fit.
  init(_ section: ConfigurationValue, relativeTo folder: URL, resources: ResourceFolders) throws {
    model = try ModelFolder(
      path: try resources.path(section["from"], relativeTo: folder, .model), predicts: false)
    let configuration = model.card.configuration
    guard configuration.nodes == nil else {
      throw ScreeningError.invalid(
        "\(section["from"].location): the sites of \(model.card.name) begin with another model's representations "
          + "themselves")
    }
    let layers: [SiteRepresentation]
    do throws(ScreeningError) {
      layers = try model.representations(section.elements("layers").map(\.numberOrText))
    } catch {
      throw ScreeningError.invalid("\(section["layers"].location): \(error)")
    }
    allowed = AllowedSharing(section)
    let isTrained = section.boolean("fine_tune")
    source = NodeSource(
      configuration.architecture, layers: layers.map(\.name),
      use: NodeSource.Use(rawValue: section.string("use")) ?? .replace, isTrained: isTrained)
    groups = isTrained ? [] : [ParameterGroup(prefix: NodeSource.prefix, learningRateFactor: 0)]
  }

  /// A member that has the tensors of the model's first member in place of those that were drawn.
  static func taking(
    _ model: ModelFolder, into member: NetworkParameters
  ) throws(ModelError) -> NetworkParameters {
    let tensors = model.parameters[0].namedTensors.map {
      NamedTensor(name: NodeSource.prefix + $0.name, shape: $0.shape, data: $0.data)
    }
    return try member.taking(tensors, prefixes: [NodeSource.prefix])
  }
}
