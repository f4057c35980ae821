/// The line graphs of a collection: ordered pairs of directed edges u → v and v → w of a crystal.
///
/// Edges stand at their receiver: an edge of site v with neighbor u is u → v. Pairs stand at the second edge. Shapes: S
/// structures, E edges, T pairs, A distinct angles in all.
public struct EdgePairs: Sendable {
  /// Pairs whose second edge is e are `offsets[e] ..< offsets[e + 1]`, shape (E + 1).
  public private(set) var offsets: [Int] = [0]
  /// First edge of each pair, counted within its structure, shape (T).
  public private(set) var sources: [Int32] = []
  /// Angle of each pair, counted within its structure, shape (T).
  public private(set) var angles: [Int32] = []
  /// How many pairs of one second edge each pair stands for, shape (T); empty where each stands for itself.
  public private(set) var multiplicities: [Float] = []
  /// Angles of structure s are `angleOffsets[s] ..< angleOffsets[s + 1]`, shape (S + 1).
  public private(set) var angleOffsets: [Int] = [0]
  /// Cosine of each angle at v, between the directions to u and to w, shape (A).
  public private(set) var cosines: [Double] = []

  /// Whether no graph has pairs.
  public var isEmpty: Bool { angleOffsets.count == 1 }

  /// Forgets all and keeps the memory.
  mutating func removeAll() {
    offsets.removeSubrange(1...)
    sources.removeAll(keepingCapacity: true)
    angles.removeAll(keepingCapacity: true)
    multiplicities.removeAll(keepingCapacity: true)
    angleOffsets.removeSubrange(1...)
    cosines.removeAll(keepingCapacity: true)
  }

  mutating func append(_ graph: LineGraph) {
    let first = sources.count
    offsets.append(contentsOf: graph.pairOffsets.dropFirst().map { first + $0 })
    sources.append(contentsOf: graph.sources)
    angles.append(contentsOf: graph.angles)
    multiplicities.append(contentsOf: graph.pairMultiplicities)
    cosines.append(contentsOf: graph.cosines)
    angleOffsets.append(cosines.count)
  }

  mutating func append(contentsOf other: EdgePairs, structure: Int, edges: Range<Int>) {
    guard !other.isEmpty else { return }
    let pairs = other.offsets[edges.lowerBound]..<other.offsets[edges.upperBound]
    let shift = sources.count - pairs.lowerBound
    offsets.append(contentsOf: edges.map { other.offsets[$0 + 1] + shift })
    sources.append(contentsOf: other.sources[pairs])
    angles.append(contentsOf: other.angles[pairs])
    if !other.multiplicities.isEmpty { multiplicities.append(contentsOf: other.multiplicities[pairs]) }
    cosines.append(
      contentsOf: other.cosines[other.angleOffsets[structure]..<other.angleOffsets[structure + 1]])
    angleOffsets.append(cosines.count)
  }
}
