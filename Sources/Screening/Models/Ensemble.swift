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
  /// By target, then by member.
  private let normalizers: [[Normalizer]]
  /// The target, of several the selected or first one, by its place among the network's outputs.
  let target: Int

  /// The ensemble of a model folder, or of its first members.
  ///
  /// - Parameters:
  ///   - folder: the model folder.
  ///   - memberCount: 1 to the number of members; nil for all.
  ///   - givesSites: whether site energies are asked for, of a model that has them (`ModelFolder.checkSites`).
  public init(_ folder: ModelFolder, memberCount: Int? = nil, givesSites: Bool = false) {
    let count = memberCount ?? folder.parameters.count
    predictor = NetworkPredictor(Array(folder.parameters.prefix(count)), givesSites: givesSites)
    normalizers = folder.wholeCard.normalizers.map { Array($0.prefix(count)) }
    target = folder.target
  }

  /// Number of members.
  public var memberCount: Int { predictor.memberCount }

  /// The encoder of crystals as this ensemble was trained on.
  public var encoder: InputEncoder { InputEncoder(configuration.requirements) }

  /// Working memory of one thread.
  public final class Scratch {
    fileprivate let predictor = NetworkPredictor.Scratch()
    fileprivate let output = Buffer<Float>()
    fileprivate let sites = Buffer<Float>()

    /// Empty; grows with use. Serves one ensemble only.
    public init() {}
  }

  /// Predicts the folder's target, of several the selected or first one, for every structure of `collection`, whose graphs, whole or as quotients, were appended for `configuration`.
  ///
  /// A structure's prediction is the same, bit for bit, whatever else is in the collection.
  public func predictions(_ collection: GraphCollection, scratch: Scratch) -> [EnsemblePrediction] {
    predictions(collection, scratch: scratch, of: target...target).map { $0[0] }
  }

  /// The same for every target, in the order of the card, shape (structures, targets).
  public func predictionsOfAllTargets(
    _ collection: GraphCollection, scratch: Scratch
  ) -> [[EnsemblePrediction]] {
    predictions(collection, scratch: scratch, of: 0...normalizers.count - 1)
  }

  /// As `predictions`, and of each node of the collection its part: the mean over the members, in the property's unit,
  /// shape (nodes). The mean of these over the sites of a structure, a node as often as it counts, is the prediction: what
  /// rounding in single precision leaves between the two, about a millionth, is spread evenly over the sites.
  ///
  /// - Precondition: the ensemble was made with `givesSites`.
  func predictionsWithSites(
    _ collection: GraphCollection, scratch: Scratch
  ) -> (predictions: [EnsemblePrediction], nodes: [Double]) {
    precondition(predictor.givesSites, "an ensemble made for sites")
    let (count, width) = (collection.atomicNumbers.count, normalizers.count)
    let sites = scratch.sites.reserve(count * memberCount * width)
    let predictions = predictions(collection, scratch: scratch, of: target...target, sites: sites).map {
      $0[0]
    }
    var nodes = (0..<count).map { node in
      normalizers[target].enumerated().reduce(0) { sum, member in
        sum + member.element.restored(Double(sites[(member.offset * count + node) * width + target]))
      } / Double(memberCount)
    }
    let weights = collection.siteMultiplicities
    for (structure, prediction) in predictions.enumerated() {
      let own = collection.siteOffsets[structure]..<collection.siteOffsets[structure + 1]
      var (sum, total) = (0.0, 0.0)
      for node in own {
        let weight = weights.isEmpty ? 1 : Double(weights[node])
        sum += weight * nodes[node]
        total += weight
      }
      let rest = prediction.mean - sum / total
      for node in own { nodes[node] += rest }
    }
    return (predictions, nodes)
  }

  private func predictions(
    _ collection: GraphCollection, scratch: Scratch, of targets: ClosedRange<Int>,
    sites: UnsafeMutablePointer<Float>? = nil
  ) -> [[EnsemblePrediction]] {
    let (count, width) = (collection.count, normalizers.count)
    let output = scratch.output.reserve(count * memberCount * width)
    predictor.predict(collection, scratch: scratch.predictor, into: output, sites: sites)
    return (0..<count).map { structure in
      targets.map { target in
        EnsemblePrediction(
          members: normalizers[target].enumerated().map { member, normalizer in
            normalizer.restored(Double(output[(member * count + structure) * width + target]))
          })
      }
    }
  }
}
