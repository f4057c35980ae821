import Foundation
import Screening
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("Several targets, from training file to ranked store") struct SeveralTargetsTests {
  let files: TrainingFolder
  let folder: TemporaryFolder

  init() throws {
    files = try TrainingFolder()
    folder = files.folder
  }

  private static let both = "[target, partial]"

  @discardableResult
  private func train(
    _ file: String, into output: String, jobs: Int = 1, stopAfter steps: Int? = nil,
    report: (TrainingEvent) -> Void = { _ in }
  ) throws -> ModelFolder? {
    try files.train(file, into: output, jobs: jobs, stopAfter: steps, report: report)
      ? ModelFolder(path: folder.path(output)) : nil
  }

  private func training(epochs: Int = 4) throws -> String {
    try files.training(epochs: epochs, rate: 0.03, property: Self.both, data: "unit: [eV, eV]")
  }

  @Test func `both are learned, and the card tells of each the errors that evaluation finds`() throws {
    var figures: [[Double]] = []
    var targets: [String] = []
    let whole = try #require(
      try train(try training(epochs: 12), into: "model") { event in
        if case .epoch(_, let record, _, _, let named) = event {
          figures.append(Array(record.figures.dropFirst()))
          targets = named.map { "\($0.property) in \($0.unit)" }
        }
      })
    #expect(targets == ["target in eV", "partial in eV"])
    #expect(figures.count == 24 && figures.allSatisfy { $0.count == 2 })
    #expect(figures[11][0] < figures[0][0] && figures[11][1] < figures[0][1])
    let card = whole.card
    #expect(card.property == "target" && card.properties == ["target", "partial"])
    #expect(card.configuration.outputCount == 2)
    // Every structure has the first target, two of three the second.
    #expect(card.data?["train"]?.structures == 60)
    let other = try #require(card.otherTargets?.first)
    #expect(other.unit == "eV" && other.normalizers.count == 2)
    for (name, metrics) in [("target", card.testMetrics), ("partial", other.testMetrics)] {
      let model = try whole.selecting(name)
      #expect(model.card.property == name && model.card.properties == [name])
      #expect(model.fingerprint == whole.fingerprint)
      let evaluation = try PredictionTable(model, jobs: 1).evaluate(
        folder.path("test.jsonl"), property: name)
      let errors = try #require(evaluation.ensemble.errors)
      #expect(errors.count == metrics?.structures)
      #expect(errors.count == (name == "target" ? 20 : 13))
      #expect(abs(errors.meanAbsoluteError - (metrics?.meanAbsoluteError ?? .nan)) < 1e-6)
      let validation = try PredictionTable(model, jobs: 1).evaluate(
        folder.path("validation.jsonl"), property: name)
      for (member, statistics) in zip(model.card.members, validation.members) {
        let known = try #require(member.validationError)
        #expect(abs((statistics.errors?.meanAbsoluteError ?? .nan) - known) < 1e-6)
      }
    }
    let text = try folder.text("model/training.csv")
    let header =
      "member,epoch,training_loss,validation_standardized_mae,validation_mae_target,validation_mae_partial,"
    #expect(text.hasPrefix(header + "learning_rate\n"))
    #expect(text.split(separator: "\n").allSatisfy { $0.split(separator: ",").count == 7 })
    #expect(whole.summary.contains("also         partial in eV"))
    #expect(try folder.text("model/learning-curve.svg").contains("standard deviations"))
  }

  @Test func `site energies of one target of an additive model sum to that target's prediction`() throws {
    let file = try files.training(
      epochs: 2, rate: 0.03, property: Self.both, model: ", readout: additive", data: "unit: [eV, eV/atom]")
    let whole = try #require(try train(file, into: "model"))
    #expect(whole.summary.contains("readout additive"))
    let (output, sites) = (folder.path("out.csv"), folder.path("sites.csv"))
    for (name, reason) in [(nil, "say which of these is meant"), ("target", "predicts target in eV;")] {
      let model = try name.map { try whole.selecting($0) } ?? whole
      let error = #expect(throws: ScreeningError.self) {
        _ = try PredictionTable(model, jobs: 1).write(
          folder.path("test.jsonl"), to: output, members: false, sites: sites)
      }
      #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }
    _ = try PredictionTable(try whole.selecting("partial"), jobs: 2).write(
      folder.path("test.jsonl"), to: output, members: false, sites: sites)
    let energies = Dictionary(grouping: records(ofCSV: try folder.text("sites.csv"))) { $0["id"] }
    let rows = records(ofCSV: try folder.text("out.csv"))
    #expect(rows.count == 20 && energies.count == 20)
    for row in rows {
      let own = try #require(energies[row["id"]]).compactMap { $0["energy"].flatMap { Double($0) } }
      let prediction = try #require(row["prediction"].flatMap { Double($0) })
      #expect(abs(own.reduce(0, +) / Double(own.count) - prediction) < 1e-6)
    }
  }

  @Test func `weights depend neither on jobs nor on being stopped`() throws {
    let file = try training()
    for jobs in 1...3 { #expect(try train(file, into: "jobs-\(jobs)", jobs: jobs) != nil) }
    #expect(try files.differences("jobs-1", "jobs-2") == [])
    #expect(try files.differences("jobs-1", "jobs-3") == [])
    for steps in [1, 5, 13] {
      #expect(try train(file, into: "stopped-\(steps)", stopAfter: steps) == nil)
      #expect(try train(file, into: "stopped-\(steps)", jobs: 2) != nil)
      #expect(try files.differences("stopped-\(steps)", "jobs-1") == [], "after step \(steps)")
    }
  }

  @Test func `a table of predictions has columns for each, and those of one are as if it were alone`() throws
  {
    let whole = try #require(try train(try training(), into: "model"))
    let input = folder.path("test.jsonl")
    _ = try PredictionTable(whole, jobs: 2).write(input, to: folder.path("both.csv"), members: true)
    let both = records(ofCSV: try folder.text("both.csv"))
    #expect(both.count == 20)
    for name in ["target", "partial"] {
      _ = try PredictionTable(try whole.selecting(name), jobs: 1)
        .write(input, to: folder.path("one.csv"), members: true)
      for (row, own) in zip(both, records(ofCSV: try folder.text("one.csv"))) {
        #expect(row["id"] == own["id"])
        for column in ["prediction", "std", "member_0", "member_1"] {
          #expect(own[column] != nil && row["\(column)_\(name)"] == own[column])
        }
      }
    }
  }

  @Test func `error bars are fitted for each, and a new fit of one leaves the other`() throws {
    // A third of the crystals lacks the second target: twenty are too few there.
    let whole = try #require(try train(try training(), into: "model"))
    #expect(whole.card.calibration?.property == "target")
    #expect(whole.card.otherTargets?[0].calibration == nil)
    let first = whole.card.calibration
    let report = try ModelCalibration(whole, jobs: 1).fit(folder.path("train.jsonl"), property: "partial")
    #expect(report.calibration.property == "partial" && report.quality.structures == 40)
    let again = try ModelFolder(path: folder.path("model"))
    #expect(again.card.calibration == first)
    #expect(again.card.otherTargets?[0].calibration == report.calibration)
    #expect(try again.selecting("partial").card.calibration == report.calibration)
    #expect(again.fingerprint == whole.fingerprint)
    let unnamed = message { _ = try ModelCalibration(again, jobs: 1).test(folder.path("test.jsonl")) }
    #expect(unnamed.contains("predicts target, partial; say which of these is meant"), "\(unnamed)")
  }

  @Test func `a campaign says which target is predicted, under a name of its own`() throws {
    try train(try training(), into: "model")
    let campaigns = try CampaignFolder()
    try FileManager.default.copyItem(
      atPath: folder.path("model"), toPath: campaigns.folder.path("several"))
    let stages = """
      - predict: {model: model}
      - predict: {model: several, target: partial, name: gap}
      - predict: {model: several, target: target}
      - hull: {reference: phases.csv}
      """
    let file = try campaigns.campaign(stages: stages)
    try campaigns.run(file)
    let rows = try campaigns.table()
    #expect(rows.count == 64)
    let store = try openRun(campaigns.folder.path("run"))
    #expect(try store.description().models.map(\.name) == ["tiny", "gap", "smooth"])
    #expect(
      try store.description().models.map(\.property) == ["formation_energy_per_atom", "partial", "target"])
    let input = campaigns.folder.path("all.tar.zst")
    try RunExport(selection: .all, format: .cif).write(store, to: input)
    let several = try ModelFolder(path: campaigns.folder.path("several"))
    _ = try PredictionTable(several, jobs: 1).write(
      input, to: campaigns.folder.path("both.csv"), members: false)
    for (row, predicted) in zip(rows, records(ofCSV: try campaigns.folder.text("both.csv"))) {
      for (score, column) in [("score_gap", "prediction_partial"), ("score_smooth", "prediction_target")] {
        let found = try #require(row[score].flatMap { Double($0) })
        let expected = try #require(predicted[column].flatMap { Double($0) })
        // Coordinates of a CIF file are rounded.
        #expect(abs(found - expected) < 1e-4, "\(row["id"] ?? "")")
      }
    }
    for (target, part) in [
      ("", "say which of these is meant"), (", target: gap", "does not predict gap, but target, partial"),
    ] {
      let wrong = try campaigns.campaign(named: "wrong", stages: "- predict: {model: several\(target)}")
      let text = message { _ = try CampaignPlan(file: wrong) }
      #expect(text.contains("wrong.yaml") && text.contains(part), "\(text)")
    }
    let single = try campaigns.campaign(named: "single", stages: "- predict: {model: model, target: gap}")
    #expect(message { _ = try CampaignPlan(file: single) }.contains("does not predict gap"))
  }

  @Test func `the target that is an energy ranks, whichever output it is`() throws {
    let campaigns = try CampaignFolder()
    let lines = { (split: String) in
      try folder.lines("\(split).jsonl").map {
        $0.replacing("\"partial\"", with: "\"formation_energy_per_atom\"")
      }
    }
    for split in ["train", "validation", "test"] {
      try folder.write(try lines(split).joined(separator: "\n") + "\n", to: "\(split).jsonl")
    }
    try train(
      try files.training(
        property: "[target, formation_energy_per_atom]", data: "unit: [eV, eV/atom]"), into: "model")
    try FileManager.default.copyItem(
      atPath: folder.path("model"), toPath: campaigns.folder.path("several"))
    try campaigns.run(
      try campaigns.campaign(
        stages: """
          - predict: {model: several, target: target, name: other}
          - predict: {model: several, target: formation_energy_per_atom}
          - hull: {reference: phases.csv}
          """))
    let rows = try campaigns.table()
    #expect(rows.count == 64 && rows.allSatisfy { $0["model"] == "smooth" })
    #expect(rows.allSatisfy { $0["score_other"]?.isEmpty == false && $0["e_above_hull"]?.isEmpty == false })
  }

  @Test(arguments: [
    ("[target, target]", "unit: [eV, eV]", "target stands twice in the list"),
    ("[target, partial]", "unit: eV", "1 unit of 2 targets"),
    ("[target, partial]", "maximum_sites: 9", "the unit of \"target\" is not known here"),
    ("[target, absent]", "unit: [eV, eV]", "no structure with a absent is left of its records"),
  ])
  func `what makes no list of targets is refused`(property: String, data: String, part: String) throws {
    let text = message { try train(try files.training(property: property, data: data), into: "model") }
    #expect(text.contains(part), "\(text)")
  }

  @Test func `a classification has one property`() throws {
    let file = try files.training(
      property: Self.both, data: "positive: {above: 1}", top: "task: classification")
    #expect(message { try train(file, into: "model") }.contains("a classification has one property"))
  }

  @Test func `a card whose targets are not those of its network is refused`() throws {
    try train(try training(epochs: 1), into: "model")
    let path = folder.path("model/model.json")
    let text = try folder.text("model/model.json")
    for (old, new, part) in [
      ("\"outputs\" : 2", "\"outputs\" : 3", "2 targets of a network that predicts 3"),
      ("\"property\" : \"partial\"", "\"property\" : \"target\"", "two targets of one property"),
    ] {
      #expect(text.contains(old))
      try folder.write(text.replacing(old, with: new), to: "model/model.json")
      #expect(message { _ = try ModelFolder(path: folder.path("model")) }.contains(part), "\(path)")
    }
  }
}
