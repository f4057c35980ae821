internal import TensorKernels

/// One batch normalization of c channels during training: what the batch says, in the form the kernels take.
///
/// x̃ = γ (x − mean) / √(var + ε) + β with the biased batch variance; source: S. Ioffe and C. Szegedy, ICML 2015. Where it is
/// frozen, mean and variance are the running ones, as in inference, which stay as they are and are constants of the gradient.
final class BatchNormalization<Scalar: NetworkScalar> {
  let channels: Int
  private let memory: Buffer<Scalar>
  private var rows = 1.0
  /// Weight of a batch in the running statistics.
  private let momentum: Double
  private let isFrozen: Bool

  init(channels: Int, momentum: Double, isFrozen: Bool) {
    self.channels = channels
    self.momentum = momentum
    self.isFrozen = isFrozen
    memory = Buffer(capacity: 7 * channels)
  }

  private func slot(_ index: Int) -> UnsafeMutablePointer<Scalar> { memory.pointer + index * channels }

  var pointers: NormalizationPointers<Scalar> {
    NormalizationPointers(scale: slot(0), shift: slot(1), mean: slot(2), inverseDeviation: slot(3))
  }

  /// x · scale + shift.
  var affine: AffinePointers<Scalar> { AffinePointers(scale: slot(0), shift: slot(1)) }

  var gradientPointers: NormalizationGradientPointers<Scalar> {
    NormalizationGradientPointers(k1: slot(4), k2: slot(5), k3: slot(6))
  }

  /// Takes the sums of x and x² over `rows` rows; updates the running mean and (unbiased) variance unless they are frozen.
  func setStatistics(
    sum: UnsafePointer<Double>, square: UnsafePointer<Double>, rows: Int, gamma: UnsafePointer<Scalar>,
    beta: UnsafePointer<Scalar>, runningMean: UnsafeMutablePointer<Scalar>,
    runningVariance: UnsafeMutablePointer<Scalar>
  ) {
    self.rows = Double(max(rows, 1))
    let unbiased = self.rows > 1 ? self.rows / (self.rows - 1) : 1
    for channel in 0..<channels {
      var mean = sum[channel] / self.rows
      var variance = max(0, square[channel] / self.rows - mean * mean)
      if isFrozen { (mean, variance) = (Double(runningMean[channel]), Double(runningVariance[channel])) }
      let inverse = 1 / (variance + batchNormalizationEpsilon).squareRoot()
      let scale = Double(gamma[channel]) * inverse
      slot(0)[channel] = Scalar(scale)
      slot(1)[channel] = Scalar(Double(beta[channel]) - mean * scale)
      slot(2)[channel] = Scalar(mean)
      slot(3)[channel] = Scalar(inverse)
      guard !isFrozen else { continue }
      runningMean[channel] = Scalar((1 - momentum) * Double(runningMean[channel]) + momentum * mean)
      runningVariance[channel] = Scalar(
        (1 - momentum) * Double(runningVariance[channel]) + momentum * variance * unbiased)
    }
  }

  /// As `setGradients`, from the sums of g and of g · x instead of g · x̂.
  func setGradients(
    sumG: UnsafePointer<Double>, sumOfProducts: UnsafePointer<Double>, gamma: UnsafeMutablePointer<Scalar>,
    beta: UnsafeMutablePointer<Scalar>
  ) {
    let normalized = (0..<channels).map { channel in
      (sumOfProducts[channel] - Double(slot(2)[channel]) * sumG[channel]) * Double(slot(3)[channel])
    }
    setGradients(sumG: sumG, sumGX: normalized, gamma: gamma, beta: beta)
  }

  /// Takes the sums of g and g · x̂; writes dL/dγ and dL/dβ and prepares `gradientPointers`.
  func setGradients(
    sumG: UnsafePointer<Double>, sumGX: UnsafePointer<Double>, gamma: UnsafeMutablePointer<Scalar>,
    beta: UnsafeMutablePointer<Scalar>
  ) {
    for channel in 0..<channels {
      let k1 = Double(slot(0)[channel])
      slot(4)[channel] = Scalar(k1)
      slot(5)[channel] = isFrozen ? 0 : Scalar(k1 * sumG[channel] / rows)
      slot(6)[channel] = isFrozen ? 0 : Scalar(k1 * sumGX[channel] / rows)
      gamma[channel] = Scalar(sumGX[channel])
      beta[channel] = Scalar(sumG[channel])
    }
  }
}

/// A normalization as a scale and a shift, each of c channels.
struct AffinePointers<Scalar> {
  let scale: UnsafePointer<Scalar>
  let shift: UnsafePointer<Scalar>
}

/// ε of batch normalization, as in PyTorch.
let batchNormalizationEpsilon = 1e-5
