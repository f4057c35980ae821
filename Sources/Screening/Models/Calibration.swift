internal import Foundation
internal import Networks
internal import PipelineEngine
public import Training

/// How often the true value lies within a central interval around the prediction.
public struct IntervalCoverage: Codable, Hashable, Sendable {
  /// Probability that the interval claims, e.g. 0.9.
  public let level: Double
  /// Share of the structures whose true value lies within.
  public let share: Double
}

/// How well a model of errors describes errors that were seen.
public struct CalibrationQuality: Codable, Hashable, Sendable {
  /// Structures that the errors are of.
  public let structures: Int
  /// Mean of −ln of the probability density of the errors (density per unit of the property); lower is better. Nil
  /// where an error is one that the model holds for impossible.
  public let negativeLogLikelihood: Double?
  /// Coverage of the intervals of 50, 90 and 95 %.
  public let coverage: [IntervalCoverage]

  /// Probabilities of the intervals.
  public static let levels = [0.5, 0.9, 0.95]

  /// The quality of `model` on errors with their spreads; at least one.
  init(_ model: ErrorModel, _ errors: EnsembleErrors) {
    let count = Double(errors.errors.count)
    structures = errors.errors.count
    var loss = 0.0
    var inside = Self.levels.map { _ in 0 }
    let reach = Self.levels.map { model.distribution.quantile((1 + $0) / 2) }
    for (index, error) in errors.errors.enumerated() {
      let scale = model.scale(spread: errors.spread(at: index))
      loss -= model.logDensity(ofError: error, scale: scale)
      for (level, reach) in reach.enumerated() where abs(error) <= reach * scale { inside[level] += 1 }
    }
    let mean = loss / count
    negativeLogLikelihood = mean.isFinite ? mean : nil
    coverage = zip(Self.levels, inside).map { IntervalCoverage(level: $0, share: Double($1) / count) }
  }
}

/// What turns an ensemble's mean and spread into an error bar and a probability: a model of its errors, fitted to
/// labelled structures that the ensemble was not trained on. Part of a model's card.
public struct Calibration: Codable, Hashable, Sendable {
  /// The property that the errors are of.
  public let property: String
  /// Its unit.
  public let unit: String
  /// Fingerprint of the weights and normalizers that the errors are of; see `ModelFolder.fingerprint`.
  public let model: String
  /// The distribution of the errors.
  public let errors: ErrorModel
  /// The data it was fitted to.
  public let data: ModelCard.Split
  /// Largest number of sites among them, where larger structures were left out.
  public let maximumSites: Int?
  /// How well it describes the errors it was fitted to.
  public let fit: CalibrationQuality

  /// The scale σ of a structure's error, in the property's unit.
  ///
  /// - Parameter spread: standard deviation over the members; nil for a single network.
  public func scale(spread: Double?) -> Double { errors.scale(spread: spread ?? 0) }

  /// The probability that a structure's true distance to the hull is at most `threshold`.
  ///
  /// Where energies of formation are predicted, the error of a distance to the hull of given references is that of the
  /// energy.
  ///
  /// - Parameters:
  ///   - distance: predicted distance to the hull, in the unit of the property.
  ///   - threshold: largest distance that counts as stable.
  ///   - scale: σ of the structure.
  public func stableProbability(distance: Double, threshold: Double, scale: Double) -> Double {
    errors.probability(atMost: threshold, prediction: distance, scale: scale)
  }
}

extension Calibration {
  /// Fits a model of errors.
  ///
  /// - Parameters:
  ///   - errors: errors of the ensemble of `card` on `data`.
  ///   - card: the model's card.
  ///   - fingerprint: fingerprint of the model.
  ///   - data: the structures.
  ///   - maximumSites: largest number of sites among them, where there was a limit.
  init(
    fitting errors: EnsembleErrors, of card: ModelCard, fingerprint: String, data: ModelCard.Split,
    maximumSites: Int?
  ) throws(CalibrationError) {
    let model = try ErrorModel.fitted(toErrors: errors.errors, spreads: errors.spreads)
    self.init(
      property: card.property, unit: card.unit, model: fingerprint, errors: model, data: data,
      maximumSites: maximumSites, fit: CalibrationQuality(model, errors))
  }
}

extension Calibration {
  /// The calibration as one line of JSON, keys in order.
  var jsonText: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Every number of a calibration is finite, and nothing else can fail.
    guard let bytes = try? encoder.encode(self) else { preconditionFailure("a calibration has JSON") }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// SHA-256 of the JSON: equal digests give equal error bars and probabilities.
  var digest: String { Fingerprint(of: jsonText).hexadecimal }
}
