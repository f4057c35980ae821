extension ReportBlock {
  var markup: Markup {
    switch self {
    case .text(let text): .text("p", text)
    case .note(let text): .text("p", ["class": "note"], text)
    case .code(let text): .text("pre", ["tabindex": "0"], text)
    case .list(let lines): .element("ul", [:], lines.map { .text("li", $0) })
    case .cautions(let title, let lines):
      .element(
        "aside", ["class": "cautions", "aria-label": title],
        [.text("h3", title), .element("ul", [:], lines.map { .text("li", $0) })])
    case .figure(let figure): figure.markup
    case .table(let table): table.markup
    case .columns(let columns):
      .element(
        "div", ["class": "columns"],
        columns.map { .element("div", [:], $0.map(\.markup)) })
    case .fold(let title, let blocks):
      .element("details", [:], [.text("summary", title)] + blocks.map(\.markup))
    case .heading(let title): .text("h3", title)
    case .elements(let map): map.markup
    case .candidates(let list): list.markup
    }
  }
}

extension ReportFigure {
  var markup: Markup {
    .element(
      "figure", [:],
      [.text("h3", title), Markup(picture: picture)]
        + (caption.isEmpty ? [] : [.text("figcaption", caption)]) + [table.fold])
  }
}

extension ReportTable {
  /// The table, which scrolls sideways where the page is narrow.
  var markup: Markup {
    func cells(_ name: String, _ texts: [String], scope: String? = nil) -> Markup {
      .element(
        "tr", [:],
        texts.enumerated().map { column, text in
          .text(name, ["scope": scope, "class": numbers.contains(column) ? "n" : nil], text)
        })
    }
    return .element(
      "div", ["class": "wide", "tabindex": "0"],
      [
        .element(
          "table", [:],
          [
            .element("thead", [:], [cells("th", columns, scope: "col")]),
            .element("tbody", [:], rows.map { cells("td", $0) }),
          ])
      ])
  }

  /// The numbers of a figure, to be opened.
  var fold: Markup { .element("details", [:], [.text("summary", "as a table"), markup]) }
}

extension ReportSection {
  var markup: Markup {
    .element(
      "section", ["id": id, "aria-labelledby": "\(id)-title"],
      [.text("h2", ["id": "\(id)-title"], title)] + blocks.map(\.markup))
  }
}
