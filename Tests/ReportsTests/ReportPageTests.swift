import Crystal
import Testing

@testable import Reports

/// Texts that would do harm where they were read as markup, a script or a file name.
private let hostile = [
  "</script><script>window.PWNED=1</script>", "<img src=x onerror=\"window.PWNED=1\">",
  "\" onmouseover=\"window.PWNED=1",
  "' onfocus='window.PWNED=1", "../../../etc/passwd", "a\u{202E}b", "&lt;b&gt;", "<!-- x", "\u{0}\u{7}",
]

@Suite("Pages of reports") struct ReportPageTests {
  private func page(_ text: String) throws -> ReportPage {
    let table = ReportTable(columns: [text, "n"], rows: [[text, "1"]])
    let list = CandidateList(
      models: [CandidateList.Model(name: text, placesOnHull: true, unit: "eV/atom")], threshold: 0,
      sources: [text], total: 1,
      candidates: [
        CandidateList.Candidate(
          id: text, formula: text, siteCount: 1, volume: 10, source: 0, record: 0, notes: [text],
          predictions: [
            CandidateList.Prediction(rank: 1, value: -0.1, decomposition: text, flags: [text])
          ])
      ], showCommand: text)
    let blocks: [ReportBlock] = [
      .text(text), .note(text), .code(text), .list([text]), .cautions(title: text, [text]),
      .figure(ReportFigure(title: text, picture: "<svg></svg>", caption: text, table: table)), .table(table),
      .columns([[.heading(text)]]), .fold(title: text, [.text(text)]), .candidates(list),
      .elements(
        ElementMap(
          caption: text,
          entries: [ElementMap.Entry(element: try #require(Element(symbol: "Na")), candidates: 2, stable: 1)])
      ),
    ]
    return ReportPage(
      title: text, status: text, banner: text, tiles: [ReportTile(value: text, name: text)],
      sections: [ReportSection(id: "all", title: text, blocks: blocks)], maker: text)
  }

  @Test(arguments: hostile) func `no text of a report becomes markup`(text: String) throws {
    let html = try page(text).html
    // What begins an element is what begins one on the page of a harmless text, but for lowered numbers of formulas.
    func openings(_ html: String) -> [Substring] {
      html.split(separator: "<").dropFirst().map { $0.prefix { $0.isLetter || "/!".contains($0) } }
        .filter { !$0.hasSuffix("sub") }
    }
    #expect(openings(html) == openings(try page("harmless").html))
    for handler in ["onerror", "onmouseover", "onfocus"] {
      #expect(!html.contains("\(handler)=\"") && !html.contains("\(handler)='"), "quotes of a text stay text")
    }
    #expect(!html.unicodeScalars.contains { $0.value == 0x202E || $0.value == 0 || $0.value == 7 })
  }

  @Test func `the same report has the same bytes, asks for nothing and lets only its own script run`() throws
  {
    let html = try page("harmless").html
    #expect(html == (try page("harmless").html))
    #expect(html.contains("default-src &#39;none&#39;; script-src &#39;sha256-"))
    for name in ["http:", "https:", "src=", "@import", "url(", "unsafe-"] {
      // The namespace of pictures is a name, and no address that is asked for.
      let text = html.replacing("http://www.w3.org/2000/svg", with: "")
      #expect(!text.contains(name), "\(name)")
    }
  }

  @Test func `base 64 is that of RFC 4648`() {
    let cases = [
      "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=",
      "foobar": "Zm9vYmFy",
    ]
    for (text, expected) in cases { #expect(base64(Array(text.utf8)) == expected) }
    #expect(base64([0xFB, 0xFF, 0xFE]) == "+//+")
  }

  @Test func `every element has a field of its own`() throws {
    let map = ElementMap(caption: "", entries: [])
    let places = map.markup.html.matches(of: #/class="el (r\d+ c\d+) none">([A-Z][a-z]?)</#)
    #expect(Set(places.map { String($0.1) }).count == 118)
    #expect(Set(places.map { String($0.2) }).count == 118)
    let byElement = Dictionary(uniqueKeysWithValues: places.map { (String($0.2), String($0.1)) })
    // Groups and periods of the periodic table of the IUPAC.
    for (symbol, place) in [
      "H": "r1 c1", "He": "r1 c18", "B": "r2 c13", "Ti": "r4 c4", "Hf": "r6 c4", "La": "r9 c3",
      "Lu": "r9 c17", "Lr": "r10 c17", "Og": "r7 c18",
    ] {
      #expect(byElement[symbol] == place)
    }
  }
}
