public import Reports

extension ReportPage {
  /// Writes the page, whole or not at all.
  ///
  /// - Returns: the number of bytes.
  /// - Throws: `ScreeningError`.
  @discardableResult
  public func write(to path: String) throws -> Int {
    let bytes = Array(html.utf8)
    try writeAtomically(bytes, to: path)
    return bytes.count
  }
}
