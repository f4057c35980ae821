import Foundation
import PipelineEngine

/// The person's terminal: results go to standard output, everything else to standard error.
enum Terminal {
  /// Writes a line for the person, not for the next program.
  static func note(_ text: String) { tell(text + "\n") }

  /// Writes text for the person as it is. Where it cannot be written, as to a log on a full disk, the work goes on.
  static func tell(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

  /// Writes a line of the result.
  static func result(_ text: String) { write(Array((text + "\n").utf8)) }

  /// Writes bytes of the result; a closed pipe (`| head`) ends the program quietly, as it should.
  static func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if written < 0 {
        if errno == EINTR { continue }
        exit(errno == EPIPE ? 0 : 2)
      }
      rest = rest.dropFirst(written)
    }
  }

  /// Seconds by a clock that only moves forward.
  static var now: Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }

  /// How progress is shown on standard error: redrawn on a terminal, plain lines elsewhere.
  static var progressStyle: ProgressMeter.Style {
    guard isatty(STDERR_FILENO) == 1 else { return .plain(interval: 10) }
    var size = winsize()
    let known = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20
    return .terminal(columns: known ? Int(size.ws_col) : 80)
  }

  /// A meter that writes to standard error.
  static func meter(unit: String, total: Int?, done: Int = 0) -> ProgressMeter {
    ProgressMeter(style: progressStyle, unit: unit, total: total, done: done, now: now, write: tell)
  }
}
