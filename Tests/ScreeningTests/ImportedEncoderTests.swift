import Foundation
import ModelFormats
import Networks
import Screening
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing

@Suite("Models without a target") struct ImportedEncoderTests {
  let files: TrainingFolder
  var folder: TemporaryFolder { files.folder }

  init() throws { files = try TrainingFolder() }

  /// Writes a small encoder as a file of tensors, with one that no encoder has, and imports it.
  private func imported() throws -> ModelFolder {
    var network = CGConv()
    (network.nodeWidth, network.convolutionCount, network.padding) = (16, 2, .firstAtom)
    network.messages = .toNeighbors
    try TinyModel.write(
      to: folder.path("drawn"), memberCount: 1, configuration: NetworkConfiguration(network, outputs: 0))
    let drawn = try ModelFolder(path: folder.path("drawn"), predicts: false)
    let head = NamedTensor(name: "linear_pred_atoms.bias", shape: [2], values: [1, 2])
    let file = try folder.write(
      SafeTensors.encode(drawn.parameters[0].namedTensors + [head]), to: "encoder.safetensors")
    try ModelImport(file: file).write(to: folder.path("encoder"), property: nil, unit: nil)
    let model = try ModelFolder(path: folder.path("encoder"), predicts: false)
    #expect(model.parameters[0].values == drawn.parameters[0].values)
    return model
  }

