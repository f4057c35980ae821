import Crystal
import Testing

@Suite struct SpaceGroupTests {
  private static let all = (1...230).compactMap { SpaceGroup(number: $0) }

  @Test func `there are 230 space groups, each with its own symbol, and no others`() {
    #expect(Self.all.map(\.number) == Array(1...230))
    #expect(Set(Self.all.map(\.spacedSymbol)).count == 230)
    #expect(Set(Self.all.map(\.symbol)).count == 230)
    for number in [0, -1, 231, Int.min, Int.max] {
      #expect(SpaceGroup(number: number) == nil && CrystalSystem(spaceGroup: number) == nil)
    }
  }

  @Test func `every space group belongs to one crystal system`() {
    for group in Self.all {
      #expect(
        CrystalSystem.allCases.filter { $0.spaceGroups.contains(group.number) } == [group.crystalSystem])
    }
  }

  @Test func `there are 32 point groups, each in one crystal system`() {
    var systems: [String: Set<CrystalSystem>] = [:]
    for group in Self.all { systems[group.pointGroup, default: []].insert(group.crystalSystem) }
    #expect(systems.count == 32)
    #expect(systems.values.allSatisfy { $0.count == 1 })
  }

  @Test(arguments: [
    (1, "P1"), (14, "P21/c"), (62, "Pnma"), (64, "Cmce"), (148, "R-3"), (166, "R-3m"), (194, "P63/mmc"),
    (225, "Fm-3m"),
    (227, "Fd-3m"),
  ])
  func `common groups have their symbols`(number: Int, symbol: String) {
    #expect(SpaceGroup(number: number)?.symbol == symbol)
  }
}
