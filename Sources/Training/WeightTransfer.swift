public import ModelFormats
public import Networks

extension NetworkParameters {
  /// This network with some tensors of another: those whose names begin with one of the prefixes.
  ///
  /// - Parameters:
  ///   - tensors: the other network's, by name.
  ///   - prefixes: e.g. "embedding", "convs."; the empty prefix is all of them.
  /// - Throws: `ModelError` when a tensor of this network that a prefix names is missing there, has another shape, or
  ///   holds NaN or infinity; `ModelError.unsupportedConfiguration` for a prefix that names no tensor of this network.
  public func taking(_ tensors: [NamedTensor], prefixes: [String]) throws(ModelError) -> NetworkParameters {
    let given = tensors.reduce(into: [String: NamedTensor]()) { $0[$1.name] = $1 }
    let own = namedTensors
    for prefix in prefixes where !own.contains(where: { $0.name.hasPrefix(prefix) }) {
      throw .unsupportedConfiguration("no tensor of the network begins with \"\(prefix)\"")
    }
    var mixed: [NamedTensor] = []
    for tensor in own {
      guard prefixes.contains(where: { tensor.name.hasPrefix($0) }) else {
        mixed.append(tensor)
        continue
      }
      guard let other = given[tensor.name] else { throw .missingTensor(name: tensor.name) }
      mixed.append(other)
    }
    return try NetworkParameters(configuration, tensors: mixed)
  }
}

/// How quickly some of a network's parameters are trained.
public struct ParameterGroup: Hashable, Sendable {
  /// Beginning of the names of its tensors.
  public let prefix: String
  /// What the learning rate is multiplied by; 0 leaves the parameters as they are.
  public let learningRateFactor: Double

  /// A group of tensors by their names' beginning.
  public init(prefix: String, learningRateFactor: Double) {
    precondition(learningRateFactor >= 0, "a rate is not negative")
    self.prefix = prefix
    self.learningRateFactor = learningRateFactor
  }
}

extension NetworkParameters {
  /// Checks that there is something to train at the groups' rates.
  ///
  /// - Throws: `ModelError.unsupportedConfiguration` for a prefix that names no parameter, and where all are frozen.
  public func check(_ groups: [ParameterGroup]) throws(ModelError) {
    let factors = try program.learningRateFactors(groups)
    guard factors.isEmpty || factors.contains(where: { $0 > 0 }) else {
      throw .unsupportedConfiguration("every parameter of the network is frozen")
    }
  }
}

extension NetworkProgram {
  /// The factor of each parameter's learning rate: that of the group with the longest prefix of its tensor's name, 1 where
  /// there is none.
  ///
  /// - Returns: shape (parameters); empty where all are 1.
  /// - Throws: `ModelError.unsupportedConfiguration` for a prefix that names no tensor.
  func learningRateFactors(_ groups: [ParameterGroup]) throws(ModelError) -> [Float] {
    guard !groups.isEmpty else { return [] }
    let tensors = parameters.tensors.filter { !$0.isStatistic }
    for group in groups where !tensors.contains(where: { $0.name.hasPrefix(group.prefix) }) {
      throw .unsupportedConfiguration("no parameter of the network begins with \"\(group.prefix)\"")
    }
    var factors = [Float](repeating: 1, count: parameters.count)
    for tensor in tensors {
      let fitting = groups.filter { tensor.name.hasPrefix($0.prefix) }
      guard let group = fitting.max(by: { $0.prefix.utf8.count < $1.prefix.utf8.count }) else { continue }
      for index in tensor.indices { factors[index] = Float(group.learningRateFactor) }
    }
    return factors
  }
}
