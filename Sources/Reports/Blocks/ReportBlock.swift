/// What the sections of a report are made of.
public indirect enum ReportBlock: Sendable {
  /// A paragraph.
  case text(String)
  /// A paragraph that stands back behind the others.
  case note(String)
  /// Lines to be typed or read as they are.
  case code(String)
  /// Statements under one another.
  case list([String])
  /// Statements that a reader should know before relying on the rest.
  case cautions(title: String, [String])
  /// A picture with its numbers.
  case figure(ReportFigure)
  /// A table.
  case table(ReportTable)
  /// Blocks side by side where the page is wide enough.
  case columns([[ReportBlock]])
  /// Blocks that a reader opens.
  case fold(title: String, [ReportBlock])
  /// A heading within a section.
  case heading(String)
  /// The periodic table.
  case elements(ElementMap)
  /// The table of candidates.
  case candidates(CandidateList)
}

/// A picture with its caption, and its numbers as a table for those who do not see it or want to know exactly.
public struct ReportFigure: Sendable {
  /// What it shows, in a few words.
  public let title: String
  /// The picture, an SVG document of the chart modules.
  public let picture: String
  /// How to read it; empty for nothing.
  public let caption: String
  /// Its numbers.
  public let table: ReportTable

  /// A figure.
  public init(title: String, picture: String, caption: String = "", table: ReportTable) {
    self.title = title
    self.picture = picture
    self.caption = caption
    self.table = table
  }
}

/// A table of texts.
public struct ReportTable: Sendable {
  /// The heads of the columns.
  public let columns: [String]
  /// The rows, each with as many cells.
  public let rows: [[String]]
  /// The columns that hold numbers, and are aligned at their right.
  public let numbers: Set<Int>

  /// A table; by default all columns but the first hold numbers.
  public init(columns: [String], rows: [[String]], numbers: Set<Int>? = nil) {
    precondition(rows.allSatisfy { $0.count == columns.count }, "all rows have a cell a column")
    self.columns = columns
    self.rows = rows
    self.numbers = numbers ?? Set(columns.indices.dropFirst())
  }
}

/// A number over its name, at the top of a report.
public struct ReportTile: Sendable {
  /// The number.
  public let value: String
  /// What it counts.
  public let name: String

  /// A tile.
  public init(value: String, name: String) {
    self.value = value
    self.name = name
  }
}

/// A part of a report with its place in the list of contents.
public struct ReportSection: Sendable {
  /// Its name in the address, of lower-case letters.
  public let id: String
  /// Its heading.
  public let title: String
  /// What it holds.
  public let blocks: [ReportBlock]

  /// A section.
  public init(id: String, title: String, blocks: [ReportBlock]) {
    precondition(id.allSatisfy { $0.isASCII && $0.isLowercase }, "an id is made of letters")
    self.id = id
    self.title = title
    self.blocks = blocks
  }
}
