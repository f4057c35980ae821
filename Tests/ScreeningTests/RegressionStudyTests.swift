import Crystal
import Foundation
import ModelFormats
import PipelineEngine
import Screening
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("Regression studies and embeddings") struct RegressionStudyTests {
  let files: TrainingFolder
  var folder: TemporaryFolder { files.folder }

  init() throws {
    files = try TrainingFolder()
    try TinyModel.write(to: files.folder.path("network"))
  }

  private func study(
    _ features: String = "[composition: {}]", data: String = "test: test.jsonl",
    train: String = "train.jsonl",
    methods: String = "[gaussian: {alpha: [0.001, 0.1], gamma: [0.001, 0.01]}]", more: String = ""
  ) throws -> String {
    try folder.write(
      """
      version: 1
      name: smooth
      data: {train: \(train), property: target, unit: eV, \(data)}
      features: \(features)
      methods: \(methods)
      \(more)

      """, to: "study.yaml")
  }

  @discardableResult
  private func run(_ study: String, into output: String, jobs: Int = 1) throws -> RegressionCard {
    var card: RegressionCard?
    try RegressionRun(plan: RegressionPlan(file: study), output: folder.path(output), jobs: jobs).run {
      if case .finished(let finished) = $0 { card = finished }
    }
    return try #require(card)
  }

  private func bytes(_ output: String) throws -> [String: Data] {
    let names = ["regression.json", "regression.safetensors", "grid.csv", "test.csv"]
    return Dictionary(
      uniqueKeysWithValues: try names.map {
        ($0, try Data(contentsOf: folder.url.appending(path: "\(output)/\($0)")))
      })
  }

  private static let everyFeature =
    "[composition: {}, orbital_field: {pool: sum}, embedding: {model: network, layers: [0, last], member: 2}]"

  @Test func `a study learns what follows from the crystals, and no bit of it depends on jobs`() throws {
    let file = try study(
      "[composition: {}, embedding: {model: network, layers: [0, last], member: 2}]",
      methods: "[ridge: {}, gaussian: {alpha: [0.01], gamma: [0.0001, 0.001]}, laplacian: {gamma: [0.001]}]",
      more: "leave_one_out: true")
    let card = try run(file, into: "one")
    try run(file, into: "three", jobs: 3)
    #expect(try bytes("one") == bytes("three"))
    let error = try #require(card.testMetrics?.meanAbsoluteError)
    let labels = records(ofCSV: try folder.text("one/test.csv")).compactMap {
      $0["value"].flatMap { Double($0) }
    }
    let mean = labels.reduce(0, +) / 20
    #expect(labels.count == 20 && card.trainingCrystals == 60)
    #expect(error < 0.8 * labels.reduce(0) { $0 + abs($1 - mean) } / 20)
    #expect(records(ofCSV: try folder.text("one/grid.csv")).count == 5 + 2 + 5)
    #expect((card.leaveOneOutError != nil) == (card.method != "ridge"))
  }

  @Test func `the order of an archive's records changes no bit of the numbers`() throws {
    let lines = try folder.lines("train.jsonl")
    try folder.write(lines.reversed().joined(separator: "\n") + "\n", to: "reversed.jsonl")
    try run(try study(data: "test_share: 0.2"), into: "forward")
    try run(try study(data: "test_share: 0.2", train: "reversed.jsonl"), into: "backward")
    for file in ["regression.safetensors", "grid.csv", "test.csv"] {
      #expect(try folder.text("forward/\(file)").utf8.elementsEqual(folder.text("backward/\(file)").utf8))
    }
    #expect(records(ofCSV: try folder.text("forward/test.csv")).count == 12)
  }

  @Test func `other test crystals change nothing of the model`() throws {
    try run(try study(), into: "first")
    let lines = try folder.lines("test.jsonl")
    try folder.write(lines.prefix(5).joined(separator: "\n") + "\n", to: "other.jsonl")
    try run(try study(data: "test: other.jsonl"), into: "second")
    #expect(try bytes("first")["regression.safetensors"] == bytes("second")["regression.safetensors"])
    #expect(try bytes("first")["grid.csv"] == bytes("second")["grid.csv"])
  }

  @Test func `a saved model predicts what its study did, whatever else is in the archive`() throws {
    try run(try study(Self.everyFeature), into: "model")
    // The network lies in the model's own folder.
    try FileManager.default.removeItem(atPath: folder.path("network"))
    let model = try RegressionFolder(path: folder.path("model"))
    for jobs in [1, 3] {
      let report = try RegressionTable(model, jobs: jobs).write(
        folder.path("test.jsonl"), to: folder.path("out.csv"))
      #expect(report.written == 20)
      let found = records(ofCSV: try folder.text("out.csv"))
      let expected = records(ofCSV: try folder.text("model/test.csv"))
      #expect(
        found.map { [$0["id"], $0["prediction"], $0["std"]] }
          == expected.map { [$0["id"], $0["prediction"], $0["std"]] })
      #expect(found.allSatisfy { Double($0["std"] ?? "").map { $0 > 0 } == true })
    }
    let lines = try folder.lines("test.jsonl")
    try folder.write(lines[7] + "\n", to: "single.jsonl")
    _ = try RegressionTable(model, jobs: 1).write(folder.path("single.jsonl"), to: folder.path("single.csv"))
    #expect(try folder.lines("single.csv")[1] == folder.lines("out.csv")[8])
  }

  @Test
  func `a campaign says of each crystal what the regression does alone, and ranks energies with competitors`()
    throws
  {
    for name in ["train", "test"] {
      let text = try folder.text(name + ".jsonl").replacing(
        "\"target\"", with: "\"formation_energy_per_atom\"")
      try folder.write(text, to: name + "-energies.jsonl")
    }
    let file = try study(Self.everyFeature, data: "test: test-energies.jsonl", train: "train-energies.jsonl")
    let text = try folder.text("study.yaml").replacing(
      "property: target, unit: eV", with: "property: formation_energy_per_atom")
    try folder.write(text, to: "study.yaml")
    try run(file, into: "model")
    let elements = Element.all.filter { $0.rawValue <= 56 }.map { "\($0.symbol),0\n" }
    try folder.write(
      "formula,formation_energy_per_atom\nNaCl,-2.1\n" + elements.joined(), to: "phases.csv")
    try folder.write(
      """
      version: 1
      name: regressed
      inputs: [archive: {path: test-energies.jsonl}]
      stages:
        - predict: {model: model, name: own}
        - hull: {reference: phases.csv, competitors: {prototypes: [rock-salt], elements: [Na, Cl, Mg]}}
      """, to: "campaign.yaml")
    let plan = try CampaignPlan(file: folder.path("campaign.yaml"))
    #expect(plan.stageSummaries[0].contains("gaussian regression on 60 crystals"))
    var exported: [String] = []
    for jobs in [1, 3] {
      let report = try CampaignRun(plan: plan, directory: folder.path("run-\(jobs)"), jobs: jobs).run(
        stop: StopFlag()
      ) {
        _, _ in
      }
      #expect(report.counts.rows == 20, "\(report.counts.rejectionsByReason)")
      try RunExport(selection: .all, format: .csv).write(
        try openRun(folder.path("run-\(jobs)")), to: folder.path("list.csv"))
      exported.append(try folder.text("list.csv"))
    }
    #expect(exported[0] == exported[1])
    let expected = Dictionary(
      uniqueKeysWithValues: records(ofCSV: try folder.text("model/test.csv")).map { ($0["id"], $0) })
    for row in records(ofCSV: exported[0]) {
      let own = try #require(expected[row["id"]])
      #expect(row["formation_energy_per_atom"] == own["prediction"])
      #expect(row["std"] == own["std"])
    }
    let competitors = try openRun(folder.path("run-1")).competitors()
    #expect(
      competitors.map(\.formula).sorted() == ["MgCl", "NaCl", "NaMg"]
        && competitors.allSatisfy { $0.energy != nil })
  }

  @Test
  func `a campaign refuses a regression that takes numbers of other programs, and one of another target`()
    throws
  {
    try folder.write(
      NumPyArray(shape: [60, 1], data: .double((0..<60).map { Double($0) })).encoded(), to: "x.npy")
    try folder.write((["id"] + (0..<60).map { "train-\($0)" }).joined(separator: "\n") + "\n", to: "x.csv")
    try run(try study("[file: {path: x.npy}]", data: "test_share: 0.2"), into: "model")
    func refusal(_ stage: String) throws -> String {
      try folder.write(
        "version: 1\nname: refused\ninputs: [archive: {path: test.jsonl}]\nstages: [predict: {\(stage)}]\n",
        to: "campaign.yaml")
      return message { _ = try CampaignPlan(file: folder.path("campaign.yaml")) }
    }
    #expect(try refusal("model: model").contains("smooth takes numbers of another program for each crystal"))
    try FileManager.default.removeItem(atPath: folder.path("model"))
    try run(try study(), into: "model")
    #expect(try refusal("model: model, target: gap").contains("smooth predicts target alone"))
    #expect(try refusal("model: model, target: target") == "(no error)")
  }

  @Test func `embeddings written to a file and read from it are those of the network`() throws {
    let network = try ModelFolder(path: folder.path("network"))
    for archive in ["train", "test"] {
      let embedder = try CrystalEmbedder(network, layers: ["all"], pooling: .sum)
      _ = try EmbeddingTable(embedder, jobs: 2).write(
        folder.path(archive + ".jsonl"), to: folder.path(archive + ".npy"), format: .npy)
    }
    try run(
      try study("[embedding: {model: network, layers: [all], pool: sum}]", data: "test_share: 0.2"),
      into: "direct")
    try run(try study("[file: {path: train.npy}]", data: "test_share: 0.2"), into: "file")
    #expect(try folder.text("direct/test.csv") == folder.text("file/test.csv"))
    let model = try RegressionFolder(path: folder.path("file"))
    _ = try RegressionTable(model, files: [FeatureFile(path: folder.path("test.npy"))], jobs: 1).write(
      folder.path("test.jsonl"), to: folder.path("of-file.csv"))
    _ = try RegressionTable(try RegressionFolder(path: folder.path("direct")), jobs: 1).write(
      folder.path("test.jsonl"), to: folder.path("of-network.csv"))
    #expect(try folder.text("of-file.csv") == folder.text("of-network.csv"))
    #expect(
      message { _ = try RegressionTable(model, jobs: 1) }.contains(
        "takes 1 file of features of the crystals, and 0 are given"))
  }

  @Test func `tables of sites pool to those of crystals, and both forms hold the same numbers`() throws {
    let network = try ModelFolder(path: folder.path("network"))
    let input = folder.path("test.jsonl")
    func table(_ pooling: SitePooling, _ format: EmbeddingTable.Format, jobs: Int = 1) throws -> (
      rows: [[String: String]], text: String
    ) {
      let embedder = try CrystalEmbedder(network, layers: ["embedding", "convs.0"], pooling: pooling)
      #expect(embedder.width == 32 && embedder.layers == ["embedding", "convs.0"])
      let name = format == .csv ? "table.csv" : "table.npy"
      let report = try EmbeddingTable(embedder, jobs: jobs).write(
        input, to: folder.path(name), format: format)
      #expect(report.written == 20)
      let text = try folder.text("table.csv")
      return (records(ofCSV: text), text)
    }
    let sites = try table(.none, .csv).rows
    let means = try table(.mean, .csv)
    #expect(try table(.mean, .csv, jobs: 3).text == means.text)
    #expect(means.rows.count == 20)
    for row in means.rows {
      let own = sites.filter { $0["id"] == row["id"] }
      #expect(own.map { $0["site"] } == own.indices.map { "\($0)" })
      for column in ["embedding_0", "embedding_15", "convs.0_7"] {
        let values = own.compactMap { $0[column].flatMap { Double($0) } }
        let mean = try #require(row[column].flatMap { Double($0) })
        #expect(values.count == own.count && abs(values.reduce(0, +) / Double(own.count) - mean) < 1e-5)
      }
    }
    let ids = try table(.mean, .npy).rows
    #expect(ids.map { $0["id"] } == means.rows.map { $0["id"] } && ids[0].count == 1)
    let array = try NumPyArray([UInt8](Data(contentsOf: folder.url.appending(path: "table.npy"))))
    #expect(array.shape == [20, 32])
    for (row, values) in means.rows.enumerated() {
      #expect(values["convs.0_7"].flatMap { Float($0) }.map { Double($0) } == array.doubles[row * 32 + 23])
    }
  }

  @Test func `a map by a property that no crystal has is refused`() throws {
    let embedder = try CrystalEmbedder(
      try ModelFolder(path: folder.path("network")), layers: ["last"], pooling: .mean)
    #expect(
      message {
        _ = try EmbeddingMap(embedder, jobs: 1).write(
          folder.path("train.jsonl"), to: folder.path("none.svg"), property: "absent")
      }.contains("none of its 60 crystals has a number absent"))
    #expect(!FileManager.default.fileExists(atPath: folder.path("none.svg")))
  }

  @Test func `a map has a mark for each crystal, in fifths of the property`() throws {
    let embedder = try CrystalEmbedder(
      try ModelFolder(path: folder.path("network")), layers: ["last"], pooling: .mean)
    for jobs in [1, 3] {
      let report = try EmbeddingMap(embedder, jobs: jobs).write(
        folder.path("train.jsonl"), to: folder.path("map-\(jobs).svg"), property: "partial")
      #expect(report.written == 60)
    }
    let picture = try folder.text("map-1.svg")
    #expect(try folder.text("map-3.svg") == picture)
    // Six kinds of marks in the legend: every third crystal has no value.
    #expect(picture.components(separatedBy: "<circle").count - 1 >= 60)
    #expect(picture.contains("no partial") && picture.contains("% of the variance"))
    #expect(
      message {
        _ = try EmbeddingMap(
          CrystalEmbedder(ModelFolder(path: folder.path("network")), layers: ["last"], pooling: .none),
          jobs: 1)
      }.contains("takes pooled layers"))
  }

  @Test func `test crystals that are learned from are told with their ids`() throws {
    func told(_ data: String, into output: String) throws -> [String] {
      var told: [String] = []
      try RegressionRun(
        plan: RegressionPlan(file: try study(data: data)), output: folder.path(output), jobs: 1
      ).run { if case .learned(let crystals) = $0 { told.append(crystals.words) } }
      return told
    }
    let own = try folder.lines("train.jsonl").prefix(2)
    try folder.write((try folder.lines("test.jsonl") + own).joined(separator: "\n"), to: "mixed.jsonl")
    #expect(try told("test: mixed.jsonl", into: "mixed").count == 1)
    #expect(
      try told("test: train.jsonl", into: "same").first?.hasPrefix(
        "60 of the 60 crystals of test have structures that are learned from (train-0, ") == true)
    #expect(try told("test: test.jsonl", into: "apart").isEmpty)
    #expect(try told("test_share: 0.2", into: "share").isEmpty)
  }

  @Test func `a label that no unit has is left out with its crystal's name`() throws {
    var lines = try folder.lines("train.jsonl")
    let value = try #require(lines[3].firstMatch(of: /"target":(-?[0-9.e-]+)/)?.1)
    lines[3] = lines[3].replacing("\"target\":\(value)", with: "\"target\":1e200")
    try folder.write(lines.joined(separator: "\n"), to: "absurd.jsonl")
    var messages: [String] = []
    try RegressionRun(
      plan: RegressionPlan(file: try study(train: "absurd.jsonl")), output: folder.path("absurd"), jobs: 1
    ).run {
      guard case .loaded(role: "train", let crystals, _, let leftOut, let found) = $0 else { return }
      messages = found
      #expect(crystals == 59 && leftOut == ["target beyond ±1e+30": 1])
    }
    #expect(messages.count == 1 && messages[0].contains("absurd.jsonl: train-3: target is 1e+200"))
  }

  @Test func `what makes no sense is refused with its place`() throws {
    func refusal(_ study: String) -> String { message { try run(study, into: "refused") } }
    #expect(
      try refusal(study("[embedding: {model: network, layers: [convs.7]}]")).contains(
        "has no layer \"convs.7\"; it has 0 embedding, 1 convs.0"))
    #expect(
      try refusal(study("[embedding: {model: network, layers: [1, last]}]")).contains(
        "the layer convs.0 is asked for twice"))
    #expect(try refusal(study(data: "test: test.jsonl, test_share: 0.5")).contains("study.yaml:3"))
    #expect(try refusal(study(more: "memory: 0.00001")).contains("GB of memory, and 0.01 GB are allowed"))
    #expect(try refusal(study(more: "memory: 0.00001")).contains("study.yaml:6"))
    #expect(
      try refusal(study("[embedding: {model: network, layers: [01]}]")).contains(
        "found 01, which is the number 1 without quotes; did you mean \"\"01\"\"?"))
    try folder.write("", to: "file")
    var steps = 0
    #expect(
      message {
        try RegressionRun(plan: RegressionPlan(file: try study()), output: folder.path("file"), jobs: 1).run {
          _ in
          steps += 1
        }
      }.contains("file"))
    #expect(steps == 0)
    #expect(
      try refusal(study(more: "folds: 61")).contains("60 labelled crystals to learn from; there are 61 folds")
    )
    try folder.write(NumPyArray(shape: [1, 2], data: .double([1, 2])).encoded(), to: "x.npy")
    try folder.write("id\ntrain-0\n", to: "x.csv")
    #expect(try refusal(study("[file: {path: x.npy}]")).contains("x.npy has no row of the crystal train-1"))
    try folder.write("id\na\na\n", to: "x.csv")
    #expect(try refusal(study("[file: {path: x.npy}]")).contains("line 3: the id a stands twice"))
    try folder.write("id\na\nb\n", to: "x.csv")
    #expect(try refusal(study("[file: {path: x.npy}]")).contains("2 ids of 1 rows"))
    try run(try study(), into: "done")
    #expect(message { try run(try study(), into: "done") }.contains("holds a finished model"))
    #expect(
      message { _ = try ModelFolder(path: folder.path("done")) }.contains(
        "a regression, which sluice predict takes; a network was expected here"))
    try folder.write([1, 2, 3], to: "done/regression.safetensors")
    #expect(message { _ = try RegressionFolder(path: folder.path("done")) }.contains("changed or damaged"))
  }
}
