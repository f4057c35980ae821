internal import TensorKernels

/// Some structures of a batch, or a block of inference, with the values of the network and their gradients.
///
/// One thread at a time.
final class Chunk<Scalar: NetworkScalar> {
  /// Structures of the collection, in order.
  var members: [Int] = []
  /// What is random in this batch follows from it.
  var noise: UInt64 = 0
  /// Their graphs.
  let block = GraphBlock<Scalar>()
  /// Rows of each value.
  let values: [Buffer<Scalar>]
  /// First place of each sparse row, of sparse values.
  let starts: [Buffer<Int32>]
  /// dL/d(value) of each value.
  var gradients: [Buffer<Scalar>]
  /// This chunk's share of dL/d(parameters).
  let gradient = Buffer<Scalar>()
  /// Buffers of what does not live beyond a stage; layers share them.
  let scratch = (0..<Chunk.scratchCount).map { _ in Buffer<Scalar>() }

  private let shapes: [ValueShape]
  private var hasGradient: [Bool]

  static var scratchCount: Int { 7 }

  /// - Parameter slots: which buffer holds a value; nil for one each.
  init(_ program: NetworkProgram, slots: [Int]? = nil) {
    shapes = program.values
    let slots = slots ?? Array(shapes.indices)
    let buffers = (0..<(slots.max() ?? -1) + 1).map { _ in Buffer<Scalar>() }
    values = slots.map { buffers[$0] }
    starts = shapes.map { _ in Buffer() }
    gradients = shapes.map { _ in Buffer() }
    hasGradient = shapes.map { _ in false }
  }

  /// Rows of a value.
  func rows(_ value: Int) -> Int {
    switch shapes[value].space {
    case .structures: block.structureCount
    case .sites: block.siteCount
    case .edges: block.edgeCount
    case .edgeKinds: block.kindCount
    case .edgePairs: block.pairs.count
    case .angles: block.pairs.angleCount
    case .markedSites: block.marks.siteCount
    case .markedEdges: block.marks.edgeCount
    }
  }

  /// Numbers of a value that are held.
  func count(_ value: Int) -> Int {
    rows(value) * (shapes[value].stored ?? shapes[value].width)
  }

  /// Room for a value.
  func reserve(_ value: Int) -> UnsafeMutablePointer<Scalar> { values[value].reserve(count(value)) }

  /// Forgets the gradients of the batch before.
  func clearGradients(parameterCount: Int) {
    gradient.reserve(parameterCount).update(repeating: 0, count: parameterCount)
    for index in hasGradient.indices { hasGradient[index] = false }
  }

  /// Whether somebody has begun to add up dL/d(value).
  func isStarted(_ value: Int) -> Bool { hasGradient[value] }

  /// Where dL/d(value) is added up, and whether nothing is there yet; nil where it is not asked for.
  func startGradient(_ value: Int) -> (pointer: UnsafeMutablePointer<Scalar>, isFirst: Bool)? {
    guard shapes[value].needsGradient else { return nil }
    let isFirst = !hasGradient[value]
    hasGradient[value] = true
    let pointer = isFirst ? gradients[value].reserve(count(value)) : gradients[value].pointer
    return (pointer, isFirst)
  }
}

/// Column sums of two kinds over a chunk's rows, to be added up over chunks.
struct ColumnSums {
  let memory: Buffer<Double>
  let channels: Int

  init(channels: Int) {
    memory = Buffer(capacity: 2 * channels)
    self.channels = channels
  }

  var first: UnsafeMutablePointer<Double> { memory.pointer }
  var second: UnsafeMutablePointer<Double> { memory.pointer + channels }

  /// Sets both to zero.
  func clear() { memory.pointer.update(repeating: 0, count: 2 * channels) }
}
