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
  ///   - normalizers: the standardization of the target by each.
  ///   - target: which of the networks' outputs it is.
  ///   - graphs: the structures.
  ///   - values: their true values; NaN where one is not known, which leaves the structure out.
  ///   - jobs: number of threads; the result does not depend on it.
  init(
    networks: [NetworkParameters], normalizers: [Normalizer], target: Int, on graphs: GraphCollection,
    values: [Double], jobs: Int
  ) {
    let predictor = NetworkPredictor(networks)
    let (count, width) = (graphs.count, predictor.configuration.predictionCount)
    let output = predictor.predictions(graphs, jobs: jobs)
    let known = values.indices.filter { !values[$0].isNaN }
    let predictions = known.map { structure in
      EnsemblePrediction(
        members: normalizers.enumerated().map { member, normalizer in
          normalizer.restored(Double(output[(member * count + structure) * width + target]))
        })
    }
    self.init(
      errors: zip(predictions, known).map { $0.mean - values[$1] },
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
