internal import Crystal
internal import Networks
internal import PipelineEngine
internal import Training

/// Makes two views of each crystal, other ones in each epoch.
///
/// They follow from the seed, the epoch, the view and the crystal's place, so a training that is resumed goes on with them.
struct TwinEpochs: ExampleSource {
  let views: TwinViews
  let requirements: InputRequirements
  /// The crystals as whole graphs, without what stands in for missing neighbors.
  let graphs: GraphCollection
  /// The crystals themselves, where sites are displaced.
  let structures: [Structure]
  let seed: UInt64
  let jobs: Int
  /// Raised where the making is to end.
  let stop: StopFlag

  var count: Int { graphs.count }

  /// The views numbered `view` of all crystals in an epoch, from 0; nil where `stop` was raised.
  ///
  /// A crystal whose sites come too close when they are displaced stays as it is.
  func graphs(epoch: Int, view: Int) throws -> GraphCollection? {
    try makeGraphs(count, jobs: jobs, stop: stop) { index, part, scratch in
      append(index, epoch: epoch, view: view, to: &part, scratch)
    }
  }

  private func append(
    _ index: Int, epoch: Int, view: Int, to collection: inout GraphCollection, _ scratch: InputEncoder.Scratch
  ) {
    var generator = views.generator(index: index, epoch: epoch, view: view, seed: seed)
    let limit = requirements.neighborLimit
    var (source, place) = (graphs, index)
    if views.displacement > 0, let structure = try? views.displaced(structures[index], using: &generator),
      let graph = try? InputEncoder(requirements).wholeGraph(of: structure, scratch: scratch)
    {
      (source, place) = (graph, 0)
    }
    let sites = source.siteOffsets[place]..<source.siteOffsets[place + 1]
    let masked = views.masked(sites.count, using: &generator)
    let kept = sites.map { site in
      views.kept(source.edgeOffsets[site + 1] - source.edgeOffsets[site], using: &generator)
    }
    collection.append(
      viewOf: source, structure: place, masking: masked, keeping: kept, limit: limit,
      paddingDistance: requirements.paddingDistance)
  }
}

/// Makes a graph each of `count` crystals in parallel, in their order; nil where `stop` was raised.
func makeGraphs(
  _ count: Int, jobs: Int, stop: StopFlag,
  append: @escaping @Sendable (Int, inout GraphCollection, InputEncoder.Scratch) -> Void
) throws -> GraphCollection? {
  let batchSize = 256
  var (collection, next) = (GraphCollection(), 0)
  let starts = Array(stride(from: 0, to: count, by: batchSize))
  _ = try OrderedPipeline(jobs: jobs, batchSize: 1).run(
    read: {
      defer { next += 1 }
      return next < starts.count ? starts[next] : nil
    },
    makeScratch: { InputEncoder.Scratch() },
    work: { scratch, starts in
      var part = GraphCollection()
      for start in starts {
        for index in start..<min(start + batchSize, count) { append(index, &part, scratch) }
      }
      return part
    },
    write: { (part: GraphCollection) in
      for structure in 0..<part.count { collection.append(contentsOf: part, structure: structure) }
    }, stop: stop)
  return stop.isRaised ? nil : collection
}
