import COpenSSL
import Foundation

/// The SHA-256 digest of some bytes: who agrees on it agrees on the bytes.
public struct Fingerprint: Hashable, Sendable {
  /// The digest in 64 lower-case hexadecimal digits.
  public let hexadecimal: String

  /// The 32 bytes of the digest.
  public var bytes: [UInt8] {
    let digits = hexadecimal.utf8.map { $0 < 58 ? $0 - 48 : $0 - 87 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// The fingerprint written as 64 hexadecimal digits, or nil for any other text.
  public init?(hexadecimal: String) {
    let isValid = hexadecimal.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    guard isValid, hexadecimal.utf8.count == 64 else { return nil }
    self.hexadecimal = hexadecimal
  }

  /// The fingerprint of some bytes.
  public init(of bytes: [UInt8]) {
    var stream = FingerprintStream()
    bytes.withUnsafeBytes { stream.append($0) }
    self = stream.finish()
  }

  /// The fingerprint of a text's UTF-8 bytes.
  public init(of text: String) { self.init(of: Array(text.utf8)) }

  /// The fingerprint of several fingerprints in order, e.g. of a plan and of its inputs.
  public init(combining parts: [Fingerprint]) {
    // Each part has the same length, so no two lists give the same text.
    self.init(of: parts.map(\.hexadecimal).joined(separator: "\n"))
  }

  /// The fingerprint of a file's content, read in pieces of a mebibyte.
  ///
  /// - Throws: `FingerprintError`, with the path.
  public init(ofFile path: String) throws(FingerprintError) {
    guard let file = fopen(path, "rb") else {
      throw .cannotRead(path: path, message: String(cString: strerror(errno)))
    }
    defer { fclose(file) }
    var stream = FingerprintStream()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = fread(buffer.baseAddress, 1, buffer.count, file)
      stream.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      guard count == buffer.count else { break }
    }
    guard ferror(file) == 0 else {
      throw .cannotRead(path: path, message: String(cString: strerror(errno)))
    }
    self = stream.finish()
  }

  fileprivate init(digest: [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    hexadecimal = String(
      decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}

extension Fingerprint: CustomStringConvertible {
  /// The hexadecimal digits.
  public var description: String { hexadecimal }
}

/// Why a file has no fingerprint.
public enum FingerprintError: Error, Hashable, Sendable {
  /// The file cannot be opened or read to its end.
  case cannotRead(path: String, message: String)
}

extension FingerprintError: CustomStringConvertible {
  /// The path and the system's reason.
  public var description: String {
    switch self {
    case .cannotRead(let path, let message): return "\(path): cannot be read (\(message))"
    }
  }
}

/// Takes the fingerprint of bytes that come in pieces.
public struct FingerprintStream: ~Copyable {
  private let context: OpaquePointer

  /// A stream without bytes so far.
  public init() {
    // Fails for want of memory, or where the library is built without SHA-256: nothing a caller could mend.
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      preconditionFailure("libcrypto offers no SHA-256")
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Adds bytes.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    let status = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    precondition(status == 1, "SHA-256 takes any bytes")
  }

  /// The fingerprint of all bytes added.
  public consuming func finish() -> Fingerprint {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    let status = EVP_DigestFinal_ex(context, &digest, &length)
    precondition(status == 1 && length == 32, "a SHA-256 digest has 32 bytes")
    return Fingerprint(digest: Array(digest[..<32]))
  }
}
