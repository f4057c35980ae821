/// A kind of network: what may be chosen about it, what it is fed with, and how it is built from layers.
///
/// A new one is a file with such a type and a line in `Architectures.all`. The values it holds are its options, and its
/// JSON form is what model cards have under `configuration`.
public protocol Architecture: Codable, Hashable, Sendable {
  /// The network with every option at its default.
  init()

  /// Name in training files, e.g. "cgcnn".
  static var key: String { get }
  /// Name in model cards and for people, e.g. "CGCNN".
  static var title: String { get }
  /// What it is and where it is from, in a sentence.
  static var summary: String { get }
  /// What may be chosen, in the order of documents.
  static var options: [ArchitectureOption<Self>] { get }

  /// What its graphs are and hold.
  var requirements: InputRequirements { get }

  /// Checks what ranges of single options do not say.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration` naming the value.
  func validate() throws(ModelError)

  /// Options that change nothing beside the others, by their keys, and why: "nearest neighbors have no facets".
  var idleOptions: [String: String] { get }

  /// Builds the network.
  ///
  /// - Parameters:
  ///   - network: takes the layers.
  ///   - outputs: numbers that it gives for a structure.
  /// - Returns: the value with these numbers.
  func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue

  /// Sites that a block of inference holds at most; results do not depend on it.
  var sitesPerBlock: Int { get }

  /// Whether model cards say the task where it is regression too, as they did before other architectures had tasks.
  static var alwaysNamesTask: Bool { get }
}

extension Architecture {
  /// Nothing beyond the options' own ranges.
  public func validate() throws(ModelError) {}

  /// None.
  public var idleOptions: [String: String] { [:] }

  /// A block of 192 sites.
  public var sitesPerBlock: Int { 192 }

  /// Not where it is regression.
  public static var alwaysNamesTask: Bool { false }
}

/// What a network's outputs mean.
public enum PredictionTask: String, Codable, CaseIterable, Hashable, Sendable {
  /// A real number, de-standardized, for each output.
  case regression
  /// The probability of class 1 of two, from a logit for each class or from one.
  case classification

  /// Outputs of the network unless others are asked for: 1, or two logits.
  public var outputCount: Int { self == .regression ? 1 : 2 }
}

/// The shape of a network: an architecture with its options, the task, and the outputs.
public struct NetworkConfiguration: Sendable {
  /// The architecture with its options.
  public let architecture: any Architecture
  /// What its outputs mean.
  public let task: PredictionTask
  /// Numbers that the network gives for a structure: the targets of a regression, or one or two logits; 0 of a network
  /// without a read-out.
  public let outputCount: Int
  /// What sites begin with besides the features of their elements; nil for nothing.
  public let nodes: NodeSource?

  /// A shape; not checked before `validate`.
  ///
  /// - Parameters:
  ///   - architecture: the architecture with its options.
  ///   - task: what the outputs mean.
  ///   - outputs: how many there are; nil for those of the task.
  ///   - nodes: representations that sites begin with; nil for none.
  public init(
    _ architecture: any Architecture, task: PredictionTask = .regression, outputs: Int? = nil,
    nodes: NodeSource? = nil
  ) {
    self.architecture = architecture
    self.task = task
    self.nodes = nodes
    outputCount = outputs ?? task.outputCount
  }

  /// Whether the network ends behind its last representation of sites and predicts nothing: it was trained without a
  /// target, to be read, or to be gone on from.
  public var isTrunk: Bool { outputCount == 0 }

  /// Numbers that are predicted of a structure: a number a target, or one probability.
  public var predictionCount: Int { task == .regression ? outputCount : 1 }

  /// Targets of a network, or the numbers that its pretraining compares.
  public static let outputCounts = 1...1024

  /// Name in training files, e.g. "cgcnn".
  public var key: String { type(of: architecture).key }

  /// Name in model cards, e.g. "CGCNN".
  public var title: String { type(of: architecture).title }

  /// What its graphs are and hold.
  public var requirements: InputRequirements { architecture.requirements }

  /// Checks that a network of this shape can be built.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration` naming the value.
  public func validate() throws(ModelError) {
    try Self.checkRanges(architecture)
    try architecture.validate()
    if let nodes {
      try Self.checkRanges(nodes.architecture)
      try nodes.architecture.validate()
      let differences = requirements.differences(from: nodes.architecture.requirements)
      guard differences.isEmpty else {
        throw .unsupportedConfiguration(
          "nodes of a \(type(of: nodes.architecture).title) that takes other graphs than this \(title): "
            + differences.joined(separator: ", "))
      }
    }
    guard isTrunk || (task == .regression ? Self.outputCounts : 1...2).contains(outputCount) else {
      throw .unsupportedConfiguration("\(outputCount) outputs of a \(task.rawValue)")
    }
  }

  private static func checkRanges<Kind: Architecture>(_ architecture: Kind) throws(ModelError) {
    for option in Kind.options { try option.check(architecture) }
  }

  /// The network as a program of layers.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration`.
  public func program() throws(ModelError) -> NetworkProgram {
    try validate()
    var builder = NetworkBuilder()
    if let nodes { try builder.begin(with: nodes) }
    var output = architecture.build(&builder, outputs: max(outputCount, 1))
    guard nodes == nil || builder.hasTakenNodes else {
      throw .unsupportedConfiguration("a \(title) has no place for nodes of another network")
    }
    if isTrunk {
      guard let pooled = builder.cutToTrunk() else {
        throw .unsupportedConfiguration("a network without representations of sites and without outputs")
      }
      output = pooled
    }
    return builder.program(output: output, sitesPerBlock: architecture.sitesPerBlock)
  }
}

extension NetworkConfiguration: Hashable {
  /// Whether kind, options, task, outputs and nodes are equal.
  public static func == (first: NetworkConfiguration, second: NetworkConfiguration) -> Bool {
    AnyHashable(first.architecture) == AnyHashable(second.architecture) && first.task == second.task
      && first.outputCount == second.outputCount && first.nodes == second.nodes
  }

  /// Mixes kind, options, task, outputs and nodes.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(AnyHashable(architecture))
    hasher.combine(task)
    hasher.combine(outputCount)
    hasher.combine(nodes)
  }
}

extension NetworkConfiguration: Encodable {
  private enum CodingKeys: String, CodingKey {
    case task, outputs, nodes
  }

  /// Writes the options, and task, outputs and nodes beside them where a card would be wrong without.
  public func encode(to encoder: any Encoder) throws {
    try architecture.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    if !isTrunk, task != .regression || type(of: architecture).alwaysNamesTask {
      try container.encode(task, forKey: .task)
    }
    if outputCount != task.outputCount { try container.encode(outputCount, forKey: .outputs) }
    try container.encodeIfPresent(nodes, forKey: .nodes)
  }

  /// Reads the configuration of an architecture of the given kind.
  ///
  /// - Throws: `DecodingError`.
  public init(_ kind: any Architecture.Type, from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try kind.init(from: decoder),
      task: try container.decodeIfPresent(PredictionTask.self, forKey: .task) ?? .regression,
      outputs: try container.decodeIfPresent(Int.self, forKey: .outputs),
      nodes: try container.decodeIfPresent(NodeSource.self, forKey: .nodes))
  }
}
