import CrystalModels
import Testing

/// Reference values: the algorithms in the form of PyTorch's documentation (`torch.optim.SGD`, `Adam`, `AdamW`,
/// `lr_scheduler.MultiStepLR`, `CosineAnnealingLR`, `OneCycleLR`), written down in Python with numpy in double precision.
@Suite struct OptimizerTests {
  private static let start: [Float] = [0.5, -1.25, 2]
  private static let gradients: [[Float]] = [
    [0.25, -0.5, 1.5], [-0.75, 0.125, 0.5], [0.5, 0.25, -2], [0, -1, 0.75], [1.25, 0.5, -0.25],
  ]
  /// Rate and momentum change between steps, as under a one-cycle schedule.
  private static let rates = [(0.1, 0.9), (0.1, 0.9), (0.05, 0.85), (0.05, 0.85), (0.02, 0.9)].map {
    LearningRate(learningRate: $0.0, momentum: $0.1)
  }

  private static let steps: [OptimizerKind: [[Double]]] = [
    .sgd: [
      [0.4745, -1.19875, 1.848], [0.5260755, -1.16392625, 1.659352],
      [0.5227320497, -1.161044193, 1.678346924], [0.519628751, -1.108013923, 1.656153436],
      [0.4934076377, -1.098701423, 1.65283255],
    ],
    .adam: [
      [0.4000000039, -1.150000002, 1.900000001], [0.4487540813, -1.100678548, 1.812535964],
      [0.4411368218, -1.103126974, 1.824577436], [0.4349519803, -1.07684152, 1.824665108],
      [0.4244672518, -1.06968604, 1.825652836],
    ],
    .adamw: [
      [0.399500004, -1.148750002, 1.898000001], [0.4485194864, -1.100654436, 1.808995606],
      [0.4410082107, -1.103974239, 1.8206556], [0.435012452, -1.077727002, 1.820441014],
      [0.4245616936, -1.070781052, 1.821425537],
    ],
  ]

  @Test(arguments: OptimizerKind.allCases)
  func `five steps with weight decay 0.01 are those of PyTorch's formulas`(kind: OptimizerKind) throws {
    let expected = try #require(Self.steps[kind])
    var optimizer = Optimizer(kind, weightDecay: 0.01, parameterCount: 3)
    var values = Self.start
    for (step, row) in expected.enumerated() {
      optimizer.update(&values, gradient: Self.gradients[step], rate: Self.rates[step])
      for (value, number) in zip(values, row) {
        // 1 - β₂ in single precision is 5e-5 off.
        #expect(abs(Double(value) - number) < 4e-6, "step \(step): \(value) is not \(number)")
      }
    }
    #expect(optimizer.step == 5)
  }

  /// Rates and momenta of all steps under a schedule.
  struct ScheduledRates: Sendable {
    let schedule: LearningRateSchedule
    let rates: [Double]
    /// One for all steps, or one a step.
    let momenta: [Double]
  }

  private static let schedules: [ScheduledRates] = [
    ScheduledRates(
      schedule: .oneCycle(warmUp: 0.3),
      rates: [
        0.0008, 0.0104, 0.02, 0.01900969264, 0.01623491308, 0.01222524044, 0.007774839561, 0.003765166921,
        0.0009903873597, 8e-08,
      ],
      momenta: [
        0.95, 0.9, 0.85, 0.8549515566, 0.8688255099, 0.8888739533, 0.9111260467, 0.9311744901, 0.9450484434,
        0.95,
      ]),
    // The rate is highest between two steps.
    ScheduledRates(
      schedule: .oneCycle(warmUp: 0.4),
      rates: [0.0008, 0.01206702251, 0.01988830871, 0.01623491308, 0.009252742053, 0.002669550604, 8e-08],
      momenta: [0.95, 0.8913175911, 0.8505584587, 0.8688255099, 0.9037365047, 0.9366525936, 0.95]),
    // Three steps an epoch.
    ScheduledRates(
      schedule: .multistep(epochs: [1, 3], factor: 0.1),
      rates: [0.02, 0.02, 0.02, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.0002, 0.0002, 0.0002],
      momenta: [0.9]),
    ScheduledRates(
      schedule: .cosine,
      rates: [
        0.02, 0.01923879533, 0.01707106781, 0.01382683432, 0.01, 0.006173165676, 0.002928932188,
        0.0007612046749,
      ], momenta: [0.9]),
    ScheduledRates(schedule: .constant, rates: [0.02, 0.02, 0.02], momenta: [0.9]),
  ]

  @Test(arguments: schedules)
  func `the rate and momentum of every step are those of PyTorch's schedules`(expected: ScheduledRates) {
    for (step, rate) in expected.rates.enumerated() {
      let found = expected.schedule.rate(
        step: step, totalSteps: expected.rates.count, stepsPerEpoch: 3, peak: 0.02, momentum: 0.9)
      let momentum = expected.momenta.count == 1 ? expected.momenta[0] : expected.momenta[step]
      #expect(abs(found.learningRate - rate) < 1e-8 * rate, "step \(step)")
      #expect(abs(found.momentum - momentum) < 1e-9, "step \(step)")
    }
  }
}
