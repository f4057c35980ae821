import CSpglib
import Crystal
import Testing

@Suite struct SpaceGroupTableTests {
  /// The text of a C array of characters.
  private func text(_ characters: some Any) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      .trimmingPrefix(" ").description
  }

  @Test func `symbols and point groups are those of spglib's own table`() throws {
    var seen: Set<Int> = []
    for hall in 1...530 {
      let type = spg_get_spacegroup_type(Int32(hall))
      let group = try #require(SpaceGroup(number: Int(type.number)))
      // The first setting of each number is the standard one.
      guard seen.insert(group.number).inserted else { continue }
      let symbol = text(type.international_short).filter { $0 != "_" && $0 != " " }
      #expect(group.symbol == symbol, "\(group.number)")
      let pointGroup = text(type.pointgroup_international).filter { $0 != " " }
      #expect(group.pointGroup == pointGroup, "\(group.number)")
    }
    #expect(seen.count == 230)
  }
}
