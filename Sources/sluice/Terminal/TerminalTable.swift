/// A table of aligned columns.
struct TerminalTable {
  enum Alignment {
    case left
    case right
  }

  struct Column {
    let title: String
    let alignment: Alignment

    init(_ title: String, _ alignment: Alignment) {
      self.title = title
      self.alignment = alignment
    }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  init(_ columns: [Column]) { self.columns = columns }

  mutating func append(_ row: [String]) {
    precondition(row.count == columns.count, "one cell a column")
    rows.append(row)
  }

  /// The table without a line end after the last row.
  var text: String {
    let widths = columns.indices.map { column in
      rows.reduce(columns[column].title.count) { max($0, $1[column].count) }
    }
    func line(_ cells: [String]) -> String {
      let padded = columns.indices.map { index in
        let gap = String(repeating: " ", count: widths[index] - cells[index].count)
        return columns[index].alignment == .left ? cells[index] + gap : gap + cells[index]
      }
      var text = padded.joined(separator: "  ")
      while text.last == " " { text.removeLast() }
      return text
    }
    return ([line(columns.map(\.title))] + rows.map(line)).joined(separator: "\n")
  }
}
