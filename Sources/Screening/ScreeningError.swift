internal import Foundation

/// What stops a command, in words for the person who gave it.
public enum ScreeningError: Error, Sendable, CustomStringConvertible {
  /// A file or folder cannot be read as what it should be.
  case unreadable(path: String, reason: String)
  /// A file cannot be written.
  case unwritable(path: String, reason: String)
  /// A configuration, as a whole, makes no sense; the text names file, line and key.
  case invalid(String)
  /// The run directory holds a run of another plan; `differences` has one line a key.
  case planChanged(runDirectory: String, differences: [String])
  /// Rejected records cannot be read again under a plan that may change rows; `differences` has one line each.
  case retryRefused(runDirectory: String, differences: [String])
  /// An input is no longer the file that the run was begun with.
  case inputChanged(path: String, detail: String)
  /// A shard's inputs end before its last record.
  case shardIncomplete(shard: Int, records: Int, expected: Int)
  /// Shards of a run are not there whole; `problems` says what is wrong with files that are there.
  case shardsMissing(runDirectory: String, shards: [Int], count: Int, problems: [String])
  /// A training is validated or tested by crystals that its initial model was trained on.
  case sharedCrystals(model: String, [SharedSplit], key: String)
  /// Members of a submitted training are not trained to their ends; `problems` says what is wrong with checkpoints.
  case membersMissing(runDirectory: String, members: [Int], count: Int, problems: [String])
  /// Rejections passed the share that the campaign accepts.
  case tooManyRejections(String)

  /// The message a person sees.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
    case .invalid(let text): text
    case .planChanged(let directory, let differences):
      """
      \(directory) holds a run of another plan. What differs:
      \(differences.map { "  " + $0 }.joined(separator: "\n"))
      Name another directory with --run-directory, or remove this one to start anew.
      """
    case .retryRefused(let directory, let differences):
      """
      the rejected records of \(directory) cannot be read again alone, since rows of the run may change too:
      \(differences.map { "  " + $0 }.joined(separator: "\n"))
      Name another directory with --run-directory to run the whole campaign.
      """
    case .inputChanged(let path, let detail):
      """
      \(path) has changed: \(detail).
      Its records so far are kept as they are. Put the file back as it was and call the same command again, or name \
      another directory with --run-directory to start anew with the changed one.
      """
    case .shardIncomplete(let shard, let records, let expected):
      "shard \(shard): its inputs end after \(records) of \(expected) records. A damaged archive cannot be run in "
        + "shards; sluice doctor says what is wrong with it, sluice run takes what can be read"
    case .shardsMissing(let directory, let shards, let count, let problems):
      """
      \(shards.count) of \(count) shards are missing: \(rangesText(shards))
      \(problems.map { "  \($0)\n" }.joined())sluice resume \(directory) runs them; where the run has not been handed to an engine yet, sluice submit does
      """
    case .sharedCrystals(let model, let splits, let key):
      """
      \(model) was trained on crystals by which this training would be judged:
      \(splits.map { "  \($0.words)" }.joined(separator: "\n"))
      Train it without them (data.exclude), choose others, or say with \(key): \(AllowedSharing.compositions.rawValue) (other structures of the same composition) or \(AllowedSharing.structures.rawValue) (all) that it is wished.
      """
    case .membersMissing(let directory, let members, let count, let problems):
      """
      \(members.count) of \(count) members are not trained to their ends: \(rangesText(members))
      \(problems.map { "  \($0)\n" }.joined())sluice resume \(directory) trains them
      """
    case .tooManyRejections(let text): text
    }
  }
}

extension SharedSplit {
  /// How many, and the first few.
  fileprivate var words: String {
    let shown = ids.prefix(5).joined(separator: ", ")
    let rest = ids.count > 5 ? " and \(ids.count - 5) more" : ""
    return "\(role): \(ids.count) of \(counted(count, "crystal")) "
      + "\(areStructures ? "of the same structure" : "of the same composition"): \(shown)\(rest)"
  }
}

/// An error in words: this program's errors describe themselves; of Foundation's, the system's reason is what counts.
func describe(_ error: any Error) -> String {
  if let error = error as? DecodingError { return describe(error) }
  guard error is CocoaError || type(of: error) == NSError.self else { return "\(error)" }
  let error = error as NSError
  guard let cause = (error.userInfo[NSUnderlyingErrorKey] as? any Error).map({ $0 as NSError }),
    cause.domain == NSPOSIXErrorDomain
  else { return error.localizedDescription }
  return String(cString: strerror(Int32(truncatingIfNeeded: cause.code)))
}

/// What a JSON text lacks or has wrong, with the keys that lead there.
private func describe(_ error: DecodingError) -> String {
  func place(_ path: [any CodingKey]) -> String {
    path.isEmpty
      ? ""
      : " in " + path.map { $0.intValue.map { "item \($0 + 1)" } ?? $0.stringValue }.joined(separator: ".")
  }
  return switch error {
  case .keyNotFound(let key, let context):
    "the key \"\(key.stringValue)\" is missing\(place(context.codingPath))"
  case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
    context.debugDescription + place(context.codingPath)
  @unknown default: "\(error)"
  }
}

/// Makes a folder and those above it, where they are absent.
func makeFolder(_ path: String) throws(ScreeningError) {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw .unwritable(path: path, reason: describe(error))
  }
}
