import CZstd

/// Where the frames of a zstd file lie, as far as it can be told without decompressing any.
///
/// Either the seek table at the end says so (the zstd project's seekable format: a skippable frame with the sizes of all
/// frames, which decoders pass over), or the headers of frames and blocks do. A table that does not fit the file, as
/// after files have been joined, is left aside.
struct SeekTable {
  /// One frame: positions of its first byte in the file and in the uncompressed stream, and its uncompressed size.
  struct Frame: Hashable {
    var offset: Int
    var start: Int
    var size: Int
  }

  /// Magic number of a skippable frame with a seek table.
  static let tableMagic: UInt32 = 0x184D_2A5E
  /// Magic number at the end of a seek table.
  static let footerMagic: UInt32 = 0x8F92_EAB1
  /// Most frames that are believed in: their table is held in memory.
  private static let mostFrames = 1 << 21

  /// The frames in order, those without content included.
  let frames: [Frame]
  /// Position in the file where the table begins.
  let position: Int

  /// Reads the table at the end of `file`; nil where there is none that fits.
  init?(_ file: FileSource) {
    let footer = file.bytes(at: file.size - 9, count: 9)
    guard footer.count == 9, footer.word(at: 5) == SeekTable.footerMagic, footer[4] & 0x7C == 0 else {
      return nil
    }
    let count = Int(footer.word(at: 0))
    let width = footer[4] & 0x80 != 0 ? 12 : 8
    let length = count * width + 9
    position = file.size - length - 8
    guard count <= SeekTable.mostFrames, position >= 0 else { return nil }
    let table = file.bytes(at: position, count: length + 8)
    guard table.count == length + 8, table.word(at: 0) == SeekTable.tableMagic, table.word(at: 4) == length
    else {
      return nil
    }
    var frames: [Frame] = []
    frames.reserveCapacity(count)
    var (offset, start) = (0, 0)
    for index in 0..<count {
      let size = Int(table.word(at: 12 + index * width))
      frames.append(Frame(offset: offset, start: start, size: size))
      offset += Int(table.word(at: 8 + index * width))
      start += size
    }
    guard offset == position, frames.allSatisfy({ SeekTable.agrees($0, with: file) }) else { return nil }
    self.frames = frames
  }

  // Whether a frame begins where the table says, and holds as much as its own header says, if it does.
  private static func agrees(_ frame: Frame, with file: FileSource) -> Bool {
    let head = file.bytes(at: frame.offset, count: 18)
    guard head.count >= 8 else { return false }
    if head.word(at: 0) & 0xFFFF_FFF0 == 0x184D_2A50 { return frame.size == 0 }
    let content = head.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    return head.word(at: 0) == 0xFD2F_B528 && (content == UInt64.max || content == UInt64(frame.size))
  }

  /// The last frame that starts at or before `target` of the uncompressed stream.
  func frame(holding target: Int) -> Frame? {
    var (low, high) = (0, frames.count)
    while low < high {
      let middle = (low + high) / 2
      if frames[middle].start <= target { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? frames[low - 1] : nil
  }

  /// From the frame at `frame`, the frame that `target` lies in, or the last one before it that headers lead to.
  static func walk(_ file: FileSource, from frame: Frame, to target: Int) -> Frame {
    var current = frame
    while true {
      guard let next = next(file, after: current), next.start <= target else { return current }
      current = next
    }
  }

  // The frame after another one; nil where its header does not say how much it holds, or at the end.
  private static func next(_ file: FileSource, after frame: Frame) -> Frame? {
    let head = file.bytes(at: frame.offset, count: 18)
    guard head.count >= 8 else { return nil }
    let magic = head.word(at: 0)
    if magic & 0xFFFF_FFF0 == 0x184D_2A50 {
      return Frame(offset: frame.offset + 8 + Int(head.word(at: 4)), start: frame.start, size: 0)
    }
    let content = head.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    guard magic == 0xFD2F_B528, content <= UInt64(Int32.max) << 16 else { return nil }
    let descriptor = head[4]
    let isSingle = descriptor & 0x20 != 0
    let sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
    var offset = frame.offset + 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][Int(descriptor & 3)] + sizeBytes
    while true {
      let block = file.bytes(at: offset, count: 3)
      guard block.count == 3 else { return nil }
      let header = Int(block[0]) | Int(block[1]) << 8 | Int(block[2]) << 16
      offset += 3 + (header >> 1 & 3 == 1 ? 1 : header >> 3)
      if header & 1 == 1 { break }
    }
    if descriptor & 4 != 0 { offset += 4 }
    guard offset < file.size else { return nil }
    return Frame(offset: offset, start: frame.start + Int(content), size: 0)
  }
}

extension [UInt8] {
  /// The little-endian 32-bit number at a position.
  func word(at position: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(self[position + $1]) << UInt32(8 * $1) }
  }

  /// The little-endian 16-bit number at a position.
  func half(at position: Int) -> Int { Int(self[position]) | Int(self[position + 1]) << 8 }

  /// The little-endian 64-bit number at a position; nil where it is no size.
  func long(at position: Int) -> Int? {
    Int(exactly: UInt64(word(at: position)) | UInt64(word(at: position + 4)) << 32)
  }

  /// Adds a number in little-endian order.
  mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
