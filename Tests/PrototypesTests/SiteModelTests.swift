import Crystal
import Prototypes
import TestSupport
import Testing

@Suite struct SiteModelTests {
  private static let tabulated = Element.all.filter { elementalVolume(of: $0) != nil }

  /// Members of ThCr2Si2 whose lengths and shapes are sums over the labels, and what each element adds.
  private func members(
    _ count: Int, noise: Double = 0, outliers: Int = 0, using generator: inout SeededGenerator
  ) throws -> (prototype: Prototype, members: [PrototypeMatch], stretches: [[Element: Double]]) {
    let prototype = try #require(Prototype.named("ThCr2Si2"))
    let lists = (0..<3).map { Array(Self.tabulated.dropFirst(8 * $0).prefix(8)) }
    let stretches = lists.map { list in
      Dictionary(uniqueKeysWithValues: list.map { ($0, Double.random(in: -0.06...0.06, using: &generator)) })
    }
    var members: [PrototypeMatch] = []
    for index in 0..<count {
      let elements = try lists.map { try #require($0.randomElement(using: &generator)) }
      let stretch = zip(stretches, elements).reduce(0.0) { $0 + ($1.0[$1.1] ?? 0) }
      let sum = zip(elements, prototype.multiplicities).reduce(0.0) {
        $0 + (elementalVolume(of: $1.0) ?? 0) * Double($1.1)
      }
      var length = 1 + stretch + noise * Double.random(in: -1...1, using: &generator)
      if index < outliers { length *= 1.6 }
      members.append(
        PrototypeMatch(
          elements: elements, values: [2.5 + 2 * stretch, 0.37 + 0.1 * stretch],
          volume: 1.1 * sum * length * length * length, deviation: 0))
    }
    return (prototype, members, stretches)
  }

  @Test func `volumes and shapes that are sums over the labels are found`() throws {
    var generator = SeededGenerator(seed: 1)
    let made = try members(400, using: &generator)
    let fit = try SiteModelFit(made.prototype, members: made.members)
    #expect(fit.memberCount == 400)
    #expect(fit.qualities.map(\.name) == ["volume", "axial_ratio", "z"])
    for quality in fit.qualities { #expect(quality.fitted < 0.1 * quality.plain, "\(quality)") }
    for member in made.members.prefix(20) {
      let decoration = try Decoration(
        prototype: made.prototype,
        elements: Dictionary(uniqueKeysWithValues: zip(made.prototype.labels, member.elements.map { [$0] })),
        volume: .fitted(fit.model))
      let crystal = decoration.candidate(at: 0).structure
      #expect(abs(crystal.lattice.volume / member.volume - 1) < 0.02)
      let found = try #require(PrototypeMatcher(made.prototype).match(crystal))
      #expect(abs(found.values[0] - member.values[0]) < 0.01)
      #expect(abs(found.values[1] - member.values[1]) < 0.002)
    }
  }

  @Test func `a few members that are badly off change little`() throws {
    var generator = SeededGenerator(seed: 2)
    let made = try members(300, noise: 0.003, outliers: 12, using: &generator)
    let fit = try SiteModelFit(made.prototype, members: made.members)
    let plain = try SiteModelFit(made.prototype, members: Array(made.members.dropFirst(12)))
    for (contributions, without) in zip(fit.model.contributions, plain.model.contributions) {
      for (element, entry) in contributions {
        #expect(abs(entry.stretch - (without[element]?.stretch ?? 1)) < 0.01)
      }
    }
  }

  @Test func `an element never seen on a label gets the plain estimate, and the median shape`() throws {
    var generator = SeededGenerator(seed: 3)
    let made = try members(100, using: &generator)
    let fit = try SiteModelFit(made.prototype, members: made.members)
    let unseen = try #require(Self.tabulated.last)
    let volume = try #require(elementalVolume(of: unseen))
    for contributions in fit.model.contributions {
      let entry = try #require(contributions[unseen])
      #expect(entry.memberCount == 0)
      #expect(entry.stretch == 0)
      #expect(abs(entry.volume - volume * fit.volumeRatio) < 1e-9)
    }
    let values = try #require(fit.model.values(for: [unseen, unseen, unseen]))
    #expect(abs(try #require(values["z"]) - fit.medians[1]) < 1e-9)
  }

  @Test func `the order of the members does not matter`() throws {
    var generator = SeededGenerator(seed: 4)
    let made = try members(80, noise: 0.02, using: &generator)
    let first = try SiteModelFit(made.prototype, members: made.members)
    let second = try SiteModelFit(made.prototype, members: made.members.shuffled(using: &generator))
    for (one, other) in zip(first.model.contributions, second.model.contributions) {
      for (element, entry) in one {
        #expect(abs(entry.stretch - (other[element]?.stretch ?? 1)) < 1e-9)
        #expect(entry.memberCount == other[element]?.memberCount)
      }
    }
    #expect(first.qualities.map(\.ridge) == second.qualities.map(\.ridge))
  }

  @Test func `exchangeable labels share what is fitted`() throws {
    let prototype = try #require(Prototype.named("rock-salt"))
    var generator = SeededGenerator(seed: 5)
    let pool = Self.tabulated.prefix(12)
    let members = try (0..<60).map { _ in
      PrototypeMatch(
        elements: [
          try #require(pool.prefix(6).randomElement(using: &generator)),
          try #require(pool.suffix(6).randomElement(using: &generator)),
        ], values: [], volume: Double.random(in: 20...60, using: &generator), deviation: 0)
    }
    let model = try SiteModelFit(prototype, members: members).model
    #expect(model.contributions[0] == model.contributions[1])
  }

  @Test func `too few members, and tables of other prototypes, are refused`() throws {
    var generator = SeededGenerator(seed: 6)
    let made = try members(12, using: &generator)
    #expect(throws: PrototypeError.tooFewMembers(9)) {
      try SiteModelFit(made.prototype, members: Array(made.members.prefix(9)))
    }
    let model = try SiteModelFit(made.prototype, members: made.members).model
    let perovskite = try #require(Prototype.named("perovskite"))
    let lists = Dictionary(uniqueKeysWithValues: zip(perovskite.labels, Self.tabulated.map { [$0] }))
    #expect(throws: PrototypeError.otherPrototype(fitted: "ThCr2Si2", prototype: "perovskite")) {
      try Decoration(prototype: perovskite, elements: lists, volume: .fitted(model))
    }
    let relabeled = SiteModel(
      prototype: "ThCr2Si2", labels: Array(model.labels.dropFirst()), parameters: model.parameters,
      contributions: Array(model.contributions.dropFirst()))
    let own = Dictionary(uniqueKeysWithValues: zip(made.prototype.labels, Self.tabulated.map { [$0] }))
    #expect(throws: PrototypeError.otherLabels(fitted: ["B", "X"], prototype: ["A", "B", "X"])) {
      try Decoration(prototype: made.prototype, elements: own, volume: .fitted(relabeled))
    }
    let radon = try #require(Element(symbol: "Rn"))
    var with = Dictionary(uniqueKeysWithValues: zip(made.prototype.labels, Self.tabulated.map { [$0] }))
    with["B"] = [radon]
    #expect(throws: PrototypeError.notFitted(radon, label: "B")) {
      try Decoration(prototype: made.prototype, elements: with, volume: .fitted(model))
    }
  }

  @Test func `values beyond the range of a parameter are kept at its end`() throws {
    let prototype = try #require(Prototype.named("NiAs"))
    let elements = Array(Self.tabulated.prefix(2))
    let model = SiteModel(
      prototype: "NiAs", labels: ["A", "X"], parameters: ["axial_ratio"],
      contributions: elements.map {
        [$0: SiteModel.Contribution(volume: 12, stretch: 0.05, parameters: [5], memberCount: 1)]
      })
    let decoration = try Decoration(
      prototype: prototype, elements: ["A": [elements[0]], "X": [elements[1]]], volume: .fitted(model))
    let lattice = decoration.candidate(at: 0).structure.lattice
    #expect(abs(length(lattice.c) / length(lattice.a) - 2) < 1e-9)
    #expect(abs(lattice.volume - 48 * 1.331) < 1e-9)
    let fixed = try Decoration(
      prototype: prototype, elements: ["A": [elements[0]], "X": [elements[1]]],
      volume: .fitted(model.keepingParameters { _ in false }))
    let kept = fixed.candidate(at: 0).structure.lattice
    #expect(abs(length(kept.c) / length(kept.a) - (prototype.value(of: "axial_ratio") ?? 0)) < 1e-9)
  }
}
