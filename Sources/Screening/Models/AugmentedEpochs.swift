internal import Crystal
internal import CrystalGraphs
internal import Networks
internal import PipelineEngine
internal import Training

/// Makes the graphs that one member learns from, epoch by epoch: those of strained copies in place of the crystals that
/// the augmentation chooses, all others as they were loaded.
///
/// An epoch's graphs follow from the seed, the epoch, the view and the crystals, so a training that is resumed goes on with them.
struct AugmentedEpochs: ExampleSource {
  let augmentation: StrainAugmentation
  let requirements: InputRequirements
  /// The crystals as they were loaded, and their graphs.
  let training: LoadedGraphs
  let seed: UInt64
  let jobs: Int
  /// Raised where the making is to end.
  let stop: StopFlag

  /// What an epoch takes in a crystal's place.
  private enum Example: Sendable {
    /// The crystal itself.
    case crystal
    /// The crystal with all lengths times this.
    case scaled(Double)
    /// A copy with a graph of its own.
    case copy(GraphCollection)
  }

  var count: Int { training.structures.count }

  /// The graphs of an epoch, from 0, in the order of the training split; nil where `stop` was raised.
  ///
  /// A copy that has no graph, since sites came too close, is not taken: the crystal itself stands there. Where a copy is the
  /// crystal in another size, and no cutoff is in the way, its graph is the crystal's in that size.
  func graphs(epoch: Int, view: Int) throws -> GraphCollection? {
    let (encoder, requirements) = (InputEncoder(requirements), requirements)
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
        indices.map { index -> Example in
          if augmentation.isIsotropic {
            guard let factor = augmentation.lengthFactor(index: index, epoch: epoch, view: view, seed: seed)
            else {
              return .crystal
            }
            if requirements.graphScales(index, of: whole, by: factor) { return .scaled(factor) }
          }
          guard
            let copy = augmentation.copy(
              of: structures[index], index: index, epoch: epoch, view: view, seed: seed)
          else { return .crystal }
          var own = GraphCollection()
          return (try? encoder.append(copy, to: &own, scratch: scratch)) == nil ? .crystal : .copy(own)
        }
      },
      write: { (batch: [Example]) in
        for example in batch {
          switch example {
          case .crystal: collection.append(contentsOf: whole, structure: written)
          case .scaled(let factor):
            collection.append(contentsOf: whole, structure: written, scaledBy: factor)
          case .copy(let own): collection.append(contentsOf: own, structure: 0)
          }
          written += 1
        }
      }, stop: stop)
    return stop.isRaised ? nil : collection
  }
}
