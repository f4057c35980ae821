import Foundation
import ScreeningTestSupport
import TestSupport
import Testing

@testable import Screening

@Suite("Splits that are shares of one archive") struct SplitSharesTests {
  let files: TrainingFolder
  var folder: TemporaryFolder { files.folder }

  init() throws { files = try TrainingFolder() }

  private func training(_ data: String, named name: String = "training") throws -> String {
    try folder.write(
      """
      version: 1
      name: shares
      data: {property: target, unit: eV, \(data)}
      model: {node_width: 16, hidden_width: 16, convolutions: 1, gaussian_spacing: 1}
      training: {members: 2, epochs: 2, batch_size: 16, learning_rate: 0.01}

      """, to: name + ".yaml")
  }

  private func splits(_ data: String) throws -> TrainingSplits {
    try SplitLoader(plan: TrainingPlan(file: try training(data)), jobs: 2).load(includesTest: true) { _ in }
  }

  private static let shares = "validation_share: 0.2, test_share: 0.25"

  @Test func `every crystal stands in one split, and no composition in two`() throws {
    let splits = try splits("train: train.jsonl, \(Self.shares)")
    let test = try #require(splits.test)
    let parts = [splits.training, splits.validation, test]
    #expect(parts.map(\.ids.count).reduce(0, +) == 60)
    #expect(Set(parts.flatMap(\.ids)).count == 60)
    // A composition that is as large as what is missing may take a split a little beyond its share.
    #expect((12...14).contains(splits.validation.ids.count) && (15...17).contains(test.ids.count))
    let compositions = parts.map { Set($0.identities.map(\.composition)) }
    for (index, own) in compositions.enumerated() {
      for other in compositions[..<index] { #expect(own.isDisjoint(with: other)) }
    }
    #expect(
      splits.cards.mapValues(\.structures)
        == ["train": parts[0], "validation": parts[1], "test": parts[2]].mapValues(\.ids.count))
  }

  @Test func `what is drawn follows from the seed and the crystals, not from their order`() throws {
    let lines = try folder.lines("train.jsonl")
    try folder.write(lines.reversed().joined(separator: "\n") + "\n", to: "reversed.jsonl")
    let own = try splits("train: train.jsonl, \(Self.shares)")
    let other = try splits("train: reversed.jsonl, \(Self.shares)")
    #expect(Array(other.training.ids.reversed()) == own.training.ids)
    #expect(other.test?.ids.reversed() == own.test?.ids)
    #expect(try splits("train: train.jsonl, \(Self.shares), split_seed: 0").test?.ids == own.test?.ids)
    #expect(try splits("train: train.jsonl, \(Self.shares), split_seed: 1").test?.ids != own.test?.ids)
    // The test split does not depend on whether another is cut.
    let alone = try splits("train: train.jsonl, validation: validation.jsonl, test_share: 0.25")
    #expect(alone.test?.ids == own.test?.ids && alone.validation.ids.count == 20)
  }

  @Test
  func `so many crystals of train are drawn, a smaller number out of a larger one, and the rest is told`()
    throws
  {
    let whole = try splits("train: train.jsonl, \(Self.shares)")
    var larger = Set(whole.training.ids)
    for size in [20, 7] {
      let own = try splits("train: train.jsonl, \(Self.shares), train_size: \(size)")
      let ids = own.training.ids
      #expect(ids.count == size && Set(ids).isSubset(of: larger))
      // In the order of the archive.
      #expect(ids == whole.training.ids.filter(Set(ids).contains))
      #expect(own.training.leftOut["not drawn"] == whole.training.ids.count - size)
      #expect(own.validation.ids == whole.validation.ids && own.test?.ids == whole.test?.ids)
      larger = Set(ids)
    }
    let data = "train: train.jsonl, validation: validation.jsonl, train_size: 7"
    #expect(try splits(data + ", split_seed: 3").training.ids != splits(data).training.ids)
    #expect(
      try splits("train: train.jsonl, \(Self.shares), train_size: 1000").training.ids == whole.training.ids)
  }

  @Test func `a training on shares does not depend on stops, and ends with figures of all splits`() throws {
    let file = try training("train: train.jsonl, \(Self.shares)")
    try files.train(file, into: "whole", jobs: 2)
    #expect(try !files.train(file, into: "stopped", stopAfter: 3))
    try files.train(file, into: "stopped")
    #expect(try files.differences("stopped", "whole") == [])
    let card = try ModelFolder(path: folder.path("whole")).card
    #expect(card.testMetrics?.structures == card.data?["test"]?.structures)
  }

  @Test(arguments: [
    ("train: train.jsonl", "validation or validation_share is missing"),
    (
      "train: train.jsonl, validation: validation.jsonl, validation_share: 0.2",
      "data.validation names an archive already"
    ),
    (
      "train: train.jsonl, validation_share: 0.2, test: test.jsonl, test_share: 0.2",
      "data.test names an archive already"
    ),
    ("train: train.jsonl, validation: validation.jsonl, split_seed: 3", "there is no share to draw"),
    ("train: train.jsonl, validation_share: 0.7", "validation_share"),
    ("train: train.jsonl, validation_share: 0.2, train_size: 1", "train_size"),
    ("train: train.jsonl, validation_share: 0.2, exclude: [absent.jsonl]", "absent.jsonl does not exist"),
  ])
  func `what does not fit is refused with its place`(data: String, part: String) throws {
    let text = message { _ = try TrainingPlan(file: try training(data)) }
    #expect(text.contains("training.yaml:3") && text.contains(part), "\(text)")
  }

  @Test func `an archive of too few compositions is refused`() throws {
    let line = try #require(try folder.lines("train.jsonl").first)
    try folder.write(line + "\n" + line + "\n", to: "two.jsonl")
    let text = message { _ = try splits("train: two.jsonl, validation_share: 0.5") }
    #expect(text.contains("two.jsonl"), "\(text)")
  }
}
