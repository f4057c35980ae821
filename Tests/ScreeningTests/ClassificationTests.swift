import Foundation
import Networks
import PipelineEngine
import Screening
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("Classification, from training file to ranked store") struct ClassificationTests {
  let files: TrainingFolder
  let folder: TemporaryFolder

  init() throws {
    files = try TrainingFolder()
    folder = files.folder
  }

  /// The median of the targets of a split: half of its structures are on either side.
  private func median(_ split: String = "train") throws -> Double {
    let values = try folder.lines("\(split).jsonl").map { line in
      let record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      return try #require(record["target"] as? Double)
    }
    return values.sorted()[values.count / 2]
  }

  private func training(
    _ data: String, _ more: String = "", members: Int = 1, epochs: Int = 12, property: String = "target"
  ) throws -> String {
    try files.training(
      more, members: members, epochs: epochs, rate: 0.03, property: property, data: data,
      top: "task: classification")
  }

  @discardableResult
  private func train(_ file: String, into output: String) throws -> ModelFolder {
    try files.train(file, into: output)
    return try ModelFolder(path: folder.path(output))
  }

  @Test func `a class is learned, and the card tells the figures that evaluation finds`() throws {
    let bound = try median()
    let model = try train(
      try training("positive: {at_least: \(bound)}, class: is_large", members: 2), into: "model")
    #expect(model.card.property == "is_large" && model.card.unit == "probability")
    #expect(model.card.classes == ClassRule(column: "target", positive: .atLeast(bound)))
    #expect(model.card.configuration.task == .classification)
    #expect(model.card.calibration == nil)
    // The card says by itself which values of the column are class 1.
    let evaluation = try PredictionTable(model, jobs: 1).evaluate(
      folder.path("test.jsonl"), property: "target", output: folder.path("test.csv"))
    let figures = try #require(evaluation.ensemble.classification)
    let metrics = try #require(model.card.testMetrics)
    #expect(metrics.structures == 20 && figures.count == 20)
    #expect(metrics.areaUnderCurve == figures.areaUnderCurve && metrics.accuracy == figures.accuracy)
    #expect(metrics.f1 == figures.f1)
    #expect(abs((metrics.logLoss ?? .nan) - figures.logLoss) < 1e-12)
    #expect(metrics.meanAbsoluteError == nil)
    let training = try PredictionTable(model, jobs: 1).evaluate(
      folder.path("train.jsonl"), property: "target")
    #expect((training.ensemble.classification?.areaUnderCurve ?? 0) > 0.9)
    #expect(training.ensemble.classification?.positiveCount == 30)
    let validation = try PredictionTable(model, jobs: 1)
      .evaluate(folder.path("validation.jsonl"), property: "target")
    for (member, figures) in zip(model.card.members, validation.members) {
      #expect(member.validationAreaUnderCurve == figures.classification?.areaUnderCurve)
      #expect(member.validationError == nil)
    }
    for row in records(ofCSV: try folder.text("test.csv")) {
      #expect(["0.0", "1.0"].contains(row["value"]))
      let probability = try #require(row["prediction"].flatMap { Double($0) })
      #expect((0...1).contains(probability))
    }
    #expect(try folder.text("model/training.csv").hasPrefix("member,epoch,training_loss,validation_roc_auc,"))
    #expect(try folder.text("model/learning-curve.svg").contains("Validation ROC-AUC"))
    #expect(model.summary.contains("the probability of is_large, class 1: target at least \(bound)"))
    #expect(model.summary.contains("log loss"))
  }

  @Test func `values on the bound are class 1 of at_most and at_least, and class 0 of above`() {
    #expect(PositiveClass.atMost(1).contains(1) && !PositiveClass.atMost(1).contains(1.5))
    #expect(PositiveClass.atLeast(1).contains(1) && !PositiveClass.atLeast(1).contains(0.5))
    #expect(!PositiveClass.above(1).contains(1) && PositiveClass.above(1).contains(1.5))
  }

  @Test func `a column of classes needs no bound, and gives the model that the bound gives`() throws {
    let bound = try median()
    for split in ["train", "validation", "test"] {
      let lines = try folder.lines("\(split).jsonl").map { line in
        var record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        record["is_large"] = try #require(record["target"] as? Double) > bound ? 1 : 0
        return String(decoding: try JSONSerialization.data(withJSONObject: record), as: UTF8.self)
      }
      try folder.write(lines.joined(separator: "\n") + "\n", to: "\(split).jsonl")
    }
    let stated = try train(try training("maximum_sites: 30", epochs: 2, property: "is_large"), into: "stated")
    let bounded = try train(
      try training("positive: {above: \(bound)}, class: is_large", epochs: 2), into: "bounded")
    #expect(stated.card.classes == ClassRule(column: "is_large", positive: nil))
    #expect(stated.fingerprint == bounded.fingerprint)
  }

  @Test func `one output under the binary cross-entropy learns a class as two outputs do`() throws {
    let bound = try median()
    let file = try files.training(
      ", loss: binary_cross_entropy", epochs: 12, rate: 0.03,
      data: "positive: {at_least: \(bound)}, class: is_large", top: "task: classification")
    let model = try train(file, into: "model")
    #expect(model.card.configuration.task == .classification && model.card.configuration.outputCount == 1)
    #expect(model.card.training?.contains("binary_cross_entropy") == true)
    let figures = try PredictionTable(model, jobs: 1).evaluate(
      folder.path("train.jsonl"), property: "target"
    ).ensemble.classification
    #expect((figures?.areaUnderCurve ?? 0) > 0.9)
    #expect((figures?.accuracy ?? 0) > 0.7)
    for member in model.parameters {
      #expect(member.namedTensors.first { $0.name == "fc_out.weight" }?.shape == [1, 16])
    }
    // What nothing said means may be said.
    let said = try files.training(
      ", loss: negative_log_likelihood", members: 1, epochs: 2, rate: 0.03,
      data: "positive: {at_least: \(bound)}", top: "task: classification", named: "said")
    let unsaid = try files.training(
      members: 1, epochs: 2, rate: 0.03, data: "positive: {at_least: \(bound)}", top: "task: classification",
      named: "unsaid")
    #expect(try TrainingPlan(file: said).canonicalText == TrainingPlan(file: unsaid).canonicalText)
    let regression = try files.training(", loss: binary_cross_entropy", named: "regression")
    #expect(
      message { try train(regression, into: "refused") }.contains(
        "training.yaml".replacing("training", with: "regression")))
  }

  @Test func `numbers are left out in the same way however often a training is stopped`() throws {
    let bound = try median()
    func file(_ dropout: String, _ name: String) throws -> String {
      try files.training(
        model: dropout, data: "positive: {at_least: \(bound)}", top: "task: classification", named: name)
    }
    func run(_ file: String, into output: String, jobs: Int = 1, stopAfter steps: Int = .max) throws -> Bool {
      let stop = StopFlag()
      var count = 0
      return try TrainingRun(plan: TrainingPlan(file: file), output: folder.path(output), jobs: jobs)
        .run(stop: stop) { event in
          guard case .step = event else { return }
          count += 1
          if count >= steps { stop.raise() }
        }
    }
    let half = try file(", dropout: 0.5", "half")
    for jobs in 1...3 { #expect(try run(half, into: "jobs-\(jobs)", jobs: jobs)) }
    #expect(try files.differences("jobs-1", "jobs-2") == [])
    #expect(try files.differences("jobs-1", "jobs-3") == [])
    for steps in [1, 4, 13] {
      #expect(try run(half, into: "stopped-\(steps)", stopAfter: steps) == false)
      #expect(try run(half, into: "stopped-\(steps)", jobs: 2))
      #expect(try files.differences("stopped-\(steps)", "jobs-1") == [], "after step \(steps)")
    }
    #expect(try ModelFolder(path: folder.path("jobs-1")).summary.contains("dropout 0.5"))
    // Nothing left out is the training without the key, and another than with it.
    #expect(try run(try file("", "none"), into: "none"))
    #expect(try run(try file(", dropout: 0", "zero"), into: "zero"))
    #expect(try files.differences("none", "zero") == [])
    #expect(try files.differences("none", "jobs-1").contains("member-0.safetensors"))
  }

  @Test func `what does not make two classes is refused by name`() throws {
    let refusals: [(file: String, part: String)] = [
      (
        try files.training(data: "maximum_sites: 30", top: "task: classification", named: "a"),
        "record train-0: target is"
      ),
      (
        try files.training(
          property: "constant", data: "positive: {above: 1}", top: "task: classification", named: "b"),
        "all 60 structures are of class 1 by their constant"
      ),
      (
        try files.training(
          property: "constant", data: "positive: {at_most: 1}", top: "task: classification", named: "c"),
        "of class 0"
      ),
      (try files.training(data: "unit: eV, positive: {above: 1}", named: "d"), "a regression has no classes"),
      (try files.training(data: "unit: eV, class: is_large", named: "e"), "a regression has no classes"),
      (
        try files.training(
          data: "class: e_above_hull, positive: {above: 1}", top: "task: classification", named: "energy"),
        "a class needs another name"
      ),
      (
        try files.training(data: "unit: eV, positive: {above: 1}", top: "task: classification", named: "f"),
        "has no other unit"
      ),
      (
        try files.training(
          ", loss: huber", data: "positive: {above: 1}", top: "task: classification", named: "g"),
        "negative log-likelihood"
      ),
    ]
    for (file, part) in refusals {
      let text = message { try train(file, into: "refused") }
      #expect(text.contains(part), "\(text)")
    }
  }

  @Test func `a classifier has no error bars, and a regression no classes`() throws {
    let configuration = NetworkConfiguration(TinyModel.configuration.architecture, task: .classification)
    try TinyModel.write(to: folder.path("classes"), property: "is_large", configuration: configuration)
    let model = try ModelFolder(path: folder.path("classes"))
    let data = folder.path("test.jsonl")
    #expect(
      message { _ = try ModelCalibration(model, jobs: 1).fit(data, property: "target") }.contains(
        "is a classifier"))
    #expect(
      message { _ = try ModelCalibration(model, jobs: 1).test(data, property: "target") }.contains(
        "is a classifier"))
    // Nothing says which values are class 1.
    let table = PredictionTable(model, jobs: 1)
    #expect(
      message { _ = try table.evaluate(data, property: "target") }.contains("neither class 0 nor class 1"))
    #expect(
      try table.evaluate(data, property: "target", positive: .above(1)).ensemble.classification?.count == 20)
    try TinyModel.write(to: folder.path("numbers"))
    let regression = PredictionTable(try ModelFolder(path: folder.path("numbers")), jobs: 1)
    #expect(
      message { _ = try regression.evaluate(data, property: "target", positive: .above(1)) }.contains(
        "has no classes"))
  }

  @Test func `figures are those of numpy and of scipy's ranks`() throws {
    // The area is (Σ rankdata(p)[class 1] − 10) / 12, the loss −mean(log(where(y, p, 1 − p))).
    let statistics = try #require(
      ClassificationStatistics(
        probabilities: [0.1, 0.4, 0.35, 0.8, 0.65, 0.4, 0.9], classes: [0, 0, 1, 1, 0, 1, 1]))
    #expect(statistics.count == 7 && statistics.positiveCount == 4)
    #expect(abs(statistics.accuracy - 4.0 / 7) < 1e-15)
    #expect(abs((statistics.areaUnderCurve ?? .nan) - 8.5 / 12) < 1e-15)
    #expect(abs((statistics.f1 ?? .nan) - 4.0 / 7) < 1e-15)
    #expect(abs(statistics.logLoss - 0.565803598181052) < 1e-14)
    let single = try #require(ClassificationStatistics(probabilities: [0.2, 1], classes: [0, 0]))
    #expect(single.areaUnderCurve == nil && single.f1 == 0)
    // A probability of single precision that is 1 is not held for certain.
    #expect(abs(single.logLoss - (25 * log(2.0) - log(0.8)) / 2) < 1e-7)
    #expect(ClassificationStatistics(probabilities: [], classes: []) == nil)
  }
}

