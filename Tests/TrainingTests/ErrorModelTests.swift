import Networks
import TensorKernels
import TestSupport
import Testing

@testable import Training

@Suite("Models of errors") struct ErrorModelTests {
  /// 400 errors and spreads that are the same everywhere: the multiples of two irrational numbers without their whole
  /// parts, the first turned into a logistic variable, with every seventeenth error four times as large.
  static let sample: (errors: [Double], spreads: [Double]) = {
    func fraction(_ x: Double) -> Double { x - x.rounded(.down) }
    let numbers = (1...400).map { Double($0) }
    let spreads = numbers.map { 0.02 + 0.1 * fraction($0 * 0.7548776662466927) }
    let errors = zip(numbers, spreads).map { number, spread in
      let u = fraction(number * 0.6180339887498949)
      let scale = (0.03 * 0.03 + 1.5 * spread * spread).squareRoot()
      return scale * (logarithm(u) - logarithm(1 - u)) * (number.remainder(dividingBy: 17) == 0 ? 4 : 1)
    }
    return (errors, spreads)
  }()

  private func agrees(_ one: Double, _ other: Double, within tolerance: Double) -> Bool {
    abs(one - other) <= tolerance * abs(other)
  }

  @Test func `the fitted model is the one that an independent optimizer finds`() throws {
    // By scipy 1.17.1: optimize.minimize, BFGS, then Nelder-Mead, over stats.t.logpdf.
    let model = try ErrorModel.fitted(toErrors: Self.sample.errors, spreads: Self.sample.spreads)
    #expect(agrees(model.constantVariance, 1.02143788e-03, within: 1e-5))
    #expect(agrees(model.spreadFactor, 3.33555059, within: 1e-6))
    #expect(agrees(model.degreesOfFreedom, 2.86838870, within: 1e-6))
    let constant = try ErrorModel.fitted(toErrors: Self.sample.errors, spreads: nil)
    #expect(constant.spreadFactor == 0)
    #expect(agrees(constant.constantVariance, 0.01329091, within: 1e-6))
    #expect(agrees(constant.degreesOfFreedom, 2.13257102, within: 1e-6))
  }

  @Test func `another unit gives the same model in that unit`() throws {
    let (errors, spreads) = Self.sample
    let model = try ErrorModel.fitted(toErrors: errors, spreads: spreads)
    let milli = try ErrorModel.fitted(
      toErrors: errors.map { 1000 * $0 }, spreads: spreads.map { 1000 * $0 })
    #expect(agrees(milli.constantVariance, 1e6 * model.constantVariance, within: 1e-5))
    #expect(agrees(milli.spreadFactor, model.spreadFactor, within: 1e-5))
    #expect(agrees(milli.degreesOfFreedom, model.degreesOfFreedom, within: 1e-5))
    let halved = try ErrorModel.fitted(toErrors: errors, spreads: spreads.map { $0 / 2 })
    #expect(agrees(halved.spreadFactor, 4 * model.spreadFactor, within: 1e-5))
  }

  @Test func `the sign of the errors does not matter`() throws {
    let (errors, spreads) = Self.sample
    let model = try ErrorModel.fitted(toErrors: errors, spreads: spreads)
    #expect(try ErrorModel.fitted(toErrors: errors.map { -$0 }, spreads: spreads) == model)
  }

  @Test func `a spread that says nothing gets no weight`() throws {
    // Errors of one distribution, spreads drawn without regard to them, small and large.
    let errors = Self.sample.errors.enumerated().map {
      $1 / (0.0009 + 1.5 * Self.sample.spreads[$0] * Self.sample.spreads[$0]).squareRoot()
    }
    let opposed = errors.map { 1 / (0.1 + abs($0)) }
    let model = try ErrorModel.fitted(toErrors: errors, spreads: opposed)
    #expect(model.spreadFactor == 0)
    #expect(model == (try ErrorModel.fitted(toErrors: errors, spreads: nil)))
    let without = try ErrorModel.fitted(toErrors: errors, spreads: errors.map { _ in 0 })
    #expect(without == model)
  }

