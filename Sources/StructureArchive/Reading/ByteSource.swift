/// A stream of uncompressed bytes, in whatever pieces it comes.
protocol ByteSource: AnyObject {
  /// The next piece, valid until the next call; nil at the end. Pieces are not empty.
  ///
  /// - Throws: once, after everything that could be read has been given out.
  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer?

  /// Passes over at most `count` of the next bytes without producing them, where that is cheaper than reading them.
  ///
  /// - Returns: how many bytes were passed over; 0 where reading on is all there is.
  func skip(_ count: Int) throws(ArchiveError) -> Int
}

extension ByteSource {
  func skip(_ count: Int) throws(ArchiveError) -> Int { 0 }
}

/// How many bytes an archive may expand to, all its layers together; see `ArchiveLimits.largestExpansion`.
final class ExpansionBudget {
  private let archive: String
  private let bound: Int
  private let ratio: Int
  private var spent = 0

  /// The budget of a file of `size` bytes on disk.
  init(archive: String, size: Int, limits: ArchiveLimits) {
    self.archive = archive
    ratio = limits.largestExpansion
    let product = size.multipliedReportingOverflow(by: ratio)
    bound = max(limits.freeExpansion, product.overflow ? Int.max : product.partialValue)
  }

  /// Notes that `count` bytes came out of a decompressor.
  func spend(_ count: Int) throws(ArchiveError) {
    spent += count
    guard spent > bound else { return }
    throw .expandsTooFar(archive: archive, bound: bound, ratio: ratio)
  }
}

/// A stream cut off after a number of bytes.
final class BoundedSource: ByteSource {
  private let source: any ByteSource
  private let limit: Int
  private let archive: String
  private var delivered = 0

  /// The bytes of `source`; more than `limit` of them are an error.
  init(_ source: any ByteSource, limit: Int, archive: String) {
    self.source = source
    self.limit = limit
    self.archive = archive
  }

  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? {
    guard let chunk = try source.nextChunk() else { return nil }
    delivered += chunk.count
    guard delivered <= limit else { throw .memberTooLarge(archive: archive, member: archive, limit: limit) }
    return chunk
  }

  func skip(_ count: Int) throws(ArchiveError) -> Int {
    let skipped = try source.skip(count)
    delivered += skipped
    return skipped
  }
}

/// Bytes read before, followed by the source they were read from.
final class PeekedSource: ByteSource {
  private let prefix: UnsafeMutableRawBufferPointer
  private var prefixIsPending: Bool
  private let source: (any ByteSource)?
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

  /// Bytes that were taken from `source` before; where `source` has come to its end it is nil, and where it has failed
  /// `failure` says how.
  init(
    _ bytes: UnsafeRawBufferPointer, followedBy source: (any ByteSource)?, failure: ArchiveError? = nil
  ) {
    prefix = .allocate(byteCount: bytes.count, alignment: 16)
    prefix.copyMemory(from: bytes)
    prefixIsPending = !bytes.isEmpty
    self.source = source
    self.failure = failure
  }

  deinit { prefix.deallocate() }

  /// The bytes read ahead.
  var peeked: UnsafeRawBufferPointer { UnsafeRawBufferPointer(prefix) }

  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? {
    guard prefixIsPending else {
      if let failure { throw failure }
      return try source?.nextChunk()
    }
    prefixIsPending = false
    return peeked
  }

  func skip(_ count: Int) throws(ArchiveError) -> Int {
    prefixIsPending || failure != nil ? 0 : try source?.skip(count) ?? 0
  }
}
