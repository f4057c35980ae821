internal import Configuration
internal import Foundation
internal import Networks
internal import Training

/// A pretraining as it will run: every default filled in, every path resolved.
public struct PretrainingPlan: Sendable {
  /// Name of the model.
  public let name: String
  /// Archive of the crystals.
  let crystals: String
  let validationShare: Double
  let maximumSites: Int?
  /// Archives whose compositions are left out.
  let excluded: [String]
  let views: TwinViews
  let redundancy: Double
  let options: TrainingOptions
  let license: String?
  /// The resolved file as canonical YAML, paths as they are written there.
  let canonicalText: String
  /// What of that text decides the weights.
  let identityText: String

  /// Reads and resolves the file of a pretraining.
  ///
  /// - Parameters:
  ///   - file: path of the file.
  ///   - variables: values of the file's variables, by name, that go before its own.
  /// - Throws: `ConfigurationError` naming file, line and column; `ScreeningError` for a shape that no network has.
  public init(file: String, variables: [String: String] = [:]) throws {
    let value = try readConfiguration(file, PretrainingSchema.schema, variables: variables)
    let folder = URL(filePath: file).deletingLastPathComponent()
    func path(_ value: ConfigurationValue) throws -> String {
      try existingFile(
        value, relativeTo: folder, kind: "one file of crystals, as sluice pack makes of a folder,")
    }
    let (data, views, training) = (value["data"], value["views"], value["training"])
    name = value.string("name")
    crystals = try path(data["crystals"])
    validationShare = data.number("validation_share")
    maximumSites = data.optional("maximum_sites")?.integer
    excluded = try data.optional("exclude").map { try $0.elements.map(path) } ?? []
    var drawn = TwinViews()
    drawn.maskedSites = views.number("masked_sites")
    drawn.droppedEdges = views.number("dropped_edges")
    drawn.displacement = views.number("displacement")
    self.views = drawn
    redundancy = training.number("redundancy")
    license = value.optional("license")?.string
    var options = TrainingOptions()
    options.configuration = try Self.network(value["model"])
    options.seed = UInt64(training.integer("seed"))
    options.epochs = training.integer("epochs")
    options.batchSize = training.integer("batch_size")
    options.optimizer = OptimizerKind(rawValue: training.string("optimizer")) ?? .adam
    options.learningRate = training.number("learning_rate")
    options.weightDecay = training.number("weight_decay")
    options.schedule = .constant
    self.options = options
    guard case .mapping(var tree) = value.treeAsWritten else {
      preconditionFailure("a pretraining file is a mapping")
    }
    tree[variablesField.name] = nil
    canonicalText = ConfigurationTree.mapping(tree).canonicalText
    identityText = PretrainingSchema.schema.withoutPaths(.mapping(tree)).canonicalText
  }

  /// The encoder with its projection: two layers behind the crystal's vector, as in the published code, whose `fc_head.0` and
  /// `fc_head.2` are `fcs.0` and `fc_out` here.
  private static func network(_ model: ConfigurationValue) throws -> NetworkConfiguration {
    var network = CGCNN()
    network.hiddenLayerCount = 2
    network.padding = .firstAtom
    do throws(ModelError) {
      for option in CGCNN.options {
        guard let value = model.optional(option.key) else { continue }
        try option.set(option.key == "cutoff" ? .number(value.number) : .integer(value.integer), of: &network)
      }
      let configuration = NetworkConfiguration(network, outputs: model.integer("projection"))
      try configuration.validate()
      return configuration
    } catch {
      throw ScreeningError.invalid("\(model.location): \(describe(error))")
    }
  }
}
