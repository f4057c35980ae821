import Foundation
import LinearAlgebra
import Networks
import PipelineEngine
import ScreeningTestSupport
import TestSupport
import Testing
import Training

@testable import Screening

@Suite("Training") struct TrainingTests {
  let files: TrainingFolder
  let folder: TemporaryFolder

  init() throws {
    files = try TrainingFolder()
    folder = files.folder
  }

  @Test func `a library that is not used is told of once, where a network has wide layers`() throws {
    var library = DenseLibrary.openBLAS
    library.load = { .missing(reason: "no file") }
    let algebra = DenseAlgebra(library)
    var network = MLP()
    (network.hiddenWidth, network.hiddenLayerCount) = (512, 2)
    guard
      case .slowProducts(let reason)? = try TrainingRun.slowProducts(
        of: NetworkConfiguration(network), by: algebra)
    else {
      Issue.record("nothing told")
      return
    }
    #expect(reason == "\(DenseFault.missing(reason: "no file"))")
    network.hiddenWidth = 496
    #expect(try TrainingRun.slowProducts(of: NetworkConfiguration(network), by: algebra) == nil)
  }

  @Test func `weights do not depend on the number of jobs`() throws {
    let file = try files.training()
    for jobs in 1...3 { #expect(try files.train(file, into: "jobs-\(jobs)", jobs: jobs)) }
    #expect(try files.differences("jobs-1", "jobs-2") == [])
    #expect(try files.differences("jobs-1", "jobs-3") == [])
    let first = try files.results("jobs-1")
    #expect(first["member-0.safetensors"] != first["member-1.safetensors"])
  }

  @Test func `a training run stopped after any step and resumed ends with the same weights`() throws {
    let file = try files.training()
    #expect(try files.train(file, into: "whole"))
    // 2 members of 4 epochs of 3 steps; after the last step of all, the stop comes too late to abandon anything.
    for steps in [1, 2, 3, 4, 7, 12, 13, 20, 23] {
      let output = "stopped-\(steps)"
      #expect(try files.train(file, into: output, stopAfter: steps) == false)
      #expect(!FileManager.default.fileExists(atPath: folder.path(output + "/model.json")))
      #expect(try files.train(file, into: output, jobs: 2))
      #expect(try files.differences(output, "whole") == [], "after step \(steps)")
    }
  }

  @Test func `members trained one by one, in any order, are collected into the model of one run`() throws {
    let file = try files.training()
    #expect(try files.train(file, into: "whole"))
    #expect(try files.train(file, into: "parts", member: 1))
    #expect(try !files.train(file, into: "parts", member: 0, stopAfter: 4))
    #expect(try files.train(file, into: "parts", member: 0))
    #expect(!ModelFolder.isFinished(at: folder.path("parts")))
    var steps = 0
    #expect(
      try files.train(file, into: "parts") { event in
        if case .step = event { steps += 1 }
      })
    #expect(steps == 0)
    #expect(try files.differences("whole", "parts") == [])
    #expect(message { try files.train(file, into: "parts", member: 2) }.contains("no member 3"))
  }

  @Test func `a SchNet whose weights are averaged, stopped and resumed, ends with the same weights`() throws {
    let file = try files.training(
      ", average: 0.9, loss: absolute, schedule: {cosine: {end: 0.02}}",
      network:
        "architecture: schnet, width: 16, element_width: 16, blocks: 1, readout_width: 16, last_readout_width: 16"
    )
    #expect(try files.train(file, into: "whole"))
    for steps in [4, 13] {
      let output = "stopped-\(steps)"
      #expect(try files.train(file, into: output, stopAfter: steps) == false)
      #expect(try files.train(file, into: output, jobs: 2))
      #expect(try files.differences(output, "whole") == [], "after step \(steps)")
    }
  }

  @Test func `stops again and again still lead to the same weights, an epoch a call at least`() throws {
    let file = try files.training()
    #expect(try files.train(file, into: "whole"))
    var calls = 0
    while try !files.train(file, into: "often", jobs: calls % 2 + 1, stopAfter: 5), calls < 20 { calls += 1 }
    #expect(calls > 2 && calls < 9)
    #expect(try files.differences("often", "whole") == [])
    // A finished training has nothing left to do.
    #expect(try files.train(file, into: "often", stopAfter: 0))
    #expect(try files.differences("often", "whole") == [])
  }

  @Test func `what a process killed after its last checkpoint left unwritten is written by the next call`()
    throws
  {
    let file = try files.training()
    #expect(try files.train(file, into: "whole"))
    #expect(try files.train(file, into: "killed"))
    for name in ["training.csv", "learning-curve.svg", "model.json", "member-1.safetensors"] {
      try FileManager.default.removeItem(atPath: folder.path("killed/\(name)"))
    }
    #expect(try files.train(file, into: "killed"))
    #expect(try files.differences("killed", "whole") == [])
  }

