public import Networks
internal import TensorKernels
internal import Training

/// What an ensemble says about one structure.
public struct EnsemblePrediction: Hashable, Sendable {
  /// Mean over the members, in the property's unit.
  public let mean: Double
  /// Standard deviation over the members (n − 1); 0 for a single member.
  public let standardDeviation: Double
  /// The members' predictions.
  public let members: [Double]

  /// The prediction made of the members' values.
  public init(members: [Double]) {
    precondition(!members.isEmpty, "an ensemble has members")
    self.members = members
    let count = Double(members.count)
    let mean = members.reduce(0, +) / count
    let squares = members.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    self.mean = mean
    standardDeviation = members.count > 1 ? (squares / (count - 1)).squareRoot() : 0
  }
}

/// The networks of a model folder, ready to predict from any thread.
public struct Ensemble: Sendable {
  /// Shape of the members.
  public var configuration: NetworkConfiguration { predictor.configuration }
  private let predictor: NetworkPredictor
  private let normalizers: [Normalizer]

  /// The ensemble of a model folder.
  public init(_ folder: ModelFolder) {
    predictor = NetworkPredictor(folder.parameters)
    normalizers = folder.card.members.map(\.normalizer)
  }

  /// Number of members.
  public var memberCount: Int { predictor.memberCount }

  /// The encoder of crystals as this ensemble was trained on.
  public var encoder: InputEncoder { InputEncoder(configuration.requirements) }

  /// Working memory of one thread.
  public final class Scratch {
    fileprivate let predictor = NetworkPredictor.Scratch()
    fileprivate let output = Buffer<Float>()

    /// Empty; grows with use. Serves one ensemble only.
    public init() {}
  }

  /// Predicts every structure of `collection`, whose graphs, whole or as quotients, were appended for `configuration`.
  ///
  /// A structure's prediction is the same, bit for bit, whatever else is in the collection.
  public func predictions(_ collection: GraphCollection, scratch: Scratch) -> [EnsemblePrediction] {
    let output = scratch.output.reserve(collection.count * memberCount)
    predictor.predict(collection, scratch: scratch.predictor, into: output)
    return (0..<collection.count).map { structure in
      EnsemblePrediction(
        members: normalizers.indices.map {
          normalizers[$0].restored(Double(output[$0 * collection.count + structure]))
        })
    }
  }
}
