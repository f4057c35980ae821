/// A dense row-major tensor with a name, as weight files hold them.
public struct NamedTensor: Hashable, Sendable {
  /// The name, unique within a file.
  public let name: String
  /// Lengths of the axes; empty for a single number.
  public let shape: [Int]
  /// The elements, row-major: as many as the product of `shape`.
  public let data: TensorData

  /// A tensor of 32-bit floats; `values` must hold as many elements as `shape` says.
  public init(name: String, shape: [Int], values: [Float]) {
    self.init(name: name, shape: shape, data: .float(values))
  }

  /// A tensor; `data` must hold as many elements as `shape` says.
  public init(name: String, shape: [Int], data: TensorData) {
    precondition(
      Self.elementCount(of: shape) == data.count, "tensor \(name): \(data.count) elements for shape \(shape)")
    self.name = name
    self.shape = shape
    self.data = data
  }

  /// The product of the lengths, or nil when one is negative or the product overflows. Any length 0 gives 0.
  static func elementCount(of shape: [Int]) -> Int? {
    guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
    if shape.contains(0) { return 0 }
    var count = 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow else { return nil }
      count = product
    }
    return count
  }

  /// The elements as 32-bit floats: exact for `.float`, rounded to nearest otherwise (see `data` for those).
  public var values: [Float] {
    switch data {
    case .float(let values): values
    case .double(let values): values.map { Float($0) }
    case .int64(let values): values.map { Float($0) }
    }
  }

  /// The elements if they are 32-bit floats.
  public var floats: [Float]? {
    if case .float(let values) = data { return values }
    return nil
  }

  /// The elements if they are 64-bit floats.
  public var doubles: [Double]? {
    if case .double(let values) = data { return values }
    return nil
  }

  /// The elements if they are 64-bit integers.
  public var integers: [Int64]? {
    if case .int64(let values) = data { return values }
    return nil
  }
}

/// The elements of a tensor with their type.
public enum TensorData: Hashable, Sendable {
  /// 32-bit floats ("F32").
  case float([Float])
  /// 64-bit floats ("F64").
  case double([Double])
  /// 64-bit integers ("I64").
  case int64([Int64])

  /// Number of elements.
  public var count: Int {
    switch self {
    case .float(let values): values.count
    case .double(let values): values.count
    case .int64(let values): values.count
    }
  }
}
