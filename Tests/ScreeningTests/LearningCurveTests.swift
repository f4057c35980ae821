import Foundation
import PipelineEngine
import ScreeningTestSupport
import TestSupport
import Testing

@testable import Screening

@Suite("Learning curves") struct LearningCurveTests {
  let files: TrainingFolder
  var folder: TemporaryFolder { files.folder }

  init() throws { files = try TrainingFolder() }

  @discardableResult
  private func protocolFile(
    _ name: String, _ more: String = "", data: String = "validation_share: 0.25, test_share: 0.25",
    property: String = "target", unit: String = "eV"
  ) throws -> String {
    try folder.write(
      """
      version: 1
      name: \(name)
      data: {train: train.jsonl, property: \(property), unit: \(unit), \(data)}
      model: {node_width: 16, hidden_width: 16, convolutions: 1, gaussian_spacing: 1}
      training: {members: 1, epochs: 2, batch_size: 8, learning_rate: 0.01\(more)}

      """, to: name + ".yaml")
  }

  private func curve(
    _ protocols: String = "{name: T0, training: scratch.yaml}, {name: T1, training: slow.yaml}",
    sizes: String = "[8, 16, 32]", seeds: Int = 2
  ) throws -> String {
    try folder.write(
      "version: 1\nname: curve\nsizes: \(sizes)\nseeds: \(seeds)\nprotocols: [\(protocols)]\n",
      to: "curve.yaml")
  }

  private func writeProtocols() throws {
    try TinyModel.write(to: folder.path("source"), property: "target")
    try protocolFile("scratch")
    try protocolFile("slow", ", initial: {model: source, learning_rate_factor: {convs.: 0.1}}")
  }

  /// Runs, and raises the stop flag after some fits; what was told.
  @discardableResult
  private func run(
    _ file: String, into output: String, jobs: Int = 1, stopAfter fits: Int? = nil
  ) throws -> (finished: Bool, events: [LearningCurveEvent]) {
    let stop = StopFlag()
    var (count, events) = (0, [LearningCurveEvent]())
    let finished = try LearningCurveRun(
      plan: LearningCurvePlan(file: file), output: folder.path(output), jobs: jobs
    ).run(stop: stop) { event in
      events.append(event)
      guard case .fit = event else { return }
      count += 1
      if let fits, count >= fits { stop.raise() }
    }
    return (finished, events)
  }

  private func bytes(_ output: String) throws -> [String: Data] {
    let fits = try FileManager.default.contentsOfDirectory(atPath: folder.path(output + "/fits"))
    let names = ["curve.csv", "differences.csv", "learning-curve.svg"] + fits.map { "fits/" + $0 }
    return Dictionary(
      uniqueKeysWithValues: try names.map {
        ($0, try Data(contentsOf: folder.url.appending(path: "\(output)/\($0)")))
      })
  }

  @Test func `neither jobs nor stops change a bit of the results`() throws {
    try writeProtocols()
    let file = try curve()
    #expect(try run(file, into: "whole").finished)
    #expect(try run(file, into: "parallel", jobs: 3).finished)
    let whole = try bytes("whole")
    #expect(whole.count == 3 + 12)
    #expect(try bytes("parallel") == whole)
    for fits in [1, 5, 11] {
      #expect(try !run(file, into: "stopped-\(fits)", stopAfter: fits).finished)
      let (finished, events) = try run(file, into: "stopped-\(fits)", jobs: 2)
      #expect(finished)
      let repeated = events.count { if case .fit = $0 { true } else { false } }
      #expect(repeated == 12 - fits)
      #expect(try bytes("stopped-\(fits)") == whole)
    }
  }

