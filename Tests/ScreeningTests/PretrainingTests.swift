import Foundation
import ModelFormats
import Networks
import PipelineEngine
import ScreeningTestSupport
import TestSupport
import Testing

@testable import Screening

@Suite("Training without labels") struct PretrainingTests {
  let files: TrainingFolder
  var folder: TemporaryFolder { files.folder }

  init() throws { files = try TrainingFolder() }

  private func file(
    views: String = "", training: String = "epochs: 3, batch_size: 16, learning_rate: 0.003",
    data: String = "validation_share: 0.25", named name: String = "pretraining"
  ) throws -> String {
    try folder.write(
      """
      version: 1
      name: twins
      data: {crystals: train.jsonl, \(data)}
      model: {node_width: 16, hidden_width: 16, convolutions: 1, projection: 8, neighbors: 6}
      views: {\(views)}
      training: {seed: 3, \(training)}

      """, to: name + ".yaml")
  }

  @discardableResult
  private func run(
    _ file: String, into output: String, jobs: Int = 1, stopAfter steps: Int? = nil
  ) throws -> (finished: Bool, events: [PretrainingEvent]) {
    let stop = StopFlag()
    var (count, events) = (0, [PretrainingEvent]())
    let finished = try PretrainingRun(
      plan: PretrainingPlan(file: file), output: folder.path(output), jobs: jobs
    ).run(stop: stop) { event in
      events.append(event)
      guard case .step = event else { return }
      count += 1
      if let steps, count >= steps { stop.raise() }
    }
    return (finished, events)
  }

  private func bytes(_ output: String) throws -> [Data] {
    try [
      "model.json", "member-0.safetensors", "trained-on.safetensors", "pretraining.csv",
      "learning-curve.svg",
    ].map { try Data(contentsOf: folder.url.appending(path: "\(output)/\($0)")) }
  }

