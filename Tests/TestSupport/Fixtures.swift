public import Foundation

/// Where test input lies: the repository's own fixtures, and the optional shared data beside the checkout.
public enum Fixtures {
  /// The repository's root folder.
  public static let repository = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// A file or folder under `fixtures/`.
  public static func url(_ path: String) -> URL { repository.appending(path: "fixtures/\(path)") }

  /// The folder `../shared/data` beside the checkout, or nil when it is absent.
  ///
  /// `SLUICE_SHARED_DATA` names another place. Tests that need it are enabled on this being non-nil, so that the
  /// test runner lists them as skipped, with the reason, where it is absent.
  public static let sharedData: URL? = {
    let environment = ProcessInfo.processInfo.environment["SLUICE_SHARED_DATA"]
    let url = environment.map { URL(filePath: $0) } ?? repository.appending(path: "../shared/data")
    return FileManager.default.fileExists(atPath: url.path) ? url.standardizedFileURL : nil
  }()
}
