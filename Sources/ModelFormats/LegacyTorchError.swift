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
