import Networks
import TensorKernels
import Testing

@testable import Training

@Suite("Student's t distribution") struct StudentDistributionTests {
  /// ν, t and the probability of at most t; by mpmath 1.3.0 with 40 digits, from the incomplete beta function.
  static let golden: [(freedom: Double, t: Double, probability: Double)] = [
    (0.5, -20, 0.07169748051423032), (0.5, -3, 0.18365407799297173), (0.5, -0.5, 0.3786590364647183),
    (0.5, 0.0001, 0.5000269676299246), (0.5, 0.7, 0.6572996687396168), (0.5, 8, 0.8867474535962107),
    (1, -20, 0.015902251256176374), (1, -3, 0.10241638234956672), (1, 2, 0.8524163823495667),
    (2.2, -20, 0.0007837288944276805), (2.2, -0.5, 0.3313249611287415), (2.2, 8, 0.9942546940516471),
    (3.2, -20, 9.023549019867453e-05), (3.2, -3, 0.026559824081465788), (3.2, -0.5, 0.3247250890065973),
    (3.2, 0.0001, 0.5000369386836829), (3.2, 0.7, 0.7342898379488614), (3.2, 2, 0.9332083784409815),
    (7, -20, 9.774413554001997e-08), (7, 0.7, 0.7467412239022001), (7, 8, 0.9999544253941456),
    (30, -20, 3.3745418328856433e-19), (30, -3, 0.002694982032825973), (30, 2, 0.9726874775185085),
    (1000, -20, 2.0311442497623856e-75), (1000, -3, 0.0013833545221190963), (1000, 0.7, 0.7579549430036988),
  ]

  @Test(arguments: golden)
  func `probabilities agree with an evaluation in forty digits`(
    freedom: Double, t: Double, probability: Double
  ) {
    let found = StudentDistribution(degreesOfFreedom: freedom).cumulative(t)
    #expect(abs(found / probability - 1) < 5e-12, "\(found)")
  }

  @Test func `logarithms of the gamma function agree with an evaluation in forty digits`() {
    // By mpmath 1.3.0.
    for (x, value) in [
      (0.01, 4.599479878042022), (0.25, 1.2880225246980774), (0.5, 0.5723649429247001), (1, 0.0),
      (1.6, -0.11259176569675577), (2, 0.0), (3.3, 0.9870985778947344), (9.99, 12.779315214350193),
      (10.5, 13.940625219403763), (100, 359.1342053695754), (500.5, 2608.2229044109868),
    ] {
      #expect(abs(logGamma(x) - value) <= 4e-15 * max(1, abs(value)), "\(x): \(logGamma(x))")
    }
  }

  @Test func `incomplete beta functions agree with an evaluation in forty digits`() {
    // By mpmath 1.3.0.
    for (x, a, b, value) in [
      (0.1, 0.5, 0.5, 0.20483276469913345), (0.3, 2.5, 0.5, 0.01892712407194565),
      (0.9, 2.5, 0.5, 0.48958974456442755), (0.5, 10, 3, 0.019287109375),
      (0.999, 1.1, 0.5, 0.9664878784801944), (0.02, 0.25, 4, 0.56610555962662),
      (0.97, 500, 0.5, 3.4364094838126845e-08),
    ] {
      let found = regularizedIncompleteBeta(x, complement: 1 - x, a, b)
      #expect(abs(found / value - 1) < 5e-12, "\(x) \(a) \(b): \(found)")
    }
  }

  @Test(arguments: [0.7, 1, 2.2, 3.2, 12, 1000, .infinity])
  func `the probability grows by the integral of the density`(freedom: Double) {
    let distribution = StudentDistribution(degreesOfFreedom: freedom)
    // Simpson's rule, the plain way to a probability.
    let (low, high, steps) = (-2.5, 1.25, 2000)
    let width = (high - low) / Double(steps)
    var sum = 0.0
    for step in 0...steps {
      let weight = step == 0 || step == steps ? 1.0 : step % 2 == 1 ? 4 : 2
      sum += weight * exponential(distribution.logDensity(low + width * Double(step)))
    }
    let integral = sum * width / 3
    #expect(abs(distribution.cumulative(high) - distribution.cumulative(low) - integral) < 1e-11)
  }

  @Test(arguments: [0.5, 1, 3.2, 40, 1000, .infinity])
  func `the distribution is symmetric and rises from 0 to 1`(freedom: Double) {
    let distribution = StudentDistribution(degreesOfFreedom: freedom)
    var last = 0.0
    for t in [-1e200, -1e9, -30, -2, -1e-3, -1e-300, 0, 1e-300, 1e-3, 2, 30, 1e9, 1e200] {
      let probability = distribution.cumulative(t)
      #expect(probability >= last && probability <= 1)
      #expect(abs(probability + distribution.cumulative(-t) - 1) < 1e-15)
      last = probability
    }
    #expect(last > 1 - 1e-9)
    #expect(distribution.cumulative(0) == 0.5)
  }

  @Test func `quantiles undo probabilities`() {
    // By scipy 1.17.1, stats.t.ppf and stats.norm.ppf.
    for (freedom, probability, value) in [
      (3.2, 0.75, 0.7587443274394254), (3.2, 0.95, 2.294594153866668), (3.2, 0.025, -3.0728289297131623),
      (1, 0.9, 3.0776835371752544), (1000, 0.975, 1.9623390808264083), (.infinity, 0.975, 1.959963984540054),
    ] {
      let distribution = StudentDistribution(degreesOfFreedom: freedom)
      #expect(abs(distribution.quantile(probability) - value) < 1e-11 * abs(value))
      #expect(abs(distribution.cumulative(distribution.quantile(probability)) - probability) < 1e-14)
    }
  }
}
