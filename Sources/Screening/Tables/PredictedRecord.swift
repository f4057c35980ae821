internal import Crystal
internal import Networks
internal import StructureArchive

/// What an ensemble says of a record.
struct PredictedRecord: Sendable {
  let record: DecodedRecord
  /// One a target.
  let predictions: [EnsemblePrediction]
  /// Energy of each site (eV), where they are asked for.
  var sites: [Double] = []
}

/// What is asked of an ensemble.
enum AskedPrediction {
  /// The model's target, of several the selected or first one.
  case target
  /// All its targets.
  case allTargets
  /// The target, and the energies of sites, of an ensemble that gives them.
  case sites
}

/// Predicts records, or says why not, in their order.
func predictionOutcomes(
  _ records: [DecodedRecord], _ ensemble: Ensemble, _ asked: AskedPrediction, _ scratch: TableScratch
) -> [RecordOutcome<PredictedRecord>] {
  var result: [RecordOutcome<PredictedRecord>?] = []
  var positions: [Int] = []
  var nodes: [[Int32]] = []
  scratch.collection.removeAll()
  for (index, record) in records.enumerated() {
    do throws(InputError) {
      try ensemble.encoder.append(record.structure, to: &scratch.collection, scratch: scratch.inputs)
      positions.append(index)
      if asked == .sites { nodes.append(Array(scratch.inputs.siteNodes)) }
      result.append(nil)
    } catch {
      result.append(.rejected(error.rejectionReason, "\(record.id): \(describe(error))"))
    }
  }
  let predicted: [PredictedRecord]
  switch asked {
  case .target:
    predicted = zip(positions, ensemble.predictions(scratch.collection, scratch: scratch.ensemble)).map {
      PredictedRecord(record: records[$0], predictions: [$1])
    }
  case .allTargets:
    predicted = zip(
      positions, ensemble.predictionsOfAllTargets(scratch.collection, scratch: scratch.ensemble)
    ).map { PredictedRecord(record: records[$0], predictions: $1) }
  case .sites:
    let (predictions, energies) = ensemble.predictionsWithSites(
      scratch.collection, scratch: scratch.ensemble)
    predicted = positions.indices.map { place in
      let first = scratch.collection.siteOffsets[place]
      return PredictedRecord(
        record: records[positions[place]], predictions: [predictions[place]],
        sites: nodes[place].map { energies[first + Int($0)] })
    }
  }
  for (index, value) in zip(positions, predicted) {
    result[index] =
      value.predictions.allSatisfy(\.mean.isFinite)
      ? .value(value)
      : .rejected(.energyNotFinite, "\(records[index].id): the prediction is not finite")
  }
  return result.compactMap { $0 }
}
