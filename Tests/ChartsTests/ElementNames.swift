import Foundation
import FoundationXML
import Testing

/// Parses a document strictly and returns the names of its elements.
func elements(_ svg: String) throws -> [String] {
  let collector = ElementCollector()
  let parser = XMLParser(data: Data(svg.utf8))
  parser.delegate = collector
  try #require(parser.parse(), "\(String(describing: parser.parserError))")
  return collector.names
}

private final class ElementCollector: NSObject, XMLParserDelegate {
  var names: [String] = []

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    names.append(name)
  }
}
