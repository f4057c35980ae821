import Foundation
import PipelineEngine

/// Turns SIGINT and SIGTERM into an orderly end; a second SIGINT ends the program at once.
enum Interruption {
  private static let requested = StopFlag()

  /// The flag that the signals raise.
  static func flag() -> StopFlag {
    signal(SIGPIPE, SIG_IGN)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        Interruption.requested.raise()
        signal(number, SIG_DFL)
      }
    }
    return requested
  }
}
