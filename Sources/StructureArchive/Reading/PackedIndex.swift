/// How many records lie in each frame of a packed file: a skippable frame before the seek table.
///
///     offset  size  content
///     0       8     "SLUICEPK"
///     8       4     version, 1
///     12      4     number of frames F
///     16      8     number of records
///     24      4 F   records of each frame
///     24+4F   8     FNV-1a (64 bit) of everything before
///
/// All numbers are little-endian. Where the frames lie is in the seek table, whose last entry is this frame.
struct PackedIndex {
  /// Magic number of the skippable frame.
  static let magic: UInt32 = 0x184D_2A57
  private static let version: UInt32 = 1
  private static let name = Array("SLUICEPK".utf8)

  /// A frame: position of its first byte in the uncompressed stream, its uncompressed size, number of its first record,
  /// and of its records.
  struct Frame: Hashable {
    let start: Int
    let size: Int
    let firstRecord: Int
    let records: Int
  }

  let frames: [Frame]
  let records: Int

  /// The index of a file that was packed; nil for any other, or where index and file disagree.
  init?(_ file: FileSource) {
    guard let table = SeekTable(file), let own = table.frames.last, own.size == 0 else { return nil }
    let bytes = file.bytes(at: own.offset, count: table.position - own.offset)
    guard bytes.count >= 40, bytes.word(at: 0) == PackedIndex.magic, Int(bytes.word(at: 4)) == bytes.count - 8
    else {
      return nil
    }
    let payload = Array(bytes[8...])
    let count = Int(payload.word(at: 12))
    guard payload.starts(with: PackedIndex.name), payload.word(at: 8) == PackedIndex.version,
      count == table.frames.count - 1, payload.count == 32 + 4 * count, let total = payload.long(at: 16),
      let stated = UInt64(
        exactly: UInt64(payload.word(at: payload.count - 8))
          | UInt64(payload.word(at: payload.count - 4)) << 32),
      stated == fowlerNollVo(payload[..<(payload.count - 8)])
    else { return nil }
    var frames: [Frame] = []
    frames.reserveCapacity(count)
    var first = 0
    for (index, frame) in table.frames.dropLast().enumerated() {
      let records = Int(payload.word(at: 24 + 4 * index))
      frames.append(Frame(start: frame.start, size: frame.size, firstRecord: first, records: records))
      first += records
    }
    guard first == total else { return nil }
    self.frames = frames
    self.records = total
  }

  /// The frame that record `record` lies in; nil beyond the last.
  func frame(holding record: Int) -> Frame? {
    var (low, high) = (0, frames.count)
    while low < high {
      let middle = (low + high) / 2
      if frames[middle].firstRecord <= record { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? frames[low - 1] : nil
  }

  /// The skippable frame that says how many records each frame holds.
  static func bytes(records: [Int]) -> [UInt8] {
    var payload = name
    payload.append(littleEndian: version)
    payload.append(littleEndian: UInt32(records.count))
    payload.append(littleEndian: UInt64(records.reduce(0, +)))
    for count in records { payload.append(littleEndian: UInt32(count)) }
    payload.append(littleEndian: fowlerNollVo(payload[...]))
    var frame: [UInt8] = []
    frame.append(littleEndian: magic)
    frame.append(littleEndian: UInt32(payload.count))
    return frame + payload
  }
}

/// The 64-bit hash FNV-1a.
func fowlerNollVo(_ bytes: ArraySlice<UInt8>) -> UInt64 {
  bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
