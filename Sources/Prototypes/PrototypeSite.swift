/// A set of equivalent sites of a prototype that share a label.
public struct PrototypeSite: Sendable {
  /// The label.
  public let label: String
  /// Multiplicity in the conventional cell and Wyckoff letter, e.g. "4e" (International Tables, volume A).
  public let wyckoff: String
  /// The first of the equivalent points, e.g. "(0, 0, z)", in the conventional cell.
  public let point: String
  /// One of each class of points that differ by lattice vectors, in the conventional cell.
  let points: @Sendable (ParameterValues) -> [SIMD3<Double>]

  init(
    _ label: String, _ wyckoff: String, _ point: String,
    _ points: @escaping @Sendable (ParameterValues) -> [SIMD3<Double>]
  ) {
    self.label = label
    self.wyckoff = wyckoff
    self.point = point
    self.points = points
  }

  /// Sites without free coordinates.
  init(_ label: String, _ wyckoff: String, _ point: String, _ points: [SIMD3<Double>]) {
    self.init(label, wyckoff, point) { _ in points }
  }
}
