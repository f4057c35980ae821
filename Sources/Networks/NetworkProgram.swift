/// What the rows of a value stand for.
public enum RowSpace: Sendable {
  /// One row a structure, S in all.
  case structures
  /// One row a site, n in all.
  case sites
  /// One row a directed edge, E in all.
  case edges
  /// One row a kind of edges, K in all: edges of one crystal that have the same measures are of one kind, so that what
  /// depends on those alone is computed once for all of them. In plain loops every edge is a kind of its own.
  case edgeKinds
  /// One row an ordered pair of edges, the first of which ends where the second begins: an edge of the line graph, T in all.
  case edgePairs
  /// One row a distinct angle of a structure, A in all: what depends on a pair's angle alone is computed once for all pairs
  /// that have it. In plain loops each pair has its own.
  case angles
  /// One row a marked site (`GraphMarks`), M in all.
  case markedSites
  /// One row a marked edge, D in all.
  case markedEdges
}

/// A value between layers, as the builder hands it from one to the next: rows of `width` numbers.
public struct NetworkValue: Sendable {
  /// Its place in the program's list.
  let index: Int
  /// What its rows stand for.
  public let space: RowSpace
  /// Numbers a row.
  public let width: Int
}

/// What a layer makes of its inputs, before the program has given it a place.
struct ValueShape: Sendable {
  let space: RowSpace
  let width: Int
  /// Whether a loss depends on parameters through it. Features of the graph are fixed.
  var needsGradient = true
  /// Of a row that is nothing but so many consecutive numbers of `width`: how many these are. They are stored with the index
  /// of the first.
  var stored: Int?
}

/// What a network knows of each site behind one of its layers.
public struct SiteRepresentation: Hashable, Sendable {
  /// Path of the layer, as in the names of its tensors: that of the input, as `embedding`, or of a convolution, as `convs.0`.
  public let name: String
  /// Numbers a site.
  public let width: Int
  /// Its place in the program's list of values.
  let value: Int
}

/// A network as layers in the order of their execution, recorded once by `NetworkBuilder` and carried out by
/// `BatchTraining`, `BlockInference` and `PlainReference`.
public struct NetworkProgram: Sendable {
  /// One layer with the values that it reads and makes.
  struct Step: Sendable {
    let layer: any Layer
    let inputs: [Int]
    let outputs: [Int]
    /// What comes before the names of the layer's tensors.
    var prefix = ""
    /// Whether the layer stays as it is in training, where it does then what it does in inference.
    var isFrozen = false
  }

  /// Where the parameters lie, and their names.
  public let parameters: ParameterLayout
  let steps: [Step]
  let values: [ValueShape]
  /// The value that the loss is taken of, a row a structure; of a program of its own a row a site, too.
  let output: Int
  /// The value whose mean over the sites of a structure is `output`, a row a site; nil where it is not asked for.
  private(set) var siteOutput: Int?
  /// What the network knows of sites, from the input to behind the last convolution.
  public private(set) var representations: [SiteRepresentation] = []
  /// Values, a row a site, that are asked for beside the output.
  private(set) var kept: [Int] = []
  /// Sites that a block of inference holds at most, unless a single structure has more: its activations then stay in a
  /// core's cache. Results do not depend on it.
  let sitesPerBlock: Int

  /// Whether training takes products of wide layers from `DenseAlgebra`.
  public var hasWideLayers: Bool { steps.contains { $0.layer.isWide } }

  /// Whether what the network gives for a structure is a mean over its sites of what it gives for each of them: whether its
  /// last two layers are a mean and a linear one, whose order does not matter.
  public var isAdditive: Bool { addingSiteOutputs() != nil }

  /// The program that gives numbers for sites as well, for inference; nil where those of structures are no mean of such.
  func addingSiteOutputs() -> NetworkProgram? {
    guard let last = steps.first(where: { $0.outputs == [output] }), let linear = last.layer as? Linear,
      linear.activation == nil, let pooling = steps.first(where: { $0.outputs == last.inputs }),
      pooling.layer is MeanPooling
    else { return nil }
    let layer = linear.over(.sites)
    var program = NetworkProgram(
      parameters: parameters,
      steps: steps + [Step(layer: layer, inputs: pooling.inputs, outputs: [values.count])],
      values: values + layer.outputs, output: output, representations: representations,
      sitesPerBlock: sitesPerBlock)
    program.siteOutput = values.count
    return program
  }

  /// The program that keeps some representations, for inference.
  func keeping(_ representations: [SiteRepresentation]) -> NetworkProgram {
    var program = self
    program.kept = representations.map(\.value)
    return program
  }

  /// Numbers that the network gives for a structure.
  public var outputCount: Int { values[output].width }
}