  @Test func `a fit is a training of its own on the crystals that were drawn`() throws {
    try writeProtocols()
    try run(try curve("{name: T0, training: scratch.yaml}", sizes: "[16]", seeds: 1), into: "curve")
    let row = try #require(records(ofCSV: try folder.text("curve/curve.csv")).first)
    #expect(row["training_crystals"] == "12" && row["validation_crystals"] == "4")
    // The same by the other way: the crystals in the order of the digests of seed and id.
    let plan = try TrainingPlan(file: folder.path("scratch.yaml"))
    let splits = try SplitLoader(plan: plan, jobs: 1, hasValidation: false).load(includesTest: true) { _ in }
    let drawn = splits.training.ids.indices.sorted { one, other in
      let ids = [one, other].map { Fingerprint(of: "0/\(splits.training.ids[$0])").hexadecimal }
      return ids[0] < ids[1]
    }.prefix(16)
    let lines = try folder.lines("train.jsonl")
    func text(of places: [Int]) throws -> String {
      try places.map { place in
        try #require(lines.first { $0.contains("\"\(splits.training.ids[place])\"") })
      }.joined(separator: "\n") + "\n"
    }
    let places = drawn.enumerated()
    try folder.write(try text(of: places.filter { $0.offset % 4 == 3 }.map(\.element)), to: "v.jsonl")
    try folder.write(try text(of: places.filter { $0.offset % 4 != 3 }.map(\.element)), to: "t.jsonl")
    let test = try #require(splits.test)
    try folder.write(
      try test.ids.map { id in try #require(lines.first { $0.contains("\"\(id)\"") }) }.joined(
        separator: "\n"),
      to: "e.jsonl")
    let file = try folder.write(
      try folder.text("scratch.yaml").replacing("train.jsonl", with: "t.jsonl").replacing(
        "validation_share: 0.25, test_share: 0.25", with: "validation: v.jsonl, test: e.jsonl"),
      to: "again.yaml")
    try files.train(file, into: "again")
    let card = try ModelFolder(path: folder.path("again")).card
    #expect(card.members[0].testError.map { "\($0)" } == row["test_mae"])
    #expect(card.members[0].validationError.map { "\($0)" } == row["validation_mae"])
  }

  @Test func `differences are means over the seeds that both protocols share, with their interval`() throws {
    try writeProtocols()
    try run(try curve(sizes: "[8]", seeds: 3), into: "curve")
    let fits = records(ofCSV: try folder.text("curve/curve.csv"))
    func errors(_ name: String) -> [Double] {
      fits.filter { $0["protocol"] == name }.compactMap { $0["test_mae"].flatMap { Double($0) } }
    }
    let differences = zip(errors("T1"), errors("T0")).map { $0 - $1 }
    let mean = differences.reduce(0, +) / 3
    let deviation = (differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2).squareRoot()
    let rows = records(ofCSV: try folder.text("curve/differences.csv"))
    #expect(rows.map { $0["protocol"] } == ["T0", "T1"])
    #expect(rows[0]["difference"] == "" && rows[0]["pairs"] == "" && rows[1]["pairs"] == "3")
    func number(_ key: String) throws -> Double { try #require(rows[1][key].flatMap { Double($0) }) }
    #expect(abs(try number("difference") - mean) < 1e-12)
    // scipy.stats.t.ppf(0.975, 2)
    let half = 4.302652729749462 * deviation / 3.0.squareRoot()
    #expect(abs(try number("difference_high") - mean - half) < 1e-9 * max(1, half))
    #expect(abs(try number("difference_low") - mean + half) < 1e-9 * max(1, half))
    let picture = try folder.text("curve/learning-curve.svg")
    #expect(picture.contains("T0") && picture.contains("T1") && picture.contains("Test MAE (eV)"))
  }

  @Test func `a single draw has no interval`() throws {
    #expect(MeanInterval([2.5])?.mean == 2.5 && MeanInterval([2.5])?.halfWidth == nil)
    #expect(MeanInterval([]) == nil)
  }

  @Test func `crystals that choose the epoch are the share, and nested`() {
    for share in [0.1, 0.2, 0.25, 0.5] {
      let chosen = (0..<200).filter { LearningCurveRun.choosesEpoch($0, share) }
      #expect(chosen.count == Int(200 * share))
      for size in [20, 60] {
        #expect(chosen.count { $0 < size } == Int((Double(size) * share).rounded(.down)))
      }
    }
  }

  @Test func `fits of another file or of other data are refused`() throws {
    try writeProtocols()
    let file = try curve(sizes: "[8]", seeds: 1)
    try run(file, into: "curve")
    try protocolFile("scratch", ", weight_decay: 0.5")
    let changed = message { try run(file, into: "curve") }
    #expect(changed.contains("fits/T0-size-8-seed-0.json") && changed.contains("another training file"))
    try protocolFile("scratch")
    try folder.write("{", to: "curve/fits/T0-size-8-seed-0.json")
    #expect(message { try run(file, into: "curve") }.contains("a damaged fit"))
  }

  @Test func `an initial model that was trained on test crystals is refused`() throws {
    try protocolFile("scratch")
    try files.train(folder.path("scratch.yaml"), into: "source")
    // Its own test split is not among what it was trained on, the whole archive is.
    try protocolFile("second", ", initial: {model: source}")
    let file = try curve(
      "{name: T0, training: scratch.yaml}, {name: T1, training: second.yaml}", sizes: "[8]", seeds: 1)
    let (_, events) = try run(file, into: "curve")
    let shared = events.compactMap { if case .initialModel(_, _, let shared) = $0 { shared } else { nil } }
    #expect(shared.map { $0.splits["test"]?.compositions } == [0])
    for name in ["scratch", "second"] {
      try protocolFile(
        name, name == "second" ? ", initial: {model: source}" : "",
        data: "validation_share: 0.25, test_share: 0.25, split_seed: 9")
    }
    #expect(message { try run(file, into: "other") }.contains("was trained on crystals by which"))
  }

  @Test func `files take the variables that they have, and one that none has is refused`() throws {
    try writeProtocols()
    try protocolFile("slow", ", initial: {model: \"${source}\"}")
    let file = try curve()
    #expect(message { _ = try LearningCurvePlan(file: file) }.contains("variable \"source\" has no value"))
    let plan = try LearningCurvePlan(file: file, variables: ["source": folder.path("source")])
    #expect(plan.fitCount == 12 && plan.protocolNames == ["T0", "T1"])
    #expect(
      message {
        _ = try LearningCurvePlan(file: file, variables: ["source": folder.path("source"), "data": "x"])
      }.contains("a variable \"data\""))
  }

