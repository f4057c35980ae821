import Foundation
import TestSupport
import Testing

/// What `make install` and `make uninstall` do.
@Suite("Installing") struct InstallTests {
  private func script(_ name: String, _ arguments: String...) throws -> ChildProcess.Outcome {
    try ChildProcess.run(Fixtures.repository.appending(path: "scripts/\(name)").path, arguments)
  }

  /// All files in a folder, by their paths in it.
  private func files(in folder: TemporaryFolder) -> Set<String> {
    let found = FileManager.default.enumerator(atPath: folder.path(""))?.compactMap { $0 as? String } ?? []
    return Set(
      found.filter { path in
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: folder.path(path), isDirectory: &isFolder)
          && !isFolder.boolValue
      })
  }

  @Test
  func
    `an installed program finds models and references by name from any folder, and its removal leaves the rest`()
    throws
  {
    let folder = try TemporaryFolder()
    try folder.write("of another program", to: "share/man/man1/other.1")
    let installed = try script("install", try Program.path(), folder.path(""))
    #expect(installed.exitCode == 0, "\(installed.errors)")
    let checked = try script("check-installed", folder.path("bin/sluice"), folder.path(""))
    #expect(checked.exitCode == 0, "\(checked.output)\(checked.errors)")
    // Installed anew, files that an earlier version had and this one lacks are gone.
    let before = files(in: folder)
    let list = try folder.text("share/sluice/installed")
    try folder.write("old", to: "share/sluice/old")
    try folder.write("share/sluice/old\n" + list, to: "share/sluice/installed")
    #expect(try script("install", try Program.path(), folder.path("")).exitCode == 0)
    #expect(files(in: folder) == before)
    let removed = try script("install", "--remove", folder.path(""))
    #expect(removed.exitCode == 0, "\(removed.errors)")
    #expect(files(in: folder) == ["share/man/man1/other.1"])
    #expect(!FileManager.default.fileExists(atPath: folder.path("share/sluice")))
  }

  @Test func `what cannot be installed or removed is said, and nothing is written`() throws {
    let folder = try TemporaryFolder()
    let unbuilt = try script("install", folder.path("absent"), folder.path("prefix"))
    #expect(unbuilt.exitCode == 1 && unbuilt.errors.contains("make build"), "\(unbuilt.errors)")
    let empty = try script("install", "--remove", folder.path(""))
    #expect(empty.exitCode == 1 && empty.errors.contains("Nothing is installed"), "\(empty.errors)")
    #expect(files(in: folder).isEmpty)
  }
}
