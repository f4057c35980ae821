internal import Configuration

extension DefaultStringInterpolation {
  /// A place in a configuration as people and editors read it: file:line:column: key path.
  mutating func appendInterpolation(_ location: ConfigurationLocation) {
    appendLiteral("\(location.file):\(location.line):\(location.column)")
    if !location.keyPath.isEmpty { appendLiteral(": \(location.keyPath)") }
  }
}
