import TestSupport
import Testing

/// Random arrays of one precision, and comparison with plain loops in double.
struct RandomInput<Scalar: BinaryFloatingPoint> {
  private var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  /// `count` numbers within a range.
  mutating func numbers(_ count: Int, _ range: ClosedRange<Scalar> = -1...1) -> [Scalar] {
    let range = Double(range.lowerBound)...Double(range.upperBound)
    return (0..<count).map { _ in Scalar(Double.random(in: range, using: &generator)) }
  }

  /// Whole numbers 1 … 3: how often rows count.
  mutating func weights(_ count: Int) -> [Scalar] {
    (0..<count).map { _ in Scalar(Int.random(in: 1...3, using: &generator)) }
  }

  /// Whole numbers within a range.
  mutating func integers(_ count: Int, _ range: Range<Int>) -> [Int32] {
    (0..<count).map { _ in Int32(Int.random(in: range, using: &generator)) }
  }
}

/// A sum in double beside the sum of the terms' sizes, which the rounding of a sum is measured by.
struct PlainSum {
  private(set) var value = 0.0
  private(set) var size = 1.0

  static func += (sum: inout PlainSum, term: Double) {
    sum.value += term
    sum.size += abs(term)
  }
}

/// Expects every number within `tolerance` of the plain sums, relative to the size of their terms.
func expectEqual<Scalar: BinaryFloatingPoint>(
  _ found: [Scalar], _ expected: [PlainSum], _ tolerance: Double, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.count == expected.count, "\(what)", sourceLocation: sourceLocation)
  let wrong = zip(found, expected).enumerated().first { _, pair in
    !(abs(Double(pair.0) - pair.1.value) <= tolerance * pair.1.size)
  }
  #expect(
    wrong == nil, "\(what) [\(wrong?.offset ?? 0)]: \(wrong.map { "\($0.element)" } ?? "")",
    sourceLocation: sourceLocation)
}

/// A plain sum of one number.
func plainSum(_ number: some BinaryFloatingPoint) -> PlainSum {
  var sum = PlainSum()
  sum += Double(number)
  return sum
}

/// Zeroed plain sums.
func plainSums(_ count: Int) -> [PlainSum] { [PlainSum](repeating: PlainSum(), count: count) }
