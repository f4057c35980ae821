internal import Crystal
public import Foundation
internal import PipelineEngine
public import Screening
public import TestSupport

/// A folder with labelled crystals and training files that use them.
public struct TrainingFolder: Sendable {
  /// Where everything lies.
  public let folder: TemporaryFolder

  /// A folder that holds `train.jsonl`, `validation.jsonl` and `test.jsonl` of 60, 20 and 20 random crystals.
  public init() throws {
    folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: 40)
    for (name, count) in [("train", 60), ("validation", 20), ("test", 20)] {
      let lines = try (0..<count).map {
        try Self.labelled("\(name)-\($0)", hasPartial: $0 % 3 != 0, using: &generator)
      }
      try folder.write(lines.joined(separator: "\n") + "\n", to: name + ".jsonl")
    }
  }

  /// A random crystal with a target that follows smoothly from what it is made of and how dense it is, and for some a
  /// second one.
  private static func labelled(
    _ id: String, hasPartial: Bool, using generator: inout SeededGenerator
  ) throws -> String {
    let elements = Element.all.filter { $0.electronegativity != nil && $0.rawValue <= 56 }
    let structure = try randomStructure(
      siteCount: Int.random(in: 1...4, using: &generator), using: &generator, elements: elements)
    let sum = structure.elements.reduce(0) { $0 + ($1.electronegativity ?? 0) }
    let count = Double(structure.siteCount)
    var properties = ["target": sum / count + 0.02 * structure.lattice.volume / count, "constant": 1.25]
    if hasPartial { properties["partial"] = 3 - structure.lattice.volume / count / 20 }
    return try recordLine(id: id, structure: structure, properties: properties)
  }

  /// Writes a training file for a tiny network and gives its path.
  ///
  /// - Parameters:
  ///   - more: further keys of `training`, after a comma.
  ///   - members: members of the ensemble.
  ///   - epochs: epochs of 3 steps each.
  ///   - rate: learning rate.
  ///   - property: "target", "constant" or "partial", which two of three crystals have; or a list of several.
  ///   - network: keys of `model`.
  ///   - model: further keys of `model`, after a comma.
  ///   - data: further keys of `data`.
  ///   - top: further keys of the file as YAML.
  ///   - name: name of the file.
  public func training(
    _ more: String = "", members: Int = 2, epochs: Int = 4, rate: Double = 0.01, property: String = "target",
    network: String = "node_width: 16, hidden_width: 16, convolutions: 1, gaussian_spacing: 1",
    model: String = "", data: String = "unit: eV", top: String = "", named name: String = "training"
  ) throws -> String {
    try folder.write(
      """
      version: 1
      name: smooth
      data: {train: train.jsonl, validation: validation.jsonl, test: test.jsonl, property: \(property), \(data)}
      model: {\(network)\(model)}
      training: {members: \(members), epochs: \(epochs), batch_size: 16, learning_rate: \(rate), seed: 7\(more)}
      \(top)

      """, to: name + ".yaml")
  }

  /// Trains, or one `member` only, and raises the stop flag once `steps` steps have been reported; whether the training came
  /// to its end.
  @discardableResult
  public func train(
    _ file: String, into output: String, jobs: Int = 1, member: Int? = nil, stopAfter steps: Int? = nil,
    report: (TrainingEvent) -> Void = { _ in }
  ) throws -> Bool {
    let stop = StopFlag()
    var count = 0
    let run = try TrainingRun(
      plan: TrainingPlan(file: file), output: folder.path(output), jobs: jobs, member: member)
    return try run.run(stop: stop) { event in
      report(event)
      guard case .step = event else { return }
      count += 1
      if let steps, count >= steps { stop.raise() }
    }
  }

  private static let results = [
    "member-0.safetensors", "member-1.safetensors", "model.json", "trained-on.safetensors", "training.csv",
    "learning-curve.svg",
  ]

  /// The bytes of everything that a training of two members leaves for its users, by file name.
  public func results(_ output: String) throws -> [String: Data] {
    let files = try Self.results.map {
      ($0, try Data(contentsOf: folder.url.appending(path: "\(output)/\($0)")))
    }
    return Dictionary(uniqueKeysWithValues: files)
  }

  /// The names of the results in which two trainings differ.
  public func differences(_ one: String, _ other: String) throws -> [String] {
    let (left, right) = (try results(one), try results(other))
    return left.keys.filter { left[$0] != right[$0] }.sorted()
  }
}