  @Test func `the loss falls, and the card tells the errors that evaluation finds`() throws {
    var losses: [Double] = []
    let file = try files.training(members: 1, epochs: 12, rate: 0.03)
    try files.train(file, into: "model") { event in
      if case .epoch(_, let record, _, _, _) = event { losses.append(record.trainingLoss) }
    }
    #expect(losses.count == 12)
    #expect((losses.last ?? .infinity) < 0.5 * (losses.first ?? 0), "\(losses)")
    let model = try ModelFolder(path: folder.path("model"))
    #expect(model.card.property == "target")
    #expect(model.card.data?["train"]?.structures == 60)
    let metrics = try #require(model.card.testMetrics)
    let evaluation = try PredictionTable(model, jobs: 1).evaluate(
      folder.path("test.jsonl"), property: "target")
    let errors = try #require(evaluation.ensemble.errors)
    #expect(abs(errors.meanAbsoluteError - (metrics.meanAbsoluteError ?? .nan)) < 1e-6)
    #expect(errors.count == metrics.structures)
    let validation = try PredictionTable(model, jobs: 1)
      .evaluate(folder.path("validation.jsonl"), property: "target")
    let known = try #require(model.card.members.first?.validationError)
    #expect(abs((validation.ensemble.errors?.meanAbsoluteError ?? .nan) - known) < 1e-6)
  }

  @Test func `a trained model has the calibration that its validation split gives`() throws {
    #expect(try files.train(try files.training(), into: "model", jobs: 2))
    let model = try ModelFolder(path: folder.path("model"))
    let calibration = try #require(model.card.calibration)
    #expect(calibration.data.structures == 20)
    #expect(calibration.property == "target" && calibration.unit == "eV")
    let report = try ModelCalibration(model, jobs: 1).fit(folder.path("validation.jsonl"))
    #expect(report.calibration == calibration)
  }

  @Test func `a validation split too small for a calibration is said, and the model has none`() throws {
    let lines = try folder.lines("validation.jsonl")
    try folder.write(lines.dropLast().joined(separator: "\n") + "\n", to: "validation.jsonl")
    var reasons: [String] = []
    try files.train(try files.training(epochs: 1), into: "model") { event in
      if case .notCalibrated(_, let reason) = event { reasons.append("\(reason)") }
    }
    #expect(reasons.count == 1 && reasons[0].contains("19 errors are too few"), "\(reasons)")
    #expect(try ModelFolder(path: folder.path("model")).card.calibration == nil)
  }

  @Test func `a checkpoint of another training file, or of other data, is refused`() throws {
    #expect(try files.train(try files.training(), into: "model", stopAfter: 5) == false)
    let other = message { try files.train(try files.training(rate: 0.02, named: "other"), into: "model") }
    #expect(other.contains("member-0.safetensors"), "\(other)")
    #expect(other.contains("another training file"), "\(other)")
    let lines = try folder.lines("train.jsonl")
    try folder.write(lines.dropLast().joined(separator: "\n") + "\n", to: "train.jsonl")
    #expect(message { try files.train(try files.training(), into: "model") }.contains("other data"))
    try folder.write(lines.joined(separator: "\n") + "\n", to: "train.jsonl")
    #expect(try files.train(try files.training(), into: "model"))
  }

  @Test func `an ensemble grows, its first members as they were`() throws {
    #expect(try files.train(try files.training(members: 1), into: "model"))
    let path = folder.url.appending(path: "model/member-0.safetensors")
    let first = try Data(contentsOf: path)
    var trained: Set<Int> = []
    let isFinished = try files.train(try files.training(members: 2), into: "model") { event in
      if case .epoch(let member, _, _, _, _) = event { trained.insert(member) }
    }
    #expect(isFinished && trained == [1])
    #expect(try Data(contentsOf: path) == first)
    #expect(try ModelFolder(path: folder.path("model")).parameters.count == 2)
  }

  @Test func `a damaged checkpoint is refused with its path, wherever the damage is`() throws {
    let file = try files.training(members: 1)
    #expect(try files.train(file, into: "model", stopAfter: 5) == false)
    let path = "model/checkpoints/member-0.safetensors"
    let whole = [UInt8](try Data(contentsOf: folder.url.appending(path: path)))
    var damages: [[UInt8]] = [
      [], Array(whole[..<7]), Array(whole[..<(whole.count / 2)]), Array(whole.dropLast()),
    ]
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<12 {
      var bytes = whole
      bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^=
        1 << UInt8.random(in: 0..<8, using: &generator)
      damages.append(bytes)
    }
    for damage in damages {
      try folder.write(damage, to: path)
      let text = message { try files.train(file, into: "model") }
      #expect(text.contains("member-0.safetensors"), "\(text)")
      #expect(text.contains("remove it"), "\(text)")
    }
    try folder.write(whole, to: path)
    #expect(try files.train(file, into: "model"))
  }

