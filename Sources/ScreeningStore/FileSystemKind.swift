import Foundation

/// What kind of file system a path lies on, as far as it matters for how SQLite may work there.
///
/// Write-ahead mode needs memory shared between all processes that use the file, which network file systems do not give.
enum FileSystemKind {
  /// Whether the file system of an existing folder is known to be shared over a network. Where the system keeps no
  /// table of mounts to look in, the answer is no.
  static func isNetwork(folder: String) -> Bool {
    guard let mounts = try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8) else { return false }
    let resolved = URL(filePath: folder).resolvingSymlinksInPath().path
    return type(ofAbsolutePath: resolved, mounts: mounts).map(isNetworkType) ?? false
  }

  /// The type of the file system that an absolute path lies on, by a table of mounts in the format of `fstab(5)`; of
  /// several mounts on one point the last counts.
  static func type(ofAbsolutePath path: String, mounts: String) -> String? {
    var best: (length: Int, type: String)?
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count >= 3 else { continue }
      let point = fields[1].replacing("\\040", with: " ")
      let isInside = path == point || point == "/" || path.hasPrefix(point + "/")
      if isInside, point.utf8.count >= best?.length ?? 0 { best = (point.utf8.count, String(fields[2])) }
    }
    return best?.type
  }

  static func isNetworkType(_ type: String) -> Bool {
    let names: Set<String> = [
      "nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "9p", "afs", "panfs",
      "orangefs",
      "pvfs2", "ocfs2", "gfs2", "glusterfs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.beegfs",
    ]
    return names.contains(type)
  }
}
