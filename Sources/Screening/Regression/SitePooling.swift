/// How the rows of a crystal's sites become its row.
public enum SitePooling: String, CaseIterable, Codable, Hashable, Sendable {
  /// They stay: a row a site.
  case none
  /// Their sum.
  case sum
  /// Their mean.
  case mean
}

extension SitePooling {
  /// The sum or mean of rows, in double precision; `row` gives a site's row.
  func pooled(_ siteCount: Int, width: Int, _ row: (_ site: Int, _ column: Int) -> Double) -> [Double] {
    precondition(self != .none, "rows are pooled")
    var sums = [Double](repeating: 0, count: width)
    for site in 0..<siteCount {
      for column in 0..<width { sums[column] += row(site, column) }
    }
    return self == .sum ? sums : sums.map { $0 / Double(siteCount) }
  }
}
