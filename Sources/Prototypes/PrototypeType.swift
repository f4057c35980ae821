import Crystal

/// A structure type as crystallography tabulates it: conventional cell, Wyckoff sites, free parameters.
///
/// The table is of facts: each type compound's lattice parameter and free coordinates as published.
struct PrototypeType: Sendable {
  /// The metric of the conventional cell. Ratios b/a and c/a are the parameters "b_ratio" and "axial_ratio".
  enum Metric: Sendable {
    case cubic
    case tetragonal
    case hexagonal
    case orthorhombic
  }

  /// Lattice points of the conventional cell beside its corners.
  enum Centering: Sendable {
    case primitive
    case body
    case face
    /// Obverse setting of a rhombohedral lattice on hexagonal axes.
    case rhombohedral
  }

  let name: String
  /// The compound that the type is named after.
  let compound: String
  /// Number of the space group in the International Tables.
  let spaceGroup: Int
  let metric: Metric
  let centering: Centering
  /// a of the type compound (Å).
  let a: Double
  var parameters: [PrototypeParameter] = []
  let sites: [PrototypeSite]
  /// Typical cell volume over the sum of `elementalVolume(of:)`.
  let volumeRatio: Double

  /// The primitive cell and its sites, in order of `sites`.
  func geometry(
    _ values: ParameterValues
  ) throws(PrototypeError) -> (lattice: Lattice, positions: [SIMD3<Double>], labels: [String]) {
    let (x, y, z) = conventionalAxes(values)
    let rows = primitiveRows
    func vector(_ row: SIMD3<Double>) -> SIMD3<Double> { row.x * x + row.y * y + row.z * z }
    var positions: [SIMD3<Double>] = []
    var labels: [String] = []
    for site in sites {
      for point in site.points(values) {
        let position = primitiveCoordinates(point)
        positions.append(position - position.rounded(.down))
        labels.append(site.label)
      }
    }
    do {
      return (try Lattice(a: vector(rows.0), b: vector(rows.1), c: vector(rows.2)), positions, labels)
    } catch {
      throw .lattice(error)
    }
  }

  private func conventionalAxes(
    _ values: ParameterValues
  ) -> (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>) {
    switch metric {
    case .cubic: return (SIMD3(a, 0, 0), SIMD3(0, a, 0), SIMD3(0, 0, a))
    case .tetragonal: return (SIMD3(a, 0, 0), SIMD3(0, a, 0), SIMD3(0, 0, a * values["axial_ratio"]))
    case .orthorhombic:
      return (SIMD3(a, 0, 0), SIMD3(0, a * values["b_ratio"], 0), SIMD3(0, 0, a * values["axial_ratio"]))
    case .hexagonal:
      return (
        SIMD3(a, 0, 0), SIMD3(-a / 2, a * 3.0.squareRoot() / 2, 0), SIMD3(0, 0, a * values["axial_ratio"])
      )
    }
  }

  /// The vectors of the primitive cell in units of the conventional ones.
  private var primitiveRows: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>) {
    switch centering {
    case .primitive: (SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1))
    case .body: (SIMD3(-0.5, 0.5, 0.5), SIMD3(0.5, -0.5, 0.5), SIMD3(0.5, 0.5, -0.5))
    case .face: (SIMD3(0, 0.5, 0.5), SIMD3(0.5, 0, 0.5), SIMD3(0.5, 0.5, 0))
    case .rhombohedral:
      (
        SIMD3(2.0 / 3, 1.0 / 3, 1.0 / 3), SIMD3(-1.0 / 3, 1.0 / 3, 1.0 / 3),
        SIMD3(-1.0 / 3, -2.0 / 3, 1.0 / 3)
      )
    }
  }

  /// A point of the conventional cell in units of the primitive vectors: the inverse of `primitiveRows`.
  private func primitiveCoordinates(_ point: SIMD3<Double>) -> SIMD3<Double> {
    let (x, y, z) = (point.x, point.y, point.z)
    return switch centering {
    case .primitive: point
    case .body: SIMD3(y + z, x + z, x + y)
    case .face: SIMD3(-x + y + z, x - y + z, x + y - z)
    case .rhombohedral: SIMD3(x + z, -x + y + z, -y + z)
    }
  }
}
