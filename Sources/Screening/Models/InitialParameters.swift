internal import Configuration
internal import Foundation
internal import Networks
internal import Training

/// What the members of a training start from: a model, all of whose tensors or some are taken over.
public struct InitialParameters: Sendable {
  /// The model.
  public let model: ModelFolder
  /// Beginnings of the names of the tensors that are taken over; nil for all.
  public let taken: [String]?
  /// Which crystals that it was trained on may stand in the splits by which the training is judged.
  let allowed: AllowedSharing

  /// What a member starts from.
  ///
  /// - Parameters:
  ///   - member: its number; of a model of one member all take that one's tensors.
  ///   - drawn: the member as its seed draws it, which keeps what is not taken over.
  /// - Throws: `ModelError` naming the tensor that does not fit.
  func parameters(of member: Int, drawn: NetworkParameters) throws(ModelError) -> NetworkParameters {
    let source = model.parameters[model.parameters.count == 1 ? 0 : member]
    return try drawn.taking(source.namedTensors, prefixes: taken ?? [""])
  }
}

/// The keys `initial_model` and `initial` of a training file.
struct InitialSection {
  let parameters: InitialParameters?
  /// Parameters that are trained at a rate of their own, or not at all.
  let groups: [ParameterGroup]
  /// Beginnings of the names of running statistics that stay as they are.
  let frozenStatistics: [String]

  /// What the file says.
  ///
  /// - Parameters:
  ///   - training: its section `training`.
  ///   - folder: the file's.
  ///   - resources: where models lie that are called by name.
  ///   - memberCount: members that are trained.
  ///   - options: how.
  /// - Throws: `ScreeningError.invalid` with the place of what does not fit.
  init(
    _ training: ConfigurationValue, relativeTo folder: URL, resources: ResourceFolders, memberCount: Int,
    _ options: TrainingOptions
  ) throws {
    switch (training.optional("initial_model"), training.optional("initial")) {
    case (nil, nil): (parameters, groups, frozenStatistics) = (nil, [], [])
    case (let whole?, nil):
      let model = try Self.model(whole, relativeTo: folder, resources, memberCount, sharesOne: false)
      guard model.card.configuration == options.configuration else {
        throw ScreeningError.invalid(
          "\(whole.location): \(model.path) is of another shape (\(model.shape)) than this file's model; its "
            + "parameters fit no other. training.initial takes some of them over")
      }
      parameters = InitialParameters(model: model, taken: nil, allowed: .nothing)
      (groups, frozenStatistics) = ([], [])
    case (nil, let section?):
      let model = try Self.model(
        section["model"], relativeTo: folder, resources, memberCount, sharesOne: true)
      let drawn = try options.drawnParameters()
      let tensors = drawn.program.parameters.tensors
      let taken = try section.optional("take").map { list in
        try list.elements.map { try Self.prefix($0, $0.string, tensors) }
      }
      let parameters = InitialParameters(model: model, taken: taken, allowed: AllowedSharing(section))
      let trainable = tensors.filter { !$0.isStatistic }
      groups =
        try section.elements("freeze").map {
          ParameterGroup(prefix: try Self.prefix($0, $0.string, trainable), learningRateFactor: 0)
        }
        + section["learning_rate_factor"].entries.map {
          ParameterGroup(
            prefix: try Self.prefix($0.value, $0.key, trainable), learningRateFactor: $0.value.number)
        }
      let statistics = tensors.filter(\.isStatistic)
      frozenStatistics =
        try section.optional("freeze_statistics").map { list in
          try list.elements.map { try Self.prefix($0, $0.string, statistics) }
        } ?? []
      let prefixes = groups.map(\.prefix)
      if let twice = prefixes.first(where: { name in prefixes.count { $0 == name } > 1 }) {
        throw ScreeningError.invalid("\(section.location): \"\(twice)\" has two learning rates")
      }
      do throws(ModelError) {
        for member in 0..<memberCount { _ = try parameters.parameters(of: member, drawn: drawn) }
        try drawn.check(groups)
      } catch {
        throw ScreeningError.invalid(
          "\(section.location): \(model.path) does not fit this file's model: \(describe(error))")
      }
      self.parameters = parameters
    case (let whole?, .some):
      throw ScreeningError.invalid("\(whole.location): initial_model and initial exclude each other")
    }
  }

  private static func model(
    _ value: ConfigurationValue, relativeTo folder: URL, _ resources: ResourceFolders, _ memberCount: Int,
    sharesOne: Bool
  ) throws -> ModelFolder {
    let path = try resources.path(value, relativeTo: folder, .model)
    let model = try ModelFolder(path: path, predicts: false)
    let count = model.parameters.count
    guard count >= memberCount || sharesOne && count == 1 else {
      throw ScreeningError.invalid(
        "\(value.location): \(path) has \(counted(count, "member")), and each of the \(memberCount) of this training "
          + "starts from its own")
    }
    return model
  }

  /// The beginning of some of the tensors' names.
  private static func prefix(
    _ value: ConfigurationValue, _ prefix: String, _ tensors: [ParameterTensor]
  ) throws -> String {
    guard tensors.contains(where: { $0.name.hasPrefix(prefix) }) else {
      var parts: [String] = []
      for tensor in tensors {
        let part = tensor.name.split(separator: ".").dropLast().joined(separator: ".")
        if !parts.contains(part) { parts.append(part) }
      }
      throw ScreeningError.invalid(
        "\(value.location): no name of the network's tensors begins with \"\(prefix)\"; they are of "
          + parts.joined(separator: ", "))
    }
    return prefix
  }
}