  @Test func `a protocol gives its training file values of its own, relative to the file of the curve`()
    throws
  {
    try writeProtocols()
    try FileManager.default.createDirectory(
      at: folder.url.appending(path: "trainings"), withIntermediateDirectories: true)
    try protocolFile(
      "slow", ", initial: {model: \"${source}\", learning_rate_factor: {convs.: \"${factor}\"}}")
    let slow = try folder.text("slow.yaml").replacing("\"${factor}\"", with: "0.1")
    try folder.write(slow.replacing("train.jsonl", with: "../train.jsonl"), to: "trainings/slow.yaml")
    try folder.write(
      try folder.text("scratch.yaml").replacing("train.jsonl", with: "../train.jsonl"),
      to: "trainings/scratch.yaml")
    let file = try curve(
      "{name: T0, training: trainings/scratch.yaml}, "
        + "{name: own, training: trainings/slow.yaml, variables: {source: source}}, "
        + "{name: set, training: trainings/slow.yaml}, "
        + "{name: passed, training: trainings/slow.yaml, variables: {source: \"${other}\"}}", sizes: "[8]")
    try TinyModel.write(to: folder.path("second"), property: "target")
    let plan = try LearningCurvePlan(
      file: file, variables: ["source": folder.path("second"), "other": folder.path("second")])
    #expect(
      plan.strategies.map { $0.plan.initial?.model.path } == [
        nil, folder.path("source"), folder.path("second"), folder.path("second"),
      ])
    let unknown = try curve("{name: T0, training: scratch.yaml, variables: {source: source}}")
    #expect(message { _ = try LearningCurvePlan(file: unknown) }.contains("has no variable \"source\""))
  }

  @Test func `what cannot be compared is refused`() throws {
    try writeProtocols()
    try protocolFile("other", data: "validation_share: 0.25, test_share: 0.25, split_seed: 4")
    try protocolFile("untested", data: "validation_share: 0.25")
    try protocolFile("drawn", data: "validation_share: 0.25, test_share: 0.25, train_size: 8")
    try protocolFile("apart", data: "validation: validation.jsonl, test_share: 0.25")
    try protocolFile("two", property: "[target, partial]", unit: "[eV, eV]")
    func refused(_ protocols: String, sizes: String = "[8]") -> String {
      message { try run(try curve(protocols, sizes: sizes), into: "curve") }
    }
    let first = "{name: T0, training: scratch.yaml}"
    for (protocols, part) in [
      ("\(first), {name: T1, training: other.yaml}", "another data.split_seed"),
      ("{name: T0, training: untested.yaml}", "neither data.test nor data.test_share"),
      ("{name: T0, training: drawn.yaml}", "has a data.train_size"),
      ("{name: T0, training: apart.yaml}", "no data.validation_share"),
      ("{name: T0, training: two.yaml}", "no regression of one property"),
      ("\(first), \(first)", "two protocols are called T0"),
      ("{name: a/b, training: scratch.yaml}", "is no name of letters"),
      ("{name: T0, training: absent.yaml}", "absent.yaml does not exist"),
    ] {
      #expect(refused(protocols).contains(part), "\(refused(protocols))")
    }
    #expect(refused(first, sizes: "[100]").contains("a size of 100 is asked for"))
    #expect(refused(first, sizes: "[3]").contains("sizes"))
  }
}
