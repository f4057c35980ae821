import Foundation
import Networks
import Screening
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("What a training takes over, freezes and slows") struct InitialParametersTests {
  let files: TrainingFolder
  let folder: TemporaryFolder

  init() throws {
    files = try TrainingFolder()
    folder = files.folder
    // A wider head than that of the trainings.
    var architecture = CGCNN()
    (architecture.nodeWidth, architecture.hiddenWidth) = (16, 32)
    (architecture.convolutionCount, architecture.gaussianSpacing) = (1, 1)
    try TinyModel.write(
      to: folder.path("source"), name: "source", seed: 9, property: "energy",
      configuration: NetworkConfiguration(architecture))
  }

  @discardableResult
  private func train(_ file: String, into output: String, stopAfter steps: Int? = nil) throws -> ModelFolder?
  {
    try files.train(file, into: output, stopAfter: steps)
      ? ModelFolder(path: folder.path(output)) : nil
  }

  private func tensor(_ name: String, of network: NetworkParameters) throws -> [Float] {
    try #require(network.namedTensors.first { $0.name == name }).values
  }

  private func training(_ initial: String, named name: String = "training") throws -> String {
    try files.training(", initial: {\(initial)}", named: name)
  }

  private static let whole = "model: source, take: [embedding, convs.], freeze: [embedding, convs.0.fc_full]"

  @Test func `what is frozen stays what was taken over, and the rest is trained`() throws {
    let source = try ModelFolder(path: folder.path("source"))
    let model = try #require(try train(try training(Self.whole), into: "model"))
    for (own, other) in zip(model.parameters, source.parameters) {
      for name in ["embedding.weight", "embedding.bias", "convs.0.fc_full.weight", "convs.0.fc_full.bias"] {
        #expect(try tensor(name, of: own) == tensor(name, of: other))
      }
      for name in ["convs.0.bn1.weight", "convs.0.bn2.running_mean"] {
        #expect(try tensor(name, of: own) != tensor(name, of: other))
      }
    }
    // The head is drawn by each member's own seed.
    #expect(
      try tensor("fc_out.weight", of: model.parameters[0]) != tensor("fc_out.weight", of: model.parameters[1])
    )
    let initial = try #require(model.card.initialModel)
    #expect(initial.name == "source" && initial.fingerprint == source.fingerprint)
    #expect(initial.taken == ["embedding", "convs."])
    #expect(initial.frozen == ["embedding", "convs.0.fc_full"] && initial.learningRateFactors == nil)
    #expect(model.card.training?.contains("freeze:") == true)
    #expect(model.summary.contains("; takes embedding, convs.; frozen embedding, convs.0.fc_full"))
  }

  @Test func `a factor of one changes nothing, and a small one slows`() throws {
    let plain = try #require(try train(try training("model: source, take: [embedding]"), into: "plain"))
    let one = try #require(
      try train(
        try training("model: source, take: [embedding], learning_rate_factor: {embedding: 1}"), into: "one"))
    #expect(one.parameters.map(\.values) == plain.parameters.map(\.values))
    let slow = try #require(
      try train(
        try training("model: source, take: [embedding], learning_rate_factor: {embedding: 0.01}"),
        into: "slow"))
    #expect(slow.card.initialModel?.learningRateFactors == ["embedding": 0.01])
    let start = try tensor("embedding.weight", of: ModelFolder(path: folder.path("source")).parameters[0])
    func way(_ model: ModelFolder) throws -> Float {
      try zip(tensor("embedding.weight", of: model.parameters[0]), start).reduce(0) { $0 + abs($1.0 - $1.1) }
    }
    #expect(try way(slow) > 0)
    #expect(try way(slow) < 0.1 * (try way(plain)))
  }

  @Test func `stopping makes no difference, and other keys are another training`() throws {
    let file = try training(Self.whole)
    try train(file, into: "whole")
    for steps in [1, 5, 13] {
      #expect(try train(file, into: "stopped-\(steps)", stopAfter: steps) == nil)
      try train(file, into: "stopped-\(steps)")
      #expect(try files.differences("stopped-\(steps)", "whole") == [], "after step \(steps)")
    }
    #expect(try train(file, into: "changed", stopAfter: 5) == nil)
    let other = try training("model: source, take: [embedding, convs.], freeze: [embedding]", named: "other")
    #expect(message { try train(other, into: "changed") }.contains("another training file"))
    // So is another model under the same path.
    try TinyModel.write(
      to: folder.path("source"), name: "source", seed: 10, property: "energy",
      configuration: ModelFolder(path: folder.path("source")).card.configuration)
    #expect(message { try train(file, into: "changed") }.contains("another training file"))
  }

  @Test func `of a model of one member all take that one's tensors`() throws {
    try TinyModel.write(to: folder.path("single"), seed: 9, memberCount: 1)
    let single = try ModelFolder(path: folder.path("single"))
    let model = try #require(
      try train(try training("model: single, take: [embedding], freeze: [embedding]"), into: "model"))
    for member in model.parameters {
      #expect(
        try tensor("embedding.weight", of: member) == tensor("embedding.weight", of: single.parameters[0]))
    }
  }

  @Test(arguments: [
    ("model: absent", "absent does not exist"),
    ("model: source", "tensor \"conv_to_fc.weight\" has shape [32, 16] instead of [16, 16]"),
    ("model: source, take: [conv]", "tensor \"conv_to_fc.weight\" has shape"),
    ("model: source, take: [encoder]", "begins with \"encoder\"; they are of embedding, convs.0.fc_full"),
    ("model: source, take: [embedding], freeze: [layers]", "begins with \"layers\""),
    // A running statistic is no parameter.
    (
      "model: source, take: [embedding], freeze: [convs.0.bn1.running_mean]",
      "begins with \"convs.0.bn1.running"
    ),
    ("model: source, take: [embedding], learning_rate_factor: {head: 2}", "begins with \"head\""),
    (
      "model: source, take: [embedding], freeze: [embedding], learning_rate_factor: {embedding: 2}",
      "\"embedding\" has two learning rates"
    ),
    (
      "model: source, take: [embedding], freeze: [embedding, conv, fc_out]",
      "every parameter of the network is frozen"
    ),
    ("model: source}, initial_model: source, weight_decay: 0, schedule: {constant: {}", "exclude each other"),
  ])
  func `what does not fit is refused with its place and its name`(initial: String, part: String) throws {
    let text = message { try train(try training(initial), into: "model") }
    #expect(text.contains("training.yaml:5"), "\(text)")
    #expect(text.contains(part), "\(text)")
  }
}
