import Crystal
import Foundation
import PhaseStability
import PipelineEngine
import ScreeningStore
import ScreeningTestSupport
import TestSupport
import Testing

@testable import Screening

@Suite("Predicted competitors and coverage") struct CompetitorTests {
  let files: CampaignFolder

  init() throws {
    files = try CampaignFolder()
    // About -0.5 eV/atom for everything: below the elements, above most of the references.
    try TinyModel.write(to: files.folder.path("model"), spread: 0.05)
  }

  private static let inputs = """
    - decorate:
        prototype: rock-salt
        sites: {A: [Li, Na, K, Mg], X: [F, Cl, O, S]}
    """
  private static let pair = "competitors: {prototypes: [rock-salt, L12]}"

  private func stages(_ keys: String = Self.pair) -> String {
    """
    - graph: {}
    - predict: {model: model}
    - hull: {reference: phases.csv, \(keys)}
    """
  }

  private func campaign(_ keys: String = Self.pair, batch: Int = 5, named name: String = "tiny")
    throws
    -> String
  {
    try files.campaign(named: name, inputs: Self.inputs, stages: stages(keys), batch: batch)
  }

  /// Runs a campaign, and raises the stop flag after so many batches of competitors.
  private func run(
    _ file: String, in directory: String, jobs: Int = 1, stopAfter batches: Int? = nil
  ) throws -> CampaignReport {
    let stop = StopFlag()
    var count = 0
    return try CampaignRun(
      plan: CampaignPlan(file: file), directory: files.folder.path(directory), jobs: jobs
    )
    .run(
      stop: stop,
      preparing: { _ in
        count += 1
        if let batches, count >= batches { stop.raise() }
      }
    ) { _, _ in }
  }