  @Test func `a target that is the same everywhere is learned without a fault`() throws {
    #expect(try files.train(try files.training(members: 1, epochs: 2, property: "constant"), into: "model"))
    let model = try ModelFolder(path: folder.path("model"))
    let errors = try PredictionTable(model, jobs: 1).evaluate(folder.path("test.jsonl"), property: "constant")
    #expect(errors.ensemble.errors?.worstError.isFinite == true)
  }

  @Test func `a training that diverges says so instead of leaving a model`() throws {
    let text = message {
      try files.train(
        try files.training(", optimizer: sgd, schedule: {constant: {}}", members: 1, epochs: 60, rate: 10),
        into: "model")
    }
    #expect(text.contains("diverged in epoch"), "\(text)")
    #expect(text.contains("learning_rate"), "\(text)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("model/model.json")))
  }

  @Test(
    arguments: ["", ", architecture: icgcnn, edge_width: 16, triplets: false"],
    ["{strain: 0.2, shear: 0.05, displacement: 0.1}", "{strain: 0.2, shear: 0, displacement: 0}"])
  func `training on strained copies depends neither on jobs nor on being stopped`(
    model: String, augmentation: String
  ) throws {
    let keys = ", augmentation: \(augmentation)"
    let file = try files.training(keys, model: model)
    for jobs in 1...3 { #expect(try files.train(file, into: "jobs-\(jobs)", jobs: jobs)) }
    #expect(try files.differences("jobs-1", "jobs-2") == [])
    #expect(try files.differences("jobs-1", "jobs-3") == [])
    for steps in [1, 4, 13] {
      #expect(try files.train(file, into: "stopped-\(steps)", stopAfter: steps) == false)
      #expect(try files.train(file, into: "stopped-\(steps)", jobs: 2))
      #expect(try files.differences("stopped-\(steps)", "jobs-1") == [], "after step \(steps)")
    }
    #expect(try files.train(try files.training(model: model, named: "plain"), into: "plain"))
    #expect(try files.differences("plain", "jobs-1").contains("member-0.safetensors"))
  }

  @Test func `members start from those of an initial model, and resuming makes no difference`() throws {
    // Nothing that the source learns from may choose an epoch of what starts from it.
    func elements(_ line: String) -> Set<Substring> {
      Set(line.firstMatch(of: /"species":\[([^\]]*)\]/)?.1.split(separator: ",") ?? [])
    }
    let judged = try ["validation", "test"].flatMap { try folder.lines($0 + ".jsonl").map(elements) }
    let others = try folder.lines("train.jsonl").filter { !judged.contains(elements($0)) }
    try folder.write(others.joined(separator: "\n") + "\n", to: "train.jsonl")
    #expect(try files.train(try files.training(epochs: 12, rate: 0.03), into: "source"))
    let source = try ModelFolder(path: folder.path("source"))
    let file = try files.training(", initial_model: source", rate: 1e-9, named: "transfer")
    #expect(try files.train(file, into: "same"))
    let same = try ModelFolder(path: folder.path("same"))
    // A step of next to nothing leaves the parameters where they were.
    for (before, after) in zip(source.parameters, same.parameters) {
      for (one, other) in zip(before.values, after.values) { #expect(abs(one - other) < 1e-6) }
    }
    let initial = try #require(same.card.initialModel)
    #expect(initial.fingerprint == source.fingerprint)
    #expect(initial.property == "target")
    #expect(same.summary.contains("started from smooth (target)"))
    let further = try files.training(", initial_model: source", rate: 0.003, named: "further")
    #expect(try files.train(further, into: "whole"))
    #expect(try files.train(further, into: "stopped", stopAfter: 5) == false)
    #expect(try files.train(further, into: "stopped"))
    #expect(try files.differences("whole", "stopped") == [])
    // A checkpoint belongs to the initial model's weights, not to its path.
    #expect(try files.train(further, into: "other", stopAfter: 5) == false)
    #expect(try files.train(try files.training(epochs: 2), into: "source-2"))
    try FileManager.default.removeItem(atPath: folder.path("source"))
    try FileManager.default.moveItem(atPath: folder.path("source-2"), toPath: folder.path("source"))
    #expect(message { try files.train(further, into: "other") }.contains("another training file"))
  }

  @Test(arguments: [
    ("initial_model: absent", "", "absent does not exist"),
    ("initial_model: source, weight_decay: 0", ", hidden_layers: 2", "another shape"),
    ("members: 3, initial_model: source", "", "has 2 members"),
  ])
  func `initial models that do not fit are refused with their position`(
    keys: String, model: String, part: String
  ) throws {
    #expect(try files.train(try files.training(epochs: 1), into: "source"))
    let file = try files.training(model: model)
    var text = try String(contentsOfFile: file, encoding: .utf8)
    if keys.hasPrefix("members") { text = text.replacing("members: 2, ", with: "") }
    try folder.write(text.replacing("seed: 7", with: "seed: 7, " + keys), to: "training.yaml")
    let found = message { try files.train(file, into: "model") }
    #expect(found.contains(part), "\(found)")
    #expect(found.contains("training.yaml:5"), "\(found)")
  }

  @Test func `a finished model is not trained over, and stays as it is`() throws {
    let file = try files.training(epochs: 1)
    #expect(try files.train(file, into: "model"))
    try FileManager.default.removeItem(atPath: folder.path("model/checkpoints"))
    let before = try ModelFolder(path: folder.path("model")).fingerprint
    let other = try files.training(members: 1, epochs: 2, named: "other")
    #expect(message { try files.train(other, into: "model") }.contains("holds a finished model"))
    #expect(try ModelFolder(path: folder.path("model")).fingerprint == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("model")).count == 6)
  }

  @Test func `targets that no property has are left out by name, and do no harm`() throws {
    for name in ["train", "validation"] {
      var lines = try folder.lines(name + ".jsonl")
      let target = try #require(lines[7].range(of: "\"target\":"))
      lines[7].replaceSubrange(target, with: "\"target\":1e200,\"was\":")
      try folder.write(lines.joined(separator: "\n") + "\n", to: name + ".jsonl")
    }
    let plan = try TrainingPlan(file: try files.training(epochs: 1))
    var words: [String] = []
    var leftOut: [Int] = []
    let run = try TrainingRun(plan: plan, output: folder.path("model"), jobs: 2)
    let isFinished = try run.run(stop: StopFlag()) { event in
      guard case .loaded(_, _, let causes, let messages) = event else { return }
      words += messages
      leftOut.append(causes.values.reduce(0, +))
    }
    #expect(isFinished)
    #expect(leftOut == [1, 1, 0])
    #expect(words.count == 2 && words[0].contains("(train-7): target is 1e+200"), "\(words)")
  }

  @Test func `what equal targets differ by through rounding is not taken for their spread`() {
    #expect(Normalizer(fitting: [Double](repeating: 0.1, count: 7)).standardDeviation == 1)
    #expect(Normalizer(fitting: [0.1, 0.1, 0.1 + 1e-9]).standardDeviation < 1e-8)
  }

  @Test(arguments: [
    ("architecture: cogn, facets: true", "neighbors: 5"),
    ("architecture: cogn", "minimum_solid_angle: 0.5"),
    ("architecture: schnet, facets: true", "whole_shells: false"),
    ("architecture: schnet", "minimum_solid_angle: 0.5"),
    ("architecture: icgcnn, facets: false", "facet_encoding: gaussians"),
    ("architecture: icgcnn, neighbors: 12", "minimum_solid_angle: 0.5"),
    ("architecture: icgcnn, triplets: false", "triplet_sum: plain"),
  ])
  func `options that change nothing beside the others are refused, but not in a file with every default`(
    network: String, idle: String
  ) throws {
    let file = try files.training(network: network)
    try folder.write(try TrainingPlan(file: file).canonicalText, to: "whole.yaml")
    #expect(message { _ = try TrainingPlan(file: folder.path("whole.yaml")) } == "(no error)")
    let found = message { _ = try TrainingPlan(file: try files.training(network: "\(network), \(idle)")) }
    #expect(found.contains("training.yaml:4") && found.contains(" changes nothing here: "), "\(found)")
  }

  @Test(arguments: [
    ("unit: eV", "note: eV", "training.yaml:3"),
    ("property: target, unit: eV", "property: target", "add data.unit"),
    ("node_width: 16", "node_width: 20", "multiple of 16"),
    ("train.jsonl", "absent.jsonl", "absent.jsonl does not exist"),
    ("epochs: 4", "epochs: 0", "epochs"),
    ("property: target", "property: absent", "no structure with a absent"),
    ("gaussian_spacing: 1", "cutoff: 0.01", "training.yaml:4"),
    // Atoms are never so near that a search could reach so little.
    ("gaussian_spacing: 1", "cutoff: 0.3", "training.yaml:4"),
    ("train.jsonl", ".", "is a folder"),
  ])
  func `training files that make no sense are refused`(text: String, replacement: String, part: String) throws
  {
    let file = try files.training()
    let changed = try String(contentsOfFile: file, encoding: .utf8).replacing(text, with: replacement)
    try folder.write(changed, to: "training.yaml")
    let found = message { try files.train(file, into: "model") }
    #expect(found.contains(part), "\(found)")
  }
}
