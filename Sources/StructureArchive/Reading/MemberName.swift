/// Names of archive members, which are text to show and to derive ids from, never paths to open.
enum MemberName {
  private static let compressions: Set<String> = [
    "gz", "bz2", "xz", "zst", "zstd", "lzma", "z", "tgz", "tzst",
  ]

  /// The last component of a path, without the slashes around it.
  static func lastComponent(of name: some StringProtocol) -> Substring {
    Substring(name).split(separator: "/").last ?? ""
  }

  /// The file name without folders, compression suffix and extension; for files all called alike (POSCAR), the
  /// name of the folder.
  static func stem(of name: String) -> String {
    let components = name.split(separator: "/")
    guard let file = components.last else { return name }
    let stem = withoutExtension(file)
    let fixed = ["POSCAR", "CONTCAR"].contains(stem.uppercased())
    if fixed, components.count > 1 { return String(components[components.count - 2]) }
    return stem
  }

  private static func withoutExtension(_ file: Substring) -> String {
    var base = file
    if let dot = base.lastIndex(of: "."), dot > base.startIndex,
      compressions.contains(base[base.index(after: dot)...].lowercased())
    {
      base = base[..<dot]
    }
    // "icsd-1.5" keeps its number: an extension has a letter in it.
    if let dot = base.lastIndex(of: "."), dot > base.startIndex,
      base[base.index(after: dot)...].contains(where: \.isLetter)
    {
      base = base[..<dot]
    }
    return String(base)
  }
}
