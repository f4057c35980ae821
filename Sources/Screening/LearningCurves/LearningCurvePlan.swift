internal import Configuration
internal import Foundation
internal import Networks

/// A learning curve as it will run: its training files read, and found to have the same data.
public struct LearningCurvePlan: Sendable {
  /// One way to learn.
  struct Strategy: Sendable {
    /// Its name, letters, digits, - and _.
    let name: String
    let plan: TrainingPlan
  }

  /// Title of the picture.
  public let name: String
  /// Numbers of labelled crystals, ascending.
  public let sizes: [Int]
  /// Seeds of the draws.
  public let seeds: [UInt64]
  /// What is compared; at least one.
  let strategies: [Strategy]
  /// Share of the labelled crystals that choose the epoch.
  let validationShare: Double

  /// Names of the protocols.
  public var protocolNames: [String] { strategies.map(\.name) }

  /// Unit of the errors.
  public var unit: String { strategies[0].plan.units[0] }

  /// Number of fits.
  public var fitCount: Int { sizes.count * seeds.count * strategies.count }

  /// Reads and resolves the file of a learning curve and its training files.
  ///
  /// - Parameters:
  ///   - file: path of the file.
  ///   - resources: where models lie that the training files call by name.
  ///   - variables: values of variables by name; each file takes those that it has, and each has to stand in one.
  /// - Throws: `ConfigurationError` naming file, line and column; `ScreeningError` for training files that cannot be compared.
  public init(
    file: String, resources: ResourceFolders = .none, variables: [String: String] = [:]
  ) throws {
    var unused = Set(variables.keys)
    func own(_ file: String) throws -> [String: String] {
      let names = try configurationDocument(file).variableNames
      unused.subtract(names)
      return variables.filter { names.contains($0.key) }
    }
    let value = try readConfiguration(file, LearningCurveSchema.schema, variables: own(file))
    let folder = URL(filePath: file).deletingLastPathComponent()
    name = value.string("name")
    sizes = Set(value.elements("sizes").map(\.integer)).sorted()
    let first = UInt64(value.integer("first_seed"))
    seeds = (0..<UInt64(value.integer("seeds"))).map { first + $0 }
    var strategies: [Strategy] = []
    for item in value.elements("protocols") {
      let (name, training) = (item.string("name"), item["training"])
      let isName = name.utf8.allSatisfy {
        (48...57).contains($0) || (97...122).contains($0 | 0x20) || $0 == 45 || $0 == 95
      }
      guard isName else {
        throw ScreeningError.invalid(
          "\(item["name"].location): \"\(name)\" is no name of letters, digits, - and _, which files are called by"
        )
      }
      guard !strategies.contains(where: { $0.name == name }) else {
        throw ScreeningError.invalid("\(item["name"].location): two protocols are called \(name)")
      }
      let path = try existingFile(training, relativeTo: folder, kind: "a training file")
      let variables = try own(path).merging(Self.variables(of: item, for: path, relativeTo: folder)) { $1 }
      let plan = try TrainingPlan(file: path, resources: resources, variables: variables)
      if let reason = Self.objection(to: plan, beside: strategies.first?.plan) {
        throw ScreeningError.invalid("\(training.location): \(path) \(reason)")
      }
      strategies.append(Strategy(name: name, plan: plan))
    }
    if let name = unused.sorted().first {
      throw ScreeningError.invalid("\(file): neither it nor its training files have a variable \"\(name)\"")
    }
    self.strategies = strategies
    validationShare = strategies[0].plan.shares.validation ?? 0
    guard let smallest = sizes.first,
      let problem = Self.objection(toSize: smallest, validationShare)
    else { return }
    throw ScreeningError.invalid("\(value["sizes"].location): \(smallest) crystals \(problem)")
  }

  /// The variables that a protocol gives its training file.
  private static func variables(
    of item: ConfigurationValue, for file: String, relativeTo folder: URL
  ) throws -> [String: String] {
    let names = try configurationDocument(file).variableNames
    return Dictionary(
      uniqueKeysWithValues: try (item.optional("variables")?.entries ?? []).map { name, value in
        guard names.contains(name) else {
          throw ScreeningError.invalid("\(value.location): \(file) has no variable \"\(name)\"")
        }
        // Relative to the file of the curve, not to the training file.
        return (name, absolutePath(value.string, relativeTo: folder))
      })
  }

  /// Why a training cannot stand in a curve; nil where it can.
  private static func objection(to plan: TrainingPlan, beside first: TrainingPlan?) -> String? {
    guard plan.classRule == nil, plan.columns.count == 1 else {
      return "is no regression of one property; a learning curve is of mean absolute errors"
    }
    guard plan.shares.validation != nil else {
      return "has no data.validation_share; labels of a validation split of its own would not be counted"
    }
    guard plan.test != nil || plan.shares.test != nil else {
      return "has neither data.test nor data.test_share, the crystals that all protocols are compared by"
    }
    guard plan.shares.trainingSize == nil else {
      return "has a data.train_size; the sizes of a learning curve say what is learned from"
    }
    guard let first else { return nil }
    let differences = [
      ("train", plan.train == first.train), ("test", plan.test == first.test),
      ("property", plan.columns == first.columns), ("unit", plan.units == first.units),
      ("maximum_sites", plan.maximumSites == first.maximumSites),
      ("validation_share", plan.shares.validation == first.shares.validation),
      ("test_share", plan.shares.test == first.shares.test),
      ("split_seed", plan.shares.seed == first.shares.seed), ("exclude", plan.excluded == first.excluded),
    ].filter { !$0.1 }.map { "data.\($0.0)" }
    return differences.isEmpty
      ? nil
      : "has another \(differences.joined(separator: ", ")) than the first protocol's training file"
  }

  /// Why a size is too small for what is cut off it.
  private static func objection(toSize size: Int, _ share: Double) -> String? {
    let validation = (0..<size).count { LearningCurveRun.choosesEpoch($0, share) }
    guard validation > 0 else { return "leave none for a validation_share of \(share)" }
    return size - validation < 2 ? "leave fewer than two to learn from" : nil
  }
}
