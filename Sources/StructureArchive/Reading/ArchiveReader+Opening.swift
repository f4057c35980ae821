extension ArchiveReader {
  /// Opens a file: an archive becomes the source of members, anything else of records.
  func open(_ path: String) throws(ArchiveError) {
    if isFolder {
      switch try FileKind(path: path) {
      case .file: break
      // Opening a pipe waits for its other end.
      case .other: throw .cannotOpen(archive: path, detail: "it is a pipe, a socket or a device")
      case .folder:
        throw .cannotOpen(archive: path, detail: "it is a symbolic link to a folder, which is not followed")
      }
    }
    let file = try FileSource(path: path)
    let budget = ExpansionBudget(archive: path, size: file.size, limits: limits)
    self.budget = budget
    let place = pendingPosition?.place ?? MemberPlace()
    let head = file.bytes(at: 0, count: ContentKind.headLength)
    switch head.withUnsafeBytes({ ContentKind($0) }) {
    case .compressed(let compression):
      shape.note(compression: compression.name)
      if compression == .zstd {
        let indexed = PackedIndex(file)?.records
        if !isFolder {
          shape.hasSeekTable = SeekTable(file) != nil
          shape.indexedRecords = indexed
        }
        // Empty, and meant so.
        if indexed == 0 { return }
      }
      let stream: any ByteSource =
        compression == .zstd
        ? try ZstdSource(file: file, archive: path, budget: budget)
        : try compression.source(file, archive: path, budget: budget)
      try open(stream: stream, of: path, budget: budget, resumingAt: place)
    case .zip:
      shape.containers.insert("zip")
      guard let zip = ZipReader(file, archive: path, budget: budget) else {
        // Cut before its directory, or within something else: libarchive goes from member to member.
        return enterMembers(try MemberReader(path: path, budget: budget, resumingAt: place), prefix: "")
      }
      if place.offset > 0 { zip.resume(at: place) }
      enterMembers(zip, prefix: "")
    case .libarchive:
      shape.containers.insert("7z")
      enterMembers(try MemberReader(path: path, budget: budget, resumingAt: place), prefix: "")
    case .tar:
      shape.containers.insert("tar")
      enterMembers(try MemberReader(file, onlyTar: true, archive: path, resumingAt: place), prefix: "")
    case .plain: split(file)
    }
  }

  // What a compressed file holds: an archive, one more compression, or records. A stream that goes forward quickly keeps
  // doing so: what has been looked at is asked for again.
  private func open(
    stream: any ByteSource, of path: String, budget: ExpansionBudget, resumingAt place: MemberPlace
  ) throws(ArchiveError) {
    var content = PeekedSource(peeking: ContentKind.headLength, from: stream)
    var layers = 1
    while case .compressed(let next) = ContentKind(content.peeked) {
      guard layers <= limits.deepestNesting else { throw tooDeep(path) }
      layers += 1
      shape.note(compression: next.name)
      content = PeekedSource(
        peeking: ContentKind.headLength, from: try next.source(content, archive: path, budget: budget))
    }
    switch ContentKind(content.peeked) {
    case .tar:
      shape.containers.insert("tar")
      enterMembers(try MemberReader(content, onlyTar: true, archive: path, resumingAt: place), prefix: "")
    case .zip, .libarchive:
      guard limits.deepestNesting > 0 else { throw tooDeep(path) }
      shape.containers.insert("zip or 7z")
      enterMembers(
        try MemberReader(content, onlyTar: false, archive: path, budget: budget, resumingAt: place),
        prefix: "")
    case .plain, .compressed: split(content)
    }
  }

  private func tooDeep(_ name: String) -> ArchiveError {
    .damaged(
      archive: path, member: name, byteOffset: 0,
      detail: "archives lie in each other deeper than the allowed \(limits.deepestNesting)")
  }

  // The place of going on is reached at the first member that comes out.
  private func enterMembers(_ sequence: any MemberSequence, prefix: String) {
    members.append(OpenMembers(sequence: sequence, prefix: prefix))
  }

  /// Opens the current member: records, or an archive within the archive.
  func openMember(of current: OpenMembers) throws(ArchiveError) {
    if pendingPosition?.stage == .afterMember {
      pendingPosition = nil
      return
    }
    if let refusal = current.sequence.refusal {
      pendingPosition = nil
      throw notEntered(refusal)
    }
    let source = BoundedSource(MemberSource(current.sequence), limit: limits.largestMember, archive: path)
    window.attach(source, archive: file, member: member)
    while window.count < 512, window.fill() {}
    let kind = ContentKind(window.bytes)
    if case .plain = kind { return splitWindow() }
    splitsNested = true
    guard members.count <= limits.deepestNesting else {
      pendingPosition = nil
      throw notEntered("archives lie in each other deeper than the allowed \(limits.deepestNesting)")
    }
    // In an archive within an archive records are passed over one by one.
    pendingPosition = nil
    let content = PeekedSource(window.bytes, followedBy: source)
    let prefix = member + "/"
    switch kind {
    case .compressed(let compression):
      let stream = PeekedSource(
        peeking: ContentKind.headLength, from: try compression.source(content, archive: path, budget: budget))
      switch ContentKind(stream.peeked) {
      case .tar: enterMembers(try MemberReader(stream, onlyTar: true, archive: path), prefix: prefix)
      case .plain: split(stream)
      default: throw notEntered("a compressed file within an archive holds another archive")
      }
    default:
      enterMembers(try MemberReader(content, onlyTar: false, archive: path, budget: budget), prefix: prefix)
    }
  }

  /// The error of a member that is not entered; the archive around it is fine.
  func notEntered(_ detail: String) -> ArchiveError {
    .notEntered(archive: path, member: member, detail: detail)
  }

  private func split(_ source: any ByteSource) {
    window.attach(source, archive: file, member: member)
    splitWindow()
  }

  private func splitWindow() {
    window.dropByteOrderMark()
    let context = SplitterContext(window: window, limits: limits, archive: file, member: member)
    let splitter = ContentDetection.splitter(for: context)
    self.splitter = splitter
    guard let position = pendingPosition else { return }
    pendingPosition = nil
    switch position.stage {
    case .inFile, .inMember: splitter.resume(offset: position.offset, count: position.count)
    case .afterMember: self.splitter = nil
    case .beforeFile: break
    }
  }

  /// The index of a packed file.
  func packedIndex() -> PackedIndex? {
    guard !isFolder, let file = try? FileSource(path: path) else { return nil }
    return PackedIndex(file)
  }
}

/// What the first bytes of a file or member show it to be.
enum ContentKind {
  case compressed(Compression)
  case zip
  case tar
  /// 7z, or a program that unpacks itself.
  case libarchive
  case plain

  /// How many bytes are looked at.
  static let headLength = 1 << 16

  init(_ bytes: UnsafeRawBufferPointer) {
    if let compression = Compression(bytes) {
      self = .compressed(compression)
    } else if bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x50, 0x4B, 5, 6]) {
      self = .zip
    } else if bytes.starts(with: [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]) {
      self = .libarchive
    } else if TarHeader.recognizes(bytes) {
      self = .tar
    } else {
      self = .plain
    }
  }
}

/// Recognises the first block of a tar archive by its checksum.
enum TarHeader {
  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count >= 512 else { return false }
    var sum = 0
    var stated = 0
    for position in 0..<512 {
      let byte = bytes[position]
      guard position >= 148, position < 156 else {
        sum += Int(byte)
        continue
      }
      sum += 32
      if byte >= 48, byte <= 55 { stated = stated * 8 + Int(byte - 48) }
    }
    return sum == stated
  }
}
