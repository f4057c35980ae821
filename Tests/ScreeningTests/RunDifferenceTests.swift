import Crystal
import Foundation
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing

@testable import Screening

@Suite("Differences of runs") struct RunDifferenceTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  private func path(_ name: String) -> String { files.folder.path(name) }

  /// A candidate whose energy the input gives.
  private struct Given {
    var id: String
    var elements: [String]
    var energy: Double
  }

  /// A run of given energies on given phases.
  private func run(
    _ candidates: [Given], phases: [(String, Double)], in directory: String, threshold: Double = 0,
    coverage: String = ""
  ) throws {
    let lines = try candidates.map { item in
      let elements = item.elements.compactMap { Element(symbol: $0) }
      let structure = try Structure(
        lattice: Lattice(a: SIMD3(9, 0, 0), b: SIMD3(0, 9, 0), c: SIMD3(0, 0, 9)), elements: elements,
        fractionalPositions: elements.indices.map {
          SIMD3(Double($0) / Double(elements.count), 0.1 * Double($0), 0.2)
        })
      return try recordLine(id: item.id, structure: structure, properties: ["e": item.energy])
    }
    let reference = directory + ".csv"
    try files.folder.write(
      "formula,formation_energy_per_atom\n" + phases.map { "\($0.0),\($0.1)\n" }.joined(), to: reference)
    try files.run(
      try files.campaign(
        named: directory, inputs: try files.archive(lines, named: directory + ".jsonl"),
        stages: "- energy: {name: dft, column: e}\n- hull: {reference: \(reference)\(coverage)}",
        more: "threshold: \(threshold)\nrejections: {allowed_share: 1}"), in: directory)
  }

  private func difference(
    _ a: String, _ b: String, models: (a: String?, b: String?) = (nil, nil), hull: RankingHull? = nil
  ) throws -> RunDifference {
    try RunDifference((path(a), path(b)), models: models, hull: hull)
  }

  private static let phases = [("NaCl", -2.0), ("KCl", -2.1), ("CaS", -2.3), ("MgO", -2.9)]
  private static let candidates = [
    Given(id: "salt", elements: ["Na", "Na", "K", "Cl", "Cl", "Cl"], energy: -2.1),
    Given(id: "oxide", elements: ["Mg", "Mg", "O"], energy: -2.0),
    Given(id: "sulfide", elements: ["Ca", "S", "S"], energy: -1.6),
    Given(id: "mixed", elements: ["Ca", "Mg", "O", "S"], energy: -2.7),
  ]

  @Test func `a run does not differ from itself`() throws {
    try run(Self.candidates, phases: Self.phases, in: "a")
    let difference = try difference("a", "a")
    #expect(difference.left.isEmpty && difference.entered.isEmpty)
    #expect(difference.stayed == difference.a.stable && difference.stayed > 0)
    #expect(difference.a == difference.b)
  }

  @Test func `each cause of leaving is named, with what it did`() throws {
    try run(Self.candidates, phases: Self.phases, in: "a")
    let stable = try openRun(path("a")).ranked(RankingFilter(maximumEnergyAboveHull: 0)).map(\.materialID)
    #expect(Set(stable) == ["salt", "oxide", "sulfide", "mixed"])

    func only(_ b: String) throws -> RunDifference.Change {
      let difference = try difference("a", b)
      #expect(difference.entered.isEmpty)
      return try #require(difference.left.count == 1 ? difference.left.first : nil)
    }
    // The energy of one candidate rises.
    var candidates = Self.candidates
    candidates[1].energy = -1.5
    try run(candidates, phases: Self.phases, in: "energy")
    let energy = try only("energy")
    #expect(energy.id == "oxide" && energy.cause == .energy && energy.phases.isEmpty)
    #expect(energy.shares?.energy == WholeEnergy(0.5) && energy.shares?.hull == .zero)

    // A phase is new, one has another energy: what decides is the larger share, and both are named.
    try run(
      Self.candidates, phases: Self.phases.map { ($0.0, $0.0 == "CaS" ? -2.31 : $0.1) } + [("CaS2", -1.9)],
      in: "reference")
    let reference = try only("reference")
    #expect(reference.id == "sulfide" && reference.cause == .reference)
    #expect(reference.shares?.energy == .zero && reference.shares?.competitor == .zero)
    #expect(
      reference.phases.map(\.description) == ["CaS from -2.3 to -2.31", "CaS2 new at -1.9"])

    // The threshold falls.
    try run(Self.candidates, phases: Self.phases, in: "threshold", threshold: -0.09)
    let threshold = try difference("a", "threshold")
    #expect(Set(threshold.left.map(\.cause)) == [.threshold])
    #expect(threshold.left.allSatisfy { $0.shares?.threshold == WholeEnergy(-0.09) })
    #expect(threshold.left.allSatisfy { $0.shares?.distance == .zero })
    #expect(!threshold.left.isEmpty && threshold.stayed > 0)

    // The other run does not have it, or rejects it.
    try run(Array(Self.candidates.dropLast()), phases: Self.phases, in: "absent")
    let absent = try only("absent")
    #expect(absent.id == "mixed" && absent.cause == .absent && absent.b == nil && absent.shares == nil)
    try run(Self.candidates, phases: Self.phases.filter { $0.0 != "MgO" }, in: "rejected")
    let rejected = try difference("a", "rejected")
    #expect(Set(rejected.left.map(\.id)) == ["oxide", "mixed"])
    #expect(
      rejected.left.allSatisfy { $0.cause == .rejected && $0.rejection?.reason == "no_terminal_reference" })
  }

  @Test func `a predicted competitor is told apart from a reference phase`() throws {
    try TinyModel.write(to: path("model"), spread: 0.05)
    func run(_ reference: String, _ keys: String, in directory: String) throws {
      try files.run(
        try files.campaign(
          inputs: """
            - decorate:
                prototype: rock-salt
                sites: {A: [Li, Na, K, Mg], X: [F, Cl, O, S, Te]}
            """,
          stages: "- graph: {}\n- predict: {model: model}\n- hull: {reference: \(reference)\(keys)}"),
        in: directory)
    }
    try run("phases.csv", ", competitors: {prototypes: [L12]}", in: "few")
    try run("phases.csv", ", competitors: {prototypes: [L12, CsCl, zinc-blende]}", in: "many")
    let difference = try difference("few", "many")
    #expect(difference.hull == .competitors)
    #expect(!difference.left.isEmpty && difference.entered.isEmpty)
    for change in difference.left {
      #expect(change.cause == .competitor)
      #expect(change.shares?.reference == .zero && change.shares?.energy == .zero)
      #expect(!change.phases.isEmpty && change.phases.allSatisfy(\.isPredicted))
    }
    // On the hull of the references nothing has changed.
    let references = try self.difference("few", "many", hull: .references)
    #expect(references.left.isEmpty && references.entered.isEmpty && references.stayed > 0)
    // Phases that the references gain, where each predicted one had been a guess.
    try files.folder.write(
      try files.folder.text("phases.csv") + "NaS,-0.9\nLiO,-0.9\nMgTe,-1.2\n", to: "more.csv")
    _ = try Rescoring(path("few"), reference: path("more.csv"), output: path("new"), jobs: 1).run()
    let rescored = try self.difference("few", "new")
    #expect(rescored.left.contains { $0.cause == .reference })
    let phases = RunDifference.phases(behind: rescored.left)
    #expect(phases.map { "\($0.phase)" }.contains("LiO new at -0.9"))
  }

  /// Two runs that differ in everything at once.
  private func writeTwoRuns(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let elements = ["Na", "K", "Cl", "Mg", "O", "S"]
    var phases: [[(String, Double)]] = [[], []]
    for formula in ["NaCl", "KCl", "MgO", "Na2O", "K2S", "MgS", "NaKCl2", "Mg2OS", "K2O", "MgCl2", "SO3"] {
      let energy = Double.random(in: -2.5 ... -0.5, using: &generator)
      let shift = Bool.random(using: &generator) ? 0 : Double.random(in: -0.3...0.3, using: &generator)
      if Int.random(in: 0..<4, using: &generator) > 0 { phases[0].append((formula, energy)) }
      if Int.random(in: 0..<4, using: &generator) > 0 { phases[1].append((formula, energy + shift)) }
    }
    var candidates: [[Given]] = [[], []]
    for index in 0..<120 {
      let count = Int.random(in: 2...5, using: &generator)
      let given = Given(
        id: "c-\(index / 2)",
        elements: (0..<count).map { _ in elements.randomElement(using: &generator) ?? "Na" },
        energy: Double.random(in: -2.2...0.2, using: &generator))
      for side in 0..<2 where Int.random(in: 0..<8, using: &generator) > 0 {
        var own = given
        own.energy += side == 0 ? 0 : Double.random(in: -0.2...0.2, using: &generator)
        candidates[side].append(own)
      }
    }
    // Every element keeps a phase in the first run; not so in the second.
    try run(
      candidates[0], phases: phases[0] + [("NaO", -0.1), ("KS", -0.2), ("MgCl", -0.3)], in: "a-\(seed)")
    try run(candidates[1], phases: phases[1], in: "b-\(seed)", threshold: 0.03)
  }

  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func `shares add up exactly, lists swap with the runs, and nothing is lost`(seed: UInt64) throws {
    try writeTwoRuns(seed: seed)
    let forth = try difference("a-\(seed)", "b-\(seed)")
    let back = try difference("b-\(seed)", "a-\(seed)")
    #expect(!forth.left.isEmpty && !forth.entered.isEmpty)
    #expect(forth.a == back.b && forth.b == back.a && forth.stayed == back.stayed)
    #expect(forth.a.stable == forth.stayed + forth.left.count + forth.a.ambiguous)
    #expect(forth.b.stable == forth.stayed + forth.entered.count + forth.b.ambiguous)
    for (one, other) in [(forth.left, back.entered), (forth.entered, back.left)] {
      #expect(one.count == other.count)
      for (change, mirrored) in zip(one, other) {
        #expect(change.id == mirrored.id && change.formula == mirrored.formula)
        #expect(change.cause == mirrored.cause && change.rejection == mirrored.rejection)
        #expect(change.a == mirrored.b && change.b == mirrored.a)
        #expect(change.shares?.energy == mirrored.shares.map { -$0.energy })
        #expect(change.shares?.hull == mirrored.shares.map { -$0.hull })
        #expect(change.phases.map(\.formula) == mirrored.phases.map(\.formula))
        #expect(change.phases.map(\.energyA) == mirrored.phases.map(\.energyB))
      }
    }
    for (changes, isLeft) in [(forth.left, true), (forth.entered, false)] {
      for change in changes {
        guard let shares = change.shares, let a = change.a, let b = change.b else {
          #expect(change.cause == .rejected || change.cause == .absent)
          continue
        }
        let moved = b.distance - a.distance
        #expect(moved == shares.energy - shares.hull && moved == shares.distance)
        let (before, after) = try (#require(a.energy), #require(b.energy))
        #expect(after - before == shares.energy)
        // The margin moved in the direction of the list, and the cause with it, by no less than any other.
        let margin = moved - shares.threshold
        #expect(isLeft ? margin > .zero : margin < .zero)
        let signed = [shares.energy, -shares.reference, -shares.competitor, -shares.threshold]
          .map { isLeft ? $0 : -$0 }
        let causes: [RunDifference.Cause] = [.energy, .reference, .competitor, .threshold]
        let index = try #require(causes.firstIndex(of: change.cause))
        #expect(signed[index] == signed.max() && signed[index] > .zero)
        // Energies and distances are rounded each for itself, so hulls of the same phases may differ in the last place.
        if change.phases.isEmpty { #expect(abs(shares.hull.picoelectronvolts) <= 1) }
        if shares.hull == .zero { #expect(change.phases.isEmpty) }
      }
    }
    #expect(forth.left.compactMap { $0.a?.rank } == forth.left.compactMap { $0.a?.rank }.sorted())
  }

  @Test func `candidates of one id are joined by formula, then by record, and else counted`() throws {
    let salt = ["Na", "Na", "K", "Cl", "Cl", "Cl"]
    func given(_ id: String, _ elements: [String], _ energy: Double) -> Given {
      Given(id: id, elements: elements, energy: energy)
    }
    // One id with two formulas; an id and formula twice.
    let first = [
      given("x", salt, -1.99), given("x", ["Mg", "Mg", "O"], -2.0), given("twin", salt, -2.5),
      given("twin", salt, -2.6), given("lone", salt, -2.7),
    ]
    var second = first
    second[1].energy = -1
    second[3].energy = -1
    try run(first, phases: Self.phases, in: "a")
    try run(second, phases: Self.phases, in: "b")
    let difference = try difference("a", "b")
    #expect(difference.left.map(\.id) == ["twin", "x"])
    #expect(difference.left.map(\.formula) == ["K1Na2Cl3", "Mg2O"].map { formula($0) })
    #expect(difference.left.map(\.a?.key.record) == [3, 1])
    #expect(difference.a.ambiguous == 0 && difference.b.ambiguous == 0)
    // One twin more in front: records no longer tell which of them is which.
    try run([given("twin", salt, -2.4)] + second, phases: Self.phases, in: "c")
    let moved = try self.difference("a", "c")
    #expect(moved.a.ambiguous + moved.b.ambiguous > 0)
    #expect(moved.a.stable == moved.stayed + moved.left.count + moved.a.ambiguous)
  }

  private func formula(_ text: String) -> String {
    (try? Composition(formula: text).reducedFormula) ?? text
  }

  @Test func `a model of the distance itself has energies in no share but the energy's`() throws {
    for (name, seed) in [("one", UInt64(3)), ("two", 4)] {
      try TinyModel.write(to: path(name), name: name, seed: seed, property: "e_above_hull", spread: 0.5)
      try files.run(
        try files.campaign(
          stages: "- graph: {}\n- predict: {model: \(name)}", more: "threshold: -0.4"), in: "run-" + name)
    }
    let difference = try difference("run-one", "run-two")
    #expect(!difference.left.isEmpty || !difference.entered.isEmpty)
    for change in difference.left + difference.entered {
      #expect(change.cause == .energy && change.a?.energy == nil && change.phases.isEmpty)
      #expect(change.shares?.hull == .zero)
    }
  }

  @Test func `what cannot be compared is refused in words`() throws {
    func message(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "(no error)"
      } catch {
        return "\(error)"
      }
    }
    try run(Self.candidates, phases: Self.phases, in: "a")
    try files.run(try files.campaign(), in: "unfinished", limit: 10)
    try TinyModel.write(to: path("direct"), name: "direct", property: "e_above_hull")
    try files.run(
      try files.campaign(named: "d", stages: "- graph: {}\n- predict: {model: direct}"), in: "direct-run")
    #expect(message { _ = try difference("a", "unfinished") }.contains("is not finished"))
    #expect(message { _ = try difference("a", "none") }.contains("no run directory"))
    #expect(message { _ = try difference("a", "a", models: ("dft", "x")) }.contains("no model \"x\""))
    #expect(message { _ = try difference("a", "direct-run") }.contains("cannot be divided"))
    #expect(message { _ = try difference("a", "a", hull: .combined) }.contains("hull of the references"))
    try FileManager.default.removeItem(atPath: path("a/references.hull"))
    #expect(message { _ = try difference("a", "a") }.contains("references.hull"))
  }

  @Test func `tables hold every change, with numbers that add up as they are written`() throws {
    try writeTwoRuns(seed: 9)
    let difference = try difference("a-9", "b-9")
    let rows = records(ofCSV: difference.csvText())
    #expect(rows.count == difference.left.count + difference.entered.count)
    for row in rows where row["distance_change"] != "" {
      func number(_ column: String) throws -> Decimal {
        try #require(Decimal(string: row[column] ?? ""), "\(column)")
      }
      #expect(
        try number("e_above_hull_b") - number("e_above_hull_a") == number("energy_change")
          - number("reference_change") - number("competitor_change"))
      #expect(try number("formation_energy_b") - number("formation_energy_a") == number("energy_change"))
      let causes = RunDifference.Cause.allCases.map(\.rawValue)
      #expect(causes.contains(row["cause"] ?? ""))
    }
    let object = try JSONSerialization.jsonObject(with: Data(difference.jsonText().utf8)) as? [String: Any]
    #expect((object?["left"] as? [Any])?.count == difference.left.count)
    #expect((object?["entered"] as? [Any])?.count == difference.entered.count)
    #expect(try self.difference("a-9", "b-9").jsonText() == difference.jsonText())
  }

  @Test func `whole energies are decimal numbers that add exactly`() {
    for (value, text) in [
      (0.0, "0.0"), (-0.5, "-0.5"), (1.25, "1.25"), (-1e-12, "-0.000000000001"), (0.1, "0.1"), (-3, "-3.0"),
      (1e9, "1000000.0"), (-.infinity, "-1000000.0"), (123.000001, "123.000001"), (4e-13, "0.0"),
    ] {
      #expect(WholeEnergy(value).description == text)
    }
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<1000 {
      let (a, b) = (
        WholeEnergy(Double.random(in: -10...10, using: &generator)),
        WholeEnergy(Double.random(in: -10...10, using: &generator))
      )
      #expect((a + b) - b == a && a - b == -(b - a))
      let difference = (Decimal(string: a.description) ?? .nan) - (Decimal(string: b.description) ?? .nan)
      #expect(Decimal(string: (a - b).description) == difference)
    }
  }
}
