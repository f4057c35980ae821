internal import Crystal
internal import CrystalGraphs
internal import Networks
internal import PhaseStability
internal import ScreeningStore
internal import StructureArchive
internal import Symmetry
internal import Training

/// What a worker keeps from batch to batch. Results do not depend on what it held before.
final class CampaignScratch {
  let inputs = InputEncoder.Scratch()
  let ensembles: [Ensemble.Scratch]
  let hull: HullScratch?
  var collection = GraphCollection()
  let search = ShapeSearchScratch()
  let features = TableScratch()
  var symmetry = SymmetryFinder()

  init(_ plan: CampaignPlan, _ competitors: CompetitorHulls = CompetitorHulls()) {
    ensembles = plan.models.map { _ in Ensemble.Scratch() }
    hull = plan.hullStage.map { HullScratch($0.references, competitors) }
  }
}

/// One record on its way through the stages.
private struct Candidate {
  let key: RecordKey
  var id = ""
  var member: String?
  var structure: Structure?
  var properties: [String: Double] = [:]
  /// The rules that its reader applied.
  var reading: [ReadingRule] = []
  /// Its index in the decoration that it comes from.
  var decorated: Int?
  var shape: String?
  var evaluations: Int?
  var symmetry: RowSymmetry?
  var symmetryFailure: String?
  /// What the model that chose the shape says of it.
  var searched: (model: Int, prediction: EnsemblePrediction)?
  /// What models of several targets say of it, by fingerprint, where a later stage asks for another target.
  var saidOfTargets: [String: [EnsemblePrediction]] = [:]
  /// Its graphs by the rules that models have asked for so far.
  var graphs: [(rule: NeighborRule, graph: NeighborGraph)] = []
  var scores: [Score] = []
  var stabilities: [Stability] = []
  var rejection: RejectedRecord?
  var filteredBy: String?

  /// The lowest of its energies above the hull, that with competitors where there are some (eV/atom).
  var lowestDistance: Double {
    stabilities.map { $0.withCompetitors?.energyAboveHull ?? $0.energyAboveHull }.min() ?? .infinity
  }

  /// Whether the later stages have anything to do.
  var isAlive: Bool { rejection == nil && filteredBy == nil }

  mutating func reject(_ stage: String, _ reason: RejectionReason, _ message: String, byteOffset: Int? = nil)
  {
    rejection = RejectedRecord(
      key: key, member: member, byteOffset: byteOffset, materialID: id.isEmpty ? nil : id, stage: stage,
      reason: reason, message: message)
    rejection?.reading = reading
  }
}

/// Takes batches of records through all stages of a plan; called by many threads at once.
struct CampaignWorker: Sendable {
  private let plan: CampaignPlan
  private let ensembles: [Ensemble?]
  private let searchers: [Int: ShapeSearcher]
  private let bounds: [Int: SearchBound]
  private let odds: StabilityOdds

  /// A worker of a plan.
  ///
  /// - Parameters:
  ///   - plan: what is done.
  ///   - bounds: for each source with a cascade which candidates are searched; where there is none all are.
  init(_ plan: CampaignPlan, bounds: [Int: SearchBound] = [:]) {
    self.plan = plan
    self.bounds = bounds
    odds = StabilityOdds(threshold: plan.threshold, calibrations: plan.models.map(\.calibration))
    searchers = plan.searches.compactMapValues { search in
      guard case .ensemble(let folder) = plan.models[search.model].origin else { return nil }
      return ShapeSearcher(search, folder)
    }
    ensembles = plan.models.map { model in
      if case .ensemble(let folder) = model.origin { Ensemble(folder) } else { nil }
    }
  }