  @Test func `errors of a known distribution give it back`() throws {
    var generator = SeededGenerator(seed: 11)
    let truth = ErrorModel(constantVariance: 0.0004, spreadFactor: 1.7, degreesOfFreedom: 3.2)
    var (errors, spreads): ([Double], [Double]) = ([], [])
    for _ in 0..<4000 {
      let spread = Double.random(in: 0.003...0.06, using: &generator)
      let t = truth.distribution.quantile(Double.random(in: 1e-9..<1, using: &generator))
      spreads.append(spread)
      errors.append(t * truth.scale(spread: spread))
    }
    let model = try ErrorModel.fitted(toErrors: errors, spreads: spreads)
    // Four to five standard errors of each, by the curvature of the likelihood.
    #expect(agrees(model.constantVariance, truth.constantVariance, within: 0.35))
    #expect(agrees(model.spreadFactor, truth.spreadFactor, within: 0.35))
    #expect(agrees(model.degreesOfFreedom, truth.degreesOfFreedom, within: 0.25))
  }

  @Test func `normal errors end at many degrees of freedom, outliers at few`() throws {
    let normal = StudentDistribution(degreesOfFreedom: .infinity)
    let errors = (1...999).map { normal.quantile(Double($0) / 1000) }
    #expect(try ErrorModel.fitted(toErrors: errors, spreads: nil).degreesOfFreedom > 50)
    let wild = errors.enumerated().map { $0 % 10 == 0 ? 1000 * $1 : $1 }
    #expect(try ErrorModel.fitted(toErrors: wild, spreads: nil).degreesOfFreedom < 1.5)
  }

  @Test func `what cannot be fitted is refused with a reason`() {
    let (errors, spreads) = Self.sample
    func refusal(_ errors: [Double], _ spreads: [Double]?) -> CalibrationError? {
      do throws(CalibrationError) {
        _ = try ErrorModel.fitted(toErrors: errors, spreads: spreads)
        return nil
      } catch {
        return error
      }
    }
    #expect(refusal(Array(errors.prefix(19)), nil) == .tooFewErrors(count: 19, minimum: 20))
    #expect(refusal(Array(errors.prefix(20)), nil) == nil)
    #expect(refusal([], []) == .tooFewErrors(count: 0, minimum: 20))
    #expect(refusal(errors.map { _ in 0 }, spreads) == .noError)
    for wrong in [Double.nan, .infinity, -.infinity, 1e200] {
      var changed = errors
      changed[7] = wrong
      #expect(refusal(changed, spreads) == .notFinite(index: 7))
    }
    var negative = spreads
    negative[3] = -1e-3
    #expect(refusal(errors, negative) == .notFinite(index: 3))
  }

  @Test func `a certain prediction is stable or is not`() {
    let raw = ErrorModel.rawSpread
    #expect(raw.probability(atMost: 0, prediction: -0.1, scale: 0) == 1)
    #expect(raw.probability(atMost: 0, prediction: 0, scale: 0) == 1)
    #expect(raw.probability(atMost: 0, prediction: 0.1, scale: 0) == 0)
    #expect(raw.scale(spread: 0.25) == 0.25)
  }

  @Test func `a prediction at the limit is as likely above as below, and a lower one is likelier below`() {
    let model = ErrorModel(constantVariance: 0.0005, spreadFactor: 1.7, degreesOfFreedom: 3.2)
    #expect(model.probability(atMost: 0.05, prediction: 0.05, scale: 0.03) == 0.5)
    var last = 1.0
    for prediction in stride(from: -0.4, through: 0.4, by: 0.05) {
      let probability = model.probability(atMost: 0, prediction: prediction, scale: 0.03)
      #expect(probability < last && probability > 0)
      last = probability
    }
  }
}
