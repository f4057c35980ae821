/// The few functions and classes that torch and numpy name in weight files, and what they stand for.
extension PickleMachine {
  /// A storage from its persistent id ('storage', torch FloatStorage, key, location, count, no view).
  func storage(_ node: Int, at offset: Int) throws(LegacyTorchError) -> Node {
    guard case .tuple(let items) = nodes[node], items.count == 6,
      case .leaf(.string("storage")) = nodes[items[0]],
      case .global(let type) = nodes[items[1]], case .leaf(.string(let key)) = nodes[items[2]],
      case .leaf(.int(let count)) = nodes[items[4]], count >= 0
    else { throw .malformed("a persistent id that is no storage", offset: offset) }
    guard type == "torch.FloatStorage" else { throw .unsupportedGlobal(type, offset: offset) }
    guard case .leaf(.none) = nodes[items[5]] else {
      throw .malformed("a storage that is a view of another", offset: offset)
    }
    return .storage(key: key, count: count)
  }

  /// Pushes what calling `name` with `arguments` yields.
  mutating func reduce(_ name: String, _ arguments: [Int], at offset: Int) throws(LegacyTorchError) {
    switch name {
    case "collections.OrderedDict":
      guard arguments.isEmpty else { throw .malformed("OrderedDict with arguments", offset: offset) }
      pushDictionary()
    case "torch._utils._rebuild_tensor":
      pushResult(.tensor(try tensor(arguments, at: offset)))
    case "numpy.dtype":
      guard let first = arguments.first, case .leaf(.string(let code)) = nodes[first] else {
        throw .malformed("a numpy type without a code", offset: offset)
      }
      pushResult(.dataType(code: code, littleEndian: false))
    case "_codecs.encode":
      pushResult(.leaf(.bytes(try latin1(arguments, at: offset))))
    case "numpy.core.multiarray.scalar":
      pushResult(.leaf(.float(try numpyScalar(arguments, at: offset))))
    default:
      throw .unsupportedGlobal(name, offset: offset)
    }
  }

  /// Applies an object state; only numpy types have one here: (version, byte order, …).
  mutating func build(state: Int, at offset: Int) throws(LegacyTorchError) {
    guard case .dataType(let code, _) = try topNode(), case .tuple(let items) = nodes[state], items.count > 1,
      case .leaf(.string(let order)) = nodes[items[1]]
    else { throw .malformed("a state for an object that has none", offset: offset) }
    try replaceTop(.dataType(code: code, littleEndian: order == "<"))
  }

  private func tensor(_ arguments: [Int], at offset: Int) throws(LegacyTorchError) -> TensorView {
    guard arguments.count == 4, case .storage(let key, let count) = nodes[arguments[0]],
      case .leaf(.int(let start)) = nodes[arguments[1]]
    else { throw .malformed("a tensor without storage or offset", offset: offset) }
    return TensorView(
      key: key, declaredCount: count, storageOffset: start, shape: try integers(arguments[2], at: offset),
      strides: try integers(arguments[3], at: offset), fileOffset: offset)
  }

  private func integers(_ node: Int, at offset: Int) throws(LegacyTorchError) -> [Int] {
    guard case .tuple(let items) = nodes[node] else {
      throw .malformed("a shape that is no tuple", offset: offset)
    }
    var result: [Int] = []
    for item in items {
      guard case .leaf(.int(let value)) = nodes[item] else {
        throw .malformed("a shape with what is no integer", offset: offset)
      }
      result.append(value)
    }
    return result
  }

  /// The bytes of a text that stands for bytes: protocol 2 has no byte strings.
  private func latin1(_ arguments: [Int], at offset: Int) throws(LegacyTorchError) -> [UInt8] {
    guard arguments.count == 2, case .leaf(.string(let text)) = nodes[arguments[0]],
      case .leaf(.string("latin1")) = nodes[arguments[1]]
    else { throw .malformed("bytes in an encoding other than latin1", offset: offset) }
    let bytes = text.unicodeScalars.compactMap { UInt8(exactly: $0.value) }
    guard bytes.count == text.unicodeScalars.count else {
      throw .malformed("bytes beyond 255", offset: offset)
    }
    return bytes
  }

  private func numpyScalar(_ arguments: [Int], at offset: Int) throws(LegacyTorchError) -> Double {
    guard arguments.count == 2, case .dataType(let code, let littleEndian) = nodes[arguments[0]],
      case .leaf(.bytes(let bytes)) = nodes[arguments[1]]
    else { throw .malformed("a numpy scalar without type or bytes", offset: offset) }
    guard code == "f8", littleEndian, bytes.count == 8 else {
      throw .unsupportedGlobal("numpy scalar of type \(code)", offset: offset)
    }
    return Double(bitPattern: bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
  }
}
