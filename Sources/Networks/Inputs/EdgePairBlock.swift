internal import TensorKernels

/// The line graphs of a block. Shapes: E edges, T pairs, A angles.
final class EdgePairBlock<Scalar: NetworkScalar> {
  /// Number of pairs T.
  private(set) var count = 0
  /// Number of angles A.
  private(set) var angleCount = 0
  /// Pairs of the whole graphs.
  private(set) var total = 0
  /// Shape (E + 1).
  let offsets = Buffer<Int32>()
  /// First edge of each pair within the block, shape (T).
  let sources = Buffer<Int32>()
  /// Angle of each pair within the block, shape (T).
  let angles = Buffer<Int32>()
  /// Shape (A).
  let cosines = Buffer<Scalar>()
  /// Pairs of the whole graphs that have each angle, shape (A).
  let angleMultiplicities = Buffer<Scalar>()
  private let pairMultiplicities = Buffer<Scalar>()
  private let pairRows = Buffer<Scalar>()
  private var isQuotient = false

  /// Pairs of one second edge that each pair stands for, shape (T); nil where each stands for itself.
  var multiplicities: UnsafePointer<Scalar>? { isQuotient ? UnsafePointer(pairMultiplicities.pointer) : nil }
  /// Pairs of the whole graphs that each stands for, shape (T); nil likewise.
  var rows: UnsafePointer<Scalar>? { isQuotient ? UnsafePointer(pairRows.pointer) : nil }

  /// Takes the line graphs of the graphs `indices` of `collection`, in that order.
  ///
  /// - Parameter rows: edges of the whole graphs that each edge of the block stands for; nil where each stands for itself.
  func assemble(_ indices: [Int], of collection: GraphCollection, rows: UnsafePointer<Scalar>?) {
    (count, angleCount, total) = (0, 0, 0)
    let source = collection.pairs
    guard !source.isEmpty else { return }
    var edgeCount = 0
    for index in indices {
      let edges = collection.edges(of: index)
      edgeCount += edges.count
      count += source.offsets[edges.upperBound] - source.offsets[edges.lowerBound]
      angleCount += source.angleOffsets[index + 1] - source.angleOffsets[index]
    }
    isQuotient = rows != nil
    let (offsets, sources) = (offsets.reserve(edgeCount + 1), sources.reserve(count))
    let (angles, cosines) = (angles.reserve(count), cosines.reserve(angleCount))
    let angleRows = angleMultiplicities.reserve(angleCount)
    let pairMultiplicities = pairMultiplicities.reserve(isQuotient ? count : 0)
    let pairRows = pairRows.reserve(isQuotient ? count : 0)
    angleRows.update(repeating: 0, count: angleCount)
    offsets[0] = 0
    var (edge, pair, angle, total) = (0, 0, 0, 0.0)
    for index in indices {
      let (firstEdge, firstAngle) = (Int32(edge), Int32(angle))
      for place in source.angleOffsets[index]..<source.angleOffsets[index + 1] {
        cosines[angle] = Scalar(source.cosines[place])
        angle += 1
      }
      for own in collection.edges(of: index) {
        for place in source.offsets[own]..<source.offsets[own + 1] {
          sources[pair] = firstEdge + source.sources[place]
          angles[pair] = firstAngle + source.angles[place]
          var count: Scalar = 1
          if let rows {
            pairMultiplicities[pair] = Scalar(source.multiplicities[place])
            pairRows[pair] = pairMultiplicities[pair] * rows[edge]
            count = pairRows[pair]
          }
          angleRows[Int(angles[pair])] += count
          total += Double(count)
          pair += 1
        }
        edge += 1
        offsets[edge] = Int32(pair)
      }
    }
    self.total = Int(total)
  }
}
