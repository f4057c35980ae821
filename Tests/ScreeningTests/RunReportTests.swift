import Foundation
import PipelineEngine
import Reports
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing

@testable import Screening

@Suite("Reports of runs") struct RunReportTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  private static let twoModels = """
    - graph: {}
    - predict: {model: model, name: left}
    - energy: {name: right, column: given}
    - hull: {reference: phases.csv}
    """

  /// Rock salts of random sizes with a given energy each; every tenth is no crystal.
  private func archive(_ count: Int) throws -> String {
    var generator = SeededGenerator(seed: 11)
    let salts = [("Na", "Cl"), ("K", "Br"), ("Li", "F"), ("Rb", "I"), ("Ca", "S")]
    return try files.archive(
      (0..<count).map { index in
        guard index % 10 != 9 else { return "{\"id\":\"bad-\(index)\"}" }
        let (metal, anion) = salts[Int.random(in: 0..<salts.count, using: &generator)]
        let half = Double.random(in: 2.4...3.2, using: &generator)
        let energy = Double.random(in: -3.5...(-1), using: &generator)
        return
          "{\"id\":\"m-\(index % 37)\",\"lattice\":[[0,\(half),\(half)],[\(half),0,\(half)],[\(half),\(half),0]],"
          + "\"species\":[\"\(metal)\",\"\(anion)\"],\"frac_coords\":[[0,0,0],[0.5,0.5,0.5]],\"given\":\(energy)}"
      })
  }

  private func run(_ count: Int = 60, limit: Int? = nil) throws {
    try files.run(
      try files.campaign(
        inputs: try archive(count), stages: Self.twoModels, more: "rejections: {allowed_share: 1}"),
      limit: limit)
  }

  private func report(
    _ change: (inout RunReportOptions) -> Void = { _ in }
  ) throws -> RunReport {
    var options = RunReportOptions()
    change(&options)
    return try RunReport(directory: files.folder.path("run"), options: options)
  }

  @Test func `what a report says of all rows is what the store counts, row by row`() throws {
    try run()
    let report = try report()
    let store = try openRun(files.folder.path("run"))
    let stable = try store.stableCounts(threshold: 0)
    #expect(report.survey.models.map(\.stable) == stable.models.map(\.stable))
    #expect(report.survey.models.map(\.credible) == stable.models.map(\.unflagged))
    #expect(report.survey.stableByAll == stable.byAll)
    #expect(report.survey.disagreements == stable.byAny - stable.byAll)
    for (place, model) in report.survey.models.enumerated() {
      let rows = try store.ranked(RankingFilter(model: place))
      #expect(model.placed == rows.count && model.bins.reduce(0, +) + model.below + model.above == rows.count)
      for (index, row) in rows.enumerated() { #expect(model.ranks[row.key] == index + 1) }
      for (element, counts) in report.survey.elements {
        let own = rows.filter { $0.chemicalSystem.split(separator: "-").contains { $0 == element.symbol } }
        #expect(counts.candidates == own.count)
        #expect(counts.stable[place] == own.count { $0.stability.energyAboveHull <= 0 })
      }
    }
  }

  @Test func `a list holds the best of each model, with the numbers of the ranking`() throws {
    try run()
    for limit in [1, 4, 17, 1000] {
      let report = try report { $0.rows = limit }
      let list = try report.candidateList()
      #expect(list.candidates.count == min(limit, 54))
      let store = try openRun(files.folder.path("run"))
      for place in 0..<2 {
        let rows = try store.ranked(RankingFilter(model: place))
        let listed = list.candidates.compactMap { candidate in
          candidate.predictions[place].map { (candidate, $0) }
        }
        // The best of each model are there, whatever the other says of them.
        for rank in 1...max(1, min(limit / 2, 54)) where limit > 1 {
          #expect(listed.contains { $0.1.rank == rank })
        }
        for (candidate, prediction) in listed {
          let row = rows[prediction.rank - 1]
          #expect(row.key == RecordKey(source: candidate.source, record: candidate.record))
          #expect(prediction.value == row.stability.energyAboveHull && candidate.id == row.materialID)
          #expect(prediction.members == (try store.members(of: row.key, model: place)))
        }
      }
      #expect(
        list.candidates.map { $0.predictions[0]?.rank ?? .max }
          == list.candidates.map { $0.predictions[0]?.rank ?? .max }.sorted())
    }
  }

  @Test func `a report of a run that is not finished says so, and labels are refused`() throws {
    try run(60, limit: 20)
    let page = try report().page(maker: "tests")
    #expect(page.banner?.contains("20 records have been read so far") == true)
    #expect(page.tiles.first?.value == "20")
    try files.folder.write("id,e_above_hull\nm-1,0\n", to: "labels.csv")
    #expect(
      message { _ = try report { $0.labels = files.folder.path("labels.csv") } }.contains("not finished"))
  }

  @Test func `a report with labels tells what they say, the same bytes each time`() throws {
    try run()
    let labels = (0..<37).map { "m-\($0),\(Double($0 % 7) / 10 - 0.2)" }
    try files.folder.write("id,e_above_hull\n" + labels.joined(separator: "\n") + "\n", to: "labels.csv")
    let report = try report { $0.labels = files.folder.path("labels.csv") }
    let page = try report.page(maker: "tests")
    #expect(page.sections.map(\.id) == ["candidates", "overview", "elements", "known", "making"])
    #expect(page.html == (try report.page(maker: "tests").html))
    let stable = report.comparison?.comparison.pool.stableCount ?? 0
    #expect(stable > 0 && page.html.contains("\(stable) of them"))
    let list = try report.candidateList()
    for candidate in list.candidates {
      let number = try #require(Int(candidate.id.dropFirst(2)))
      #expect(candidate.known == Double(number % 7) / 10 - 0.2)
    }
  }

  @Test func `rejections are shown with examples of each reason`() throws {
    try run()
    let html = try report().page(maker: "tests").html
    #expect(html.contains("Rejected records, examples of each reason"))
    #expect(html.components(separatedBy: "record 9<").count == 2, "the first of them")
  }

  @Test func `a card has the numbers of the ranking and the crystal of the store`() throws {
    try run()
    let store = try openRun(files.folder.path("run"))
    for place in 0..<2 {
      for (index, row) in try store.ranked(RankingFilter(model: place)).enumerated() {
        let card = try CandidateCard("\(row.key.source):\(row.key.record)", in: files.folder.path("run"))
        #expect(card.id == row.materialID && card.formula == row.formula)
        #expect(card.predictions[place].rank == index + 1)
        #expect(card.predictions[place].row?.stability == row.stability)
        #expect(card.structure == (try store.structure(of: row.key)))
      }
    }
  }

  @Test func `a name of several candidates, of a rejected record or of none says so`() throws {
    try run()
    func refusal(_ name: String) -> String {
      message { _ = try CandidateCard(name, in: files.folder.path("run")) }
    }
    #expect(
      refusal("m-0").contains("2 candidates have the id m-0; name one of them by its record: 0:0, 0:37"))
    #expect(refusal("0:9").contains("record 9 of crystals.jsonl was rejected by read"))
    #expect(refusal("m-99").contains("ids that begin alike: m-"))
    #expect(refusal("0:99999").contains("no candidate 0:99999"))
    #expect(refusal("7:1").contains("no candidate") && refusal("0:-1").contains("no candidate"))
    #expect(refusal("").contains("no candidate"))
  }

  @Test func `the report of a training tells the best epochs, and whether it is finished`() throws {
    let training = try TrainingFolder()
    let file = try training.training()
    // Seven steps: two epochs of three, and one of the third.
    #expect(try !training.train(file, into: "model", stopAfter: 7))
    #expect(TrainingReport.isTraining(training.folder.path("model")))
    #expect(!TrainingReport.isTraining(training.folder.path("absent")))
    let early = try TrainingReport(folder: training.folder.path("model")).page(maker: "tests")
    #expect(early.banner?.contains("not finished") == true)
    #expect(early.tiles.prefix(2).map(\.value) == ["1", "2"])
    #expect(try training.train(file, into: "model"))
    let page = try TrainingReport(folder: training.folder.path("model")).page(maker: "tests")
    #expect(page.banner == nil && page.tiles.prefix(2).map(\.value) == ["2", "8"])
    #expect(page.sections.map(\.id) == ["learning", "model"])
    let card = try ModelFolder(path: training.folder.path("model")).card
    for (index, member) in card.members.enumerated() {
      let error = try #require(member.validationError)
      #expect(page.html.contains(">\(index + 1)</td><td class=\"n\">\(try #require(member.epoch))</td>"))
      #expect(page.html.contains(String(format: "%.5f", error)))
    }
  }

  @Test func `a history that is none is refused with its line`() throws {
    let folder = try TemporaryFolder()
    for (text, reason) in [
      ("member,epoch\n", "training_loss"),
      ("member,epoch,training_loss,validation_mae,learning_rate\n", "no epoch"),
      ("member,epoch,training_loss,validation_mae,learning_rate\n0,x,1,1,1\n", "line 2"),
      ("member,epoch,training_loss,validation_mae,learning_rate\n-1,1,1,1,1\n", "line 2"),
      ("member,epoch,training_loss,learning_rate\n0,1,1,1\n", "validation"),
    ] {
      try folder.write(text, to: "training.csv")
      let refusal = message { _ = try TrainingReport(folder: folder.path(".")) }
      #expect(refusal.contains(reason), "\(refusal)")
    }
  }
}
