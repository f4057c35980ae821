/// Why bytes are not a weight file in the legacy torch serialization. Offsets are byte positions in the file.
public enum LegacyTorchError: Error, Equatable, Sendable {
  /// The file ends where more bytes were needed.
  case truncated(offset: Int)
  /// The first pickle is not the magic number of the format.
  case notLegacyTorch
  /// An instruction that weight files do not use.
  case unsupportedOpcode(UInt8, offset: Int)
  /// A class or function outside the short list that weight files use; nothing is ever executed.
  case unsupportedGlobal(String, offset: Int)
  /// The instructions contradict each other or the format.
  case malformed(String, offset: Int)
  /// Values nested or shared beyond any weight file, which would exhaust memory.
  case tooLarge(String)
  /// A tensor refers to a storage that the file does not hold.
  case missingStorage(key: String)
  /// A storage holds another number of elements than the tensors that use it say.
  case storageSizeMismatch(key: String, declared: Int, stored: Int)
  /// A tensor's shape, strides or offset do not fit its storage.
  case badTensor(String, offset: Int)
  /// The top-level dictionary lacks this entry, or it has another type.
  case missingEntry(String)
}

extension LegacyTorchError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .truncated(let offset): "the file ends at byte \(offset), before it is complete"
    case .notLegacyTorch: "no legacy PyTorch file"
    case .unsupportedOpcode(let opcode, let offset):
      "pickle operation \(opcode) at byte \(offset) is not supported"
    case .unsupportedGlobal(let name, let offset):
      "the file asks for \(name) at byte \(offset), which weights do not need; nothing was executed"
    case .malformed(let what, let offset): "malformed at byte \(offset): \(what)"
    case .tooLarge(let what): "too large: \(what)"
    case .missingStorage(let key): "the numbers of storage \(key) are missing"
    case .storageSizeMismatch(let key, let declared, let stored):
      "storage \(key) is declared with \(declared) numbers and holds \(stored)"
    case .badTensor(let what, let offset): "bad tensor at byte \(offset): \(what)"
    case .missingEntry(let name): "there is no entry \"\(name)\""
    }
  }
}
