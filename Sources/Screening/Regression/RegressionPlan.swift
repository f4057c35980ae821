internal import Configuration
internal import Foundation
internal import Regression

/// A regression study as it will run: every default filled in, every path resolved.
public struct RegressionPlan: Sendable {
  /// Name of the model.
  public let name: String
  /// Archive of the labelled crystals.
  let train: String
  /// Archive of the test split.
  let test: String?
  /// Share of the labelled crystals that the model is tested on.
  let testShare: Double
  /// Column of the target.
  let property: String
  /// Its unit.
  let unit: String
  let maximumSites: Int?
  /// What crystals are described by.
  let features: [FeatureDescription]
  /// The models of the embeddings, in the order of the features.
  let networks: [ModelFolder]
  /// The files among the features, in their order.
  let files: [FeatureFile]
  let methods: [RegressionMethod]
  let scaling: RegressionScaling
  let foldCount: Int
  let seed: Int
  let leavesOneOut: Bool
  /// Bytes that may be taken.
  let memory: Int
  /// Where the file says so.
  let memoryLocation: ConfigurationLocation
  let license: String?
  /// The resolved study as canonical YAML, paths as they are written there.
  let canonicalText: String

  /// Reads and resolves a study.
  ///
  /// - Parameters:
  ///   - file: path of the study.
  ///   - resources: where models lie that the file calls by name.
  ///   - variables: values of the file's variables, by name, that go before its own.
  /// - Throws: `ConfigurationError` naming file, line and column; `ScreeningError` for a file or model that is damaged.
  public init(
    file: String, resources: ResourceFolders = .none, variables: [String: String] = [:]
  ) throws {
    let value = try readConfiguration(file, RegressionSchema.schema, variables: variables)
    let folder = URL(filePath: file).deletingLastPathComponent()
    func path(_ value: ConfigurationValue) throws -> String {
      try existingFile(
        value, relativeTo: folder, kind: "one file of crystals, as sluice pack makes of a folder,")
    }
    let data = value["data"]
    name = value.string("name")
    train = try path(data["train"])
    test = try data.optional("test").map(path)
    testShare = data.number("test_share")
    if test != nil, testShare > 0 {
      throw ScreeningError.invalid("\(data["test_share"].location): the study names a test archive already")
    }
    property = data.string("property")
    unit = try data.optional("unit")?.string ?? TrainingPlan.unit(of: data["property"])
    maximumSites = data.optional("maximum_sites")?.integer
    var (features, networks, files): ([FeatureDescription], [ModelFolder], [FeatureFile]) = ([], [], [])
    for item in value.elements("features") {
      let (tag, choice) = item.tagged
      func pooling() -> SitePooling { SitePooling(rawValue: choice.string("pool")) ?? .mean }
      switch tag {
      case "orbital_field":
        features.append(
          .orbitalField(
            orbitals: choice.string("orbitals"), distancePower: choice.integer("distance_power"),
            pooling: pooling()))
      case "embedding":
        let network = try ModelFolder(
          path: try resources.path(choice["model"], relativeTo: folder, .model), predicts: false)
        networks.append(network)
        features.append(
          .embedding(
            network: network.card.name, layers: choice.elements("layers").map(\.numberOrText),
            pooling: pooling(),
            member: choice.integer("member")))
      case "file":
        let kind = "an array in NumPy's format"
        let numbers = try FeatureFile(
          path: try existingFile(choice["path"], relativeTo: folder, kind: kind),
          ids: try choice.optional("ids").map {
            try existingFile($0, relativeTo: folder, kind: "a CSV file of ids")
          })
        files.append(numbers)
        features.append(.file(columns: numbers.features.columnCount))
      default: features.append(.composition)
      }
    }
    (self.features, self.networks, self.files) = (features, networks, files)
    // A layer that is not there is said before anything is read.
    _ = try CrystalFeatures(features, networks: networks, files: files)
    methods = value.elements("methods").flatMap { item in
      let (tag, choice) = item.tagged
      let kind = RegressionMethod.Kind(rawValue: tag) ?? .ridge
      return choice.elements("alpha").flatMap { alpha in
        kind == .ridge
          ? [RegressionMethod(kind, alpha: alpha.number)]
          : choice.elements("gamma").map {
            RegressionMethod(kind, alpha: alpha.number, gamma: $0.number)
          }
      }
    }
    scaling = RegressionScaling(
      standardizesFeatures: value.boolean("standardize"), centersTarget: value.boolean("center"))
    foldCount = value.integer("folds")
    seed = value.integer("seed")
    leavesOneOut = value.boolean("leave_one_out")
    memory = Int(value.number("memory") * 1e9)
    memoryLocation = value["memory"].location
    license = value.optional("license")?.string
    guard case .mapping(var tree) = value.treeAsWritten else { preconditionFailure("a study is a mapping") }
    tree[variablesField.name] = nil
    canonicalText = ConfigurationTree.mapping(tree).canonicalText
  }
}

extension ConfigurationValue {
  /// This whole number, or text, as a text.
  var numberOrText: String {
    if case .integer(let number) = content { "\(number)" } else { string }
  }
}
