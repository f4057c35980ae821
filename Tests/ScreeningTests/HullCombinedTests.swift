import Crystal
import Foundation
import PhaseStability
import Screening
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing

@Suite("The hull of references and candidates") struct HullCombinedTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  /// A candidate with a given energy.
  private struct Candidate {
    let id: String
    let structure: Structure
    let energy: Double
  }

  private static let stages = """
    - energy: {name: dft, column: e}
    - hull: {reference: phases.csv}
    """

  /// Random crystals of elements that the references know, few enough compositions that some come twice.
  private func candidates(_ count: Int, seed: UInt64) throws -> [Candidate] {
    var generator = SeededGenerator(seed: seed)
    let elements = ["Li", "Na", "Mg", "O", "F", "S"].compactMap { Element(symbol: $0) }
    return try (0..<count).map { index in
      let structure = try randomStructure(
        siteCount: Int.random(in: 2...5, using: &generator), using: &generator, elements: elements)
      // Few digits, so that equal energies occur.
      let energy = Double(Int.random(in: -34...2, using: &generator)) / 10
      return Candidate(id: "c-\(index)", structure: structure, energy: energy)
    }
  }

  private func run(
    _ candidates: [Candidate], in directory: String, stages: String = stages, limit: Int? = nil
  ) throws {
    let lines = try candidates.map {
      try recordLine(id: $0.id, structure: $0.structure, properties: ["e": $0.energy])
    }
    let input = try files.archive(lines, named: "\(directory).jsonl")
    let campaign = try files.campaign(named: directory, inputs: input, stages: stages)
    try files.run(campaign, in: directory, limit: limit)
  }

  private func combine(_ directory: String, jobs: Int = 1) throws -> CombinedHullReport {
    try CombinedHullPass(directory: files.folder.path(directory), jobs: jobs).run()
  }

  private func rows(_ directory: String) throws -> [String: RankedRow] {
    let rows = try openRun(files.folder.path(directory)).ranked(RankingFilter(hull: .combined))
    return Dictionary(uniqueKeysWithValues: rows.map { ($0.materialID, $0) })
  }

  /// A hull built at once.
  private func hull(energies: [(formula: String, energy: Double)]) throws -> HullReferences {
    let entries = try (energies + CampaignFolder.phases).map {
      try PhaseEntry(formula: $0.formula, energyPerAtom: $0.energy)
    }
    // A candidate of one element does not stand in for the element at 0.
    let elements = try Set(entries.flatMap { $0.composition.elements }).map {
      try PhaseEntry(composition: Composition(counting: [$0]), energyPerAtom: 0)
    }
    return try HullReferences(entries: entries + elements, name: "at once")
  }

  @Test func `places equal those on a hull built at once, in any order of the candidates`() throws {
    let candidates = try candidates(60, seed: 11)
    var solver = HullSolver(
      references: try hull(energies: candidates.map { ($0.structure.composition.formula, $0.energy) }))
    var expected: [String: HullDistance] = [:]
    for candidate in candidates {
      expected[candidate.id] = try solver.distance(
        of: candidate.structure.composition, energyPerAtom: candidate.energy)
    }
    var generator = SeededGenerator(seed: 12)
    for shuffle in 0..<10 {
      let name = "shuffle-\(shuffle)"
      try run(shuffle == 0 ? candidates : candidates.shuffled(using: &generator), in: name)
      let report = try combine(name, jobs: 1 + shuffle % 3)
      let rows = try rows(name)
      #expect(rows.count == candidates.count)
      for candidate in candidates {
        let place = try #require(rows[candidate.id]?.combined)
        let distance = try #require(expected[candidate.id])
        #expect(abs(place.energyAboveHull - distance.energyAboveHull) <= 1e-15)
        #expect(place.decompositionEnergy == distance.decompositionEnergy)
        #expect(place.energyAboveHull >= 0)
        #expect(place.energyAboveHull + 1e-12 >= rows[candidate.id]?.stability.energyAboveHull ?? .nan)
      }
      #expect(report.models.map(\.name) == ["dft"])
      let model = try #require(report.models.first)
      #expect(model.candidates == 60)
      #expect(model.stableAgainstAll == rows.values.count { $0.combined?.energyAboveHull == 0 })
      #expect(model.stableAgainstAll < model.stableAgainstReferences)
      #expect(model.stableAgainstAll > 0)
    }
  }

  @Test func `the lowest candidate of a composition stands for it, the others stand above`() throws {
    var generator = SeededGenerator(seed: 5)
    let elements = ["Na", "F"].compactMap { Element(symbol: $0) }
    let structure = try randomStructure(siteCount: 2, using: &generator, elements: elements)
    let salt = try Structure(
      lattice: structure.lattice, elements: elements, fractionalPositions: structure.fractionalPositions)
    try run(
      [-2.5, -2.9, -2.9, -1].enumerated().map {
        Candidate(id: "s-\($0)", structure: salt, energy: $1)
      }, in: "run")
    let report = try combine("run")
    let rows = try rows("run")
    for (id, above) in [("s-0", 0.4), ("s-1", 0), ("s-2", 0), ("s-3", 1.9)] {
      #expect(abs((rows[id]?.combined?.energyAboveHull ?? .nan) - above) < 1e-12)
      #expect(rows[id]?.stability.energyAboveHull ?? 0 < 0 || id == "s-3")
    }
    #expect(report.models.first?.duplicates == 3)
    #expect(report.models.first?.stableAgainstReferences == 4)
    #expect(report.models.first?.stableAgainstAll == 2)
  }

  @Test func `own compositions are left out where the campaign leaves them out`() throws {
    let candidates = try candidates(30, seed: 21)
    try run(
      candidates, in: "run",
      stages: Self.stages.replacing("phases.csv", with: "phases.csv, exclude_same_composition: true"))
    _ = try combine("run")
    for row in try rows("run").values {
      #expect(row.combined?.energyAboveHull == row.combined?.decompositionEnergy)
    }
  }

  @Test func `a stopped run can be combined, and is stale once it has gone on`() throws {
    let candidates = try candidates(30, seed: 31)
    try run(candidates, in: "run", limit: 20)
    #expect(try combine("run").models.first?.candidates == 20)
    #expect(try rows("run").count == 20)
    let store = { try openRun(files.folder.path("run")) }
    try RunExport(selection: .all, format: .csv, hull: .combined)
      .write(store(), to: files.folder.path("before.csv"))
    try run(candidates, in: "run")
    #expect(throws: StoreError.self) { try rows("run") }
    #expect(throws: StoreError.self) {
      try RunExport(selection: .all, format: .csv, hull: .combined)
        .write(store(), to: files.folder.path("x.csv"))
    }
    #expect(try files.table("run").allSatisfy { $0["e_above_combined_hull"] == "" })
    _ = try combine("run")
    #expect(try rows("run").count == 30)
    let table = try files.table("run")
    #expect(table.allSatisfy { Double($0["e_above_combined_hull"] ?? "") != nil })
    let lines = try files.export("run", format: .jsonl).split(separator: "\n")
    #expect(lines.count == 30 && lines.allSatisfy { $0.contains("\"e_above_combined_hull\":") })
  }

  @Test func `each model has a hull of its own`() throws {
    let candidates = try candidates(25, seed: 41)
    try run(
      candidates, in: "run",
      stages: """
        - energy: {name: dft, column: e}
        - graph: {}
        - predict: {model: model}
        - hull: {reference: phases.csv}
        """)
    let report = try combine("run")
    #expect(report.models.map(\.name) == ["dft", "tiny"])
    #expect(report.models.allSatisfy { $0.candidates == 25 })
    let store = try openRun(files.folder.path("run"))
    for model in 0..<2 {
      let rows = try store.ranked(RankingFilter(model: model, hull: .combined))
      #expect(rows.count == 25)
      var solver = HullSolver(
        references: try hull(
          energies: rows.map { ($0.formula, try #require($0.stability.energy)) }))
      for row in rows {
        let distance = try solver.distance(
          of: Composition(formula: row.formula), energyPerAtom: try #require(row.stability.energy))
        #expect(row.combined?.decompositionEnergy == distance.decompositionEnergy)
        #expect(row.combined?.model == model)
      }
    }
  }

  @Test func `the run's own references are used, and no others`() throws {
    let candidates = try candidates(12, seed: 51)
    try run(candidates, in: "run")
    let index = files.folder.path("run/references.hull")
    let other = try files.folder.write("formula,formation_energy_per_atom\nNaCl,-2\n", to: "other.csv")
    #expect(throws: ScreeningError.self) {
      try CombinedHullPass(directory: files.folder.path("run"), reference: other, jobs: 1).run()
    }
    _ = try CombinedHullPass(
      directory: files.folder.path("run"), reference: files.folder.path("phases.csv"), jobs: 1
    ).run()
    try FileManager.default.removeItem(atPath: index)
    #expect(throws: ScreeningError.self) { try combine("run") }
    #expect(throws: ScreeningError.self) { try combine("no-such-run") }
    // Resuming puts the index back.
    try run(candidates, in: "run")
    #expect(try combine("run").models.count == 1)
  }

  @Test func `a run that is going on, or that has no hull, is refused`() throws {
    try run(try candidates(6, seed: 61), in: "run")
    let claim = try RunClaim(folder: files.folder.path("run"))
    #expect(throws: RunClaimError.self) { try combine("run") }
    withExtendedLifetime(claim) {}
    try run(try candidates(6, seed: 61), in: "flat", stages: "- energy: {column: e}")
    #expect(throws: ScreeningError.self) { try combine("flat") }
  }
}