@Suite("Campaigns with a classifier") struct ClassifierCampaignTests {
  let files: CampaignFolder

  init() throws {
    files = try CampaignFolder()
    let configuration = NetworkConfiguration(TinyModel.configuration.architecture, task: .classification)
    try TinyModel.write(
      to: files.folder.path("metal"), name: "metal", seed: 3, property: "is_metal",
      configuration: configuration)
    try TinyModel.write(
      to: files.folder.path("misnamed"), name: "misnamed", seed: 3, configuration: configuration)
  }

  @Test func `its probabilities stand in the store and beside the ranking of the energies`() throws {
    let file = try files.campaign(stages: CampaignFolder.stages + "\n- predict: {model: metal}")
    try files.run(file)
    let plain = try files.campaign(named: "plain")
    try files.run(plain, in: "plain")
    let rows = try files.table()
    let without = try files.table("plain")
    #expect(rows.count == 64)
    var scores: [String: Double] = [:]
    try openRun(files.folder.path("run")).forEachRow { stored in
      let score = try #require(stored.row.scores.first { $0.model == 1 })
      scores[stored.row.materialID] = score.mean
    }
    for row in rows {
      let probability = try #require(row["score_metal"].flatMap { Double($0) })
      #expect((0...1).contains(probability))
      #expect(probability == scores[row["id"] ?? ""])
    }
    // The ranking itself does not know of it.
    #expect(rows.map { $0.filter { $0.key != "score_metal" } } == without)
    #expect(Set(scores.values).count > 1)
  }

