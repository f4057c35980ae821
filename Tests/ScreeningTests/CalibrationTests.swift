import Crystal
import Foundation
import Networks
import ScreeningTestSupport
import TestSupport
import Testing
import Training

@testable import Screening

@Suite("Calibration") struct CalibrationTests {
  let folder: TemporaryFolder
  let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = folder.path("model")
    try TinyModel.write(to: model, memberCount: 3)
  }

  /// Writes crystals with the model's own prediction plus an error as their energy, and gives the archive's path.
  private func archive(_ name: String, count: Int, seed: UInt64, widening: Double = 1) throws -> String {
    var generator = SeededGenerator(seed: seed)
    let lines = try (0..<count).map { index in
      let siteCount = Int.random(in: 1...5, using: &generator)
      return try randomStructure(siteCount: siteCount, using: &generator)
    }
    let plain = try folder.write(
      try lines.enumerated().map { try recordLine(id: "\($0)", structure: $1) + "\n" }.joined(),
      to: "plain-" + name)
    _ = try PredictionTable(ModelFolder(path: model), jobs: 1).write(
      plain, to: folder.path("predictions"), members: false)
    let predictions = records(ofCSV: try folder.text("predictions"))
    let truth = try zip(lines, predictions).enumerated().map { index, pair in
      let spread = Double(pair.1["std"] ?? "") ?? .nan
      let error = Double.random(in: -1...1, using: &generator) * (0.05 + spread) * widening
      let energy = (Double(pair.1["prediction"] ?? "") ?? .nan) - error
      return try recordLine(
        id: "\(index)", structure: pair.0, properties: ["formation_energy_per_atom": energy])
    }
    return try folder.write(truth.map { $0 + "\n" }.joined(), to: name)
  }

  private func calibration(jobs: Int = 1) throws -> ModelCalibration {
    ModelCalibration(try ModelFolder(path: model), jobs: jobs)
  }

  @Test func `a calibration goes into the card and leaves weights and fingerprint as they are`() throws {
    let data = try archive("data.jsonl", count: 120, seed: 1)
    let before = try ModelFolder(path: model)
    let weights = try Data(contentsOf: URL(filePath: model + "/member-0.safetensors"))
    let report = try calibration().fit(data)
    let after = try ModelFolder(path: model)
    #expect(after.fingerprint == before.fingerprint)
    #expect(try Data(contentsOf: URL(filePath: model + "/member-0.safetensors")) == weights)
    let calibration = try #require(after.card.calibration)
    #expect(calibration == report.calibration)
    #expect(calibration.model == before.fingerprint)
    #expect(calibration.data.file == "data.jsonl")
    #expect(calibration.data.structures == 120)
    #expect(calibration.property == "formation_energy_per_atom")
    #expect(after.summary.contains("calibrated   on 120 structures of data.jsonl"))
    // Errors were drawn evenly within ±(0.05 + spread): the intervals of the fit hold what they claim within 0.1.
    for interval in calibration.fit.coverage { #expect(abs(interval.share - interval.level) < 0.1) }
  }

  @Test
  func
    `a calibration does not depend on the number of jobs, and a test of it on its own data repeats the fit`()
    throws
  {
    let data = try archive("data.jsonl", count: 90, seed: 2)
    let report = try calibration().fit(data)
    let card = try Data(contentsOf: URL(filePath: model + "/model.json"))
    for jobs in 2...3 {
      _ = try calibration(jobs: jobs).fit(data)
      #expect(try Data(contentsOf: URL(filePath: model + "/model.json")) == card)
    }
    let test = try calibration().test(data)
    #expect(test.quality == report.calibration.fit)
    #expect(test.groups == report.groups)
    #expect(try Data(contentsOf: URL(filePath: model + "/model.json")) == card)
  }

  @Test func `data with larger errors than the calibration knows show it`() throws {
    let data = try archive("data.jsonl", count: 150, seed: 3)
    let wider = try archive("wider.jsonl", count: 150, seed: 4, widening: 4)
    let own = try calibration().fit(data).quality
    let other = try calibration().test(wider).quality
    #expect(try #require(other.negativeLogLikelihood) > #require(own.negativeLogLikelihood))
    #expect(zip(other.coverage, own.coverage).allSatisfy { $0.share < $1.share - 0.1 })
  }

  @Test func `groups hold all structures by ascending error bar`() throws {
    let report = try calibration().fit(try archive("data.jsonl", count: 123, seed: 5))
    #expect(report.groups.count == CalibrationReport.groupCount)
    #expect(report.groups.map(\.quality.structures).reduce(0, +) == 123)
    let scales = report.groups.flatMap(\.scales)
    #expect(scales == scales.sorted())
    let within = report.groups.reduce(0) {
      $0 + $1.quality.coverage[0].share * Double($1.quality.structures)
    }
    #expect(abs(within - report.quality.coverage[0].share * 123) < 1e-9)
  }

  @Test func `larger structures are left out where asked, and the card says so`() throws {
    let data = try archive("data.jsonl", count: 120, seed: 6)
    let all = try calibration().fit(data)
    let small = try calibration().fit(data, maximumSites: 3)
    #expect(small.calibration.maximumSites == 3)
    #expect(all.calibration.maximumSites == nil)
    #expect(
      small.data.structures + (small.data.leftOut["more than 3 sites"] ?? 0) == all.data.structures)
    #expect(small.data.structures < all.data.structures)
  }

  @Test func `a single network is calibrated without a spread`() throws {
    try TinyModel.write(to: model, memberCount: 1)
    let report = try calibration().fit(try archive("data.jsonl", count: 80, seed: 7))
    #expect(report.calibration.errors.spreadFactor == 0)
    #expect(report.rawSpread == nil)
    let scale = report.calibration.scale(spread: nil)
    #expect(scale == report.calibration.errors.constantVariance.squareRoot())
  }

  @Test func `what cannot be calibrated is refused, and the card stays as it was`() throws {
    let card = try Data(contentsOf: URL(filePath: model + "/model.json"))
    let few = try archive("few.jsonl", count: 19, seed: 8)
    #expect(message { _ = try calibration().fit(few) }.contains("19 errors are too few"))
    #expect(message { _ = try calibration().fit(few, property: "mass") }.contains("mass"))
    #expect(message { _ = try calibration().test(few) }.contains("sluice models calibrate"))
    #expect(try Data(contentsOf: URL(filePath: model + "/model.json")) == card)
  }

  @Test func `a calibration of other weights, or with numbers that are none, is refused`() throws {
    _ = try calibration().fit(try archive("data.jsonl", count: 60, seed: 9))
    let path = model + "/model.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let fingerprint = try ModelFolder(path: model).fingerprint
    try Data(text.replacingOccurrences(of: fingerprint, with: String(fingerprint.reversed())).utf8)
      .write(to: URL(filePath: path))
    #expect(message { _ = try ModelFolder(path: model) }.contains("of other weights"))
    for (key, value) in [
      ("constantVariance", "0"), ("constantVariance", "-1"), ("spreadFactor", "-0.5"),
      ("degreesOfFreedom", "0"), ("degreesOfFreedom", "\"many\""),
    ] {
      let changed = text.replacing(try Regex("\"\(key)\" : [0-9.e-]+"), with: "\"\(key)\" : \(value)")
      #expect(changed != text)
      try Data(changed.utf8).write(to: URL(filePath: path))
      #expect(message { _ = try ModelFolder(path: model) }.contains("not a model card"), "\(key) \(value)")
    }
  }

  @Test func `quality counts and weighs as its definition says`() throws {
    let model = ErrorModel(constantVariance: 0.01, spreadFactor: 2, degreesOfFreedom: 3.2)
    let errors = EnsembleErrors(errors: [0.05, -0.2, 0.3, -0.01], spreads: [0, 0.1, 0.05, 0.2])
    let quality = CalibrationQuality(model, errors)
    // By scipy 1.17.1: mean of log σ − stats.t.logpdf(e / σ, 3.2); |e| against stats.t.ppf × σ.
    #expect(abs(try #require(quality.negativeLogLikelihood) - -0.06704827799611607) < 1e-12)
    #expect(quality.coverage.map(\.share) == [0.5, 0.75, 1])
    let certain = EnsembleErrors(errors: [0.05, -0.2], spreads: [0, 0.1])
    #expect(CalibrationQuality(.rawSpread, certain).negativeLogLikelihood == nil)
  }
}

