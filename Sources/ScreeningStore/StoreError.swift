/// Why a store cannot be used, or a batch not be stored. `description` says in plain words what to do about it.
public enum StoreError: Error, Hashable, Sendable {
  /// There is no file at this path, or its folder cannot be read.
  case cannotOpen(path: String, message: String)
  /// The file is no SQLite database, or a damaged one.
  case notADatabase(path: String)
  /// The file is a database of another program.
  case notARunStore(path: String)
  /// The store was written by a newer version; these migrations are unknown here.
  case newerVersion(path: String, unknown: [String])
  /// The creation of this store was interrupted; it holds no run.
  case incomplete(path: String)
  /// A store is already there.
  case alreadyExists(path: String)
  /// The file, its folder or its file system does not allow writing.
  case readOnly(path: String)
  /// The disk is full.
  case diskFull(path: String)
  /// The system failed to write for another reason than a full disk.
  case writeFailed(path: String)
  /// Another program holds the database.
  case locked(path: String)
  /// The batch starts after the next record that the store expects.
  case recordsSkipped(source: Int, expected: Int, found: Int)
  /// The batch does not give this record exactly one outcome.
  case unbalanced(source: Int, record: Int, outcomes: Int)
  /// The batch has an outcome for a record outside its progress.
  case recordOutsideBatch(source: Int, record: Int)
  /// A source or model that the run does not have.
  case unknownIndex(what: String, index: Int)
  /// A number of this record is NaN or infinite.
  case notFinite(source: Int, record: Int, what: String)
  /// The stored bytes of this record are no structure.
  case badPayload(source: Int, record: Int, reason: StructurePayloadError)
  /// The stored counts disagree.
  case countsDisagree(what: String, expected: Int, found: Int)
  /// No candidate of this run has been compared with the other candidates yet.
  case noCombinedHull(path: String)
  /// The hull of references and candidates was computed from fewer candidates than there are now.
  case staleCombinedHull(path: String, candidates: Int, now: Int)
  /// Anything else that SQLite reports.
  case failed(path: String, code: Int, message: String)
}

extension StoreError: CustomStringConvertible {
  /// What happened and what to do.
  public var description: String {
    switch self {
    case .cannotOpen(let path, let message): return "\(path): cannot be opened (\(message))"
    case .notADatabase(let path):
      return
        "\(path): not a database, or a damaged one; restore it from a copy or start the run in another folder"
    case .notARunStore(let path):
      return "\(path): a database of another program; choose another folder for the run"
    case .newerVersion(let path, let unknown):
      let names = unknown.joined(separator: ", ")
      return "\(path): written by a newer version of Sluice (unknown: \(names)); update Sluice"
    case .incomplete(let path): return "\(path): was never completed; start the run again"
    case .alreadyExists(let path):
      return "\(path): a run is already there; resume it or choose another folder"
    case .readOnly(let path):
      return "\(path): cannot be written; check the permissions of the file and its folder"
    case .diskFull(let path):
      return "\(path): the disk is full; free some space and resume: nothing that was committed is lost"
    case .writeFailed(let path):
      return
        "\(path): failed to write; check quota and disk, then resume: nothing that was committed is lost"
    case .locked(let path): return "\(path): another program holds the database; close it and resume"
    case .recordsSkipped(let source, let expected, let found):
      return "source \(source): record \(expected) comes next, the batch starts at \(found)"
    case .unbalanced(let source, let record, let outcomes):
      return "source \(source), record \(record): \(outcomes) outcomes instead of one"
    case .recordOutsideBatch(let source, let record):
      return "source \(source), record \(record): an outcome outside the records of the batch"
    case .unknownIndex(let what, let index): return "there is no \(what) \(index) in this run"
    case .notFinite(let source, let record, let what):
      return "source \(source), record \(record): the \(what) is not a finite number"
    case .badPayload(let source, let record, let reason):
      return "source \(source), record \(record): the stored structure cannot be read (\(reason))"
    case .countsDisagree(let what, let expected, let found):
      return "the counts of the store disagree: \(what) should be \(expected) and is \(found)"
    case .noCombinedHull(let path):
      return
        "\(path): the hull of references and candidates has not been computed; call `sluice hull combined` on the run"
    case .staleCombinedHull(let path, let candidates, let now):
      return
        "\(path): the hull of references and candidates is stale: it was computed from \(candidates) candidates and "
        + "there are \(now) now; call `sluice hull combined` on the run again"
    case .failed(let path, let code, let message): return "\(path): SQLite error \(code): \(message)"
    }
  }
}