  /// The outcome of a batch: for each record a row, a rejection or a count.
  ///
  /// - Parameter notes: records that ended an earlier process.
  func process(
    _ records: [SourceRecord], _ scratch: CampaignScratch, _ notes: CrashNotes = CrashNotes()
  ) -> StoreBatch {
    var candidates: [Candidate] = []
    for record in records {
      if case .end = record.content { continue }
      candidates.append(read(record, notes))
    }
    var isSearched = searchers.isEmpty
    for stage in plan.stages {
      // What looks at a cell looks at the one that was chosen.
      if !isSearched, stage.looksAtCells {
        chooseShapes(&candidates, scratch)
        isSearched = true
      }
      switch stage {
      case .filter(let filter): apply(filter, &candidates)
      case .symmetry(let tolerance, let distance):
        findSymmetry(within: tolerance, maximumDistance: distance, &candidates, scratch)
      case .graph(let rule): buildGraphs(rule, &candidates, scratch)
      case .predict(let index):
        if case .regression(let predictor) = plan.models[index].origin {
          regress(index, predictor, &candidates, scratch)
        } else {
          predict(index, &candidates, scratch)
        }
      case .energy(let index, let column, let offsets): takeEnergies(index, column, offsets, &candidates)
      case .hull(let stage): placeOnHull(stage, &candidates, scratch)
      }
    }
    return batch(records, candidates)
  }

  private func read(_ record: SourceRecord, _ notes: CrashNotes) -> Candidate {
    var candidate = Candidate(key: RecordKey(source: record.source, record: record.record))
    switch (record.content, plan.sources[record.source]) {
    case (.decorated(let index), .decoration(let decoration)):
      let (id, structure) = decoration.candidate(at: index)
      candidate.id = id
      candidate.structure = structure
      candidate.decorated = index
    case (.archived(let archived), .archive(_, let decoder, _)):
      candidate.member = archived.member
      candidate.id = archived.defaultID
      if let message = notes.message(of: candidate.key) {
        candidate.reject("read", .decoderCrashed, message, byteOffset: archived.byteOffset)
        break
      }
      switch CrashNotes.watching(candidate.key, { decoded(archived, decoder) }) {
      case .success(let decoded):
        candidate.id = decoded.id
        candidate.structure = decoded.structure
        candidate.properties = decoded.properties
        candidate.reading = decoded.notes.rules
      case .failure(let error):
        candidate.reject(
          "read", error.reason, error.message, byteOffset: archived.byteOffset + (error.byteOffset ?? 0))
      }
    case (.broken(let reason, let message), _):
      candidate.reject("read", reason, message)
    default: preconditionFailure("the reader delivers what the source is")
    }
    return candidate
  }

  private func decoded(
    _ record: ArchiveRecord, _ decoder: StructureDecoder
  ) -> Result<DecodedRecord, RecordError> {
    Result { () throws(RecordError) in try decoder.decode(record) }
  }

  private func apply(_ filter: CandidateFilter, _ candidates: inout [Candidate]) {
    for index in candidates.indices where candidates[index].isAlive {
      if let structure = candidates[index].structure, !filter.keeps(structure) {
        candidates[index].filteredBy = filter.name
      }
    }
  }

  /// Gives candidates whose prototype has free parameters to search the best of their shapes; a cascade gives up early
  /// those that cannot reach the best share.
  private func chooseShapes(_ candidates: inout [Candidate], _ scratch: CampaignScratch) {
    for (source, searcher) in searchers.sorted(by: { $0.key < $1.key }) {
      let chosen = candidates.indices.filter {
        candidates[$0].isAlive && candidates[$0].key.source == source
      }
      let decorated = chosen.compactMap { candidates[$0].decorated }
      let compositions = Dictionary(
        zip(decorated, chosen.compactMap { candidates[$0].structure?.composition })
      ) { first, _ in first }
      let model = searcher.search.model
      let found = searcher.search(decorated, bounds[source], scratch.search) { candidate, energy in
        compositions[candidate].flatMap {
          scratch.distance(of: $0, energy: energy, model: model, plan)
        }
      }
      for (index, found) in zip(chosen, found) {
        candidates[index].evaluations = found.evaluations
        guard let best = found.best, let decorated = candidates[index].decorated else { continue }
        let shape = searcher.search.shapes[best.shape]
        candidates[index].structure = shape.decoration.candidate(at: decorated).structure
        candidates[index].shape = shape.text
        candidates[index].searched = (model, best.prediction)
      }
    }
  }