  @Test(arguments: ["", "displacement: 0.05, masked_sites: 0.3"])
  func `neither jobs nor stops change a bit of the model`(views: String) throws {
    let file = try file(views: views)
    #expect(try run(file, into: "whole").finished)
    #expect(try run(file, into: "parallel", jobs: 3).finished)
    #expect(try bytes("parallel") == bytes("whole"))
    for steps in [1, 4] {
      #expect(try !run(file, into: "stopped-\(steps)", stopAfter: steps).finished)
      #expect(try run(file, into: "stopped-\(steps)", jobs: 2).finished)
      #expect(try bytes("stopped-\(steps)") == bytes("whole"))
    }
    #expect(
      message { try run(try self.file(data: "validation_share: 0.2", named: "b"), into: "whole") }
        .contains("a checkpoint of another training file"))
  }

  @Test func `views of an epoch are others than those of the next, and two of one crystal differ`() throws {
    let plan = try PretrainingPlan(file: try file())
    let requirements = plan.options.configuration.requirements
    let encoder = InputEncoder(requirements)
    var generator = SeededGenerator(seed: 5)
    var graphs = GraphCollection()
    for _ in 0..<8 {
      let structure = try randomStructure(siteCount: 12, using: &generator)
      graphs.append(
        contentsOf: try encoder.wholeGraph(of: structure, scratch: InputEncoder.Scratch()), structure: 0)
    }
    let epochs = TwinEpochs(
      views: plan.views, requirements: requirements, graphs: graphs, structures: [], seed: 1, jobs: 2,
      stop: StopFlag())
    let views = try [(0, 0), (0, 1), (1, 0)].map { try #require(try epochs.graphs(epoch: $0.0, view: $0.1)) }
    for view in views {
      #expect(view.count == 8)
      #expect(view.atomicNumbers.count { $0 == GraphCollection.maskedElement } == 8)
      // Six neighbors, of which ⌈0.9 · 6⌉ = 6 stay.
      #expect(view.edgeOffsets.last == 8 * 12 * 6)
    }
    #expect(views[0].atomicNumbers != views[1].atomicNumbers)
    #expect(views[0].atomicNumbers != views[2].atomicNumbers)
    let again = try #require(try epochs.graphs(epoch: 0, view: 1))
    #expect(again.atomicNumbers == views[1].atomicNumbers && again.neighbors == views[1].neighbors)
  }

  @Test func `it learns to find views alike, and others start from it`() throws {
    let file = try file(training: "epochs: 40, batch_size: 16, learning_rate: 0.003")
    let (_, events) = try run(file, into: "twins", jobs: 2)
    let losses = events.compactMap { if case .epoch(let record, _) = $0 { record.trainingLoss } else { nil } }
    #expect(losses.count == 40 && losses[39] < 0.8 * losses[0])
    let model = try ModelFolder(path: folder.path("twins"), predicts: false)
    #expect(model.card.pretraining?.objective == "barlow_twins")
    #expect(model.summary.contains("nothing: trained without labels (barlow_twins)"))
    #expect(model.card.data?["train"]?.structures == 45 && model.card.data?["validation"]?.structures == 15)
    #expect(
      message { _ = try ModelFolder(path: folder.path("twins")) }.contains(
        "was trained without labels and predicts nothing"))
    let training = try folder.write(
      """
      version: 1
      name: tuned
      data: {train: train.jsonl, validation: validation.jsonl, test: test.jsonl, property: target, unit: eV}
      model: {node_width: 16, hidden_width: 16, convolutions: 1, neighbors: 6, hidden_layers: 2, padding: first_atom}
      training:
        members: 1
        epochs: 1
        batch_size: 16
        initial: {model: twins, take: [embedding, convs., conv_to_fc], allow_shared: structures}

      """, to: "tuned.yaml")
    try files.train(training, into: "tuned")
    let initial = try #require(try ModelFolder(path: folder.path("tuned")).card.initialModel)
    #expect(initial.name == "twins" && initial.sharedCrystals != nil)
  }

  @Test func `outputs that are all alike are reported`() throws {
    // One crystal under many names, whole in every view.
    let line = try #require(try folder.lines("train.jsonl").first)
    let lines = (0..<40).map { line.replacing("train-0", with: "same-\($0)") }
    try folder.write(lines.joined(separator: "\n"), to: "same.jsonl")
    let file = try file(
      views: "masked_sites: 0, dropped_edges: 0", training: "epochs: 1, batch_size: 16, learning_rate: 0.0001"
    )
    try folder.write(
      try folder.text("pretraining.yaml").replacing("train.jsonl", with: "same.jsonl"), to: "same.yaml")
    func collapsed(_ events: [PretrainingEvent]) -> [Double] {
      events.compactMap { if case .collapsed(let spread) = $0 { spread } else { nil } }
    }
    #expect(collapsed(try run(file, into: "twins").events).isEmpty)
    let spreads = collapsed(try run(folder.path("same.yaml"), into: "same").events)
    #expect(spreads.count == 1 && (spreads.first ?? 1) < 1e-3)
  }

  @Test func `what cannot be is refused`() throws {
    for (file, part) in [
      (try file(views: "masked_sites: 0.95", named: "a"), "masked_sites"),
      (try file(training: "epochs: 0", named: "b"), "epochs"),
      (try file(data: "exclude: [absent.jsonl]", named: "c"), "absent.jsonl does not exist"),
      (try file(data: "exclude: [train.jsonl]", named: "d"), "0 crystals to learn from"),
    ] {
      #expect(message { try run(file, into: "model") }.contains(part))
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `the published checkpoint is imported, and is what it was`() throws {
    let path = try SharedInput.path("reference/networks/ct_barlow_pretrained.safetensors")
    let card = try ModelImport(file: path).write(to: folder.path("published"), property: nil, unit: nil)
    #expect(card.pretraining?.objective == "crystal_twins" && card.configuration.outputCount == 256)
    let model = try ModelFolder(path: folder.path("published"), predicts: false)
    let given = try SafeTensors.decode([UInt8](Data(contentsOf: URL(filePath: path)))).tensors
    let own = Dictionary(
      uniqueKeysWithValues: model.parameters[0].namedTensors.map { ($0.name, $0.values) })
    #expect(own.count == given.count)
    for tensor in given {
      let name = tensor.name.replacing("fc_head.0", with: "fcs.0").replacing("fc_head.2", with: "fc_out")
      #expect(own[name] == tensor.values, "\(tensor.name)")
    }
    try folder.write(SafeTensors.encode([given[0]]), to: "part.safetensors")
    #expect(
      message {
        _ = try ModelImport(file: folder.path("part.safetensors")).write(
          to: folder.path("other"), property: nil, unit: nil)
      }.contains("fc_head.0.weight"))
  }
}
