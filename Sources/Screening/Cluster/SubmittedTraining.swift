internal import Configuration
internal import Foundation
internal import PipelineEngine
internal import TextFormats

/// A run directory that holds the training of an ensemble, whose members are parts that tasks train.
///
/// It has the training file as it was submitted, `training.json` with what identifies it, a journal of each task, and the
/// model's folder with the members' checkpoints.
public struct SubmittedTraining: SubmittedRun {
  /// Name of the file that says which training it is.
  static let fileName = "training.json"
  /// Name of the training file as it was submitted.
  static let trainingName = "training.yaml"
  /// Name of the model's folder.
  static let modelName = "model"
  private static let format = 1

  /// The run directory.
  public let directory: String
  /// Identity of the training: SHA-256 of what decides its weights, data included.
  public let id: String
  /// Number of members.
  public let partCount: Int
  /// Number of epochs of each.
  public let epochCount: Int
  /// Number of tasks, each of which takes every so-manieth member.
  public let taskCount: Int
  /// Folder that the file's paths are relative to.
  let folder: String
  /// Values of the file's variables that were given beside it, and the folder that paths among them are relative to.
  let variables: [String: String]
  let workingFolder: String
  let identity: Identity

  /// What decides a training's weights.
  struct Identity: Hashable {
    /// The training file without paths, as canonical YAML.
    let text: String
    /// By role the digest of an archive or of the model that is started from.
    let digests: [String: String]

    init(text: String, digests: [String: String]) {
      self.text = text
      self.digests = digests
    }

    /// Reads the archives that a plan names.
    init(_ plan: TrainingPlan) throws {
      text = plan.identityText
      var digests = ["train": try InputDigest.of(plan.train)]
      digests["validation"] = try plan.validation.map { try InputDigest.of($0) }
      digests["test"] = try plan.test.map { try InputDigest.of($0) }
      for (place, path) in plan.excluded.enumerated() {
        digests["exclude[\(place)]"] = try InputDigest.of(path)
      }
      digests["initial_model"] = plan.initial?.model.fingerprint
      self.digests = digests
    }

    var fingerprint: String {
      let lines = digests.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      return Fingerprint(of: ([text] + lines).joined(separator: "\n")).hexadecimal
    }

    /// What is different in another identity, a line each.
    func differences(to other: Identity) throws -> [String] {
      func tree(_ text: String) throws -> ConfigurationTree {
        try ConfigurationDocument(text: text, file: trainingName).tree()
      }
      let roles = Set(digests.keys).union(other.digests.keys).sorted()
      return try tree(other.text).difference(from: tree(text)).map(\.description)
        + roles.filter { digests[$0] != other.digests[$0] }.map { role in
          let values = [digests[role], other.digests[role]].map { $0.map { String($0.prefix(12)) } ?? "none" }
          return "digests.\(role): \(values[0]) → \(values[1])"
        }
    }
  }

  /// What parts are called.
  public var partName: String { "members" }
  /// Calibration and test run all members on all threads.
  public var mergesWithThreads: Bool { true }
  /// Folder of the model.
  public var modelFolder: String { directory + "/" + Self.modelName }
  /// The card of the model.
  public var mergedPath: String { modelFolder + "/" + ModelFolder.cardName }

  /// Whether a folder holds a training that was submitted.
  public static func exists(in directory: String) -> Bool {
    FileManager.default.fileExists(atPath: directory + "/" + fileName)
  }

  /// Prepares a run directory for the members of a training; where it is prepared already, it is taken as it is.
  ///
  /// The caller holds the claim on the directory.
  /// - Parameters:
  ///   - plan: the training.
  ///   - file: the file that it was read from.
  ///   - variables: values of its variables that were given beside it.
  ///   - directory: the run directory.
  ///   - tasks: number of tasks; at most one a member.
  /// - Throws: `ScreeningError.planChanged` where the directory holds another training.
  public static func submit(
    _ plan: TrainingPlan, file: String, variables: [String: String], directory: String, tasks: Int
  ) throws -> SubmittedTraining {
    let run = SubmittedTraining(
      directory: directory, identity: try Identity(plan), memberCount: plan.memberCount,
      epochCount: plan.options.epochs, taskCount: min(tasks, plan.memberCount),
      folder: URL(filePath: file).standardizedFileURL.deletingLastPathComponent().path,
      variables: variables, workingFolder: FileManager.default.currentDirectoryPath)
    if exists(in: directory) {
      let found = try SubmittedTraining(directory: directory)
      guard found.id == run.id else {
        throw ScreeningError.planChanged(
          runDirectory: directory, differences: try found.identity.differences(to: run.identity))
      }
      return found
    }
    guard !ShardPlan.exists(in: directory),
      !FileManager.default.fileExists(atPath: directory + "/" + CampaignRun.storeName)
    else {
      throw ScreeningError.invalid(
        "\(directory) holds a run of a campaign. Name another directory with --run-directory")
    }
    guard let text = FileManager.default.contents(atPath: file) else {
      throw ScreeningError.unreadable(path: file, reason: "no such file, or not readable")
    }
    try makeFolder(directory + "/" + ShardPlan.tasksName)
    try makeFolder(run.modelFolder)
    try writeAtomically([UInt8](text), to: directory + "/" + trainingName)
    // Last: a directory with this file has all the others.
    try writeAtomically(Array((run.tree.indentedText() + "\n").utf8), to: directory + "/" + fileName)
    return run
  }