  @Test func `a row lies where a plain hull of references and stored competitors puts it`() throws {
    try files.run(try campaign())
    let store = try openRun(files.folder.path("run"))
    let references = try ReferenceFile.load(files.folder.path("phases.csv")).references
    let competitors = try store.competitors()
    // 8 elements, 28 pairs: the sites of rock salt can be exchanged, those of L12 cannot.
    #expect(competitors.count == 28 * (1 + 2))
    var solver = HullSolver(
      references: references.adding(
        try competitors.compactMap { competitor in
          let composition = try Composition(formula: competitor.formula)
          #expect(competitor.isReference == (references.phaseIndex(of: composition) != nil))
          guard !competitor.isReference, let energy = competitor.energy else { return nil }
          return try PhaseEntry(composition: composition, energyPerAtom: energy)
        }))
    var plain = HullSolver(references: references)
    let rows = try store.ranked()
    #expect(rows.count == 16)
    for row in rows {
      let composition = try Composition(formula: row.formula)
      let energy = try #require(row.stability.energy)
      let place = try #require(row.stability.withCompetitors)
      #expect(
        try solver.distance(of: composition, energyPerAtom: energy).energyAboveHull == place.energyAboveHull)
      #expect(
        try plain.distance(of: composition, energyPerAtom: energy).energyAboveHull
          == row.stability.energyAboveHull)
      #expect(place.energyAboveHull >= row.stability.energyAboveHull)
    }
    #expect(rows.contains { $0.stability.withCompetitors?.decomposition.contains(", predicted)") == true })
    #expect(try store.standardHull() == .competitors)
  }

  @Test func `results depend neither on jobs, batches nor on where the pass was stopped`() throws {
    try files.run(try campaign(), in: "whole")
    let expected = try files.export("whole")
    #expect(expected.contains("predicted)"))
    for (jobs, batch) in [(2, 3), (3, 64)] {
      let directory = "jobs-\(jobs)"
      _ = try run(try campaign(batch: batch, named: "other-\(batch)"), in: directory, jobs: jobs)
      #expect(try files.export(directory) == expected)
    }
    for batches in [1, 2, 16] {
      let directory = "stopped-\(batches)"
      let first = try run(try campaign(), in: directory, stopAfter: batches)
      #expect(!first.isFinished && first.counts.records == 0)
      let state = try #require(try openRun(files.folder.path(directory)).preparation(CompetitorPass.task))
      #expect(state.done == 5 * batches && state.total == 84 && !state.isFinished)
      #expect(try run(try campaign(), in: directory, jobs: 2).isFinished)
      #expect(try files.export(directory) == expected, "after \(batches) batches")
    }
    // In the midst of the stream.
    #expect(try !files.run(try campaign(), in: "limited", limit: 7).isFinished)
    #expect(try files.run(try campaign(), in: "limited").isFinished)
    #expect(try files.export("limited") == expected)
  }

  @Test func `competitors are made of the elements of the campaign that its filters let through`() throws {
    func formulas(_ keys: String, filter: String = "") throws -> Set<Element> {
      let file = try files.campaign(
        stages: (filter.isEmpty ? "" : "- filter: {\(filter)}\n") + stages(keys))
      let plan = try CampaignPlan(file: file)
      return Set(try #require(plan.hullStage?.competitors).elements)
    }
    func elements(_ symbols: String) -> Set<Element> {
      Set(symbols.split(separator: " ").compactMap { Element(symbol: String($0)) })
    }
    let all = elements("Li Na K Rb Cs Be Mg Ca F Cl Br I O S Se Te")
    // Seven prototypes: three whose sites can be exchanged, four whose cannot.
    let plan = try CampaignPlan(file: try files.campaign(stages: stages("competitors: {}")))
    #expect(plan.hullStage?.competitors?.count == 120 * (3 + 4 * 2))
    #expect(try formulas("competitors: {}") == all)
    #expect(
      try formulas("competitors: {}", filter: "without_elements: [Be, Te]")
        == all.subtracting(elements("Be Te")))
    #expect(try formulas("competitors: {elements: [Na, Cl]}") == elements("Na Cl"))
    let archive = try files.archive([])
    let file = try files.campaign(inputs: archive, stages: stages())
    // All that the references hold.
    #expect(
      Set(try #require(try CampaignPlan(file: file).hullStage?.competitors).elements)
        == elements("Li F Na Cl K Br Mg O Ca S Sr Se Cs I Rb Ba Te Be"))
  }

  @Test func `coverage counts what the references hold, and rules flag or reject by it`() throws {
    try files.run(try campaign("coverage: {flag: {unknown_pairs: 1}, reject: {elements_only: true}}"))
    let store = try openRun(files.folder.path("run"))
    let known = Set(CampaignFolder.phases.map(\.formula))
    let rows = try store.ranked()
    // Decompositions into elements alone are those of pairs without a compound.
    for row in rows {
      let coverage = try #require(row.stability.coverage)
      #expect(!coverage.decomposesIntoElements)
      #expect(coverage.elementsWithoutPhase == 2)
      let others = known.filter { formula in
        formula != row.formula && (try? Composition(formula: formula).chemicalSystem) == row.chemicalSystem
      }
      #expect(coverage.compounds == others.count)
      #expect(coverage.unknownPairs == (others.isEmpty ? 1 : 0))
      #expect(coverage.flags == (others.isEmpty ? [.unknownPairs] : []))
    }
    let counts = try store.counts()
    #expect(counts.rejections.map(\.reason) == ["references_incomplete"])
    #expect(counts.rejected + rows.count == 16 && !rows.isEmpty)
    var messages: Set<String> = []
    try store.forEachRejection { messages.insert($0.message) }
    #expect(messages == ["it decomposes into elements alone"])
  }

  @Test func `a distance below the least of the campaign is rejected with its number`() throws {
    try files.run(try campaign("coverage: {reject: {minimum_distance: 100}}"))
    let store = try openRun(files.folder.path("run"))
    #expect(try store.counts().rejected == 16)
    try store.forEachRejection { #expect($0.message.contains("eV/atom above the hull is below 100.0")) }
  }

  @Test(arguments: [
    ("coverage: {flag: {minimum_distance: -0.1}}", "hull.coverage.flag: unknown key \"minimum_distance\""),
    ("competitors: {elements: [Na, Og]}", "hull.competitors.elements[1]: Og has no tabulated volume"),
    ("competitors: {elements: [Na, Xx]}", "hull.competitors.elements[1]: \"Xx\" is no element"),
    ("competitors: {prototypes: [CsCl, L12, CsCl]}", "hull.competitors.prototypes[2]: CsCl stands twice"),
  ])
  func `keys that would do nothing or cannot be done are refused with their place`(keys: String, part: String)
    throws
  {
    do {
      _ = try CampaignPlan(file: try campaign(keys))
      Issue.record("\(keys) is taken")
    } catch { #expect("\(error)".contains(part), "\(error)") }
  }

  @Test func `competitors that no model can predict are refused instead of waited for`() throws {
    let inputs = try files.archive([
      """
      {"id":"a","lattice":[[4,0,0],[0,4,0],[0,0,4]],"species":["Na"],"frac_coords":[[0,0,0]],"energy":-1}
      """
    ])
    let stages = """
      - energy: {name: given, column: energy}
      - hull: {reference: phases.csv, competitors: {}}
      """
    do {
      _ = try CampaignPlan(file: try files.campaign(inputs: inputs, stages: stages))
      Issue.record("competitors without a model are taken")
    } catch {
      #expect("\(error)".contains("hull.competitors: no model of formation_energy_per_atom"), "\(error)")
      #expect("\(error)".contains("tiny.yaml:"), "\(error)")
    }
  }
}
