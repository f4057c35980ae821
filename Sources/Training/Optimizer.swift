internal import TensorKernels

/// The rule by which gradients change parameters, with PyTorch's definitions and defaults.
public enum OptimizerKind: String, Codable, CaseIterable, Hashable, Sendable {
  /// Stochastic gradient descent with momentum: v ← μ v + g, θ ← θ − lr v; decay is added to g.
  case sgd
  /// Adam (D. P. Kingma and J. Ba, ICLR 2015); decay is added to g.
  case adam
  /// AdamW (I. Loshchilov and F. Hutter, ICLR 2019); decay is decoupled: θ ← θ − lr · decay · θ first.
  case adamw
}

/// An optimizer and its moments over a flat parameter array of n numbers.
public struct Optimizer: Sendable {
  /// The rule.
  public let kind: OptimizerKind
  /// Weight decay.
  public let weightDecay: Double
  /// First moments or velocities, shape (n).
  public var moment1: [Float]
  /// Second moments, shape (n); unused by `sgd`.
  public var moment2: [Float]
  /// Steps taken.
  public var step = 0
  /// Parameters that share a factor of the learning rate, and the factor; what is frozen is in none. Nil where all are
  /// trained at the rate itself.
  private let groups: [(factor: Float, indices: [Int])]?

  /// An optimizer at rest.
  ///
  /// - Parameters:
  ///   - kind: the rule.
  ///   - weightDecay: weight decay.
  ///   - parameterCount: number n of parameters.
  ///   - learningRateFactors: what each one's learning rate is multiplied by, shape (n); empty for 1.
  public init(
    _ kind: OptimizerKind, weightDecay: Double, parameterCount: Int, learningRateFactors: [Float] = []
  ) {
    precondition(
      learningRateFactors.isEmpty || learningRateFactors.count == parameterCount, "a factor a parameter")
    groups =
      learningRateFactors.isEmpty
      ? nil
      : Set(learningRateFactors).sorted().filter { $0 > 0 }.map { factor in
        (factor, learningRateFactors.indices.filter { learningRateFactors[$0] == factor })
      }
    self.kind = kind
    self.weightDecay = weightDecay
    moment1 = [Float](repeating: 0, count: parameterCount)
    moment2 = [Float](repeating: 0, count: parameterCount)
  }

  /// Changes `values` by one step.
  ///
  /// - Parameters:
  ///   - values: parameters (n).
  ///   - gradient: dL/d(values) (n).
  ///   - rate: learning rate and momentum of this step.
  public mutating func update(_ values: inout [Float], gradient: [Float], rate: LearningRate) {
    precondition(values.count == gradient.count && values.count == moment1.count, "one gradient a parameter")
    step += 1
    guard let groups else {
      update(&values, gradient, rate)
      return
    }
    for (factor, own) in groups {
      var part = Optimizer(kind, weightDecay: weightDecay, parameterCount: own.count)
      part.step = step
      part.moment1 = own.map { moment1[$0] }
      part.moment2 = own.map { moment2[$0] }
      var partValues = own.map { values[$0] }
      part.update(
        &partValues, own.map { gradient[$0] },
        LearningRate(learningRate: rate.learningRate * Double(factor), momentum: rate.momentum))
      for (place, index) in own.enumerated() {
        values[index] = partValues[place]
        (moment1[index], moment2[index]) = (part.moment1[place], part.moment2[place])
      }
    }
  }

  private mutating func update(_ values: inout [Float], _ gradient: [Float], _ rate: LearningRate) {
    switch kind {
    case .sgd: updateSGD(&values, gradient, rate)
    case .adam, .adamw: updateAdam(&values, gradient, rate)
    }
  }

  private mutating func updateSGD(_ values: inout [Float], _ gradient: [Float], _ rate: LearningRate) {
    let (learningRate, momentum, decay) = (Float(rate.learningRate), Float(rate.momentum), Float(weightDecay))
    for index in values.indices {
      moment1[index] = momentum * moment1[index] + gradient[index] + decay * values[index]
      values[index] -= learningRate * moment1[index]
    }
  }

  private mutating func updateAdam(_ values: inout [Float], _ gradient: [Float], _ rate: LearningRate) {
    let beta1 = rate.momentum
    let beta2 = 0.999
    let correction1 = 1 - power(beta1, step)
    let correction2 = 1 - power(beta2, step)
    let numbers = AdamStep(
      coupledDecay: kind == .adam ? Float(weightDecay) : 0,
      decoupledFactor: kind == .adamw ? Float(1 - rate.learningRate * weightDecay) : 1,
      beta1: Float(beta1), beta2: Float(beta2), stepSize: Float(rate.learningRate / correction1),
      denominatorScale: Float(1 / correction2.squareRoot()), epsilon: 1e-8)
    Float.adamStep(
      numbers, count: values.count, gradient: gradient, values: &values, first: &moment1, second: &moment2)
  }
}

private func power(_ base: Double, _ exponent: Int) -> Double {
  var (result, factor, remaining) = (1.0, base, exponent)
  while remaining > 0 {
    if remaining & 1 == 1 { result *= factor }
    factor *= factor
    remaining >>= 1
  }
  return result
}
