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
  /// The crystals as the network sees them.
  let graphs: GraphCollection
  /// A number of each crystal's id.
  let keys: [UInt64]
  let seed: UInt64
  let jobs: Int
  /// Raised where the making is to end.
  let stop: StopFlag

  var count: Int { graphs.count }

  /// The views numbered `view` of all crystals in an epoch, from 0; nil where `stop` was raised.
  func graphs(epoch: Int, view: Int) throws -> GraphCollection? {
    try makeGraphs(count, jobs: jobs, stop: stop) { index, part, _ in
      var generator = hiding.generator(key: keys[index], epoch: epoch, view: view, seed: seed)
      let sites = hiding.hiddenSites(of: index, in: graphs, using: &generator)
      let edges = hiding.hiddenEdges(of: index, in: graphs, at: sites, using: &generator)
      part.append(
        contentsOf: graphs, structure: index, markingSites: sites, edges: edges, hidesElements: hidesElements)
    }
  }
}
