/// A stream of uncompressed bytes, in whatever pieces it comes.
protocol ByteSource: AnyObject {
  /// The next piece, valid until the next call; nil at the end. Pieces are not empty.
  ///
  /// - Throws: once, after everything that could be read has been given out.
  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer?
}

/// Bytes read before, followed by the source they were read from.
final class PeekedSource: ByteSource {
  private let prefix: UnsafeMutableRawBufferPointer
  private var prefixIsPending: Bool
  private let source: any ByteSource
  private var failure: ArchiveError?

  /// Reads at least `count` bytes (fewer only at the end) from `source` and keeps them for later, an error too.
  init(peeking count: Int, from source: any ByteSource) {
    var bytes: [UInt8] = []
    do throws(ArchiveError) {
      while bytes.count < count, let chunk = try source.nextChunk() { bytes.append(contentsOf: chunk) }
    } catch {
      failure = error
    }
    prefix = .allocate(byteCount: bytes.count, alignment: 16)
    prefix.copyBytes(from: bytes)
    prefixIsPending = !bytes.isEmpty
    self.source = source
  }

  deinit { prefix.deallocate() }

  /// The bytes read ahead.
  var peeked: UnsafeRawBufferPointer { UnsafeRawBufferPointer(prefix) }

  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? {
    guard prefixIsPending else {
      if let failure { throw failure }
      return try source.nextChunk()
    }
    prefixIsPending = false
    return peeked
  }
}
