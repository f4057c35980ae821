import Foundation
import Screening

/// Models and reference phases that are called by their names.
enum Resources {
  /// The folders of `SLUICE_PATH`, separated by ":", then what is installed or lies in a repository beside the program.
  static let folders: ResourceFolders = {
    let named = ProcessInfo.processInfo.environment["SLUICE_PATH"] ?? ""
    return ResourceFolders(named.split(separator: ":").map(String.init) + besideProgram)
  }()

  /// `PREFIX/share/sluice` of a program in `PREFIX/bin`, and the `fixtures` of the repository that holds the program or the
  /// current folder.
  private static var besideProgram: [String] {
    var found: [String] = []
    var starts = [URL(filePath: FileManager.default.currentDirectoryPath)]
    if let program = Bundle.main.executableURL?.resolvingSymlinksInPath() {
      let folder = program.deletingLastPathComponent()
      found.append(folder.deletingLastPathComponent().appending(path: "share/sluice").path)
      starts.insert(folder, at: 0)
    }
    for start in starts {
      var folder = start
      while folder.pathComponents.count > 1 {
        let fixtures = folder.appending(path: "fixtures").path
        if !found.contains(fixtures), FileManager.default.fileExists(atPath: fixtures + "/models") {
          found.append(fixtures)
          break
        }
        folder.deleteLastPathComponent()
      }
    }
    return found.filter { FileManager.default.fileExists(atPath: $0) }
  }

  /// Storage of this machine's own, as a batch system or the person names it.
  static let localFolder: String = {
    let environment = ProcessInfo.processInfo.environment
    let named = ["SLURM_TMPDIR", "TMPDIR"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    return named ?? "/tmp"
  }()

  /// The path of this program.
  static var program: String {
    Bundle.main.executableURL?.resolvingSymlinksInPath().path ?? CommandLine.arguments[0]
  }

  /// The path of a model that is called by a path or by its name.
  static func model(_ text: String) -> String { folders.path(text, .model) }

  /// The path of reference phases that are called by a path or by their name.
  static func reference(_ text: String) -> String { folders.path(text, .reference) }
}
