import TensorKernels
import Testing

@Suite struct SumKernelTests {
  /// Numbers of columns below, at and beyond whole vectors.
  private static let widths = [1, 15, 16, 17, 48]

  @Test(arguments: KernelLevel.supported)
  func `sums of rows and sums with rows are those of plain loops, bit for bit`(level: KernelLevel) {
    for n in [0, 1, 5] {
      for w in Self.widths {
        sums(level.single, n: n, w: w)
        sums(level.double, n: n, w: w)
      }
    }
  }

  private func sums<Scalar>(_ kernels: KernelTable<Scalar>, n: Int, w: Int) {
    var random = RandomInput<Scalar>(seed: UInt64(10 * n + w))
    let stride = w + 3
    let (x, vector) = (random.numbers(n * stride + w), random.numbers(w + 1))
    var (out, plain) = (vector, vector)
    kernels.addRows(n, w, x, stride, &out)
    for row in 0..<n { for column in 0..<w { plain[column] += x[row * stride + column] } }
    #expect(out == plain, "\(n) rows of \(w)")
    var (rows, plainRows) = (x, x)
    kernels.addToRows(n, w, vector, &rows, stride)
    for row in 0..<n { for column in 0..<w { plainRows[row * stride + column] += vector[column] } }
    #expect(rows == plainRows, "\(n) rows of \(w)")
  }

  @Test(arguments: KernelLevel.supported)
  func `a step of Adam is that of a plain loop, bit for bit`(level: KernelLevel) {
    for count in [0] + Self.widths {
      adam(level.single, count)
      adam(level.double, count)
    }
  }

  private func adam<Scalar>(_ kernels: KernelTable<Scalar>, _ count: Int) {
    var random = RandomInput<Scalar>(seed: UInt64(count))
    let gradient = random.numbers(count)
    // One number more, which stays as it is.
    var (values, first, second) = (
      random.numbers(count + 1), random.numbers(count + 1), random.numbers(count + 1, 0...1)
    )
    var plain = (values: values, first: first, second: second)
    let step = AdamStep<Scalar>.sample
    kernels.adamStep(count, step, gradient, &values, &first, &second)
    for index in 0..<count {
      let g = gradient[index] + step.coupledDecay * plain.values[index]
      plain.first[index] = step.beta1 * plain.first[index] + (1 - step.beta1) * g
      plain.second[index] = step.beta2 * plain.second[index] + (1 - step.beta2) * g * g
      let denominator = plain.second[index].squareRoot() * step.denominatorScale + step.epsilon
      plain.values[index] =
        plain.values[index] * step.decoupledFactor - step.stepSize * plain.first[index] / denominator
    }
    #expect(values == plain.values && first == plain.first && second == plain.second, "\(count) parameters")
  }
}

extension AdamStep where Scalar: KernelScalar {
  /// Some step, with all its terms at work.
  static var sample: AdamStep {
    AdamStep(
      coupledDecay: 0.03, decoupledFactor: 0.98, beta1: 0.87, beta2: 0.99, stepSize: 0.011,
      denominatorScale: 1.7, epsilon: 1e-8)
  }
}
