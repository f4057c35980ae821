import CZlib

/// Bytes compressed as one gzip member (RFC 1952), without a name and without a time: the same bytes give the same.
///
/// - Parameter bytes: less than 4 GiB.
public func gzip(_ bytes: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  // 15 bits of window, and 16 for gzip's header in place of zlib's.
  var status = deflateInit2_(
    &stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
    Int32(MemoryLayout<z_stream>.size))
  // Fails for want of memory alone: nothing a caller could mend.
  precondition(status == Z_OK, "zlib has no room")
  defer { deflateEnd(&stream) }
  let bound = Int(deflateBound(&stream, UInt(bytes.count)))
  var input = bytes
  let result = [UInt8](unsafeUninitializedCapacity: bound) { output, count in
    input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(output.count)
      status = deflate(&stream, Z_FINISH)
    }
    count = bound - Int(stream.avail_out)
  }
  precondition(status == Z_STREAM_END, "the room that zlib asked for is enough")
  return result
}
