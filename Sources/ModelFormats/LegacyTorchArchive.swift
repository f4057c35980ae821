/// A weight file in the serialization that torch used before 1.6 (and that published CGCNN weights are in).
///
/// Layout: five pickles back to back (magic number, protocol version, description of the machine, the object, the
/// list of storage keys), then for each storage key in that order an Int64 element count and as many 32-bit floats,
/// all little-endian. Reading never executes anything and never traps on damaged bytes.
public struct LegacyTorchArchive: Sendable {
  /// The object: for CGCNN a dictionary with "epoch", "state_dict", "best_mae_error", "normalizer", "args" and more.
  public let root: PickleValue

  /// Reads a whole file.
  ///
  /// - Throws: `LegacyTorchError` when the bytes are not such a file, are damaged or end early.
  /// - Complexity: O(bytes); values and tensor elements are limited to the number of bytes.
  public init(decoding bytes: [UInt8]) throws(LegacyTorchError) {
    var cursor = ByteCursor(bytes)
    let magic = try Self.plainValue(&cursor)
    guard magic == .bigInteger(Self.magic) else { throw .notLegacyTorch }
    let protocolVersion = try Self.plainValue(&cursor)
    guard protocolVersion == .int(1001) else {
      throw .malformed("protocol version other than 1001", offset: cursor.offset)
    }
    let system = try Self.plainValue(&cursor)
    guard system["little_endian"] == .bool(true) else {
      throw .malformed("numbers that are not little-endian", offset: cursor.offset)
    }
    var machine = PickleMachine(running: cursor)
    let object = try machine.run()
    cursor = machine.cursor
    let storages = try Self.storages(&cursor)
    var resolver = PickleResolver(machine, storages: storages)
    root = try resolver.value(object)
  }

  /// The integer 0x1950a86a20f9469cfc6c, little-endian, that opens every such file.
  private static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]

  private static func plainValue(_ cursor: inout ByteCursor) throws(LegacyTorchError) -> PickleValue {
    var machine = PickleMachine(running: cursor)
    let node = try machine.run()
    cursor = machine.cursor
    var resolver = PickleResolver(machine)
    return try resolver.value(node)
  }

  private static func storages(
    _ cursor: inout ByteCursor
  ) throws(LegacyTorchError) -> [String: PickleResolver.Storage] {
    let start = cursor.offset
    guard case .list(let keys) = try plainValue(&cursor) else {
      throw .malformed("the storage keys are no list", offset: start)
    }
    var storages: [String: PickleResolver.Storage] = [:]
    for item in keys {
      guard case .string(let key) = item else {
        throw .malformed("a storage key that is no text", offset: start)
      }
      let offset = cursor.offset
      guard let count = Int(exactly: try cursor.unsigned(8)), count <= Int.max / 4 else {
        throw .malformed("the length of storage \(key)", offset: offset)
      }
      let range = try cursor.take(4 * count)
      let storage = PickleResolver.Storage(start: range.lowerBound, count: count)
      guard storages.updateValue(storage, forKey: key) == nil else {
        throw .malformed("storage \(key) stored twice", offset: offset)
      }
    }
    guard cursor.offset == cursor.bytes.count else {
      throw .malformed("bytes after the end", offset: cursor.offset)
    }
    return storages
  }
}

extension LegacyTorchArchive {
  /// The tensors of the dictionary `root[entry]` in file order; entries that are no tensors are left out.
  ///
  /// - Throws: `.missingEntry` when there is no such dictionary, `.malformed` when a name occurs twice.
  public func tensors(under entry: String) throws(LegacyTorchError) -> [NamedTensor] {
    guard case .dictionary(let entries) = root[entry] else { throw .missingEntry(entry) }
    var names: Set<String> = []
    var tensors: [NamedTensor] = []
    for entry in entries {
      guard case .string(let name) = entry.key, case .tensor(let tensor) = entry.value else { continue }
      guard names.insert(name).inserted else { throw .malformed("tensor \(name) occurs twice", offset: 0) }
      tensors.append(NamedTensor(name: name, shape: tensor.shape, values: tensor.values))
    }
    return tensors
  }

  /// The training options the file was written with ("args"); nil when absent.
  public var arguments: PickleValue? { root["args"] }

  /// The epoch the weights are from; nil when absent.
  public var epoch: Int? { root["epoch"]?.intValue }

  /// Best validation error, or AUC for a classifier ("best_mae_error"); nil when absent.
  public var bestValidationError: Double? { root["best_mae_error"]?.doubleValue }

  /// Mean and standard deviation of the target: prediction = output · deviation + mean; nil when absent.
  public var normalizer: (mean: Double, standardDeviation: Double)? {
    guard let mean = root["normalizer"]?["mean"]?.doubleValue,
      let deviation = root["normalizer"]?["std"]?.doubleValue
    else { return nil }
    return (mean, deviation)
  }
}
