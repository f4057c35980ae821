internal import Networks
internal import TensorKernels

/// Why no model of errors could be fitted.
public enum CalibrationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Fewer errors than three numbers can be taken from.
  case tooFewErrors(count: Int, minimum: Int)
  /// An error or a spread is not finite or beyond all measure (10¹⁰⁰), or a spread is negative; `index` counts from 0.
  case notFinite(index: Int)
  /// Every error is 0: there is nothing to describe.
  case noError

  /// The reason in words.
  public var description: String {
    switch self {
    case .tooFewErrors(let count, let minimum):
      "\(count) errors are too few to fit their distribution; at least \(minimum) are needed"
    case .notFinite(let index): "the error or the spread of structure \(index + 1) is not a finite number"
    case .noError: "every error is 0"
    }
  }
}

extension ErrorModel {
  /// The fewest errors that a model is fitted to.
  public static let minimumErrorCount = 20

  /// Limits of the fitted degrees of freedom. At the upper one the distribution is normal for every purpose.
  static let degreesOfFreedomLimits = 0.5...1000

  /// The model of largest likelihood for errors and the spreads that belong to them.
  ///
  /// The mean of −ln density is minimized over ln a, ln b and ln ν by `SimplexSearch` from fixed starts, in units of the
  /// mean absolute error and the root mean square spread: no seed, and another unit gives the same model in that unit.
  /// The model without a spread, b = 0, is fitted too, and kept unless the other is better.
  ///
  /// - Parameters:
  ///   - errors: prediction minus truth, in any order.
  ///   - spreads: standard deviation over the members for each error; nil for a single network: then b = 0.
  /// - Complexity: O(errors) for each of some thousand steps.
  public static func fitted(
    toErrors errors: [Double], spreads: [Double]?
  ) throws(CalibrationError) -> ErrorModel {
    precondition(spreads == nil || spreads?.count == errors.count, "a spread for each error")
    guard errors.count >= minimumErrorCount else {
      throw .tooFewErrors(count: errors.count, minimum: minimumErrorCount)
    }
    for index in errors.indices {
      let spread = spreads?[index] ?? 0
      guard abs(errors[index]) < 1e100, spread >= 0, spread < 1e100 else { throw .notFinite(index: index) }
    }
    let count = Double(errors.count)
    let errorUnit = errors.reduce(0) { $0 + abs($1) } / count
    guard errorUnit > 0 else { throw .noError }
    let scaledErrors = errors.map { $0 / errorUnit }
    func model(_ point: [Double]) -> ErrorModel {
      let freedom = min(
        max(exponential(point[1]), degreesOfFreedomLimits.lowerBound), degreesOfFreedomLimits.upperBound)
      return ErrorModel(
        constantVariance: limited(point[0]), spreadFactor: point.count > 2 ? limited(point[2]) : 0,
        degreesOfFreedom: freedom)
    }
    func best(from starts: [[Double]], _ squares: [Double]) -> (model: ErrorModel, loss: Double) {
      let found = starts.map { start in
        SimplexSearch().minimum(from: start.map { logarithm($0) }) {
          model($0).meanLoss(scaledErrors, squaredSpreads: squares)
        }
      }
      let lowest = found.min { $0.value < $1.value } ?? found[0]
      return (model(lowest.point), lowest.value)
    }
    let constant = best(from: [[0.5, 3], [1, 30]], errors.map { _ in 0 })
    let squares = (spreads ?? []).map { $0 * $0 }
    let spreadUnit = squares.reduce(0, +) / count
    let inUnits = { (fit: ErrorModel) in
      ErrorModel(
        constantVariance: fit.constantVariance * errorUnit * errorUnit,
        spreadFactor: spreadUnit > 0 ? fit.spreadFactor * errorUnit * errorUnit / spreadUnit : 0,
        degreesOfFreedom: fit.degreesOfFreedom)
    }
    guard spreadUnit > 0 else { return inUnits(constant.model) }
    let varying = best(
      from: [[0.5, 3, 0.5], [0.1, 3, 1], [1, 30, 0.1]], squares.map { $0 / spreadUnit })
    return inUnits(varying.loss < constant.loss ? varying.model : constant.model)
  }

  /// e^x, kept where squares of it are still numbers.
  private static func limited(_ x: Double) -> Double { exponential(min(max(x, -25), 25)) }

  /// The mean of −ln density of errors.
  private func meanLoss(_ errors: [Double], squaredSpreads: [Double]) -> Double {
    var sum = 0.0
    for index in errors.indices {
      let scale = (constantVariance + spreadFactor * squaredSpreads[index]).squareRoot()
      sum -= logDensity(ofError: errors[index], scale: scale)
    }
    return sum / Double(errors.count)
  }
}
