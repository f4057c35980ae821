internal import Crystal
internal import Networks
internal import PipelineEngine
internal import Training

/// Hides sites and edges of each crystal, other ones in each epoch and view.
///
/// They follow from the seed, the epoch, the view and the crystal's id, so a training that is resumed goes on with them.
struct HiddenPartEpochs: ExampleSource {
  let hiding: PartHiding
  /// Whether hidden sites lose their element; else the network does what hides them.
  let hidesElements: Bool
  let requirements: InputRequirements
  /// The crystals as the network sees them.
  let graphs: GraphCollection
  /// The crystals themselves, where views are of supercells.
  let structures: [Structure]
  /// A number of each crystal's id.
  let keys: [UInt64]
  let seed: UInt64
  let jobs: Int
  /// Raised where the making is to end.
  let stop: StopFlag

  var count: Int { graphs.count }

  /// The views numbered `view` of all crystals in an epoch, from 0; nil where `stop` was raised.
  ///
  /// A crystal of whose supercell no graph can be made stays as it is.
  func graphs(epoch: Int, view: Int) throws -> GraphCollection? {
    try makeGraphs(count, jobs: jobs, stop: stop) { index, part, scratch in
      var generator = hiding.generator(key: keys[index], epoch: epoch, view: view, seed: seed)
      var (source, place) = (graphs, index)
      let cells = hiding.supercell.counts(using: &generator)
      if cells != SIMD3(1, 1, 1), let structure = try? structures[index].supercell(cells),
        let graph = try? InputEncoder(requirements).seenGraph(of: structure, scratch: scratch)
      {
        (source, place) = (graph, 0)
      }
      let sites = hiding.hiddenSites(of: place, in: source, using: &generator)
      let edges = hiding.hiddenEdges(of: place, in: source, at: sites, using: &generator)
      part.append(
        contentsOf: source, structure: place, markingSites: sites, edges: edges, hidesElements: hidesElements)
    }
  }
}
