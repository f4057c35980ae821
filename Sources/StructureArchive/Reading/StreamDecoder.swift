import CBzip2
import CLzma
import CZlib

/// A compression that is decoded piece by piece.
protocol StreamDecoder: AnyObject {
  /// Whether the input may end here: before the first stream or between two.
  var isBetweenStreams: Bool { get }

  /// Decodes from `input` into `output`; says how many bytes of each were used, and what is wrong where something is.
  func decode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> DecodingStep
}

/// What one call of a decoder did.
struct DecodingStep {
  var consumed = 0
  var produced = 0
  /// Whether nothing that follows belongs to the data.
  var isEnd = false
  var fault: String?
  /// Whether the stream asks for more memory than `Compression.largestDictionary`.
  var needsMemory = false
}

/// What a decoder does after a whole stream: passes over zeros, which are padding, and finds fault with bytes that begin
/// no other stream; nil where one begins.
private func stepBetweenStreams(
  _ input: UnsafeRawBufferPointer, magic: UInt8, of compression: Compression
) -> DecodingStep? {
  let padding = input.prefix { $0 == 0 }.count
  if padding > 0 { return DecodingStep(consumed: padding) }
  guard input.first != magic else { return nil }
  return DecodingStep(fault: "bytes that are no \(compression.name) stream follow the last one")
}

/// Which compression a file's first bytes show.
enum Compression {
  case gzip
  case bzip2
  case xz
  case zstd

  /// Most bytes of a dictionary that a stream may ask for: those of xz -9 are 64 MiB.
  static let largestDictionary = 256 << 20

  init?(_ bytes: UnsafeRawBufferPointer) {
    if ZstdSource.recognizes(bytes) {
      self = .zstd
    } else if bytes.starts(with: [0x1F, 0x8B, 8]) {
      self = .gzip
    } else if bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]) {
      self = .xz
    } else if bytes.count >= 10, bytes.starts(with: [0x42, 0x5A, 0x68]), (0x31...0x39).contains(bytes[3]),
      bytes[4...].starts(with: [0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
        || bytes[4...].starts(with: [0x17, 0x72, 0x45, 0x38, 0x50, 0x90])
    {
      self = .bzip2
    } else {
      return nil
    }
  }

  /// Name for people.
  var name: String {
    switch self {
    case .gzip: "gzip"
    case .bzip2: "bzip2"
    case .xz: "xz"
    case .zstd: "zstd"
    }
  }

  /// The uncompressed bytes of `input`.
  func source(
    _ input: any ByteSource, archive: String, budget: ExpansionBudget?
  ) throws(ArchiveError) -> any ByteSource {
    let decoder: (any StreamDecoder)?
    switch self {
    case .zstd: return try ZstdSource(input, archive: archive, budget: budget)
    case .gzip: decoder = DeflateDecoder(wrapping: .gzip)
    case .bzip2: decoder = Bzip2Decoder()
    case .xz: decoder = XZDecoder()
    }
    guard let decoder else { throw .cannotOpen(archive: archive, detail: "out of memory") }
    return DecodedSource(input, decoder, archive: archive, budget: budget)
  }
}

/// The uncompressed bytes of a compressed stream. What was decoded before a fault comes out before its error.
///
/// Used instead of libarchive's filters because those drop what they have decoded when the input ends early.
final class DecodedSource: ByteSource {
  private let archive: String
  private var input: any ByteSource
  private let decoder: any StreamDecoder
  private let budget: ExpansionBudget?
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 64)
  private var pending = UnsafeRawBufferPointer(start: nil, count: 0)
  private var position = 0
  private var delivered = 0
  private var failure: ArchiveError?
  private var ended = false

  /// What `decoder` makes of `input`; `archive` names it in errors.
  init(_ input: any ByteSource, _ decoder: any StreamDecoder, archive: String, budget: ExpansionBudget?) {
    self.input = input
    self.decoder = decoder
    self.archive = archive
    self.budget = budget
  }

  deinit { output.deallocate() }

  /// Starts over with another stream, and keeps the memory; the decoder has been reset.
  func restart(_ input: any ByteSource) {
    self.input = input
    pending = UnsafeRawBufferPointer(start: nil, count: 0)
    (position, delivered, ended, failure) = (0, 0, false, nil)
  }

  func nextChunk() throws(ArchiveError) -> UnsafeRawBufferPointer? {
    if let failure { throw failure }
    var produced = 0
    while produced == 0, !ended {
      if position == pending.count {
        guard let chunk = try input.nextChunk() else {
          guard !decoder.isBetweenStreams else { return nil }
          throw .truncated(archive: archive, member: archive, byteOffset: delivered)
        }
        pending = chunk
        position = 0
      }
      let step = decoder.decode(UnsafeRawBufferPointer(rebasing: pending[position...]), into: output)
      position += step.consumed
      produced = step.produced
      ended = step.isEnd
      if step.needsMemory {
        throw .needsLargerWindow(archive: archive, member: archive, limit: Compression.largestDictionary)
      }
      let isStuck = step.consumed == 0 && produced == 0 && !ended && !decoder.isBetweenStreams
      if let fault = step.fault ?? (isStuck ? "the decoder makes no progress" : nil) {
        let error = ArchiveError.damaged(
          archive: archive, member: archive, byteOffset: delivered + produced, detail: fault)
        guard produced > 0 else { throw error }
        failure = error
      }
    }
    guard produced > 0 else { return nil }
    delivered += produced
    try budget?.spend(produced)
    return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(output)[..<produced])
  }
}