  /// A crystal of which no symmetry is found goes on without.
  private func findSymmetry(
    within tolerance: Double, maximumDistance: Double?, _ candidates: inout [Candidate],
    _ scratch: CampaignScratch
  ) {
    for index in candidates.indices where candidates[index].isAlive {
      guard let structure = candidates[index].structure else { continue }
      if let maximumDistance, candidates[index].lowestDistance > maximumDistance { continue }
      do throws(SymmetryError) {
        candidates[index].symmetry = RowSymmetry(
          try scratch.symmetry.symmetry(of: structure, tolerance: tolerance))
      } catch {
        candidates[index].symmetryFailure = error.code
      }
    }
  }

  /// Models of one rule share a graph.
  private func buildGraphs(
    _ rule: NeighborRule, _ candidates: inout [Candidate], _ scratch: CampaignScratch
  ) {
    let encoder = InputEncoder(InputRequirements(neighbors: rule))
    for index in candidates.indices where candidates[index].isAlive {
      guard let structure = candidates[index].structure,
        !candidates[index].graphs.contains(where: { $0.rule == rule })
      else { continue }
      do throws(VoronoiError) {
        candidates[index].graphs.append((rule, try encoder.graph(of: structure, scratch: scratch.inputs)))
      } catch {
        candidates[index].reject("graph", error.rejectionReason, describe(error))
      }
    }
  }

  private func predict(_ model: Int, _ candidates: inout [Candidate], _ scratch: CampaignScratch) {
    guard let ensemble = ensembles[model] else { preconditionFailure("only ensembles predict") }
    let fingerprint = plan.models[model].fingerprint
    var indices: [Int] = []
    var known: [(Int, EnsemblePrediction)] = []
    scratch.collection.removeAll()
    let encoder = ensemble.encoder
    for index in candidates.indices where candidates[index].isAlive {
      guard
        let structure = candidates[index].structure,
        let graph = candidates[index].graphs.first(where: { $0.rule == encoder.requirements.neighbors })?
          .graph
      else { continue }
      // The same network on the same graph says the same, bit for bit.
      if let searched = candidates[index].searched, searched.model == model {
        known.append((index, searched.prediction))
        continue
      }
      if let said = candidates[index].saidOfTargets[fingerprint] {
        known.append((index, said[ensemble.target]))
        continue
      }
      do throws(InputError) {
        try encoder.append(structure, graph: graph, to: &scratch.collection, scratch: scratch.inputs)
        indices.append(index)
      } catch {
        candidates[index].reject("predict \(plan.models[model].name)", error.rejectionReason, describe(error))
      }
    }
    let said = ensemble.predictionsOfAllTargets(scratch.collection, scratch: scratch.ensembles[model])
    if plan.models.count(where: { $0.fingerprint == fingerprint }) > 1 {
      for (index, said) in zip(indices, said) { candidates[index].saidOfTargets[fingerprint] = said }
    }
    for (index, prediction) in known + zip(indices, said.map { $0[ensemble.target] }) {
      let spread = ensemble.memberCount > 1 ? prediction.standardDeviation : nil
      take(
        Score(model: model, mean: prediction.mean, standardDeviation: spread, members: prediction.members),
        &candidates[index])
    }
  }

  private func take(_ score: Score, _ candidate: inout Candidate) {
    let model = plan.models[score.model]
    guard score.mean.isFinite, score.standardDeviation?.isFinite ?? true else {
      candidate.reject("predict \(model.name)", .energyNotFinite, "the prediction is not finite")
      return
    }
    candidate.scores.append(score)
    // Where the model predicts the distance itself, there is nothing left for a hull stage to do.
    if model.property == hullDistanceProperty {
      candidate.stabilities.append(odds.place(ofDistance: score))
    }
  }

  private func regress(
    _ model: Int, _ predictor: RegressionPredictor, _ candidates: inout [Candidate],
    _ scratch: CampaignScratch
  ) {
    let stage = "predict \(plan.models[model].name)"
    for index in candidates.indices where candidates[index].isAlive {
      guard let structure = candidates[index].structure else { continue }
      do throws(ScreeningError) {
        switch try predictor.predictions([(candidates[index].id, structure)], scratch.features)[0] {
        case .rejected(let reason, let message): candidates[index].reject(stage, reason, message)
        case .value(let said):
          take(
            Score(model: model, mean: said.value, standardDeviation: said.deviation, members: []),
            &candidates[index])
        }
      } catch {
        preconditionFailure("features of files are refused by the plan: \(error)")
      }
    }
  }

