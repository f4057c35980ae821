internal import CCrashGuard
internal import Foundation
internal import ScreeningStore

/// The records that ended the program while they were being decoded, as noted in the run directory.
///
/// A decoder should answer any bytes with an error. Where one does not, the process is gone: it notes the record in its
/// last moment and starts again in its own place, goes on after the last commit and rejects the record.
struct CrashNotes: Sendable {
  /// Name of the file within a run directory: a line "SOURCE RECORD SIGNAL" a record.
  static let fileName = "crashes.txt"

  private let signals: [RecordKey: Int]

  /// No notes.
  init() { signals = [:] }

  /// The notes of a run directory; a line that was not finished is none.
  init(directory: String) {
    var signals: [RecordKey: Int] = [:]
    let bytes = FileManager.default.contents(atPath: directory + "/" + Self.fileName) ?? Data()
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let numbers = line.split(separator: " ").compactMap { Int($0) }
      guard numbers.count == 3, (0..<RecordKey.maximumSourceCount).contains(numbers[0]),
        (0..<RecordKey.maximumRecordCount).contains(numbers[1])
      else { continue }
      signals[RecordKey(source: numbers[0], record: numbers[1])] = numbers[2]
    }
    self.signals = signals
  }

  /// Why a record is not decoded; nil where nothing is noted of it.
  func message(of key: RecordKey) -> String? {
    signals[key].map { "decoding the record ended the program (signal \($0)); it is passed over" }
  }

  /// Removes the notes of a run directory: its records get another chance.
  static func clear(directory: String) {
    try? FileManager.default.removeItem(atPath: directory + "/" + fileName)
  }

  /// Watches over the process from now on.
  ///
  /// - Parameters:
  ///   - directory: the run directory.
  ///   - arguments: the command line that the process was started with, and is started again with.
  /// - Throws: `ScreeningError` where the file of notes cannot have this path.
  static func watch(directory: String, arguments: [String]) throws(ScreeningError) {
    let path = directory + "/" + fileName
    let words = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: arguments.count + 1)
    // Kept for the life of the process: they are needed when it ends.
    for (index, argument) in arguments.enumerated() { words[index] = strdup(argument) }
    words[arguments.count] = nil
    let code = crash_guard_arm(path, words)
    guard code == 0 else { throw .unwritable(path: path, reason: String(cString: strerror(code))) }
  }

  /// Does something with a record in hand.
  static func watching<Value>(_ key: RecordKey, _ body: () -> Value) -> Value {
    crash_guard_begin(Int64(key.source), Int64(key.record))
    defer { crash_guard_end() }
    return body()
  }
}
