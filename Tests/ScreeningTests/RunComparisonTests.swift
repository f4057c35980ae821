import Crystal
import Foundation
import PhaseStability
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing

@testable import Screening

@Suite("Comparison of a run's models") struct RunComparisonTests {
  let files: CampaignFolder

  init() throws { files = try CampaignFolder() }

  /// A rock salt of NaCl, whose reference lies at −2.1 eV/atom, with two given energies.
  private static func line(_ id: String, _ a: Double, _ b: Double?, metal: String = "Na") -> String {
    let second = b.map { ",\"b\":\($0)" } ?? ""
    return
      "{\"id\":\"\(id)\",\"lattice\":[[0,2.8,2.8],[2.8,0,2.8],[2.8,2.8,0]],\"species\":[\"\(metal)\",\"Cl\"],"
      + "\"frac_coords\":[[0,0,0],[0.5,0.5,0.5]],\"a\":\(a)\(second)}"
  }

  private static let stages = """
    - energy: {name: left, column: a}
    - energy: {name: right, column: b}
    - hull: {reference: phases.csv}
    """

  /// Eight candidates: e has no energy of b and is rejected, f has no label, and a second d repeats an id.
  private static let lines = [
    line("a", -2.2, -2.0), line("b", -2.15, -2.3), line("c", -2.0, -2.25), line("d", -1.9, -1.8),
    line("d", -9, -9), line("e", -3, nil), line("f", -2.1, -2.1), line("g", -1.7, -1.9),
  ]

  /// e is stable, as are a, b and c; g by 4e-10 eV/atom is not; x belongs to no candidate.
  private static let labels = [
    ("a", "-2.1"), ("b", "-2.3"), ("c", "-2.100000001"), ("d", "-1.5"), ("e", "-2.2"), ("g", "-2.0999999996"),
    ("x", "-1"),
  ]

  private func run(_ lines: [String] = lines, stages: String = stages, more: String = "", limit: Int? = nil)
    throws
  {
    let campaign = try files.campaign(
      inputs: try files.archive(lines), stages: stages, more: "rejections: {allowed_share: 1}\n" + more)
    try files.run(campaign, limit: limit)
  }

  private func compare(
    _ labels: String, kind: LabelKind? = nil, models: (String, String) = ("left", "right"),
    threshold: Double? = nil,
    reference: String? = nil, judgment: ComparisonJudgment = ComparisonJudgment(),
    budgets: [Int] = [2, 4, 50], seed: UInt64 = 0
  ) throws -> RunComparison {
    try RunComparison(
      directory: files.folder.path("run"), labels: labels, kind: kind, models: (models.0, models.1),
      threshold: threshold, reference: reference, judgment: judgment,
      options: ComparisonOptions(budgets: budgets, seed: seed, resamples: 200))
  }