@Suite("Calibrations of the models that ship") struct ShippedCalibrationTests {
  static let models = [
    "cgcnn-formation-energy", "icgcnn-formation-energy", "cogn-formation-energy", "cgcnn-hull-distance",
    "icgcnn-hull-distance",
  ]

  @Test(arguments: models) func `a model that ships is calibrated, by its validation split`(name: String)
    throws
  {
    let model = try ModelFolder(path: Fixtures.url("models/\(name)").path)
    let calibration = try #require(model.card.calibration)
    #expect(calibration.data.sha256 == model.card.data?["validation"]?.sha256)
    #expect(calibration.maximumSites == (name == "cogn-formation-energy" ? 200 : 30))
    for interval in calibration.fit.coverage { #expect(abs(interval.share - interval.level) < 0.04) }
  }

  @Test(.enabled(if: SharedInput.isThere, SharedInput.reason))
  func `the intervals of CGCNN hold crystals of the test split as often as they claim`() throws {
    let folder = try TemporaryFolder()
    var count = 0
    let data = try SharedInput.write("mp/test.jsonl.zst", to: folder, as: "test.jsonl") { _ in
      count += 1
      return count <= 500
    }
    let model = try ModelFolder(path: Fixtures.url("models/cgcnn-formation-energy").path)
    let report = try ModelCalibration(model, jobs: 2).test(data, maximumSites: 20)
    #expect(report.quality.structures > 200)
    // Three standard errors of a share of 200.
    for interval in report.quality.coverage {
      let error = (interval.level * (1 - interval.level) / 200).squareRoot()
      #expect(abs(interval.share - interval.level) < 3 * error, "\(interval)")
    }
    #expect(try #require(report.rawSpread).coverage[1].share < 0.7)
  }
}

@Suite("Calibrated campaigns") struct CalibratedCampaignTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  /// Writes a calibration into the card of the campaign's model.
  private func calibrate(constantVariance: Double) throws {
    let path = files.folder.path("model")
    let model = try ModelFolder(path: path)
    var card = model.card
    let errors = ErrorModel(
      constantVariance: constantVariance, spreadFactor: 1.5, degreesOfFreedom: 3.2)
    card.calibration = Calibration(
      property: card.property, unit: card.unit, model: model.fingerprint, errors: errors,
      data: ModelCard.Split(file: "data.jsonl", sha256: "00", structures: 1, leftOut: [:]),
      maximumSites: nil,
      fit: CalibrationQuality(errors, EnsembleErrors(errors: [0.1], spreads: [0.2])))
    try ModelFolder.writeCard(card, to: path)
  }