/// gzip (any number of members one after the other), and the bare streams of zip files.
final class DeflateDecoder: StreamDecoder {
  enum Wrapping {
    case gzip
    case none
  }

  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let wrapping: Wrapping
  private(set) var isBetweenStreams: Bool

  init?(wrapping: Wrapping) {
    self.wrapping = wrapping
    isBetweenStreams = false
    stream.initialize(to: z_stream())
    let bits: Int32 = wrapping == .gzip ? 15 + 16 : -15
    let size = Int32(MemoryLayout<z_stream>.size)
    guard inflateInit2_(stream, bits, ZLIB_VERSION, size) == Z_OK else { return nil }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Makes the decoder as new.
  func reset() {
    inflateReset(stream)
    isBetweenStreams = false
  }

  func decode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> DecodingStep {
    if isBetweenStreams {
      guard wrapping == .gzip else { return DecodingStep(consumed: input.count, isEnd: true) }
      if let step = stepBetweenStreams(input, magic: 0x1F, of: .gzip) { return step }
      reset()
    }
    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: Bytef.self).baseAddress)
    stream.pointee.avail_in = UInt32(clamping: input.count)
    stream.pointee.next_out = output.bindMemory(to: Bytef.self).baseAddress
    stream.pointee.avail_out = UInt32(clamping: output.count)
    let status = inflate(stream, Z_NO_FLUSH)
    var step = DecodingStep(
      consumed: input.count - Int(stream.pointee.avail_in),
      produced: output.count - Int(stream.pointee.avail_out))
    switch status {
    case Z_STREAM_END:
      isBetweenStreams = true
      step.isEnd = wrapping == .none
    case Z_OK, Z_BUF_ERROR: break
    default: step.fault = stream.pointee.msg.map { String(cString: $0) } ?? "deflate fault \(status)"
    }
    return step
  }
}

/// bzip2, any number of streams one after the other.
final class Bzip2Decoder: StreamDecoder {
  private let stream = UnsafeMutablePointer<bz_stream>.allocate(capacity: 1)
  private(set) var isBetweenStreams = false

  init?() {
    stream.initialize(to: bz_stream())
    guard BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK else { return nil }
  }

  deinit {
    BZ2_bzDecompressEnd(stream)
    stream.deallocate()
  }

  func decode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> DecodingStep {
    if isBetweenStreams {
      if let step = stepBetweenStreams(input, magic: UInt8(ascii: "B"), of: .bzip2) { return step }
      BZ2_bzDecompressEnd(stream)
      stream.pointee = bz_stream()
      guard BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK else { return DecodingStep(fault: "out of memory") }
      isBetweenStreams = false
    }
    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: CChar.self).baseAddress)
    stream.pointee.avail_in = UInt32(clamping: input.count)
    stream.pointee.next_out = output.bindMemory(to: CChar.self).baseAddress
    stream.pointee.avail_out = UInt32(clamping: output.count)
    let status = BZ2_bzDecompress(stream)
    var step = DecodingStep(
      consumed: input.count - Int(stream.pointee.avail_in),
      produced: output.count - Int(stream.pointee.avail_out))
    switch status {
    case BZ_OK: break
    case BZ_STREAM_END: isBetweenStreams = true
    case BZ_DATA_ERROR: step.fault = "bzip2 block with a wrong checksum"
    case BZ_DATA_ERROR_MAGIC: step.fault = "no bzip2 stream where one should begin"
    default: step.fault = "bzip2 fault \(status)"
    }
    return step
  }
}

/// xz, any number of streams one after the other, with padding between them.
final class XZDecoder: StreamDecoder {
  private let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
  private(set) var isBetweenStreams = false

  init?() {
    stream.initialize(to: lzma_stream())
    guard lzma_stream_decoder(stream, UInt64(Compression.largestDictionary), 0) == LZMA_OK else { return nil }
  }

  deinit {
    lzma_end(stream)
    stream.deallocate()
  }

  func decode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> DecodingStep {
    if isBetweenStreams {
      if let step = stepBetweenStreams(input, magic: 0xFD, of: .xz) { return step }
      guard lzma_stream_decoder(stream, UInt64(Compression.largestDictionary), 0) == LZMA_OK else {
        return DecodingStep(fault: "out of memory")
      }
      isBetweenStreams = false
    }
    stream.pointee.next_in = input.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.avail_in = input.count
    stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.avail_out = output.count
    let status = lzma_code(stream, LZMA_RUN)
    var step = DecodingStep(
      consumed: input.count - stream.pointee.avail_in, produced: output.count - stream.pointee.avail_out)
    switch status {
    case LZMA_OK, LZMA_BUF_ERROR, LZMA_NO_CHECK, LZMA_UNSUPPORTED_CHECK, LZMA_GET_CHECK: break
    case LZMA_STREAM_END: isBetweenStreams = true
    case LZMA_MEMLIMIT_ERROR:
      step.needsMemory = true
    case LZMA_FORMAT_ERROR: step.fault = "no xz stream where one should begin"
    case LZMA_DATA_ERROR: step.fault = "xz data that contradict their checksum or format"
    default: step.fault = "xz fault \(status.rawValue)"
    }
    return step
  }
}
