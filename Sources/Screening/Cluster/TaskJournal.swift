internal import Foundation
internal import TextFormats

/// What a task did, a line of JSON each, appended to its log: begun, done, stopped or given up, and how far it is.
///
/// Lines that are none are messages of the program, of the batch system, or cut short when a process was killed.
struct TaskJournal {
  /// A line.
  struct Event {
    /// What happened.
    enum Kind: String {
      /// A shard was begun.
      case begin
      /// How far it is.
      case progress
      /// A shard is in its place.
      case done
      /// The task was asked to end.
      case stopped
      /// A shard cannot be run.
      case failed
      /// The person asked for another try: earlier ones do not count any more.
      case resumed
    }
    let kind: Kind
    let shard: Int
    /// The line without the best candidates.
    let tree: JSONTree
    /// The best candidates as JSON: most of a line, and read only where they may be among the best of all.
    var top: ArraySlice<UInt8>?

    var time: String { tree["time"]?.text ?? "" }
    var host: String { tree["host"]?.text ?? "" }
    var process: Int { tree["process"]?.wholeNumber ?? 0 }
    var records: Int { tree["records"]?.wholeNumber ?? 0 }
    var message: String { tree["message"]?.text ?? "" }
    var seconds: Double { tree["seconds"]?.real ?? 0 }
  }

  /// Most times that a shard may end its process before it is given up.
  static let mostTries = 3

  let path: String
  /// What this machine calls itself, or its batch system calls it.
  var host = hostName()

  /// The lines so far, in order; none where there is no file.
  func events() -> [Event] {
    let bytes = [UInt8](FileManager.default.contents(atPath: path) ?? Data())
    return bytes.split(separator: 10).compactMap { Self.event($0) }
  }

  private static func event(_ line: ArraySlice<UInt8>) -> Event? {
    guard line.first == UInt8(ascii: "{") else { return nil }
    // A text within JSON holds no quote of its own, so that the key is found nowhere else.
    if line.last == UInt8(ascii: "}"), let key = place(of: topKey, in: line) {
      if var event = event(Array(line[..<key]) + [UInt8(ascii: "}")]) {
        event.top = line[(key + topKey.count)..<(line.endIndex - 1)]
        return event
      }
    }
    return event(Array(line))
  }

  private static func event(_ line: [UInt8]) -> Event? {
    guard let tree = try? JSONTree(line),
      let kind = tree["event"]?.text.flatMap(Event.Kind.init(rawValue:)),
      let shard = tree["shard"]?.wholeNumber
    else { return nil }
    return Event(kind: kind, shard: shard, tree: tree)
  }

  /// Where a key begins in a line; nil where it is not in it.
  private static func place(of key: [UInt8], in line: ArraySlice<UInt8>) -> Int? {
    line.withUnsafeBytes { bytes in
      let last = bytes.count - key.count
      let found =
        last < 0
        ? nil
        : (0...last).first { start in
          bytes[start] == key[0] && key.indices.allSatisfy { bytes[start + $0] == key[$0] }
        }
      return found.map { line.startIndex + $0 }
    }
  }

  /// What precedes the best candidates, which come last in a line.
  private static let topKey = Array(",\"top\":".utf8)

  /// How often a shard was begun by a process that said no more of it.
  ///
  /// A process that a record ended, and that started again in its own place, is still the same one.
  /// - Parameter forgivesProgress: whether a process that came further than the one before it counts for nothing.
  static func tries(_ events: [Event], shard: Int, forgivesProgress: Bool = false) -> Int {
    var open: [(host: String, process: Int)] = []
    for event in events where event.shard == shard || event.kind == .resumed {
      switch event.kind {
      case .begin:
        if open.last.map({ $0 == (event.host, event.process) }) != true {
          open.append((event.host, event.process))
        }
      case .done, .stopped, .failed, .resumed: open = []
      case .progress: if forgivesProgress { open = [] }
      }
    }
    return open.count
  }

  /// Whether a shard has been begun, or given up, since the person last asked for another try.
  static func isBegun(_ events: [Event], shard: Int) -> Bool {
    events.last { $0.shard == shard || $0.kind == .resumed }.map { $0.kind != .resumed } ?? false
  }

  /// Appends a line, which is one write, so that lines of two processes do not mix.
  ///
  /// - Throws: `ScreeningError.unwritable`.
  func append(_ kind: Event.Kind, shard: Int, _ more: [JSONMembers.Member] = []) throws(ScreeningError) {
    let members: [JSONMembers.Member] = [
      .init("event", .string(kind.rawValue)), .init("shard", .count(shard)),
      .init("time", .string(timestamp())),
      .init("host", .string(host)), .init("process", .count(Int(getpid()))),
    ]
    // A line that a killed process left unfinished ends where the next one begins something.
    let text = JSONTree.object(JSONMembers(members + more)).compactText + "\n"
    let line = Array((kind == .begin ? "\n" + text : text).utf8)
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw .unwritable(path: path, reason: String(cString: strerror(errno))) }
    defer { close(file) }
    guard write(file, line, line.count) == line.count else {
      throw .unwritable(path: path, reason: String(cString: strerror(errno)))
    }
  }
}

extension JSONTree {
  /// The number as the nearest double; nil where this is none.
  var real: Double? { if case .number(let digits) = self { Double(digits) } else { nil } }
}