  private func takeEnergies(
    _ model: Int, _ column: String, _ offsets: EnergyOffsetTable?, _ candidates: inout [Candidate]
  ) {
    for index in candidates.indices where candidates[index].isAlive {
      guard var energy = candidates[index].properties[column] else {
        candidates[index].reject(
          "energy \(plan.models[model].name)", .energyNotFinite,
          "the record has no finite number under \"\(column)\"")
        continue
      }
      if let offsets, let structure = candidates[index].structure {
        do throws(EnergyOffsetError) {
          energy -= try offsets.offsets.offset(of: structure.composition)
        } catch {
          candidates[index].reject(
            "energy \(plan.models[model].name)", .energyNotAligned, describe(error))
          continue
        }
      }
      candidates[index].scores.append(
        Score(model: model, mean: energy, standardDeviation: nil, members: []))
    }
  }

  private func placeOnHull(
    _ stage: HullStage, _ candidates: inout [Candidate], _ scratch: CampaignScratch
  ) {
    guard let hull = scratch.hull, let references = plan.references else {
      preconditionFailure("a hull stage has references and a solver")
    }
    let placement = HullPlacement(stage: stage, references: references, odds: odds)
    for index in candidates.indices where candidates[index].isAlive {
      guard let structure = candidates[index].structure else { continue }
      do throws(HullRefusal) {
        candidates[index].stabilities += try placement.places(
          of: candidates[index].scores, structure.composition, hull)
      } catch {
        candidates[index].reject(HullPlacement.stageName, error.reason, error.message)
      }
    }
  }

  private func batch(_ records: [SourceRecord], _ candidates: [Candidate]) -> StoreBatch {
    var progress: [SourceProgress] = []
    for (index, record) in records.enumerated() {
      let isEnd = if case .end = record.content { true } else { false }
      let upper = record.record + (isEnd ? 0 : 1)
      let isLast = index + 1 == records.count || records[index + 1].source != record.source
      let token = isLast ? record.position?.bytes : nil
      if let last = progress.last, last.source == record.source {
        progress[progress.count - 1] = SourceProgress(
          source: record.source, records: last.records.lowerBound..<upper, resumeToken: token,
          isFinished: isEnd)
      } else {
        progress.append(
          SourceProgress(
            source: record.source, records: record.record..<upper, resumeToken: token, isFinished: isEnd))
      }
    }
    var batch = StoreBatch(progress: progress)
    for candidate in candidates {
      if let rejection = candidate.rejection {
        batch.rejections.append(rejection)
      } else if let stage = candidate.filteredBy {
        batch.filtered.append(FilteredRecord(key: candidate.key, stage: stage))
      } else if let structure = candidate.structure {
        var row = ScreenedRow(
          key: candidate.key, materialID: candidate.id, structure: structure,
          keepsStructure: plan.keepsStructures, scores: candidate.scores,
          stabilities: candidate.stabilities)
        row.shape = candidate.shape
        row.evaluations = candidate.evaluations
        row.reading = candidate.reading
        row.symmetry = candidate.symmetry
        row.symmetryFailure = candidate.symmetryFailure
        batch.rows.append(row)
      }
    }
    return batch
  }
}

extension CampaignPlan.Stage {
  /// Whether what the stage says depends on the shape of the cell.
  fileprivate var looksAtCells: Bool {
    switch self {
    case .graph, .symmetry: true
    case .filter, .predict, .energy, .hull: false
    }
  }
}

extension RowSymmetry {
  /// What is stored of a symmetry.
  fileprivate init(_ found: CrystalSymmetry) {
    self.init(
      spaceGroup: found.spaceGroup, wyckoffLetters: String(found.wyckoffLetters),
      wyckoffSites: found.wyckoffSites.text)
  }
}
