internal import Crystal
internal import Reports
internal import ScreeningStore

extension RunReport {
  /// Most bytes that crystals may take before they are compressed; beyond them cards are without a picture.
  private static let structureBytes = 400_000

  /// The list of candidates: the best of each model.
  func candidateList() throws -> CandidateList {
    let models = (hullModels + scoreModels).map {
      CandidateList.Model(
        name: run.models[$0].name, placesOnHull: hullModels.contains($0), unit: run.models[$0].unit)
    }
    let known = Dictionary(
      (comparison?.comparison.pool.candidates ?? []).map { ($0.id, $0.trueDistance) },
      uniquingKeysWith: { first, _ in first })
    var candidates = hullModels.isEmpty ? try scoredCandidates() : try placedCandidates()
    var bytes = 0
    for index in candidates.indices {
      candidates[index].known = known[candidates[index].id]
      let key = RecordKey(source: candidates[index].source, record: candidates[index].record)
      guard index < options.structures, bytes < Self.structureBytes,
        candidates[index].siteCount <= Int(UInt16.max), let structure = try store.structure(of: key)
      else { continue }
      bytes += 38 + 13 * structure.siteCount
      candidates[index].structure = structure
      for (place, model) in (hullModels + scoreModels).enumerated()
      where candidates[index].predictions[place] != nil {
        candidates[index].predictions[place]?.members = try store.members(of: key, model: model)
      }
    }
    return CandidateList(
      models: models, threshold: threshold, sources: run.sources.map { exportedName($0.name) },
      total: counts.rows, candidates: candidates, showCommand: "sluice show \(shellWord(directory))")
  }

  /// The rows that the survey chose.
  private func placedCandidates() throws -> [CandidateList.Candidate] {
    var rows: [RecordKey: [RankedRow?]] = [:]
    for (place, model) in survey.models.enumerated() {
      // The best rows come in one query; what only other models rank so high is looked up.
      let lowest = survey.listed.count { model.ranks[$0] != nil }
      let filter = RankingFilter(
        model: model.model, limit: lowest, hull: hull, scoredModels: place == 0 ? scoreModels : [])
      try store.forEachRanked(filter) { row in
        guard model.ranks[row.key] != nil else { return }
        rows[row.key, default: survey.models.map { _ in nil }][place] = row
      }
      for key in survey.listed where model.ranks[key] != nil && rows[key]?[place] == nil {
        var single = filter
        single.limit = 1
        single.record = key
        rows[key, default: survey.models.map { _ in nil }][place] = try store.ranked(single).first
      }
    }
    return survey.listed.compactMap { key in
      guard let places = rows[key], let first = places.lazy.compactMap({ $0 }).first else { return nil }
      let scores = places[0]?.scores ?? scoreModels.map { _ in nil }
      return CandidateList.Candidate(
        id: first.materialID, formula: first.formula, siteCount: first.siteCount, volume: first.volume,
        source: key.source, record: key.record, notes: Self.notes(first),
        predictions: zip(survey.models, places).map { model, row in
          row.map { prediction($0, rank: model.ranks[key] ?? 0) }
        } + scores.map { $0.map { CandidateList.Prediction(rank: 0, value: $0) } })
    }
  }

  private func prediction(_ row: RankedRow, rank: Int) -> CandidateList.Prediction {
    let place = row.place(on: hull)
    return CandidateList.Prediction(
      rank: rank, value: place.energyAboveHull, spread: row.energyStandardDeviation,
      energy: row.stability.energy, decompositionEnergy: place.decompositionEnergy,
      decomposition: place.decomposition, probability: place.probability,
      flags: row.flags(on: hull).map(\.rawValue))
  }

  /// The rows with the largest scores of the first model, where no model predicts an energy.
  private func scoredCandidates() throws -> [CandidateList.Candidate] {
    guard let model = scoreModels.first else { return [] }
    let others = Array(scoreModels.dropFirst())
    var candidates: [CandidateList.Candidate] = []
    try store.forEachScored(by: model, limit: options.rows, others: others) { row in
      let own = CandidateList.Prediction(
        rank: candidates.count + 1, value: row.score, spread: row.standardDeviation)
      candidates.append(
        CandidateList.Candidate(
          id: row.materialID, formula: row.formula, siteCount: row.siteCount, volume: row.volume,
          source: row.key.source, record: row.key.record, notes: Self.notes(shape: row.shape, row.reading),
          predictions: [own] + row.others.map { $0.map { CandidateList.Prediction(rank: 0, value: $0) } }))
    }
    return candidates
  }

  /// What a card says of a row beside its numbers.
  static func notes(_ row: RankedRow) -> [String] {
    var notes: [String] = []
    if let symmetry = row.symmetry {
      let group = symmetry.spaceGroup
      notes.append(
        "space group \(group.symbol) (\(group.number), \(group.crystalSystem.rawValue)), sites \(symmetry.wyckoffSites)"
      )
    }
    if let coverage = row.stability.coverage {
      notes.append(
        "the references hold \(counted(coverage.compounds, "compound")) of its chemical system"
          + (coverage.unknownPairs > 0
            ? ", and none of \(counted(coverage.unknownPairs, "pair")) of its elements" : "")
          + (coverage.elementsWithoutPhase > 0
            ? "; \(counted(coverage.elementsWithoutPhase, "element")) without a phase of its own" : ""))
      if coverage.decomposesIntoElements { notes.append("it decomposes into elements alone") }
    }
    return notes + Self.notes(shape: row.shape, row.reading)
  }

  private static func notes(shape: String?, _ reading: [ReadingRule]) -> [String] {
    (shape.map { ["shape that a search chose: \($0)"] } ?? [])
      + (reading.isEmpty ? [] : ["read by " + reading.map(\.rawValue).joined(separator: ", ")])
  }
}

/// A text as one word of a shell's command line.
func shellWord(_ text: String) -> String {
  let plain = text.unicodeScalars.allSatisfy {
    $0.isASCII
      && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-./+=,@".unicodeScalars.contains($0))
  }
  return plain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
}
