/// The part of a byte stream that is held in memory: splitters look at it, ask for more, and release what they used.
///
/// A failing source ends the stream; `failure` then says why, so that whole records still come out first.
final class ByteWindow {
  private var storage: UnsafeMutableRawPointer
  private var capacity: Int
  private var start = 0
  private var end = 0
  private var source: (any ByteSource)?
  private var archive = ""
  private var member = ""
  /// Why the stream ended early; nil at an ordinary end.
  private(set) var failure: ArchiveError?
  /// Position of `base` in the stream.
  private(set) var offset = 0

  /// A window on nothing; see `attach`.
  init(capacity: Int = 1 << 18) {
    self.capacity = capacity
    storage = .allocate(byteCount: capacity, alignment: 64)
  }

  deinit { storage.deallocate() }

  /// Starts over with the bytes of `source`, and keeps the memory; faults are told of `member` in `archive`.
  func attach(_ source: any ByteSource, archive: String, member: String) {
    self.source = source
    self.archive = archive
    self.member = member
    failure = nil
    (start, end, offset) = (0, 0, 0)
  }

  /// Starts over with nothing.
  func clear() {
    source = nil
    failure = nil
    (start, end, offset) = (0, 0, 0)
  }

  /// Makes the stream, of which nothing has been released, UTF-8 without a mark where it begins with a byte order mark.
  ///
  /// Positions are then those of the text so made.
  func dropByteOrderMark() {
    while count < TextEncoding.longestMark, fill() {}
    guard let encoding = TextEncoding(mark: bytes) else { return }
    let stream = PeekedSource(bytes, followedBy: source, failure: failure)
    attach(TranscodedSource(stream, encoding, archive: archive), archive: archive, member: member)
  }

  /// Memory in use.
  var capacityInBytes: Int { capacity }

  /// First byte held; valid until `fill`.
  var base: UnsafePointer<UInt8> {
    UnsafePointer(storage.advanced(by: start).assumingMemoryBound(to: UInt8.self))
  }

  /// Number of bytes held.
  var count: Int { end - start }

  /// The bytes held; valid until `fill`.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Appends the next piece of the stream; false at its end.
  func fill() -> Bool {
    guard let source else { return false }
    do throws(ArchiveError) {
      guard let chunk = try source.nextChunk(), let from = chunk.baseAddress else {
        self.source = nil
        return false
      }
      reserve(chunk.count)
      storage.advanced(by: end).copyMemory(from: from, byteCount: chunk.count)
      end += chunk.count
      return true
    } catch {
      failure = error.located(archive: archive, member: member, byteOffset: offset + count)
      self.source = nil
      return false
    }
  }

  /// Releases the first `count` bytes.
  func consume(_ count: Int) {
    precondition(count >= 0 && count <= end - start, "cannot release more than is held")
    start += count
    offset += count
    if start == end { (start, end) = (0, 0) }
  }

  /// The first `count` bytes as an array.
  func copy(_ count: Int) -> [UInt8] { [UInt8](UnsafeRawBufferPointer(start: base, count: count)) }

  /// Whether nothing but blanks follows the first `position` bytes to the end of the stream.
  func holdsOnlyBlanks(after position: Int) -> Bool {
    var position = position
    while position < count || fill() {
      while position < count {
        if !TextLines.isBlank(base[position]) { return false }
        position += 1
      }
    }
    return true
  }

  /// Passes over everything before position `target` of the stream.
  func skip(to target: Int) {
    while offset < target {
      if count > 0 {
        consume(min(count, target - offset))
        continue
      }
      guard let source else { return }
      do throws(ArchiveError) {
        let skipped = try source.skip(target - offset)
        offset += skipped
        if skipped == 0, !fill() { return }
      } catch {
        failure = error.located(archive: archive, member: member, byteOffset: offset)
        self.source = nil
        return
      }
    }
  }

  /// Passes over everything that is left.
  func drain() {
    consume(count)
    while fill() { consume(count) }
  }

  private func reserve(_ extra: Int) {
    if capacity - end >= extra { return }
    let held = end - start
    if capacity - held >= extra, start >= held {
      storage.copyMemory(from: storage.advanced(by: start), byteCount: held)
    } else {
      let larger = max(2 * capacity, held + extra)
      let grown = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 64)
      grown.copyMemory(from: storage.advanced(by: start), byteCount: held)
      storage.deallocate()
      storage = grown
      capacity = larger
    }
    (start, end) = (0, held)
  }
}
