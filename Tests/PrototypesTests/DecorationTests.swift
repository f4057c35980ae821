import Crystal
import Prototypes
import TestSupport
import Testing

@Suite struct DecorationTests {
  private static let tabulated = Element.all.filter { elementalVolume(of: $0) != nil }

  /// A prototype of `count` labels, one site each, and lists that overlap at random.
  private func randomCase(
    _ generator: inout SeededGenerator, labelCount: Int
  ) throws -> (prototype: Prototype, lists: [String: [Element]]) {
    let crystal = try randomStructure(siteCount: labelCount, using: &generator, elements: Self.tabulated)
    let labels = (0..<labelCount).map { "S\($0)" }
    let prototype = try Prototype(name: "random", structure: crystal, labels: labels)
    let pool = Self.tabulated.shuffled(using: &generator).prefix(Int.random(in: 2...7, using: &generator))
    var lists: [String: [Element]] = [:]
    for label in labels {
      let size = Int.random(in: 1...min(5, pool.count), using: &generator)
      lists[label] = Array(pool.shuffled(using: &generator).prefix(size))
    }
    return (prototype, lists)
  }

  private func named(_ name: String) throws -> Prototype { try #require(Prototype.named(name)) }

  /// All combinations in lexicographic order.
  private func product(_ lists: [[Element]]) -> [[Element]] {
    lists.reduce([[]]) { prefixes, list in prefixes.flatMap { prefix in list.map { prefix + [$0] } } }
  }

  @Test(arguments: 0..<120)
  func `indices run over exactly the valid choices, in lexicographic order`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let (prototype, lists) = try randomCase(&generator, labelCount: 1 + Int(seed % 6))
    for distinct in [true, false] {
      let decoration = try Decoration(prototype: prototype, elements: lists, distinctElements: distinct)
      let expected = product(prototype.labels.compactMap { lists[$0] }).filter {
        !distinct || Set($0).count == $0.count
      }
      #expect(decoration.count == expected.count)
      let found = (0..<decoration.count).map { decoration.elements(at: $0) }
      #expect(found == expected)
      #expect(found.indices.allSatisfy { decoration.index(of: found[$0]) == $0 })
    }
  }

  @Test func `52 elements on three labels give 132600 candidates, and ends are the first and last`() throws {
    let elements = Array(Self.tabulated.prefix(52))
    let decoration = try Decoration(
      prototype: try named("ThCr2Si2"), elements: ["A": elements, "B": elements, "X": elements])
    #expect(decoration.count == 132_600)
    #expect(decoration.elements(at: 0) == Array(elements[0...2]))
    #expect(decoration.elements(at: 132_599) == [elements[51], elements[50], elements[49]])
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<200 {
      let index = Int.random(in: 0..<132_600, using: &generator)
      #expect(decoration.index(of: decoration.elements(at: index)) == index)
    }
  }

  @Test func `eight labels with all tabulated elements are counted without overflow`() throws {
    var generator = SeededGenerator(seed: 2)
    let crystal = try randomStructure(siteCount: 8, using: &generator, elements: Self.tabulated)
    let labels = (0..<8).map { "S\($0)" }
    let prototype = try Prototype(name: "eight", structure: crystal, labels: labels)
    let lists = Dictionary(uniqueKeysWithValues: labels.map { ($0, Self.tabulated) })
    let decoration = try Decoration(prototype: prototype, elements: lists)
    let size = Self.tabulated.count
    #expect(decoration.count == (size - 7...size).reduce(1, *))
    let last = decoration.elements(at: decoration.count - 1)
    #expect(last == Array(Self.tabulated.reversed().prefix(8)))
    #expect(decoration.index(of: last) == decoration.count - 1)
  }

  @Test func `choices that are no candidate have no index`() throws {
    let (sodium, chlorine) = (try element("Na"), try element("Cl"))
    let decoration = try Decoration(
      prototype: try named("rock-salt"), elements: ["A": [sodium, chlorine], "X": [chlorine, sodium]])
    #expect(decoration.count == 2)
    #expect(decoration.index(of: [sodium, sodium]) == nil)
    #expect(decoration.index(of: [sodium]) == nil)
    #expect(decoration.index(of: [try element("K"), chlorine]) == nil)
    let same = try Decoration(prototype: try named("rock-salt"), elements: ["A": [sodium], "X": [sodium]])
    #expect(same.count == 0)
  }

  @Test func `a candidate is named after its elements and carries them on its sites`() throws {
    let decoration = try Decoration(
      prototype: try named("ThCr2Si2"),
      elements: ["X": [try element("Si")], "A": [try element("Th")], "B": [try element("Cr")]])
    let candidate = decoration.candidate(at: 0)
    #expect(candidate.id == "ThCr2Si2:Th-Cr-Si")
    #expect(candidate.structure.elements.map(\.symbol) == ["Th", "Cr", "Cr", "Si", "Si"])
    #expect(candidate.structure.composition == (try Composition(formula: "ThCr2Si2")))
  }

  @Test func `lists that do not fit the prototype are refused by name`() throws {
    let oxygen = try element("O")
    #expect(throws: PrototypeError.noElements(label: "X")) {
      try Decoration(prototype: try named("rock-salt"), elements: ["A": [oxygen], "X": []])
    }
    #expect(throws: PrototypeError.noElements(label: "A")) {
      try Decoration(prototype: try named("rock-salt"), elements: ["X": [oxygen]])
    }
    #expect(throws: PrototypeError.unknownLabel("Y")) {
      try Decoration(
        prototype: try named("rock-salt"), elements: ["A": [oxygen], "X": [oxygen], "Y": [oxygen]])
    }
    #expect(throws: PrototypeError.repeatedElement(oxygen, label: "A")) {
      try Decoration(prototype: try named("rock-salt"), elements: ["A": [oxygen, oxygen], "X": [oxygen]])
    }
  }

  private func element(_ symbol: String) throws -> Element { try #require(Element(symbol: symbol)) }
}