  private func csv(_ rows: [(String, String)] = labels, column: String = "formation_energy_per_atom") throws
    -> String
  {
    try files.folder.write(
      (["id,formula,\(column)"] + rows.map { "\($0.0),NaCl,\($0.1)" }).joined(separator: "\n") + "\n",
      to: "labels.csv")
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func `labelled candidates enter, others are counted, and truth is not rounded`() throws {
    try run()
    let result = try compare(try csv())
    let pool = result.comparison.pool
    #expect(pool.candidates.map(\.id) == ["a", "b", "c", "d", "g", "e"])
    #expect(pool.isStable == [true, true, true, false, false, true] && pool.threshold == 0)
    #expect(abs(pool.candidates[4].trueDistance - 4e-10) < 1e-12)
    let counts = result.counts
    #expect(counts.candidates == 7 && counts.candidatesWithoutLabel == 1 && counts.duplicateCandidates == 1)
    #expect(counts.labels == 7 && counts.labelsWithoutCandidate == 1 && counts.labelsWithoutDistance == 0)
    // Rejected, e has no prediction of either model and ranks last by both, though it is stable.
    let comparison = result.comparison
    #expect(comparison.models.map(\.withoutPrediction) == [1, 1])
    #expect(comparison.models.map(\.classification.truePositives) == [2, 2])
    #expect(comparison.models.map(\.classification.falseNegatives) == [2, 2])
    #expect(comparison.budgets.map(\.size) == [2, 4, 6] && comparison.clippedBudgets == [50])
    // By left a, b, c, d, g, e; by right b, c, a, g, d, e.
    #expect(comparison.budgets[0].foundOnlyBy == [["a"], ["c"]] && comparison.budgets[0].foundByBoth == 1)
    #expect(comparison.budgets.map { $0.lists.map(\.hits) } == [[2, 2], [3, 3], [4, 4]])
    #expect(result.hull.reference == "phases.csv" && !result.hull.excludesSameComposition)
  }

  @Test func `JSON and CSV labels, plain and compressed, say the same`() throws {
    try run()
    let plain = try compare(try csv()).jsonText()
    let lines = Self.labels.map {
      "{\"material_id\":\"\($0.0)\",\"formula\":\"NaCl\",\"formation_energy_per_atom\":\($0.1)}"
    }
    let path = files.folder.path("labels.jsonl.zst")
    let writer = try ZstdLineWriter(path: path)
    for line in lines { try writer.append(line) }
    try writer.finish()
    #expect(try compare(path).jsonText() == plain)
    #expect(try compare(path, seed: 1).jsonText() != plain)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(plain.utf8)) as? [String: Any])
    let budgets = try #require(object["budgets"] as? [[String: Any]])
    #expect(budgets[0]["found_only_by_b"] as? [String] == ["c"])
    #expect(object["threshold"] as? Double == 0 && object["candidates"] as? Int == 6)
    let rows = records(ofCSV: try compare(path).csvText())
    #expect(rows.contains { $0["table"] == "found_only" && $0["model"] == "b" && $0["value"] == "c" })
    #expect(rows.contains { $0["quantity"] == "prevalence" && $0["value"] == "\(4.0 / 6)" })
  }

  @Test func `distances to the hull are taken as they are, and a threshold moves both sides`() throws {
    try run()
    let distances = [
      ("a", "4e-10"), ("b", "0"), ("c", "-0.1"), ("d", "0.3"), ("e", "0.0"), ("g", "0.1"),
    ]
    let labels = try csv(distances, column: "e_above_hull")
    let strict = try compare(labels)
    #expect(strict.labelKind == .energyAboveHull)
    #expect(strict.comparison.pool.isStable == [false, true, true, false, false, true])
    let loose = try compare(labels, threshold: 0.15)
    #expect(loose.comparison.pool.isStable == [true, true, true, false, true, true])
    #expect(loose.comparison.models[0].classification.truePositives == 3)
    // The hull itself is not needed for them.
    try FileManager.default.removeItem(atPath: files.folder.path("run/references.hull"))
    #expect(try compare(labels).jsonText() == strict.jsonText())
  }

  @Test func `labels are placed on the run's own hull, own compositions left out where the run does`() throws
  {
    try run(stages: Self.stages.replacing("phases.csv}", with: "phases.csv, exclude_same_composition: true}"))
    let result = try compare(try csv())
    #expect(result.hull.excludesSameComposition)
    // Without NaCl the elements at 0 are the hull.
    #expect(result.comparison.pool.candidates.map(\.trueDistance).allSatisfy { $0 < -1.4 })
    try FileManager.default.removeItem(atPath: files.folder.path("run/references.hull"))
    #expect(message { _ = try compare(try csv()) }.contains("name the run's references with --reference"))
    let named = try compare(try csv(), reference: files.folder.path("phases.csv"))
    #expect(named.jsonText() == result.jsonText())
    let other = try files.folder.write("formula,formation_energy_per_atom\nNaCl,-2\n", to: "other.csv")
    #expect(
      message { _ = try compare(try csv(), reference: other) }.contains("not the references of the run"))
  }

