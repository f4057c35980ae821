internal import Crystal
internal import CrystalGraphs
internal import Networks
internal import PipelineEngine
internal import Training

/// Makes the graphs that one member learns from, epoch by epoch: those of strained copies in place of the crystals that
/// the augmentation chooses, all others as they were loaded.
///
/// An epoch's graphs follow from the seed, the epoch and the crystals, so a training that is resumed goes on with them.
struct AugmentedEpochs: ExampleSource {
  let augmentation: StrainAugmentation
  let requirements: InputRequirements
  /// The crystals as they were loaded, and their graphs.
  let training: LoadedGraphs
  let seed: UInt64
  let jobs: Int
  /// Raised where the making is to end.
  let stop: StopFlag

  var count: Int { training.structures.count }

  /// The graphs of an epoch, from 0, in the order of the training split; nil where `stop` was raised.
  ///
  /// A copy that has no graph, since sites came too close, is not taken: the crystal itself stands there.
  func graphs(epoch: Int, view: Int) throws -> GraphCollection? {
    let encoder = InputEncoder(requirements)
    let (augmentation, structures, seed) = (augmentation, training.structures, seed)
    let whole = training.data.graphs
    var collection = GraphCollection()
    var (read, written) = (0, 0)
    _ = try OrderedPipeline(jobs: jobs, batchSize: 256).run(
      read: {
        defer { read += 1 }
        return read < structures.count ? read : nil
      },
      makeScratch: { InputEncoder.Scratch() },
      work: { scratch, indices in
        // Nil where the crystal itself is taken.
        indices.map { index -> GraphCollection? in
          guard
            let copy = augmentation.copy(of: structures[index], index: index, epoch: epoch, seed: seed)
          else { return nil }
          var own = GraphCollection()
          return (try? encoder.append(copy, to: &own, scratch: scratch)) == nil ? nil : own
        }
      },
      write: { (batch: [GraphCollection?]) in
        for own in batch {
          collection.append(contentsOf: own ?? whole, structure: own == nil ? written : 0)
          written += 1
        }
      }, stop: stop)
    return stop.isRaised ? nil : collection
  }
}
