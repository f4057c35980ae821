internal import Networks
internal import Training

/// Errors of an ensemble's mean on labelled structures, with the members' spread.
struct EnsembleErrors {
  /// Prediction minus truth.
  let errors: [Double]
  /// Standard deviation over the members of each; nil for a single network.
  let spreads: [Double]?

  /// Errors with their spreads.
  init(errors: [Double], spreads: [Double]?) {
    precondition(spreads == nil || spreads?.count == errors.count, "a spread for each error")
    self.errors = errors
    self.spreads = spreads
  }

  /// The errors of an ensemble.
  ///
  /// - Parameters:
  ///   - networks: the members.
  ///   - normalizers: the standardization of each.
  ///   - data: structures with the true values.
  ///   - jobs: number of threads; the result does not depend on it.
  init(networks: [NetworkParameters], normalizers: [Normalizer], on data: LabelledGraphs, jobs: Int) {
    let count = data.targets.count
    let output = NetworkPredictor(networks).predictions(data.graphs, jobs: jobs)
    let predictions = (0..<count).map { structure in
      EnsemblePrediction(
        members: normalizers.indices.map { normalizers[$0].restored(Double(output[$0 * count + structure])) })
    }
    self.init(
      errors: zip(predictions, data.targets).map { $0.mean - $1 },
      spreads: networks.count > 1 ? predictions.map(\.standardDeviation) : nil)
  }

  /// The spread of one structure; 0 for a single network.
  func spread(at index: Int) -> Double { spreads?[index] ?? 0 }

  /// The errors of some of the structures.
  func part(_ indices: ArraySlice<Int>) -> EnsembleErrors {
    EnsembleErrors(
      errors: indices.map { errors[$0] }, spreads: spreads.map { all in indices.map { all[$0] } })
  }
}