  @Test func `another hull judges, and the rankings stay those of the run`() throws {
    try run()
    let own = try compare(try csv())
    #expect(own.judgingHull == own.hull)
    let judge = try files.folder.write("formula,formation_energy_per_atom\nNaCl,-2.25\n", to: "full.csv")
    let other = try compare(try csv(), judgment: ComparisonJudgment(reference: judge))
    // Of −2.1, −2.3, −2.100000001, −1.5, −2.2 and −2.0999999996 one lies below −2.25.
    #expect(other.comparison.pool.isStable == [false, true, false, false, false, false])
    #expect(
      other.comparison.pool.candidates.map(\.predictedDistances)
        == own.comparison.pool.candidates.map(\.predictedDistances))
    #expect(other.hull == own.hull && other.judgingHull?.reference == judge)
    #expect(other.judgingHull?.fingerprint != own.hull.fingerprint)
    #expect(other.hullsText == "ranked on phases.csv; judged on full.csv")
    #expect(other.plot().contains(">ranked on phases.csv; judged on full.csv<"))
    #expect(!own.plot().contains("judged on"))
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(other.jsonText().utf8)) as? [String: Any])
    let judging = try #require(object["judging_hull"] as? [String: Any])
    #expect(judging["fingerprint"] as? String == other.judgingHull?.fingerprint)
    let rows = records(ofCSV: other.csvText())
    #expect(rows.contains { $0["quantity"] == "judging_reference" && $0["value"] == judge })
    // All six are judged against NaCl itself, unless it is left out.
    #expect(other.counts.judgedByOwnComposition == 6)
    let apart = try compare(
      try csv(), judgment: ComparisonJudgment(reference: judge, excludesSameComposition: true))
    #expect(apart.comparison.pool.stableCount == 6 && apart.counts.judgedByOwnComposition == 0)
    #expect(apart.hullsText.hasSuffix("judged on full.csv without a candidate's own composition"))
    // The run's own index is not needed.
    try FileManager.default.removeItem(atPath: files.folder.path("run/references.hull"))
    #expect(
      try compare(try csv(), judgment: ComparisonJudgment(reference: judge)).jsonText() == other.jsonText())
  }

  @Test func `labels are moved by offsets, and those without one are left out by name`() throws {
    try run(Self.lines + [Self.line("k", -2, -2, metal: "K")])
    let labels = try files.folder.write(
      (["id,formation_energy_per_atom"]
        + (Self.labels.dropLast() + [("k", "-2")]).map { "\($0.0),\($0.1)" }).joined(separator: "\n"),
      to: "mixed.csv")
    let offsets = try files.folder.write(
      "element,context,offset_ev_per_atom\nNa,any,0.1\nCl,any,0.1\n", to: "offsets.csv")
    let result = try compare(labels, judgment: ComparisonJudgment(offsets: offsets))
    // All labels are a tenth of an electronvolt lower; that of e names no composition.
    let plain = try compare(labels)
    let moved = result.comparison.pool.candidates
    for candidate in moved {
      let before = try #require(plain.comparison.pool.candidates.first { $0.id == candidate.id })
      #expect(abs(candidate.trueDistance - before.trueDistance + 0.1) < 1e-12)
      #expect(candidate.predictedDistances == before.predictedDistances)
    }
    #expect(moved.map(\.id) == ["a", "b", "c", "d", "g"])
    #expect(result.counts.labelsNotAligned == 1 && result.counts.elementsNotAligned == ["K"])
    #expect(result.labelOffsets?.path == offsets && result.labelOffsets?.fingerprint.count == 64)
    #expect(result.jsonText().contains("\"elements_not_aligned\": [\"K\"]"))
    let distances = try csv([("a", "0")], column: "e_above_hull")
    for judgment in [
      ComparisonJudgment(offsets: offsets), ComparisonJudgment(reference: offsets),
      ComparisonJudgment(excludesSameComposition: true),
    ] {
      #expect(
        message { _ = try compare(distances, judgment: judgment) }
          .contains("its labels are distances to a hull of their own; "))
    }
    let useless = try files.folder.write("element,context,offset_ev_per_atom\nXe,any,0\n", to: "xenon.csv")
    #expect(
      message { _ = try compare(labels, judgment: ComparisonJudgment(offsets: useless)) }
        .contains(
          "none of the 7 labels of candidates has a true distance: 6 hold an element without an offset"))
  }

  /// Positions by scipy's binom.cdf: the last at most 0.025 and the first at least 0.975.
  @Test(arguments: [(20, 1, 9), (21, 1, 9), (100, 16, 34), (924, 204, 257)])
  func `the interval of the lower quartile is between the ranks of the binomial distribution`(
    count: Int, low: Int, high: Int
  ) throws {
    let values = (0..<count).map { Double($0) }
    let scale = try #require(LabelScale(values.reversed()))
    #expect(scale.interval == ConfidenceInterval(low: Double(low), high: Double(high)))
    #expect(scale.compositions == count && scale.lowerQuartile == Double((count - 1) / 4))
    #expect(LabelScale(Array(values.prefix(19))) == nil)
  }

  @Test func `scales differ where the quartile lies beyond 0.02 eV per atom on one side for certain`() throws
  {
    func differs(_ shift: Double, metastable: Int) throws -> Bool {
      // A hundred calculations that agree to 5 meV/atom, and metastable polymorphs above.
      let same = (0..<100).map { Double($0 % 11 - 5) / 1000 + shift }
      let above = (0..<metastable).map { 0.05 + Double($0) / 200 + shift }
      return try #require(LabelScale(same + above)).differs
    }
    #expect(try !differs(0, metastable: 0) && !differs(0, metastable: 100))
    #expect(try differs(0.04, metastable: 100) && differs(-0.04, metastable: 100))
    #expect(try !differs(0.015, metastable: 100))
  }

  @Test(.enabled(if: SharedInput.isThere, SharedInput.reason))
  func
    `labels of OQMD are seen to stand on another scale, moved ones and those of the Materials Project on its own`()
    throws
  {
    let phases = try ReferenceFile.load(try SharedInput.path("hull/mp2019_full.csv")).references
    func scale(_ labels: String) throws -> LabelScale {
      var lowest: [Composition: Double] = [:]
      for label in try ComparisonLabels(path: labels).byID.values {
        guard let composition = label.composition?.reduced else { continue }
        lowest[composition] = min(label.value, lowest[composition] ?? .infinity)
      }
      return try #require(
        LabelScale(
          lowest.compactMap { composition, energy in
            phases.phaseIndex(of: composition).map { energy - phases.phase(at: $0).energyPerAtom }
          }))
    }
    let raw = try scale(try SharedInput.path("oqmd_perovskites/labelled.jsonl.zst"))
    #expect(raw.differs && raw.lowerQuartile > 0.03, "\(raw)")
    let moved = try scale(try SharedInput.path("oqmd_perovskites/labels_mp_scale.csv"))
    #expect(!moved.differs && abs(moved.lowerQuartile) < 0.02, "\(moved)")
    let known = try scale(try SharedInput.path("mp/test.jsonl.zst"))
    #expect(!known.differs && abs(known.lowerQuartile) < 1e-3, "\(known)")
  }

  @Test func `a network and given energies are compared as well`() throws {
    let stages = """
      - graph: {}
      - predict: {name: net, model: model}
      - energy: {name: given, column: a}
      - hull: {reference: phases.csv}
      """
    try run(stages: stages)
    let result = try compare(try csv(), models: ("net", "given"))
    #expect(result.comparison.models.map(\.withoutPrediction) == [0, 0])
    #expect(result.comparison.models[1].meanAbsoluteError.map { $0 > 0 } == true)
    let drawing = result.plot()
    #expect(drawing.contains(">net<") && drawing.contains(">given<") && drawing.contains(">ideal<"))
    #expect(drawing.contains("prevalence (66.7 %)"))
    // A model against itself differs in nothing.
    let same = try compare(try csv(), models: ("given", "given"))
    #expect(same.comparison.budgets.allSatisfy { $0.difference == 0 && $0.mcNemarProbability == 1 })
  }

  @Test func `labels that disagree are refused with both, equal ones are counted`() throws {
    try run()
    let twice = try compare(try csv(Self.labels + [("a", "-2.10")]))
    #expect(twice.counts.duplicateLabels == 1 && twice.counts.labels == 7)
    let text = message { _ = try compare(try csv(Self.labels + [("a", "-2.1000000001")])) }
    #expect(text.contains("labels.csv: two labels of a disagree"))
    #expect(
      text.contains("-2.1 eV/atom in line 2 (a)") && text.contains("-2.1000000001 eV/atom in line 9 (a)"))
  }

  @Test func `labels that cannot be meant are refused with file and record`() throws {
    try run()
    func refusal(_ text: String) -> String {
      message { _ = try compare(try files.folder.write(text, to: "bad")) }
    }
    #expect(refusal("").contains("the file is empty"))
    #expect(refusal("id,energy\na,1\n").contains("line 1: no header with the columns id and"))
    #expect(
      refusal("id,e_above_hull\na,nan\n").contains("line 2 (a): e_above_hull \"nan\" is no finite number"))
    #expect(refusal("id,e_above_hull\na,0,1\n").contains("line 2: 3 fields where the header has 2"))
    #expect(refusal("id,e_above_hull\n,1\n").contains("line 2: no id"))
    #expect(refusal("id,e_above_hull\na,\n").contains("no record with a number under"))
    #expect(refusal("id,e_above_hull\nx,1\n").contains("none of its 1 labels belongs to a candidate"))
    #expect(refusal("{\"id\":\"a\"\n").contains("record 1: cannot be read as a JSON object"))
    #expect(refusal("{\"e_above_hull\":1}\n").contains("record 1: no id under id, material_id"))
    #expect(
      refusal("{\"id\":\"a\",\"e_above_hull\":\"low\"}\n").contains("record 1 (a): e_above_hull is no finite")
    )
    #expect(
      refusal("id,formula,e_above_hull\na,KCl,0\n").contains("line 2 (a): the label is of KCl, the candidate")
    )
    #expect(refusal("id,formation_energy_per_atom\na,1e9\n").contains("line 2 (a): "))
    let mixed = "id,e_above_hull,formation_energy_per_atom\na,0,\nb,,-2\n"
    #expect(
      refusal(mixed).contains("line 2 (a) has no formation_energy_per_atom and line 3 (b) no e_above_hull"))
    let chosen = try compare(try files.folder.write(mixed, to: "mixed.csv"), kind: .energyAboveHull)
    #expect(chosen.comparison.pool.candidates.map(\.id) == ["a"] && chosen.counts.recordsWithoutLabel == 1)
  }

  @Test func `runs that cannot be compared are refused`() throws {
    try run(limit: 3)
    #expect(message { _ = try compare(try csv()) }.contains("the run is not finished"))
    try run()
    #expect(
      message { _ = try compare(try csv(), models: ("left", "up")) }
        .contains("the run has no model \"up\"; it has left, right"))
  }

  @Test
  func
    `a rejected candidate needs a composition from its label, and an element without reference has no truth`()
    throws
  {
    try run(Self.lines + [Self.line("u", -1, -1, metal: "U")])
    let labels = Self.labels + [("u", "-1")]
    let rows = labels.map { "\($0.0),\($0.1)" }
    let path = try files.folder.write(
      (["id,formation_energy_per_atom"] + rows).joined(separator: "\n"), to: "short.csv")
    let result = try compare(path)
    #expect(result.comparison.pool.candidates.map(\.id) == ["a", "b", "c", "d", "g"])
    #expect(result.counts.labelsWithoutDistance == 2)
  }

  @Test(.enabled(if: SharedInput.isThere, SharedInput.reason))
  func `of 392 known ThCr2Si2 crystals 329 are stable against the phases without them`() throws {
    try TinyModel.write(to: files.folder.path("other"), seed: 2)
    let campaign = try files.campaign(
      inputs: "- archive: {path: \"\(try SharedInput.path("thcr2si2/candidates.jsonl.zst"))\"}",
      stages: """
        - graph: {}
        - predict: {name: left, model: model}
        - predict: {name: right, model: other}
        - hull: {reference: "\(try SharedInput.path("hull/mp2019_without_test.csv"))"}
        """)
    try files.run(campaign)
    let result = try compare(try SharedInput.path("thcr2si2/labels.jsonl.zst"))
    #expect(result.comparison.pool.candidates.count == 392 && result.comparison.pool.stableCount == 329)
    #expect(result.counts.candidatesWithoutLabel == 0 && result.counts.labelsWithoutCandidate == 0)
  }
}
