/// Turns a machine's arena into values, with the numbers of the tensors read from their storages.
struct PickleResolver {
  /// Where a storage's numbers lie in the file.
  struct Storage {
    let start: Int
    let count: Int
  }

  let machine: PickleMachine
  let storages: [String: Storage]
  private let bytes: [UInt8]
  /// Remaining values and tensor elements that may be created. Sharing lets a small file describe exponentially
  /// large values; real files describe fewer values and elements than they have bytes.
  private var valueBudget: Int
  private var elementBudget: Int
  private var tensors: [Int: PickleTensor] = [:]

  /// Deepest nesting of containers that is followed; weight files have 5.
  private static let maximumDepth = 64

  init(_ machine: PickleMachine, storages: [String: Storage] = [:]) {
    self.machine = machine
    self.storages = storages
    bytes = machine.cursor.bytes
    valueBudget = bytes.count
    elementBudget = bytes.count
  }

  /// The value of a node.
  mutating func value(_ node: Int, depth: Int = 0) throws(LegacyTorchError) -> PickleValue {
    guard depth < Self.maximumDepth else {
      throw .tooLarge("containers nested deeper than \(Self.maximumDepth)")
    }
    valueBudget -= 1
    guard valueBudget >= 0 else { throw .tooLarge("more values than the file has bytes") }
    switch machine.nodes[node] {
    case .leaf(let value): return value
    case .list(let index): return .list(try values(machine.lists[index], depth: depth))
    case .tuple(let items): return .tuple(try values(items, depth: depth))
    case .dictionary(let index):
      var entries: [PickleEntry] = []
      for (key, value) in machine.dictionaries[index] {
        entries.append(
          PickleEntry(
            key: try self.value(key, depth: depth + 1), value: try self.value(value, depth: depth + 1)))
      }
      return .dictionary(entries)
    case .tensor(let view):
      if let known = tensors[node] { return .tensor(known) }
      let tensor = PickleTensor(shape: view.shape, values: try elements(view))
      tensors[node] = tensor
      return .tensor(tensor)
    case .global(let name): throw .unsupportedGlobal(name, offset: 0)
    case .storage(let key, _): throw .malformed("storage \(key) outside a tensor", offset: 0)
    case .dataType(let code, _): throw .malformed("numpy type \(code) as a value", offset: 0)
    }
  }

  private mutating func values(_ nodes: [Int], depth: Int) throws(LegacyTorchError) -> [PickleValue] {
    var values: [PickleValue] = []
    for node in nodes { values.append(try value(node, depth: depth + 1)) }
    return values
  }

  private mutating func elements(_ view: PickleMachine.TensorView) throws(LegacyTorchError) -> [Float] {
    guard let storage = storages[view.key] else { throw .missingStorage(key: view.key) }
    guard storage.count == view.declaredCount else {
      throw .storageSizeMismatch(key: view.key, declared: view.declaredCount, stored: storage.count)
    }
    let count = try Self.checkedCount(view, storageCount: storage.count)
    elementBudget -= count
    guard elementBudget >= 0 else { throw .tooLarge("more tensor elements than the file has bytes") }
    guard count > 0 else { return [] }
    let first = storage.start + 4 * view.storageOffset
    if view.isContiguous { return floats(first..<first + 4 * count) }
    var values: [Float] = []
    values.reserveCapacity(count)
    var index = [Int](repeating: 0, count: view.shape.count)
    var position = view.storageOffset
    for _ in 0..<count {
      values.append(float(at: storage.start + 4 * position))
      // Next index in row-major order, keeping the position in the storage in step.
      var axis = view.shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        position += view.strides[axis]
        if index[axis] < view.shape[axis] { break }
        position -= view.shape[axis] * view.strides[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return values
  }

  /// The number of elements, once every index is known to stay inside the storage.
  private static func checkedCount(
    _ view: PickleMachine.TensorView, storageCount: Int
  ) throws(LegacyTorchError) -> Int {
    let bad = { (reason: String) in LegacyTorchError.badTensor(reason, offset: view.fileOffset) }
    guard view.shape.count == view.strides.count, view.shape.count <= 8 else {
      throw bad("\(view.shape.count) axes with \(view.strides.count) strides")
    }
    guard view.shape.allSatisfy({ $0 >= 0 }), view.strides.allSatisfy({ $0 >= 0 }), view.storageOffset >= 0
    else {
      throw bad("a negative length, stride or offset")
    }
    guard let count = NamedTensor.elementCount(of: view.shape), count <= storageCount else {
      throw bad("shape \(view.shape) is larger than its storage of \(storageCount)")
    }
    if count == 0 { return 0 }
    var last = view.storageOffset
    for (length, stride) in zip(view.shape, view.strides) {
      // The step past the end of an axis is computed too, so it must not overflow either.
      let (extent, tooFar) = length.multipliedReportingOverflow(by: stride)
      let (end, beyond) = last.addingReportingOverflow(extent - stride)
      guard !tooFar, !beyond, extent < Int.max / 16 else { throw bad("strides \(view.strides)") }
      last = end
    }
    guard last < storageCount else { throw bad("element \(last) of a storage of \(storageCount)") }
    return count
  }

  private func floats(_ range: Range<Int>) -> [Float] {
    var values = [Float](repeating: 0, count: range.count / 4)
    values.withUnsafeMutableBytes { $0.copyBytes(from: bytes[range]) }
    return values
  }

  private func float(at offset: Int) -> Float {
    let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
    return Float(bitPattern: bits)
  }
}

extension PickleMachine.TensorView {
  /// Whether the elements lie one after the other in row-major order.
  fileprivate var isContiguous: Bool {
    var expected = 1
    for (length, stride) in zip(shape, strides).reversed() where length != 1 {
      guard stride == expected else { return false }
      expected *= length
    }
    return true
  }
}