  @Test func `a card without a target has no property and no unit, and the model says what it knows`() throws
  {
    let model = try imported()
    let card = try folder.text("encoder/model.json")
    #expect(!card.contains("\"property\"") && !card.contains("\"unit\"") && card.contains("\"outputs\" : 0"))
    #expect(model.card.properties.isEmpty && model.card.name == "encoder")
    #expect(model.summary.contains("predicts     nothing; knows of sites embedding1, convs.0, convs.1"))
    #expect(
      model.summary.contains("12 nearest neighbors within 8.0 Å, missing ones padded with the first atom, "))
    #expect(model.summary.contains("edges turned round"))
    #expect(
      message { _ = try ModelFolder(path: folder.path("encoder")) }.contains(
        "encoder was trained without labels and predicts nothing; sluice embed"))
    #expect(message { _ = try model.selecting("band_gap") }.contains("does not predict band_gap"))
    try folder.write(
      card.replacingOccurrences(of: "\"format\"", with: "\"otherTargets\" : [], \"format\""),
      to: "encoder/model.json")
    #expect(
      message { _ = try ModelFolder(path: folder.path("encoder")) }.contains(
        "targets of a network without a read-out"))
  }

  @Test func `what is no encoder is refused, and so is a property of one`() throws {
    _ = try imported()
    func refusal(_ file: String, property: String? = nil) -> String {
      message {
        try ModelImport(file: folder.path(file)).write(
          to: folder.path("other"), property: property, unit: nil)
      }
    }
    #expect(refusal("encoder.safetensors", property: "gap").contains("a network without a target"))
    try folder.write(
      SafeTensors.encode([NamedTensor(name: "a", shape: [1], values: [1])]), to: "a.safetensors")
    #expect(refusal("a.safetensors").contains("fc_head.0.weight"))
    try folder.write([1, 2, 3], to: "b.safetensors")
    #expect(refusal("b.safetensors").contains("b.safetensors"))
    #expect(!FileManager.default.fileExists(atPath: folder.path("other")))
  }

  @Test func `a study learns from an encoder's layers, named by digits, and works alone`() throws {
    _ = try imported()
    let study = try folder.write(
      """
      version: 1
      name: study
      data: {train: train.jsonl, test: test.jsonl, property: target, unit: eV}
      features: [embedding: {model: encoder, layers: ["01"], pool: sum}]
      methods: [laplacian: {alpha: [0.01], gamma: [0.001]}]

      """, to: "study.yaml")
    try RegressionRun(
      plan: RegressionPlan(file: study), output: folder.path("study"), jobs: 2
    ).run { _ in }
    try FileManager.default.removeItem(atPath: folder.path("encoder"))
    let model = try RegressionFolder(path: folder.path("study"))
    let report = try RegressionTable(model, jobs: 1).write(
      folder.path("test.jsonl"), to: folder.path("out.csv"))
    #expect(report.written == 20)
    #expect(
      records(ofCSV: try folder.text("out.csv")).map { $0["prediction"] }
        == records(ofCSV: try folder.text("study/test.csv")).map { $0["prediction"] })
  }

  @Test func `digits that begin with 0 are layers one by one`() throws {
    let model = try imported()
    func layers(_ names: String...) throws -> [String] {
      try CrystalEmbedder(model, layers: names, pooling: .sum).layers
    }
    #expect(try layers("01") == ["embedding1", "convs.0"])
    #expect(try layers("012") == layers("0", "1", "2"))
    #expect(try layers("02", "1") == ["embedding1", "convs.1", "convs.0"])
    for wrong in ["03", "010", "0x"] { #expect(throws: ScreeningError.self) { try layers(wrong) } }
  }

  @Test func `a training may start from an encoder, and its card says so`() throws {
    let source = try imported()
    let file = try files.training(
      ", initial: {model: encoder, freeze: [embedding1]}", epochs: 1,
      network:
        "architecture: cgconv, node_width: 16, hidden_width: 16, convolutions: 2, padding: first_atom, messages: to_neighbors"
    )
    // The read-out is not there to be taken over.
    #expect(message { _ = try TrainingPlan(file: file) }.contains("hidden.0.weight"))
    let rest = try files.training(
      ", initial: {model: encoder, take: [embedding, convs., batch_norm.], freeze: [embedding1]}", epochs: 1,
      network:
        "architecture: cgconv, node_width: 16, hidden_width: 16, convolutions: 2, padding: first_atom, messages: to_neighbors"
    )
    #expect(try files.train(rest, into: "model"))
    let model = try ModelFolder(path: folder.path("model"))
    #expect(model.card.initialModel?.property == nil)
    #expect(model.card.initialModel?.fingerprint == source.fingerprint)
    #expect(model.summary.contains("started from encoder (no target)"))
  }

  @Test(.enabled(if: SharedInput.isThere, SharedInput.reason), arguments: ["pred", "contra"])
  func `the published encoders know of sites what their authors' code says`(name: String) throws {
    try ModelImport(file: try SharedInput.path("reference/networks/kong_\(name)_pretrained.safetensors"))
      .write(to: folder.path(name), property: nil, unit: nil)
    struct File: Decodable {
      struct Network: Decodable { let eval: [String: [[Double]]] }
      let pred: Network
      let contra: Network
    }
    let file = try JSONDecoder().decode(
      File.self,
      from: Data(try readWholeFile(path: try SharedInput.path("reference/networks/kong.json.zst"))))
    let expected = (name == "pred" ? file.pred : file.contra).eval
    let embedder = try CrystalEmbedder(
      try ModelFolder(path: folder.path(name), predicts: false), layers: ["all"], pooling: .none)
    let report = try EmbeddingTable(embedder, jobs: 2).write(
      try SharedInput.path("reference/networks/crystals.jsonl.zst"), to: folder.path("sites.npy"),
      format: .npy
    )
    #expect(report.written == 26)
    let array = try NumPyArray([UInt8](Data(contentsOf: folder.url.appending(path: "sites.npy"))))
    let (numbers, width) = (array.doubles, array.shape[1])
    let ids = records(ofCSV: try folder.text("sites.csv")).compactMap { $0["id"] }
    var equal: Set<String> = []
    for (id, layers) in expected {
      let rows = ids.indices.filter { ids[$0] == id }
      let errors = layers.enumerated().map { layer, digest in
        let norm = rows.reduce(0.0) { sum, row in
          (0..<64).reduce(sum) { $0 + pow(numbers[row * width + 64 * layer + $1], 2) }
        }.squareRoot()
        return abs(norm - digest[1]) / digest[1]
      }
      if errors.allSatisfy({ $0 < 1e-5 }) { equal.insert(id) }
    }
    // The twelfth neighbor of the others lies in a shell of equal distances, of which the authors' finder took others.
    #expect(equal.count >= 20, "\(expected.keys.filter { !equal.contains($0) }.sorted())")
  }
}
