/// The stack machine of the pickle format, cut down to what weight files contain.
///
/// Pickles build values by small instructions, share them by number (the memo) and name functions to call. This
/// machine knows the handful of functions that torch and numpy write and refuses any other name: nothing is
/// executed. Values live in an arena and are referred to by index, because a memoized container may be filled after
/// it was shared. Instruction set: Python's `pickletools` documentation, protocol 2.
struct PickleMachine {
  enum Node {
    case leaf(PickleValue)
    case list(Int)
    case tuple([Int])
    case dictionary(Int)
    case global(String)
    case storage(key: String, count: Int)
    case tensor(TensorView)
    case dataType(code: String, littleEndian: Bool)
  }

  /// A tensor as the file describes it: a strided window into a storage.
  struct TensorView {
    let key: String
    let declaredCount: Int
    let storageOffset: Int
    let shape: [Int]
    let strides: [Int]
    let fileOffset: Int
  }

  private(set) var cursor: ByteCursor
  private(set) var nodes: [Node] = []
  /// Contents of lists and dictionaries, apart from the nodes so that they grow in place.
  private(set) var lists: [[Int]] = []
  private(set) var dictionaries: [[(key: Int, value: Int)]] = []
  private var stack: [Int] = []
  private var marks: [Int] = []
  private var memo: [Int: Int] = [:]

  /// Runs one pickle that starts at the cursor; afterwards `cursor` stands behind its STOP.
  init(running cursor: ByteCursor) {
    self.cursor = cursor
  }

  /// Executes up to STOP and returns the root's index in `nodes`.
  mutating func run() throws(LegacyTorchError) -> Int {
    while true {
      let offset = cursor.offset
      let opcode = try cursor.byte()
      if opcode == UInt8(ascii: ".") { return try pop() }
      if try literal(opcode, at: offset) { continue }
      if try memoize(opcode) { continue }
      if try collect(opcode, at: offset) { continue }
      guard try call(opcode, at: offset) else { throw .unsupportedOpcode(opcode, offset: offset) }
    }
  }

  // MARK: Stack

  private mutating func push(_ node: Node) {
    stack.append(nodes.count)
    nodes.append(node)
  }

  private mutating func pop() throws(LegacyTorchError) -> Int {
    guard stack.count > (marks.last ?? 0), let top = stack.popLast() else {
      throw .malformed("nothing on the stack", offset: cursor.offset)
    }
    return top
  }

  private func top() throws(LegacyTorchError) -> Int {
    guard stack.count > (marks.last ?? 0), let top = stack.last else {
      throw .malformed("nothing on the stack", offset: cursor.offset)
    }
    return top
  }

  private mutating func popToMark() throws(LegacyTorchError) -> [Int] {
    guard let mark = marks.popLast() else { throw .malformed("no mark on the stack", offset: cursor.offset) }
    let items = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return items
  }

  // MARK: Instructions

  /// Constants and empty containers.
  private mutating func literal(_ opcode: UInt8, at offset: Int) throws(LegacyTorchError) -> Bool {
    switch opcode {
    case 0x80:  // PROTO
      let version = try cursor.byte()
      guard version == 2 else { throw .malformed("pickle protocol \(version) instead of 2", offset: offset) }
    case UInt8(ascii: "N"): push(.leaf(.none))
    case 0x88: push(.leaf(.bool(true)))
    case 0x89: push(.leaf(.bool(false)))
    case UInt8(ascii: "J"):  // BININT
      push(.leaf(.int(Int(Int32(truncatingIfNeeded: try cursor.unsigned(4))))))
    case UInt8(ascii: "K"): push(.leaf(.int(Int(try cursor.byte()))))  // BININT1
    case UInt8(ascii: "M"): push(.leaf(.int(Int(try cursor.unsigned(2)))))  // BININT2
    case 0x8A:  // LONG1
      let bytes = Array(cursor.bytes[try cursor.take(Int(try cursor.byte()))])
      push(.leaf(Self.integer(bytes)))
    case UInt8(ascii: "G"):  // BINFLOAT, big-endian
      push(.leaf(.float(Double(bitPattern: try cursor.unsigned(8).byteSwapped))))
    case UInt8(ascii: "X"):  // BINUNICODE
      push(.leaf(.string(try cursor.text(Int(try cursor.unsigned(4))))))
    case UInt8(ascii: "c"):  // GLOBAL
      push(.global("\(try cursor.line()).\(try cursor.line())"))
    case UInt8(ascii: "]"): pushList([])
    case UInt8(ascii: "}"): pushDictionary()
    case UInt8(ascii: ")"): push(.tuple([]))
    default: return false
    }
    return true
  }