  @Test func `another calibration is another run, of the same weights`() throws {
    let file = try files.campaign()
    let without = try CampaignPlan(file: file)
    #expect(!without.canonicalText.contains("calibrations"))
    try calibrate(constantVariance: 0.01)
    let first = try CampaignPlan(file: file)
    try calibrate(constantVariance: 0.02)
    let second = try CampaignPlan(file: file)
    #expect(Set([without, first, second].map(\.fingerprint)).count == 3)
    #expect(without.models[0].fingerprint == second.models[0].fingerprint)
    let differences = second.tree.difference(from: first.tree).map(\.description)
    #expect(
      differences.count == 1 && differences[0].hasPrefix("digests.calibrations.tiny:"), "\(differences)")
    let digest = try #require(second.models[0].calibration?.digest)
    #expect(second.stageSummaries.contains { $0.contains("calibration \(digest.prefix(12))") })
  }

  @Test func `each row has the odds that its spread and its distance give`() throws {
    try calibrate(constantVariance: 0.04)
    try TinyModel.write(to: files.folder.path("direct"), name: "direct", seed: 3, property: "e_above_hull")
    let file = try files.campaign(
      stages: CampaignFolder.stages + "\n- predict: {name: direct, model: direct}", more: "threshold: 0.3")
    try files.run(file)
    let distribution = StudentDistribution(degreesOfFreedom: 3.2)
    let rows = try files.table(model: "tiny")
    #expect(rows.count == 64)
    for row in rows {
      let number = { (key: String) in Double(row[key] ?? "") ?? .nan }
      let sigma = (0.04 + 1.5 * number("std") * number("std")).squareRoot()
      #expect(abs(number("sigma") - sigma) < 1e-14)
      let probability = distribution.cumulative((0.3 - number("e_above_hull")) / sigma)
      #expect(abs(number("p_stable") - probability) < 1e-13)
    }
    // The other model is not calibrated.
    let direct = try files.table(model: "direct")
    #expect(direct.count == 64 && direct.allSatisfy { $0["sigma"] == "" && $0["p_stable"] == "" })
    try files.run(file, in: "again", jobs: 3)
    #expect(try files.export("again") == files.export("run"))
  }

  @Test func `a row has odds on the hull with predicted competitors too, by its distance to that one`() throws
  {
    try TinyModel.write(to: files.folder.path("model"), spread: 0.05)
    try calibrate(constantVariance: 0.04)
    try files.run(
      try files.campaign(
        inputs: """
          - decorate:
              prototype: rock-salt
              sites: {A: [Li, Na, K, Mg], X: [F, Cl, O, S]}
          """,
        stages: """
          - graph: {}
          - predict: {model: model}
          - hull: {reference: phases.csv, competitors: {prototypes: [rock-salt, L12]}}
          """))
    let distribution = StudentDistribution(degreesOfFreedom: 3.2)
    let rows = try files.table()
    for row in rows {
      let number = { (key: String) in Double(row[key] ?? "") ?? .nan }
      let probability = distribution.cumulative(-number("e_above_competitor_hull") / number("sigma"))
      #expect(abs(number("competitor_p_stable") - probability) < 1e-13)
      // A lower hull leaves less room.
      #expect(number("competitor_p_stable") <= number("p_stable"))
    }
    #expect(rows.count == 16 && rows.contains { $0["competitor_p_stable"] != $0["p_stable"] })
  }

  @Test func `the distance that a model predicts itself has the odds of its own calibration`() throws {
    try TinyModel.write(to: files.folder.path("model"), property: "e_above_hull")
    try calibrate(constantVariance: 0.04)
    try files.run(
      try files.campaign(stages: "- graph: {}\n- predict: {model: model}"))
    let rows = try files.table()
    let distribution = StudentDistribution(degreesOfFreedom: 3.2)
    for row in rows {
      let number = { (key: String) in Double(row[key] ?? "") ?? .nan }
      let probability = distribution.cumulative(-number("e_above_hull") / number("sigma"))
      #expect(abs(number("p_stable") - probability) < 1e-13)
    }
    #expect(rows.count == 64)
  }

  @Test func `a comparison judges the stored probabilities, and at another threshold those of that one`()
    throws
  {
    try calibrate(constantVariance: 0.04)
    try TinyModel.write(to: files.folder.path("other"), name: "other", seed: 2)
    try files.run(
      try files.campaign(
        stages: """
          - graph: {}
          - predict: {model: model}
          - predict: {model: other}
          - hull: {reference: phases.csv}
          """))
    let rows = try files.table(model: "tiny")
    let truth = rows.indices.map { $0.isMultiple(of: 3) ? -0.1 : 0.2 }
    try files.folder.write(
      (["id,e_above_hull"] + zip(rows, truth).map { "\($0["id"] ?? ""),\($1)" }).joined(separator: "\n")
        + "\n",
      to: "labels.csv")
    func compare(_ threshold: Double?) throws -> RunComparison {
      try RunComparison(
        directory: files.folder.path("run"), labels: files.folder.path("labels.csv"),
        models: ("tiny", "other"), threshold: threshold, options: ComparisonOptions(resamples: 100))
    }
    let stored = rows.map { Double($0["p_stable"] ?? "") ?? .nan }
    let own = try #require(
      ReliabilityStatistics(probabilities: stored, happened: truth.map { $0 <= 0 }))
    let found = try compare(nil).reliability
    let calibrated = try #require(found[0].calibrated)
    #expect(calibrated.count == 64 && found[0].withoutProbability == 0)
    #expect(abs(calibrated.logLoss - own.logLoss) < 1e-12)
    #expect(abs(calibrated.brierScore - own.brierScore) < 1e-12)
    #expect(found[1].calibrated == nil && found[1].withoutProbability == 64)
    #expect(found[1].rawSpread?.count == 64)
    let distribution = StudentDistribution(degreesOfFreedom: 3.2)
    let moved = rows.map { row in
      let (distance, sigma) = (Double(row["e_above_hull"] ?? "") ?? .nan, Double(row["sigma"] ?? "") ?? .nan)
      return distribution.cumulative((0.5 - distance) / sigma)
    }
    let other = try #require(
      ReliabilityStatistics(probabilities: moved, happened: truth.map { $0 <= 0.5 }))
    let there = try #require(try compare(0.5).reliability[0].calibrated)
    #expect(abs(there.logLoss - other.logLoss) < 1e-12)
  }
}
