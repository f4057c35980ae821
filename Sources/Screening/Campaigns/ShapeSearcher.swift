internal import Crystal
internal import CrystalGraphs
internal import Networks
internal import PhaseStability
internal import Training

/// Working memory of a search; belongs to one thread.
final class ShapeSearchScratch {
  let inputs = InputEncoder.Scratch()
  let ensemble = Ensemble.Scratch()
  var collection = GraphCollection()
}

/// Scores the cells of decorated candidates for a search.
struct ShapeSearcher: Sendable {
  let search: ShapeSearch
  private let ensemble: Ensemble
  /// Most graphs that are predicted at once; no result depends on it.
  private static let graphLimit = 512

  /// What a search came to.
  struct Found {
    /// The shape that is chosen, and what the model says of it; nil where no shape has a graph.
    var best: (shape: Int, prediction: EnsemblePrediction)?
    /// What it says of each shape; nil where one was not scored, or has no graph.
    var predictions: [EnsemblePrediction?]
    /// Cells that were scored.
    var evaluations = 0
  }

  /// A searcher with the model that the search names.
  init(_ search: ShapeSearch, _ model: ModelFolder) {
    self.search = search
    ensemble = Ensemble(model)
  }

  /// Searches candidates, given by their index in the decoration.
  ///
  /// - Parameters:
  ///   - candidates: the candidates.
  ///   - bound: who is given up on the way; nil to score all shapes of all.
  ///   - distance: the distance to the hull of a candidate at an energy (eV/atom); nil where it has none.
  func search(
    _ candidates: [Int], _ bound: SearchBound?, _ scratch: ShapeSearchScratch,
    distance: (_ candidate: Int, _ energy: Double) -> Double?
  ) -> [Found] {
    let count = search.shapes.count
    let order = bound?.order ?? Array(0..<count)
    var found = candidates.map { _ in Found(predictions: Array(repeating: nil, count: count)) }
    var lowest = [Double](repeating: .infinity, count: candidates.count)
    var alive = Array(candidates.indices)
    for (step, shape) in order.enumerated() where !alive.isEmpty {
      let decoration = search.shapes[shape].decoration
      let structures = alive.map { decoration.candidate(at: candidates[$0]).structure }
      let made = predictions(structures, scratch)
      for (index, prediction) in zip(alive, made) {
        found[index].evaluations += 1
        found[index].predictions[shape] = prediction
        guard bound != nil, let energy = prediction?.mean,
          let value = distance(candidates[index], energy)
        else { continue }
        lowest[index] = min(lowest[index], value)
      }
      // What has no place on the hull yet is searched on: nothing is known against it.
      if let bound {
        alive.removeAll { lowest[$0].isFinite && !bound.admits(lowest[$0], after: step + 1) }
      }
    }
    for index in found.indices {
      found[index].best = search.choice(found[index].predictions).flatMap { shape in
        found[index].predictions[shape].map { (shape, $0) }
      }
    }
    return found
  }

  private func predictions(
    _ structures: [Structure], _ scratch: ShapeSearchScratch
  ) -> [EnsemblePrediction?] {
    stride(from: 0, to: structures.count, by: Self.graphLimit).flatMap { start in
      predictions(
        of: structures[start..<min(start + Self.graphLimit, structures.count)], scratch)
    }
  }

  private func predictions(
    of structures: ArraySlice<Structure>, _ scratch: ShapeSearchScratch
  ) -> [EnsemblePrediction?] {
    scratch.collection.removeAll()
    var positions: [Int?] = []
    for structure in structures {
      do throws(InputError) {
        try ensemble.encoder.append(structure, to: &scratch.collection, scratch: scratch.inputs)
        positions.append(scratch.collection.count - 1)
      } catch {
        // A shape without a graph is not chosen.
        positions.append(nil)
      }
    }
    let made = ensemble.predictions(scratch.collection, scratch: scratch.ensemble)
    return positions.map { $0.map { made[$0] } }
  }
}
