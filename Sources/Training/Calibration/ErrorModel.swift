internal import Networks
internal import TensorKernels

/// How the error of an ensemble's mean is distributed, given the spread of its members: as Student's t with location 0
/// and a scale σ that grows with the spread,
///
///     error / σ ~ t(ν),    σ² = a + b · spread².
///
/// Members share their data and their shape, so their spread alone is too small an error bar; a stands for what all of
/// them get wrong, and few degrees of freedom for the crystals that a network knows little about.
public struct ErrorModel: Hashable, Sendable {
  /// The part a of σ² that does not depend on the spread (the property's unit, squared).
  public let constantVariance: Double
  /// The factor b of the squared spread; 0 where the spread says nothing, as for a single network, which has none.
  public let spreadFactor: Double
  /// The distribution of error / σ.
  public let distribution: StudentDistribution

  /// Degrees of freedom ν of the distribution.
  public var degreesOfFreedom: Double { distribution.degreesOfFreedom }

  /// A model of errors; `constantVariance` and `spreadFactor` are finite and not negative, `degreesOfFreedom` is
  /// positive.
  public init(constantVariance: Double, spreadFactor: Double, degreesOfFreedom: Double) {
    precondition(constantVariance >= 0 && constantVariance.isFinite, "a variance")
    precondition(spreadFactor >= 0 && spreadFactor.isFinite, "a factor of a variance")
    self.constantVariance = constantVariance
    self.spreadFactor = spreadFactor
    distribution = StudentDistribution(degreesOfFreedom: degreesOfFreedom)
  }

  /// What takes the members' spread for the standard deviation of a normal distribution: the model that a calibration
  /// is to be compared with.
  public static let rawSpread = ErrorModel(
    constantVariance: 0, spreadFactor: 1, degreesOfFreedom: .infinity)

  /// The scale σ of the error, in the property's unit.
  ///
  /// - Parameter spread: standard deviation over the members; 0 for a single network.
  public func scale(spread: Double) -> Double {
    (constantVariance + spreadFactor * spread * spread).squareRoot()
  }

  /// The probability that the true value is at most `limit`.
  ///
  /// - Parameters:
  ///   - limit: the limit.
  ///   - prediction: the ensemble's mean, or a quantity that differs from it by a known number.
  ///   - scale: σ of its error; where it is 0 the prediction is certain.
  public func probability(atMost limit: Double, prediction: Double, scale: Double) -> Double {
    guard scale > 0 else { return prediction <= limit ? 1 : 0 }
    return distribution.cumulative((limit - prediction) / scale)
  }

  /// ln of the probability density of an error (per unit of the property); −∞ for an error where none can be.
  public func logDensity(ofError error: Double, scale: Double) -> Double {
    guard scale > 0 else { return error == 0 ? .infinity : -.infinity }
    return distribution.logDensity(error / scale) - logarithm(scale)
  }
}

extension ErrorModel: Codable {
  private enum CodingKeys: String, CodingKey {
    case constantVariance, spreadFactor, degreesOfFreedom
  }

  /// Reads a fitted model; every σ of it is positive.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func number(_ key: CodingKeys, isAllowed: (Double) -> Bool) throws -> Double {
      let value = try container.decode(Double.self, forKey: key)
      guard value.isFinite, isAllowed(value) else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: container, debugDescription: "\(key.rawValue) of \(value)")
      }
      return value
    }
    self.init(
      constantVariance: try number(.constantVariance) { $0 > 0 },
      spreadFactor: try number(.spreadFactor) { $0 >= 0 },
      degreesOfFreedom: try number(.degreesOfFreedom) { $0 > 0 })
  }

  /// Writes the three numbers.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(constantVariance, forKey: .constantVariance)
    try container.encode(spreadFactor, forKey: .spreadFactor)
    try container.encode(degreesOfFreedom, forKey: .degreesOfFreedom)
  }
}