/// Records a network, layer by layer. Layers extend it by a method each.
public struct NetworkBuilder {
  private(set) var parameters = ParameterLayout()
  private var steps: [NetworkProgram.Step] = []
  private var values: [ValueShape] = []
  private var representations: [SiteRepresentation] = []
  /// For each representation the layers and parameters behind which it was named.
  private var trunks: [Trunk] = []
  /// What sites begin with in place of the features of their elements, or beside them; nil for these alone.
  private var nodeInput: (representations: NetworkValue, use: NodeSource.Use)?
  /// Whether something has begun with that.
  private(set) var hasTakenNodes = false
  private var isFrozen = false

  private struct Trunk {
    let parameters: ParameterLayout
    let steps: Int
    let values: Int
  }

  init() {}

  /// Names what the network knows of sites behind a layer.
  ///
  /// - Parameters:
  ///   - name: path of the layer.
  ///   - nodes: a row a site.
  public mutating func represent(_ name: String, _ nodes: NetworkValue) {
    precondition(nodes.space == .sites, "a representation of sites")
    precondition(!representations.contains { $0.name == name }, "a layer has one name")
    representations.append(SiteRepresentation(name: name, width: nodes.width, value: nodes.index))
    trunks.append(Trunk(parameters: parameters, steps: steps.count, values: values.count))
  }

  /// Adds a layer; `make` takes room for its parameters.
  mutating func add(
    _ inputs: [NetworkValue], _ make: (inout ParameterLayout) -> any Layer
  ) -> [NetworkValue] {
    let layer = make(&parameters)
    let outputs = layer.outputs.map { shape in
      var shape = shape
      if isFrozen { shape.needsGradient = false }
      values.append(shape)
      return NetworkValue(index: values.count - 1, space: shape.space, width: shape.width)
    }
    steps.append(
      NetworkProgram.Step(
        layer: layer, inputs: inputs.map(\.index), outputs: outputs.map(\.index),
        prefix: parameters.prefix, isFrozen: isFrozen))
    return outputs
  }

  /// Takes room for parameters that several layers share.
  mutating func withParameters<Result>(_ body: (inout ParameterLayout) -> Result) -> Result {
    body(&parameters)
  }

  /// Takes away all layers behind the last representation; nil where there is none.
  ///
  /// - Returns: the mean of that representation over the sites.
  mutating func cutToTrunk() -> NetworkValue? {
    guard let last = representations.last else { return nil }
    cut(behind: representations.count - 1)
    return meanPooling(value(of: last))
  }

  /// Takes away all layers behind a representation.
  private mutating func cut(behind representation: Int) {
    let trunk = trunks[representation]
    parameters = trunk.parameters
    steps.removeSubrange(trunk.steps...)
    values.removeSubrange(trunk.values...)
    representations.removeSubrange((representation + 1)...)
    trunks.removeSubrange((representation + 1)...)
  }

  private func value(of representation: SiteRepresentation) -> NetworkValue {
    NetworkValue(index: representation.value, space: .sites, width: representation.width)
  }

  /// Begins with another network, whose representations the sites are given.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration` naming a layer that it does not have.
  mutating func begin(with source: NodeSource) throws(ModelError) {
    parameters.prefix = NodeSource.prefix
    isFrozen = !source.isTrained
    _ = source.architecture.build(&self, outputs: 1)
    var places: [Int] = []
    for layer in source.layers {
      guard let place = representations.firstIndex(where: { $0.name == layer }) else {
        throw .unsupportedConfiguration(
          "nodes of a layer \"\(layer)\"; the network has "
            + representations.map(\.name).joined(separator: ", "))
      }
      places.append(place)
    }
    guard let last = places.max() else { throw .unsupportedConfiguration("nodes of no layer") }
    cut(behind: last)
    nodeInput = (concatenation(places.map { value(of: representations[$0]) }), source.use)
    // What the rest of the network is asked for is its own.
    (representations, trunks) = ([], [])
    (parameters.prefix, isFrozen, hasTakenNodes) = ("", false, false)
  }

  /// What sites begin with in place of the features of their elements, or beside them; nil for these alone.
  mutating func takeNodes() -> (representations: NetworkValue, use: NodeSource.Use)? {
    hasTakenNodes = true
    return nodeInput
  }

  /// How many of the layers so far are such.
  func count(where isSuch: (any Layer) -> Bool) -> Int { steps.count { isSuch($0.layer) } }

  /// Whether a loss depends on parameters through `value`.
  func needsGradient(_ value: NetworkValue) -> Bool { values[value.index].needsGradient }

  func program(output: NetworkValue, sitesPerBlock: Int) -> NetworkProgram {
    precondition(output.space == .structures, "a network gives numbers for structures")
    return NetworkProgram(
      parameters: parameters, steps: steps, values: values, output: output.index,
      representations: representations, sitesPerBlock: sitesPerBlock)
  }
}
