internal import Networks
internal import TensorKernels

/// Learning rate and momentum (β₁ of Adam) of one step.
public struct LearningRate: Hashable, Sendable {
  /// Learning rate.
  public let learningRate: Double
  /// Momentum of SGD, β₁ of Adam and AdamW.
  public let momentum: Double

  /// A learning rate with its momentum.
  public init(learningRate: Double, momentum: Double) {
    self.learningRate = learningRate
    self.momentum = momentum
  }
}

/// How the learning rate changes over a training run, with PyTorch's definitions.
public enum LearningRateSchedule: Hashable, Sendable {
  /// The same rate throughout.
  case constant
  /// The rate is multiplied by `factor` at the start of each listed epoch.
  case multistep(epochs: [Int], factor: Double)
  /// One cosine half-wave over all steps, from the rate down to the share `end` of it.
  case cosine(end: Double)
  /// Cosine from rate/25 up to the rate over the first `warmUp` share of the steps, then down to rate/25e4. Momentum
  /// runs 0.95 → 0.85 → 0.95. Source: L. N. Smith and N. Topin, arXiv 1708.07120.
  case oneCycle(warmUp: Double)

  /// The rate at a step.
  ///
  /// - Parameters:
  ///   - step: 0 ..< totalSteps.
  ///   - totalSteps: steps of the whole run.
  ///   - stepsPerEpoch: steps of one epoch.
  ///   - peak: the largest learning rate.
  ///   - momentum: momentum where the schedule does not change it.
  public func rate(step: Int, totalSteps: Int, stepsPerEpoch: Int, peak: Double, momentum: Double)
    -> LearningRate
  {
    switch self {
    case .constant:
      return LearningRate(learningRate: peak, momentum: momentum)
    case .multistep(let epochs, let factor):
      let epoch = step / max(1, stepsPerEpoch)
      let rate = epochs.reduce(peak) { epoch >= $1 ? $0 * factor : $0 }
      return LearningRate(learningRate: rate, momentum: momentum)
    case .cosine(let end):
      let share = Double(step) / Double(max(1, totalSteps))
      return LearningRate(learningRate: anneal(peak, peak * end, share), momentum: momentum)
    case .oneCycle(let warmUp):
      let top = warmUp * Double(totalSteps) - 1
      let end = max(top + 1, Double(totalSteps - 1))
      // A warm-up of one step or less has no way up.
      if top > 0, Double(step) <= top {
        let share = Double(step) / top
        return LearningRate(learningRate: anneal(peak / 25, peak, share), momentum: anneal(0.95, 0.85, share))
      }
      let share = min(1, (Double(step) - top) / (end - top))
      return LearningRate(learningRate: anneal(peak, peak / 25e4, share), momentum: anneal(0.85, 0.95, share))
    }
  }

  private func anneal(_ start: Double, _ end: Double, _ share: Double) -> Double {
    end + (start - end) / 2 * (1 + TensorKernels.cosine(.pi * share))
  }
}
