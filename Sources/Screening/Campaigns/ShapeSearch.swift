internal import Prototypes

/// The search for the free parameters of a prototype: its shapes at the guessed volume, scored by one model.
///
/// The volume stays as it is guessed: networks trained on relaxed cells fall by 10 to 17 % into compression when they may
/// choose it, and lists get worse.
struct ShapeSearch: Sendable {
  /// A shape with its parameters in words, e.g. "axial_ratio=2.5 z=0.36".
  struct Shape: Sendable {
    let text: String
    let decoration: Decoration
  }

  /// Which candidates are worth a whole search.
  struct Cascade: Hashable, Sendable {
    /// The best share of the candidates, of which none may be lost.
    let keep: Double
    /// Number of candidates that are scored in all shapes beforehand, to learn what the others have still to gain.
    let pilot: Int
  }

  /// The shapes, at least one.
  let shapes: [Shape]
  /// The model that chooses, by position.
  let model: Int
  /// Standard deviations that are added to the mean of a shape; the lowest sum is chosen.
  let pessimism: Double
  /// Who may be given up on the way; nil where every candidate is scored in every shape.
  let cascade: Cascade?

  /// The shape with the lowest mean + k·std; the first of equal ones. Nil where none has a prediction.
  ///
  /// - Parameter predictions: what the model says of each shape; nil where it has no graph.
  func choice(_ predictions: [EnsemblePrediction?]) -> Int? {
    var best: (shape: Int, sum: Double)?
    for (shape, prediction) in predictions.enumerated() {
      guard let prediction, prediction.mean.isFinite, prediction.standardDeviation.isFinite else { continue }
      let sum = prediction.mean + pessimism * prediction.standardDeviation
      if best.map({ sum < $0.sum }) ?? true { best = (shape, sum) }
    }
    return best?.shape
  }
}
