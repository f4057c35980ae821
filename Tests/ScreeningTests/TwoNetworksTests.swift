import Crystal
import CrystalGraphs
import Foundation
import Networks
import PipelineEngine
import Screening
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing
import Training

@Suite("CGCNN and iCGCNN side by side") struct TwoNetworksTests {
  let files: CampaignFolder

  init() throws {
    files = try CampaignFolder()
    try TinyModel.write(
      to: files.folder.path("improved"), name: "improved", configuration: TinyModel.improvedConfiguration)
    try TinyModel.write(
      to: files.folder.path("direct"), name: "direct", property: "e_above_hull",
      configuration: TinyModel.improvedConfiguration)
  }

  private let stages = """
    - graph: {}
    - predict: {model: model}
    - graph: {neighbors: voronoi}
    - predict: {model: improved}
    - predict: {model: direct}
    - hull: {reference: phases.csv}
    """

  @Test func `each model sees the graphs of the last graph stage before it, and ranks every candidate`()
    throws
  {
    let report = try files.run(try files.campaign(stages: stages))
    #expect(report.isFinished)
    #expect(report.counts.rows == 64)
    for (name, hasEnergy) in [("tiny", true), ("improved", true), ("direct", false)] {
      let rows = try files.table(model: name)
      #expect(rows.count == 64)
      #expect(rows.allSatisfy { ($0["formation_energy_per_atom"] != "") == hasEnergy })
      let above = rows.compactMap { $0["e_above_hull"].flatMap(Double.init) }
      #expect(above == above.sorted())
    }
  }

  @Test func `a model of the distance ranks by what it predicts`() throws {
    let report = try files.run(
      try files.campaign(stages: "- graph: {neighbors: voronoi}\n- predict: {model: direct}"))
    #expect(report.isFinished)
    let store = try openRun(files.folder.path("run"))
    var count = 0
    try store.forEachRow { stored in
      count += 1
      #expect(stored.row.stabilities.count == 1)
      #expect(stored.row.stabilities.first?.energyAboveHull == stored.row.scores.first?.mean)
      #expect(stored.row.stabilities.first?.energy == nil)
    }
    #expect(count == 64)
  }

  @Test func `the ranking is the same bytes for any number of jobs and batches`() throws {
    var texts: Set<String> = []
    for (jobs, batch) in [(1, 5), (2, 7), (3, 64)] {
      let file = try files.campaign(named: "b\(batch)", stages: stages, batch: batch)
      try files.run(file, in: "run-\(batch)", jobs: jobs)
      texts.insert(try files.export("run-\(batch)", model: "improved"))
    }
    #expect(texts.count == 1)
  }

  @Test func `without graph stages every model gets its own graph, and nothing changes`() throws {
    try files.run(try files.campaign(named: "written", stages: stages), in: "written")
    let bare = stages.split(separator: "\n").filter { !$0.contains("graph:") }.joined(separator: "\n")
    #expect(bare != stages)
    try files.run(try files.campaign(named: "bare", stages: bare), in: "bare")
    for model in ["tiny", "improved", "direct"] {
      #expect(try files.export("bare", model: model) == files.export("written", model: model))
    }
  }

  @Test func `a graph stage that does not fit the model is refused with the line of the predict stage`()
    throws
  {
    for (stages, part) in [
      ("- graph: {}\n- predict: {model: improved}", "Voronoi neighbors"),
      ("- graph: {neighbors: voronoi}\n- predict: {model: model}", "12 nearest neighbors within 8.0"),
      ("- graph: {neighbors: voronoi, minimum_solid_angle: 0.1}\n- predict: {model: improved}", "0.1"),
    ] {
      let file = try files.campaign(stages: stages)
      let text = message { _ = try CampaignPlan(file: file) }
      #expect(text.contains(part), "\(text)")
      #expect(text.contains("tiny.yaml:"), "\(text)")
    }
  }

  @Test(arguments: ["", ", triplets: false, edge_updates: false", ", neighbors: 6, triplet_sum: plain"])
  func `an iCGCNN is trained, written, read again and predicts as it did`(more: String) throws {
    let training = try TrainingFolder()
    let file = try training.training(
      epochs: 2, model: ", architecture: icgcnn, edge_width: 16\(more)", named: "improved")
    for jobs in [1, 2] {
      #expect(
        try TrainingRun(
          plan: TrainingPlan(file: file), output: training.folder.path("jobs-\(jobs)"), jobs: jobs
        )
        .run(stop: StopFlag()) { _ in })
    }
    #expect(try training.differences("jobs-1", "jobs-2") == [])
    let model = try ModelFolder(path: training.folder.path("jobs-1"))
    #expect(model.card.architecture == "iCGCNN")
    let evaluation = try PredictionTable(model, jobs: 1)
      .evaluate(training.folder.path("test.jsonl"), property: "target")
    // The card's figure is of the same predictions.
    let expected = try #require(model.card.testMetrics?.meanAbsoluteError)
    #expect(abs((evaluation.ensemble.errors?.meanAbsoluteError ?? .nan) - expected) < 1e-6 * expected)
  }

  @Test func `a key of the other architecture is refused by name`() throws {
    let training = try TrainingFolder()
    for (model, part) in [
      (", edge_width: 16", "edge_width"), (", architecture: icgcnn, padding: none", "padding"),
      (", architecture: icgcnn, neighbors: 8, facets: true", "facets"),
    ] {
      let file = try training.training(model: model)
      let text = message { _ = try TrainingPlan(file: file) }
      #expect(text.contains(part), "\(text)")
    }
  }
}