  private init(
    directory: String, identity: Identity, memberCount: Int, epochCount: Int, taskCount: Int,
    folder: String, variables: [String: String], workingFolder: String
  ) {
    self.directory = directory
    self.identity = identity
    id = identity.fingerprint
    partCount = memberCount
    self.epochCount = epochCount
    self.taskCount = taskCount
    self.folder = folder
    self.variables = variables
    self.workingFolder = workingFolder
  }

  private var tree: JSONTree {
    func texts(_ values: [String: String]) -> JSONTree {
      .object(JSONMembers(values.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }))
    }
    return .object([
      "format": .count(Self.format), "id": .string(id), "members": .count(partCount),
      "epochs": .count(epochCount), "tasks": .count(taskCount), "folder": .string(folder),
      "variables": texts(variables),
      "working_folder": .string(workingFolder), "training": .string(identity.text),
      "digests": texts(identity.digests),
    ])
  }

  /// Opens a run directory.
  ///
  /// - Throws: `ScreeningError.unreadable` where it holds no training that was submitted.
  public init(directory: String) throws(ScreeningError) {
    let path = directory + "/" + Self.fileName
    guard let data = FileManager.default.contents(atPath: path), let tree = try? JSONTree([UInt8](data)),
      tree["format"]?.wholeNumber == Self.format, let id = tree["id"]?.text,
      let members = tree["members"]?.wholeNumber, let tasks = tree["tasks"]?.wholeNumber, members > 0,
      (1...members).contains(tasks), let epochs = tree["epochs"]?.wholeNumber,
      let folder = tree["folder"]?.text,
      let variables = tree["variables"]?.members, let workingFolder = tree["working_folder"]?.text,
      let text = tree["training"]?.text, let digests = tree["digests"]?.members
    else { throw .unreadable(path: path, reason: "does not say which training was submitted") }
    func texts(_ members: JSONMembers) -> [String: String] {
      Dictionary(members.map { ($0.name, $0.value.text ?? "") }) { first, _ in first }
    }
    let identity = Identity(text: text, digests: texts(digests))
    guard identity.fingerprint == id else {
      throw .unreadable(path: path, reason: "is damaged: its digest does not match")
    }
    self.init(
      directory: directory, identity: identity, memberCount: members, epochCount: epochs, taskCount: tasks,
      folder: folder, variables: texts(variables), workingFolder: workingFolder)
  }

  /// Reads the training as it was submitted, with the files that it names now.
  ///
  /// - Throws: `ScreeningError.planChanged` where these are others.
  func training(_ resources: ResourceFolders) throws -> TrainingPlan {
    let plan = try TrainingPlan(
      file: directory + "/" + Self.trainingName, relativeTo: folder, resources: resources,
      variables: variables, workingFolder: workingFolder)
    let found = try Identity(plan)
    guard found == identity else {
      throw ScreeningError.planChanged(
        runDirectory: directory, differences: try identity.differences(to: found))
    }
    return plan
  }

  /// The members that are not trained to their end, and what is wrong with checkpoints that are there.
  ///
  /// - Parameter checking: whether checkpoints are read and compared with their digests; without it journals are believed.
  public func missing(checking: Bool) -> (parts: [Int], problems: [String]) {
    guard checking else {
      let states = TrainingStatus(self).members
      return (states.filter { $0.state != .finished }.map(\.member), [])
    }
    var (missing, problems): ([Int], [String]) = ([], [])
    for member in 0..<partCount {
      do {
        if try TrainerCheckpoint.epochsDone(at: checkpointPath(member)) < epochCount {
          missing.append(member)
        }
      } catch {
        missing.append(member)
        problems.append("\(error)")
      }
    }
    return (missing, problems)
  }

  /// The file of a member's checkpoint.
  func checkpointPath(_ member: Int) -> String { TrainingRun.checkpointPath(member, in: modelFolder) }

  /// The members that cannot be trained, with the reason.
  public func failures() -> [(part: Int, message: String)] {
    TrainingStatus(self).members.compactMap { member in
      if case .failing(let message) = member.state { (member.member, message) } else { nil }
    }
  }
}