  private mutating func memoize(_ opcode: UInt8) throws(LegacyTorchError) -> Bool {
    switch opcode {
    case UInt8(ascii: "q"): memo[Int(try cursor.byte())] = try top()  // BINPUT
    case UInt8(ascii: "r"): memo[Int(try cursor.unsigned(4))] = try top()  // LONG_BINPUT
    case UInt8(ascii: "h"): try recall(Int(try cursor.byte()))  // BINGET
    case UInt8(ascii: "j"): try recall(Int(try cursor.unsigned(4)))  // LONG_BINGET
    default: return false
    }
    return true
  }

  private mutating func recall(_ number: Int) throws(LegacyTorchError) {
    guard let node = memo[number] else {
      throw .malformed("memo \(number) was never stored", offset: cursor.offset)
    }
    stack.append(node)
  }

  /// Marks, tuples, and filling of containers.
  private mutating func collect(_ opcode: UInt8, at offset: Int) throws(LegacyTorchError) -> Bool {
    switch opcode {
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "t"): push(.tuple(try popToMark()))
    case 0x85, 0x86, 0x87:  // TUPLE1 … TUPLE3
      var items: [Int] = []
      for _ in 0..<Int(opcode - 0x84) { items.append(try pop()) }
      push(.tuple(items.reversed()))
    case UInt8(ascii: "a"):  // APPEND
      try append([try pop()], at: offset)
    case UInt8(ascii: "e"):  // APPENDS
      try append(try popToMark(), at: offset)
    case UInt8(ascii: "s"):  // SETITEM
      let value = try pop()
      try insert([try pop(), value], at: offset)
    case UInt8(ascii: "u"):  // SETITEMS
      try insert(try popToMark(), at: offset)
    default: return false
    }
    return true
  }

  private mutating func append(_ items: [Int], at offset: Int) throws(LegacyTorchError) {
    guard case .list(let index) = nodes[try top()] else {
      throw .malformed("items appended to what is no list", offset: offset)
    }
    lists[index].append(contentsOf: items)
  }

  private mutating func insert(_ items: [Int], at offset: Int) throws(LegacyTorchError) {
    guard case .dictionary(let index) = nodes[try top()] else {
      throw .malformed("entries set on what is no dictionary", offset: offset)
    }
    guard items.count.isMultiple(of: 2) else { throw .malformed("a key without a value", offset: offset) }
    for position in stride(from: 0, to: items.count, by: 2) {
      dictionaries[index].append((key: items[position], value: items[position + 1]))
    }
  }

  /// Storages and calls.
  private mutating func call(_ opcode: UInt8, at offset: Int) throws(LegacyTorchError) -> Bool {
    switch opcode {
    case UInt8(ascii: "Q"):  // BINPERSID
      push(try storage(try pop(), at: offset))
    case UInt8(ascii: "R"):  // REDUCE
      let arguments = try pop()
      guard case .tuple(let items) = nodes[arguments], case .global(let name) = nodes[try pop()] else {
        throw .malformed("a call without function or arguments", offset: offset)
      }
      try reduce(name, items, at: offset)
    case UInt8(ascii: "b"):  // BUILD
      try build(state: try pop(), at: offset)
    default: return false
    }
    return true
  }

  mutating func pushList(_ items: [Int]) {
    lists.append(items)
    push(.list(lists.count - 1))
  }

  mutating func pushDictionary() {
    dictionaries.append([])
    push(.dictionary(dictionaries.count - 1))
  }

  /// Pushes the result of a call.
  mutating func pushResult(_ node: Node) { push(node) }

  /// Replaces the node on top of the stack.
  mutating func replaceTop(_ node: Node) throws(LegacyTorchError) { nodes[try top()] = node }

  /// The node on top of the stack.
  func topNode() throws(LegacyTorchError) -> Node { nodes[try top()] }

  private static func integer(_ bytes: [UInt8]) -> PickleValue {
    guard bytes.count <= 8 else { return .bigInteger(bytes) }
    let fill: UInt64 = (bytes.last ?? 0) >= 0x80 ? .max : 0
    return .int(Int(Int64(bitPattern: bytes.reversed().reduce(fill) { $0 << 8 | UInt64($1) })))
  }
}