  @Test func `where nothing predicts an energy, candidates are listed by the probability of the class`()
    throws
  {
    try TinyModel.write(to: files.folder.path("gap"), name: "gap", seed: 5, property: "band_gap")
    try files.run(
      try files.campaign(stages: "- predict: {model: gap}\n- predict: {model: metal}"))
    let rows = try files.table()
    #expect(rows.count == 64 && rows.allSatisfy { $0["model"] == "metal" })
    let scores = try rows.map { try #require($0["score"].flatMap { Double($0) }) }
    #expect(scores == scores.sorted(by: >) && Set(scores).count > 1)
    #expect(rows.enumerated().allSatisfy { $1["rank"] == "\($0 + 1)" })
    var stored: [String: [Double]] = [:]
    let store = try openRun(files.folder.path("run"))
    try store.forEachRow { stored[$0.row.materialID] = $0.row.scores.map(\.mean) }
    for (row, score) in zip(rows, scores) {
      let own = try #require(stored[row["id"] ?? ""])
      #expect(own[1] == score && row["score_gap"].flatMap { Double($0) } == own[0])
    }
    #expect(try store.scoredCount(by: 1, above: 0.5) == scores.count { $0 > 0.5 })
    // The first model is ranked by where it is named, and the order is that of any format.
    let byGap = try files.table(model: "gap")
    #expect(byGap.allSatisfy { $0["model"] == "gap" && $0["score_metal"] != nil })
    let json = try files.export(format: .jsonl).split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
    #expect(json.map { $0["id"] as? String } == rows.map { $0["id"] })
    #expect(
      try RunExport(selection: .all, format: .cif).write(store, to: files.folder.path("all.zip")).records
        == 64)
    // What takes energies is refused, and names the way.
    for (export, part) in [
      (RunExport(selection: .stable, format: .csv), "--select all"),
      (RunExport(selection: .all, format: .csv, order: .probability), "ranked by what metal says"),
      (RunExport(selection: .all, format: .csv, hull: .references), "no distance to a hull"),
      (RunExport(selection: .all, format: .csv, model: "absent"), "it has gap, metal"),
    ] {
      let error = #expect(throws: ScreeningError.self) {
        try export.write(store, to: files.folder.path("refused"))
      }
      #expect(error?.description.contains(part) == true, "\(String(describing: error))")
    }
  }

  @Test func `equal probabilities are ordered by id, and a limit takes the first`() throws {
    try files.run(try files.campaign(stages: "- predict: {model: metal}"))
    let store = try openRun(files.folder.path("run"))
    var found: [(score: Double, id: String)] = []
    try store.forEachScored(by: 0) { found.append(($0.score, $0.materialID)) }
    #expect(zip(found, found.dropFirst()).allSatisfy { ($1.score, $0.id) < ($0.score, $1.id) })
    var first: [String] = []
    try store.forEachScored(by: 0, limit: 7) { first.append($0.materialID) }
    #expect(first == found.prefix(7).map(\.id))
  }

  @Test func `where a model predicts energies, nothing is ranked by a probability`() throws {
    let file = try files.campaign(stages: "- graph: {}\n- predict: {model: misnamed}")
    let error = #expect(throws: ScreeningError.self) { _ = try CampaignPlan(file: file) }
    #expect(error?.description.contains("misnamed is a classifier") == true)
    let alone = try files.campaign(
      stages: "- graph: {}\n- predict: {model: metal}\n- hull: {reference: phases.csv}")
    let refusal = #expect(throws: ScreeningError.self) { _ = try CampaignPlan(file: alone) }
    #expect(refusal?.description.contains("no model of formation_energy_per_atom") == true)
    try files.run(try files.campaign(stages: CampaignFolder.stages + "\n- predict: {model: metal}"))
    let store = try openRun(files.folder.path("run"))
    let ranking = #expect(throws: ScreeningError.self) { _ = try modelIndex(named: "metal", in: store) }
    #expect(ranking?.description.contains("metal predicts is_metal") == true)
    #expect(try modelIndex(named: nil, in: store) == 0)
  }
}
