import Crystal

/// A JSON table by columns, pandas' default form: {"structure": {"0": {…}, "1": {…}}, "energy": {"0": -1.5, "1": …}}, or
/// with lists for columns. Each row is a record under its key; the text is held whole.
final class JSONColumnSplitter: RecordSplitter {
  private struct Column {
    let name: String
    /// Whether the cells go by their places in a list.
    let isList: Bool
    /// Where the cells of the rows are, by key.
    let cells: [String: Range<Int>]
  }

  private let context: SplitterContext
  private var columns: [Column] = []
  private var rows: [(key: String, crystal: Range<Int>)] = []
  private var rowsHaveKeys = false
  // Keys that some column has twice.
  private var repeatedKeys: Set<String> = []
  private var otherCrystals: [String] = []
  private var number = 0

  /// A splitter of the object of `length` bytes at the window's beginning, with the crystals in the column `name`.
  init(_ context: SplitterContext, length: Int, crystals name: String) {
    self.context = context
    let text = UnsafeRawBufferPointer(rebasing: context.window.bytes[..<length])
    let start = text.firstIndex(of: UInt8(ascii: "{")) ?? 0
    var members = JSONMembers(UnsafeRawBufferPointer(rebasing: text[start...]))
    while let member = members.next() {
      let value = (member.value.lowerBound + start)..<(member.value.upperBound + start)
      let key = String(
        decoding: text[(member.key.lowerBound + start)..<(member.key.upperBound + start)], as: UTF8.self)
      add(column: key, text, value, holdsRows: key == name)
    }
    // Which cells of a list of another length belong to which rows is not known.
    columns.removeAll { $0.isList && $0.cells.count != rows.count }
  }

  private func add(column name: String, _ text: UnsafeRawBufferPointer, _ range: Range<Int>, holdsRows: Bool)
  {
    let column = UnsafeRawBufferPointer(rebasing: text[range])
    guard column.first == UInt8(ascii: "{") || column.first == UInt8(ascii: "[") else { return }
    if !holdsRows, case .crystals = JSONShape(column) {
      otherCrystals.append(name)
      return
    }
    if holdsRows { rowsHaveKeys = column.first == UInt8(ascii: "{") }
    var cells: [String: Range<Int>] = [:]
    var members = JSONMembers(column)
    var index = 0
    while let member = members.next() {
      let key = member.key.isEmpty ? "\(index)" : String(decoding: column[member.key], as: UTF8.self)
      let cell = (member.value.lowerBound + range.lowerBound)..<(member.value.upperBound + range.lowerBound)
      if holdsRows { rows.append((key, cell)) }
      if cells.updateValue(cell, forKey: key) != nil { repeatedKeys.insert(key) }
      index += 1
    }
    columns.append(Column(name: name, isList: column.first == UInt8(ascii: "["), cells: cells))
  }

  var count: Int { number }

  func resume(offset: Int, count: Int) { number = count }

  func next() throws(ArchiveError) -> RecordPiece? {
    let window = context.window
    guard number < rows.count else {
      window.drain()
      if let failure = window.failure { throw failure }
      return nil
    }
    let row = rows[number]
    number += 1
    let present = columns.filter { $0.cells[row.key] != nil }
    var bytes: [UInt8] = [UInt8(ascii: "[")]
    for column in present {
      if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(contentsOf: window.bytes[column.cells[row.key] ?? row.crystal])
    }
    bytes.append(UInt8(ascii: "]"))
    let shown = MemberName.shown(row.key, longest: context.limits.longestName)
    let failure =
      repeatedKeys.contains(row.key)
      ? RecordError(reason: .unreadable, message: "the table has two rows of the key '\(shown)'") : nil
    return RecordPiece(
      bytes: failure == nil ? bytes : [], offset: row.crystal.lowerBound,
      format: .tableRow(columns: present.map(\.name)), failure: failure, number: number,
      name: rowsHaveKeys ? RecordName(key: shown) : nil,
      passedOver: otherCrystals)
  }
}
