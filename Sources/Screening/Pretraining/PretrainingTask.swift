internal import Networks
internal import Training

/// What a network is trained to do without labels, with what may be chosen about it.
enum PretrainingTask: Hashable, Sendable {
  /// The loss of `twins`.
  enum TwinLoss: Hashable, Sendable {
    /// Outputs that are alike for two views and have little in common otherwise, weighed by the redundancy.
    case barlow(redundancy: Double)
    /// Each view predicts the other.
    case simSiam
  }

  /// To find two views of a crystal alike.
  case twins(TwinViews, TwinLoss)
  /// To say what is hidden.
  case masked(PartHiding)
  /// To tell the views of a crystal from those of others.
  case contrastive(PartHiding, temperature: Double)

  /// Names in files.
  enum Name: String, CaseIterable {
    case twins, masked, contrastive
  }

  /// Names of the losses of `twins` in files.
  enum LossName: String, CaseIterable {
    case barlow, simsiam
  }

  /// Name of the objective in model cards.
  var objective: String {
    switch self {
    case .twins(_, .barlow): "barlow_twins"
    case .twins(_, .simSiam): "simsiam"
    case .masked: "masked"
    case .contrastive: "contrastive"
    }
  }

  /// Whether the loss is positive, and of several magnitudes.
  var isPositive: Bool {
    switch self {
    case .twins(_, .barlow), .masked: true
    case .twins(_, .simSiam), .contrastive: false
    }
  }

  /// The objective for a network of this shape.
  func makeObjective(_ configuration: NetworkConfiguration) -> any Objective {
    switch self {
    case .twins(_, .barlow(let redundancy)):
      BarlowTwins(outputCount: configuration.outputCount, redundancy: redundancy)
    case .twins(_, .simSiam): SimSiam(width: configuration.outputCount / 2)
    case .masked: HiddenPartObjective()
    case .contrastive(_, let temperature):
      ViewContrast(outputCount: configuration.outputCount, temperature: temperature)
    }
  }
}
