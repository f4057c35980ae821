import Foundation
import ModelFormats
import Networks
import PipelineEngine
import ScreeningTestSupport
import TestSupport
import Testing
import Training

@testable import Screening

@Suite("Training without labels") struct PretrainingTests {
  let files: TrainingFolder
  var folder: TemporaryFolder { files.folder }

  init() throws { files = try TrainingFolder() }

  /// The encoders of the tasks.
  private static let shapes = [
    "twins": "node_width: 16, hidden_width: 16, convolutions: 1, projection: 8, neighbors: 6",
    "simsiam": "node_width: 16, hidden_width: 16, convolutions: 1, neighbors: 6",
    "masked": "node_width: 16, convolutions: 2, neighbors: 6",
    "contrastive": "node_width: 16, convolutions: 2, neighbors: 6, projection: 8",
  ]

  private func file(
    _ task: String = "twins", views: String = "",
    training: String = "epochs: 3, batch_size: 16, learning_rate: 0.003",
    data: String = "validation_share: 0.25", named name: String = "pretraining"
  ) throws -> String {
    try folder.write(
      """
      version: 1
      name: twins
      data: {crystals: train.jsonl, \(data)}
      task: \(task == "simsiam" ? "twins" : task)
      model: {\(Self.shapes[task] ?? "")}
      views: {\(views)}
      training: {seed: 3, \(task == "simsiam" ? "loss: simsiam, " : "")\(training)}

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

  @Test(arguments: [
    ("twins", ""), ("twins", "displacement: 0.05, masked_sites: 0.3"), ("simsiam", ""), ("masked", ""),
    ("contrastive", "masked_sites: 0.3"), ("contrastive", "supercell: random"),
  ])
  func `neither jobs nor stops change a bit of the model`(task: String, views: String) throws {
    let file = try file(task, views: views)
    #expect(try run(file, into: "whole").finished)
    #expect(try run(file, into: "parallel", jobs: 3).finished)
    #expect(try bytes("parallel") == bytes("whole"))
    for steps in [1, 4] {
      #expect(try !run(file, into: "stopped-\(steps)", stopAfter: steps).finished)
      #expect(try run(file, into: "stopped-\(steps)", jobs: 2).finished)
      #expect(try bytes("stopped-\(steps)") == bytes("whole"))
    }
    #expect(
      message { try run(try self.file(task, data: "validation_share: 0.2", named: "b"), into: "whole") }
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
      views: TwinViews(), requirements: requirements, graphs: graphs, structures: [], seed: 1, jobs: 2,
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
    let losses = events.compactMap {
      if case .epoch(let record, _, _) = $0 { record.trainingLoss } else { nil }
    }
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

  /// Training losses of a run's epochs.
  private func losses(_ events: [PretrainingEvent]) -> [Double] {
    events.compactMap { if case .epoch(let record, _, _) = $0 { record.trainingLoss } else { nil } }
  }

  @Test func `with SimSiam each view learns to predict the other, and the model is that of its predictions`()
    throws
  {
    let (_, events) = try run(
      try file("simsiam", training: "epochs: 20, batch_size: 16, learning_rate: 0.003"), into: "siamese",
      jobs: 2)
    let losses = losses(events)
    #expect(losses.count == 20 && losses[19] < losses[0] - 0.1 && losses[19] >= -1)
    let model = try ModelFolder(path: folder.path("siamese"), predicts: false)
    #expect(model.card.pretraining?.objective == "simsiam" && model.card.pretraining?.spread != nil)
    #expect(model.card.configuration.key == "cgcnn" && model.card.configuration.outputCount == 16)
    #expect(
      Set(model.parameters[0].namedTensors.map(\.name)).isSuperset(
        of: ["conv_to_fc.weight", "fcs.0.weight", "fc_out.weight"]))
    #expect(try folder.text("siamese/model.json").contains("loss: simsiam"))
  }

  @Test func `what is hidden is learned, and an encoder is left that others begin with`() throws {
    let (_, events) = try run(
      try file("masked", training: "epochs: 25, batch_size: 16, learning_rate: 0.01"), into: "masked", jobs: 2
    )
    let losses = losses(events)
    #expect(losses.count == 25 && losses[24] < 0.8 * losses[0])
    let model = try ModelFolder(path: folder.path("masked"), predicts: false)
    #expect(model.card.configuration.isTrunk && model.card.configuration.key == "cgconv")
    #expect(model.card.configuration.requirements.paddingDistance == 9)
    let pretraining = try #require(model.card.pretraining)
    #expect(pretraining.objective == "masked" && pretraining.spread == nil)
    #expect((0...1).contains(try #require(pretraining.elementAccuracy)))
    #expect((0...1).contains(try #require(pretraining.lengthAccuracy)))
    #expect(model.summary.contains("nothing: trained without labels (masked), validation loss"))
    #expect(model.summary.contains("; knows of sites embedding1, convs.0, convs.1"))
    #expect(
      try folder.text("masked/pretraining.csv").hasPrefix(
        "epoch,training_loss,validation_loss,validation_element_accuracy,validation_length_accuracy,learning_rate\n"
      ))
    #expect(!model.parameters[0].namedTensors.contains { $0.name.contains("pred") })
    let training = try folder.write(
      """
      version: 1
      name: tuned
      data: {train: train.jsonl, validation: validation.jsonl, test: test.jsonl, property: target, unit: eV}
      model: {architecture: cgconv, node_width: 16, hidden_width: 16, convolutions: 2, neighbors: 6, padding: first_atom, messages: to_neighbors}
      training:
        members: 1
        epochs: 1
        batch_size: 16
        initial: {model: masked, take: [embedding1, embedding2, convs., batch_norm.], allow_shared: structures}

      """, to: "tuned.yaml")
    try files.train(training, into: "tuned")
    #expect(try ModelFolder(path: folder.path("tuned")).card.initialModel?.name == "twins")
  }

  @Test func `views of a crystal are told from those of others`() throws {
    let (_, events) = try run(
      try file("contrastive", training: "epochs: 20, batch_size: 16, learning_rate: 0.01"), into: "contrast",
      jobs: 2)
    let losses = losses(events)
    #expect(losses.count == 20 && losses[19] < losses[0] - 0.5)
    let model = try ModelFolder(path: folder.path("contrast"), predicts: false)
    #expect(model.card.configuration.isTrunk)
    #expect(model.card.pretraining?.objective == "contrastive" && model.card.pretraining?.spread != nil)
  }

  @Test func `what is hidden of a crystal follows from its id, whatever else is in the archive`() throws {
    var network = CGConv()
    (network.nodeWidth, network.convolutionCount, network.neighborCount) = (16, 1, 6)
    network.messages = .toNeighbors
    let encoder = InputEncoder(network.requirements)
    var generator = SeededGenerator(seed: 5)
    var graphs = GraphCollection()
    for _ in 0..<300 {
      let structure = try randomStructure(siteCount: 4, using: &generator)
      graphs.append(
        contentsOf: try encoder.seenGraph(of: structure, scratch: InputEncoder.Scratch()), structure: 0)
    }
    func made(_ places: [Int], jobs: Int, epoch: Int = 0) throws -> GraphCollection {
      var own = GraphCollection()
      for place in places { own.append(contentsOf: graphs, structure: place) }
      return try #require(
        try HiddenPartEpochs(
          hiding: PartHiding(sites: 0.5, edges: 0.2), hidesElements: true, requirements: network.requirements,
          graphs: own, structures: [], keys: places.map { UInt64($0) }, seed: 1, jobs: jobs, stop: StopFlag()
        ).graphs(epoch: epoch, view: 0))
    }
    let all = try made(Array(0..<300), jobs: 1)
    let parallel = try made(Array(0..<300), jobs: 3)
    #expect(parallel.atomicNumbers == all.atomicNumbers && parallel.marks.edges == all.marks.edges)
    let some = try made([299, 7], jobs: 2)
    for (place, index) in [299, 7].enumerated() {
      let (own, other) = (all.marks, some.marks)
      #expect(
        own.sites[own.siteOffsets[index]..<own.siteOffsets[index + 1]]
          == other.sites[other.siteOffsets[place]..<other.siteOffsets[place + 1]])
      #expect(
        own.edges[own.edgeOffsets[index]..<own.edgeOffsets[index + 1]]
          == other.edges[other.edgeOffsets[place]..<other.edgeOffsets[place + 1]])
    }
    #expect(try made(Array(0..<300), jobs: 1, epoch: 1).marks.sites != all.marks.sites)
  }

  @Test
  func `views of supercells are whole crystals again, of whose sites and edges the same share is hidden`()
    throws
  {
    var network = CGConv()
    (network.nodeWidth, network.convolutionCount, network.neighborCount) = (16, 1, 6)
    network.messages = .toNeighbors
    let encoder = InputEncoder(network.requirements)
    var generator = SeededGenerator(seed: 6)
    // One and two sites, of which one hidden is all and half of the cell.
    let structures = try (0..<40).map { try randomStructure(siteCount: 1 + $0 % 2, using: &generator) }
    var graphs = GraphCollection()
    for structure in structures {
      graphs.append(
        contentsOf: try encoder.seenGraph(of: structure, scratch: InputEncoder.Scratch()), structure: 0)
    }
    func views(_ supercell: SupercellView, view: Int = 0) throws -> GraphCollection {
      try #require(
        try HiddenPartEpochs(
          hiding: PartHiding(sites: 0.2, edges: 0.2, supercell: supercell), hidesElements: false,
          requirements: network.requirements, graphs: graphs, structures: structures,
          keys: structures.indices.map { UInt64($0) }, seed: 1, jobs: 2, stop: StopFlag()
        ).graphs(epoch: 0, view: view))
    }
    // Ascending, since a site's edges lie in the order of where they lead.
    func lengths(_ graphs: GraphCollection, _ index: Int) -> [Double] {
      let (sites, first) = (
        graphs.siteOffsets[index]..<graphs.siteOffsets[index + 1], graphs.kindOffsets[index]
      )
      return (graphs.edgeOffsets[sites.lowerBound]..<graphs.edgeOffsets[sites.upperBound]).map {
        graphs.distances[first + Int(graphs.edgeKinds[$0])]
      }.sorted()
    }
    for (supercell, cells) in [(SupercellView.none, 1), (.two, 2), (.four, 4), (.eight, 8)] {
      let made = try views(supercell)
      for index in structures.indices {
        let count = cells * structures[index].siteCount
        #expect(made.siteCount(of: index) == count)
        let hidden = (
          made.marks.siteOffsets[index + 1] - made.marks.siteOffsets[index],
          made.marks.edgeOffsets[index + 1] - made.marks.edgeOffsets[index]
        )
        #expect(hidden == (Int(0.2 * Double(count) + 1), Int(0.2 * Double(6 * count) + 1)))
        let repeated = lengths(graphs, index).flatMap { Array(repeating: $0, count: cells) }
        #expect(lengths(made, index).count == repeated.count)
        for (length, own) in zip(lengths(made, index), repeated) {
          #expect(abs(length - own) < 1e-9)
        }
      }
    }
    let sizes = try (0..<2).map { view in
      let made = try views(.random, view: view)
      return structures.indices.map { made.siteCount(of: $0) / structures[$0].siteCount }
    }
    #expect(Set(sizes[0]) == [1, 2, 4, 8] && sizes[0] != sizes[1])
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

  @Test func `what is left out is what the task is published with, and the card says it`() throws {
    func plan(_ task: String) throws -> PretrainingPlan {
      try PretrainingPlan(
        file: folder.write(
          "{version: 1, name: plain, data: {crystals: train.jsonl}, \(task)}\n", to: "plain.yaml"))
    }
    let (barlow, siamese) = (try plan("task: twins"), try plan("training: {loss: simsiam}"))
    let (masked, contrastive) = (try plan("task: masked"), try plan("task: contrastive"))
    for (plan, batch, epochs, rate) in [
      (barlow, 64, 15, 1e-5), (siamese, 256, 15, 1e-5), (masked, 256, 100, 1e-3),
      (contrastive, 256, 100, 1e-3),
    ] {
      #expect(plan.options.batchSize == batch && plan.options.epochs == epochs)
      #expect(plan.options.learningRate == rate)
      #expect(plan.canonicalText.contains("batch_size: \(batch)"))
    }
    #expect(barlow.task == .twins(TwinViews(), .barlow(redundancy: 0.0051)))
    #expect(siamese.task == .twins(TwinViews(), .simSiam) && siamese.canonicalText.contains("loss: simsiam"))
    #expect(siamese.result.outputCount == 256 && siamese.options.configuration.outputCount == 512)
    #expect(masked.task == .masked(PartHiding(sites: 0.15, edges: nil)))
    #expect(contrastive.task == .contrastive(PartHiding(sites: 0.2, edges: 0.2), temperature: 0.1))
    let supercells = try plan("task: contrastive, views: {supercell: random}")
    #expect(
      supercells.task
        == .contrastive(PartHiding(sites: 0.2, edges: 0.2, supercell: .random), temperature: 0.1))
    // As if it were not written, so that a checkpoint from before goes on.
    let without = try plan("task: contrastive, views: {supercell: none}")
    #expect(without.task == contrastive.task && without.identityText == contrastive.identityText)
    #expect(supercells.identityText != contrastive.identityText)
    #expect(contrastive.options.configuration.outputCount == 64 && contrastive.result.isTrunk)
    #expect(masked.canonicalText.contains("masked_sites: 0.15"))
  }

  @Test(arguments: ["masked", "contrastive"])
  func `a CGCNN begins with what sites collect from their neighbors, not with the published direction`(
    task: String
  ) throws {
    // Without the crystals that the training is judged by.
    let published = try file(task, data: "validation_share: 0.25, exclude: [validation.jsonl]")
    let own = try folder.write(
      try folder.text("pretraining.yaml").replacing(
        "neighbors: 6", with: "neighbors: 6, messages: from_neighbors"),
      to: "own.yaml")
    for (file, name) in [(published, "published"), (own, "own")] { try run(file, into: name) }
    func training(_ encoder: String) throws -> String {
      try folder.write(
        """
        version: 1
        name: begun
        data: {train: train.jsonl, validation: validation.jsonl, property: target, unit: eV}
        model: {node_width: 16, hidden_width: 16, convolutions: 1, neighbors: 6, padding: first_atom,
          nodes: {from: \(encoder), layers: [0, 1]}}
        training: {members: 1, epochs: 1, batch_size: 16}

        """, to: "begun.yaml")
    }
    try files.train(try training("own"), into: "begun")
    #expect(try ModelFolder(path: folder.path("begun")).card.configuration.nodes?.layers.count == 2)
    #expect(
      message { _ = try TrainingPlan(file: try training("published")) }.contains(
        "direction of messages (from_neighbors here, to_neighbors there)"))
  }

  @Test func `what cannot be is refused`() throws {
    for (file, part) in [
      (try file(views: "masked_sites: 0.95", named: "a"), "masked_sites"),
      (try file(training: "epochs: 0", named: "b"), "epochs"),
      (try file(data: "exclude: [absent.jsonl]", named: "c"), "absent.jsonl does not exist"),
      (try file(data: "exclude: [train.jsonl]", named: "d"), "0 crystals to learn from"),
      (
        try file("masked", views: "dropped_edges: 0.1", named: "e"),
        "views.dropped_edges is nothing of the task masked"
      ),
      (
        try file("simsiam", training: "redundancy: 0.1", named: "f"),
        "training.redundancy is nothing of the task twins with the loss simsiam"
      ),
      (
        try file("contrastive", data: "validation_share: 0.02", named: "g"), "one crystal to choose the epoch"
      ),
      (
        try folder.write(
          try folder.text("f.yaml").replacing("redundancy: 0.1", with: "epochs: 1").replacing(
            "hidden_width: 16", with: "hidden_width: 528"), to: "i.yaml"), "with SimSiam at most 512"
      ),
      (
        try folder.write(
          try folder.text("a.yaml").replacing("masked_sites: 0.95", with: "masked_sites: 0.1").replacing(
            "hidden_width: 16", with: "hidden_width: 16, messages: from_neighbors"), to: "j.yaml"),
        "model.messages is nothing of the task twins"
      ),
      (
        try file("contrastive", data: "validation_share: 0.01", named: "m"),
        "0.01 of 60 crystals is none to choose the epoch"
      ),
      (try file("cubist", named: "h"), "one of twins, masked, contrastive"),
      (
        try file("masked", views: "supercell: random", named: "k"),
        "views.supercell is nothing of the task masked"
      ),
      (
        try file("contrastive", views: "supercell: 3x3x3", named: "l"),
        "one of none, 1x1x2, 1x2x2, 2x2x2, random"
      ),
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
