/// The members of an archive, one after the other.
protocol MemberSequence: AnyObject {
  /// Moves on to the next member that is no folder and not hidden; nil at the end.
  ///
  /// - Returns: its name as the archive gives it, control characters made visible.
  func next(longestName: Int) throws(ArchiveError) -> String?

  /// The next bytes of the current member; nil at its end.
  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer?

  /// Why the current member is not read, where it is no file of its own: a link, a device.
  var refusal: String? { get }

  /// What the last call has found broken.
  var fault: MemberFault { get }

  /// Where the current member begins; a sequence can be made that goes on there.
  var place: MemberPlace { get }
}

/// How far a fault reaches.
enum MemberFault {
  case none
  /// One member is lost; `next` goes on.
  case member
  /// The archive cannot be read on.
  case archive
}

/// Where a member begins within its archive.
struct MemberPlace: Hashable, Sendable {
  /// Position of its header: in the uncompressed tar stream, or of its entry in the directory of a zip file.
  var offset = 0
  /// Number of headers before it.
  var headers = 0
}

extension MemberName {
  /// A name to show and to store: what is not printable becomes visible, what is too long is cut.
  static func shown(_ name: String, longest: Int) -> String {
    var name = name
    if name.unicodeScalars.contains(where: isControl) {
      name = String(String.UnicodeScalarView(name.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 }))
    }
    return name.utf8.count <= longest ? name : String(name.prefix(longest / 4))
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 32 || (scalar.value >= 127 && scalar.value < 160)
  }

  /// Whether a member of this name is passed over: hidden files, and what macOS adds.
  static func isHidden(_ name: String) -> Bool {
    lastComponent(of: name).hasPrefix(".") || name.hasPrefix("__MACOSX/")
  }
}
