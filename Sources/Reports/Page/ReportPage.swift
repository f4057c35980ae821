internal import CReportFiles
internal import PipelineEngine

/// A report: one HTML document that needs nothing from elsewhere, sends nothing, and lets nothing run but its own script.
public struct ReportPage: Sendable {
  /// What it is about, the heading of the page.
  public let title: String
  /// How things stand, in a sentence.
  public let status: String
  /// What a reader must know before anything else, e.g. that a run is not finished; nil for nothing.
  public let banner: String?
  /// Numbers at the top.
  public let tiles: [ReportTile]
  /// What follows.
  public let sections: [ReportSection]
  /// Who made it.
  public let maker: String

  /// A report.
  public init(
    title: String, status: String, banner: String? = nil, tiles: [ReportTile], sections: [ReportSection],
    maker: String
  ) {
    precondition(Set(sections.map(\.id)).count == sections.count, "sections have different ids")
    self.title = title
    self.status = status
    self.banner = banner
    self.tiles = tiles
    self.sections = sections
    self.maker = maker
  }

  /// The document. The same report has the same bytes.
  public var html: String {
    let list = candidates
    let script = String(cString: report_script())
    let style = String(cString: report_style())
    let policy = [
      "default-src 'none'", "script-src '\(Self.digest(script))'", "style-src '\(Self.digest(style))'",
      "base-uri 'none'", "form-action 'none'",
    ].joined(separator: "; ")
    let head = Markup.element(
      "head", [:],
      [
        .opening("meta", ["charset": "utf-8"]),
        .opening("meta", ["http-equiv": "Content-Security-Policy", "content": policy]),
        .opening("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
        .opening("meta", ["name": "referrer", "content": "no-referrer"]),
        .opening("meta", ["name": "color-scheme", "content": "light dark"]),
        .opening("meta", ["name": "generator", "content": maker]),
        .text("title", title), .raw("style", [:], style),
      ])
    let body = Markup.element(
      "body", [:],
      [
        .text("a", ["class": "skip", "href": "#main"], "Skip to the content"), header,
        .element("main", ["id": "main"], sections.map(\.markup)),
        .element("footer", [:], [.text("p", "Made by \(maker). Predictions, not proofs.")]),
      ] + (list.map(Self.data) ?? []) + [.raw("script", [:], script)])
    return "<!DOCTYPE html>\n" + Markup.element("html", ["lang": "en"], [head, body]).html + "\n"
  }

  private var header: Markup {
    .element(
      "header", [:],
      [.text("h1", title), .text("p", status)]
        + (banner.map { [.text("p", ["class": "banner"], $0)] } ?? []) + [
          .element(
            "ul", ["class": "tiles"],
            tiles.map { .element("li", [:], [.text("strong", $0.value), .text("span", $0.name)]) }),
          .element(
            "nav", ["class": "contents", "aria-label": "Contents"],
            sections.map { .text("a", ["href": "#" + $0.id], $0.title) }),
        ])
  }

  /// The list of candidates; a page has one at most.
  private var candidates: CandidateList? {
    for block in sections.flatMap(\.blocks) {
      if case .candidates(let list) = block, !list.models.isEmpty { return list }
    }
    return nil
  }

  private static func data(_ list: CandidateList) -> [Markup] {
    [
      .raw("script", ["type": "text/plain", "id": "columns"], list.packedColumns),
      .raw("script", ["type": "text/plain", "id": "structures"], list.packedStructures),
    ]
  }

  /// The digest of a text as a content security policy names it.
  private static func digest(_ text: String) -> String {
    "sha256-" + base64(Fingerprint(of: text).bytes)
  }
}
