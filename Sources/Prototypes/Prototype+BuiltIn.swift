import Crystal

/// The prototypes that come along.
///
/// Volume ratios are medians of V / Σ `elementalVolume(of:)` over known members: ThCr2Si2 388 crystals of the type in
/// the Materials Project, rock salt 346 (two-atom cells of space group 225), half-Heusler 469 (three-atom cells of
/// space group 216 with three elements), cubic perovskite 5,678 decorations of the OQMD (both CC BY 4.0; A. Jain et
/// al., APL Materials 1, 011002 (2013); J. E. Saal et al., JOM 65, 1501 (2013)). Half of those members lie within
/// 2.9, 10.4, 6.6 and 9.9 % of the estimate.
extension Prototype {
  /// ThCr2Si2 (I4/mmm) in its primitive cell of five atoms.
  ///
  /// Sites: A (Th) on 2a (0, 0, 0); B (Cr) on 4d (0, ½, ¼); X (Si) on 4e (0, 0, z). Shape of ThCr2Si2 itself:
  /// a = 4.0435 Å, c = 10.577 Å, z = 0.374.
  public static let thCr2Si2 = builtIn { () throws(PrototypeError) in
    try thCr2Si2(axialRatio: 10.577 / 4.0435, z: 0.374)
  }

  /// ThCr2Si2 with the typical shape of its family: median c/a = 2.506 and z = 0.3735 of 388 members in the
  /// Materials Project. Same sites and name as `thCr2Si2`.
  public static let thCr2Si2Typical = builtIn { () throws(PrototypeError) in
    try thCr2Si2(axialRatio: 2.506, z: 0.3735)
  }

  /// ThCr2Si2 with the given shape; see `thCr2Si2` for the sites.
  ///
  /// - Parameters:
  ///   - axialRatio: c/a of the conventional cell, 1…6.
  ///   - z: height of X in units of c, between 0.26 and 0.49: X lies level with B at ¼ and
  ///     meets its own image at ½.
  /// - Throws: `PrototypeError.badParameter`.
  public static func thCr2Si2(axialRatio: Double, z: Double) throws(PrototypeError) -> Prototype {
    guard axialRatio >= 1, axialRatio <= 6 else { throw .badParameter("axialRatio", axialRatio) }
    guard z >= 0.26, z <= 0.49 else { throw .badParameter("z", z) }
    let half = 4.0435 / 2
    let height = half * axialRatio
    // With these vectors a point (x, y, z) of the conventional cell is (y + z, x + z, x + y).
    let lattice = try cell(
      SIMD3(-half, half, height), SIMD3(half, -half, height), SIMD3(half, half, -height))
    return try Prototype(
      name: "ThCr2Si2", lattice: lattice,
      positions: [
        SIMD3(0, 0, 0), SIMD3(0.75, 0.25, 0.5), SIMD3(0.25, 0.75, 0.5), SIMD3(z, z, 0),
        SIMD3(1 - z, 1 - z, 0),
      ],
      siteLabels: ["A", "B", "B", "X", "X"], volumeRatio: 0.990)
  }

  /// Cubic perovskite ABX3 (Pm-3m), five atoms.
  ///
  /// Sites: A on 1a (0, 0, 0), surrounded by twelve X; B on 1b (½, ½, ½), surrounded by six X; X on 3c. Lattice
  /// parameter of SrTiO3: 3.905 Å.
  public static let cubicPerovskite = builtIn { () throws(PrototypeError) in
    try Prototype(
      name: "perovskite",
      lattice: try cell(SIMD3(3.905, 0, 0), SIMD3(0, 3.905, 0), SIMD3(0, 0, 3.905)),
      positions: [
        SIMD3(0, 0, 0), SIMD3(0.5, 0.5, 0.5), SIMD3(0, 0.5, 0.5), SIMD3(0.5, 0, 0.5), SIMD3(0.5, 0.5, 0),
      ],
      siteLabels: ["A", "B", "X", "X", "X"], volumeRatio: 0.940)
  }

  /// Half-Heusler XYZ (MgAgAs type, F-43m) in its primitive cell of three atoms.
  ///
  /// Sites: X on 4c (¼, ¼, ¼), surrounded by four Y and four Z (Ag in MgAgAs, Ni in TiNiSn); Y on 4b (½, ½, ½);
  /// Z on 4a (0, 0, 0). Y and Z form a rock-salt lattice: exchanging them gives the same crystal, inverted, so leave
  /// one of the two out of their common elements to have each crystal once. Lattice parameter of MgAgAs: 6.24 Å.
  public static let halfHeusler = builtIn { () throws(PrototypeError) in
    try Prototype(
      name: "half-Heusler",
      lattice: try faceCentered(6.24),
      positions: [SIMD3(0.25, 0.25, 0.25), SIMD3(0.5, 0.5, 0.5), SIMD3(0, 0, 0)],
      siteLabels: ["X", "Y", "Z"], volumeRatio: 1.078)
  }

  /// Rock salt AX (Fm-3m) in its primitive cell of two atoms.
  ///
  /// Sites: A on 4a (0, 0, 0), X on 4b (½, ½, ½); exchanging them gives the same crystal. Lattice parameter of NaCl:
  /// 5.64 Å.
  public static let rockSalt = builtIn { () throws(PrototypeError) in
    try Prototype(
      name: "rock-salt",
      lattice: try faceCentered(5.64),
      positions: [SIMD3(0, 0, 0), SIMD3(0.5, 0.5, 0.5)],
      siteLabels: ["A", "X"], volumeRatio: 0.932)
  }

  /// All built-in prototypes, one for each name.
  public static let all: [Prototype] = [thCr2Si2, cubicPerovskite, halfHeusler, rockSalt]

  /// The built-in prototype of that name, if there is one.
  public static func named(_ name: String) -> Prototype? { all.first { $0.name == name } }

  /// Primitive cell of a face-centered cubic lattice; a point (x, y, z) of the cube is
  /// (−x + y + z, x − y + z, x + y − z).
  private static func faceCentered(_ parameter: Double) throws(PrototypeError) -> Lattice {
    let half = parameter / 2
    return try cell(SIMD3(0, half, half), SIMD3(half, 0, half), SIMD3(half, half, 0))
  }

  private static func cell(
    _ a: SIMD3<Double>, _ b: SIMD3<Double>, _ c: SIMD3<Double>
  ) throws(PrototypeError) -> Lattice {
    do { return try Lattice(a: a, b: b, c: c) } catch { throw .lattice(error) }
  }

  private static func builtIn(_ make: () throws(PrototypeError) -> Prototype) -> Prototype {
    do { return try make() } catch { preconditionFailure("a built-in prototype is wrong: \(error)") }
  }
}
