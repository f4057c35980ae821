import Foundation
import ModelFormats
import Networks
import Screening
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("Networks on the representations of another") struct NodeModelTests {
  let files: TrainingFolder
  let folder: TemporaryFolder

  init() throws {
    files = try TrainingFolder()
    folder = files.folder
    var network = CGConv()
    (network.nodeWidth, network.convolutionCount, network.messages) = (16, 2, .fromNeighbors)
    try TinyModel.write(
      to: folder.path("encoder"), name: "encoder", memberCount: 1,
      configuration: NetworkConfiguration(network, outputs: 0))
  }

  private func training(_ nodes: String, members: Int = 2, more: String = "") throws -> String {
    try files.training(members: members, epochs: 2, model: ", nodes: {from: encoder\(nodes)}" + more)
  }

  private func train(_ file: String, into output: String) throws -> ModelFolder {
    #expect(try files.train(file, into: output))
    return try ModelFolder(path: folder.path(output))
  }

  /// The tensors of a network that are the encoder's, by the names that they have there.
  private func nodes(_ network: NetworkParameters) -> [String: [Float]] {
    network.namedTensors.filter { $0.name.hasPrefix("nodes.") }.reduce(into: [:]) {
      $0[String($1.name.dropFirst(6))] = $1.values
    }
  }

  private func tensors(_ network: NetworkParameters) -> [String: [Float]] {
    network.namedTensors.reduce(into: [:]) { $0[$1.name] = $1.values }
  }

  @Test(arguments: ["replace", "concatenate"])
  func `a frozen encoder stays as it is in every member, and the folder works alone`(use: String) throws {
    let encoder = try ModelFolder(path: folder.path("encoder"), predicts: false)
    let model = try train(try training(", layers: [\"01\"], use: \(use)"), into: "model")
    let own = tensors(encoder.parameters[0])
    for member in model.parameters {
      let taken = nodes(member)
      #expect(
        taken.keys.contains("batch_norm.0.running_mean") && !taken.keys.contains("convs.1.lin_f.weight"))
      #expect(taken.allSatisfy { own[$0.key] == $0.value })
    }
    #expect(tensors(model.parameters[0])["fc_out.weight"] != tensors(model.parameters[1])["fc_out.weight"])
    let card = try #require(model.card.nodeModel)
    #expect(card.name == "encoder" && card.property == nil && card.fingerprint == encoder.fingerprint)
    #expect(model.summary.contains("sites from   embedding1, convs.0 of a CGConv (encoder, fingerprint"))
    #expect(model.summary.contains("; \(use), frozen"))
    // Of the encoder it is not known what it was trained on.
    let record = try Data(contentsOf: folder.url.appending(path: "model/trained-on.safetensors"))
    #expect(try SafeTensors.decode([UInt8](record)).metadata["complete"] == "false")
    try FileManager.default.removeItem(atPath: folder.path("encoder"))
    let report = try PredictionTable(ModelFolder(path: folder.path("model")), jobs: 2).write(
      folder.path("test.jsonl"), to: folder.path("out.csv"), members: false)
    #expect(report.written == 20)
  }

  @Test func `a fine-tuned encoder changes with the rest`() throws {
    let model = try train(try training(", fine_tune: true"), into: "model")
    let own = tensors(try ModelFolder(path: folder.path("encoder"), predicts: false).parameters[0])
    let taken = nodes(model.parameters[0])
    for name in ["embedding1.weight", "convs.1.lin_s.weight", "batch_norm.1.running_mean"] {
      #expect(taken[name] != nil && taken[name] != own[name], "\(name)")
    }
    #expect(model.summary.contains("convs.1 of a CGConv") && model.summary.contains("; replace, fine-tuned"))
  }

  @Test
  func `a training that was stopped ends with the same weights, and one on another encoder does not go on`()
    throws
  {
    let file = try training(", layers: [0, 1]")
    try files.train(file, into: "whole")
    try files.train(file, into: "parts", stopAfter: 4)
    try files.train(file, into: "parts", jobs: 3)
    #expect(try files.differences("whole", "parts").isEmpty)
    try files.train(file, into: "other", stopAfter: 4)
    let configuration = try ModelFolder(path: folder.path("encoder"), predicts: false).card.configuration
    try TinyModel.write(
      to: folder.path("encoder"), name: "encoder", seed: 5, memberCount: 1, configuration: configuration)
    #expect(
      message { try files.train(file, into: "other") }.contains("a checkpoint of another training file"))
  }

  @Test func `what makes no sense is refused with its place`() throws {
    func refusal(_ nodes: String, more: String = "") -> String {
      message { _ = try TrainingPlan(file: try training(nodes, more: more)) }
    }
    #expect(refusal(", layers: [convs.5]").contains("training.yaml:4"))
    #expect(refusal(", layers: [convs.5]").contains("it has 0 embedding1, 1 convs.0, 2 convs.1"))
    #expect(refusal("", more: ", neighbors: 8").contains("takes other graphs than this CGCNN"))
    let file = try files.training(
      network: "architecture: schnet, width: 16, neighbors: 12, cutoff: 8, whole_shells: false",
      model: ", nodes: {from: encoder}")
    #expect(message { _ = try TrainingPlan(file: file) }.contains("nodes of a CGConv"))
    _ = try train(try training("", members: 1), into: "model")
    let nested = try files.training(model: ", nodes: {from: model}")
    #expect(
      message { _ = try TrainingPlan(file: nested) }.contains("begin with another model's representations"))
  }
}
