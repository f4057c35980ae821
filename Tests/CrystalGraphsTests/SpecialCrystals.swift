import Crystal

/// Crystals whose geometry is known or awkward.
enum SpecialCrystals {
  static func crystal(
    _ rows: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>), _ sites: [(Int, SIMD3<Double>)]
  ) throws -> Structure {
    try Structure(
      lattice: Lattice(a: rows.0, b: rows.1, c: rows.2),
      elements: sites.map { Element.all[$0.0 - 1] }, fractionalPositions: sites.map(\.1))
  }

  static func box(_ a: Double, _ b: Double, _ c: Double, _ sites: [(Int, SIMD3<Double>)]) throws -> Structure
  {
    try crystal((SIMD3(a, 0, 0), SIMD3(0, b, 0), SIMD3(0, 0, c)), sites)
  }

  static let origin = SIMD3<Double>(0, 0, 0)
  static let center = SIMD3<Double>(0.5, 0.5, 0.5)

  static func simpleCubic(_ a: Double = 3) throws -> Structure { try box(a, a, a, [(84, origin)]) }

  static func bodyCentered(_ a: Double = 2.87) throws -> Structure {
    try crystal((SIMD3(-a, a, a) / 2, SIMD3(a, -a, a) / 2, SIMD3(a, a, -a) / 2), [(26, origin)])
  }

  static func faceCentered(_ a: Double = 3.61) throws -> Structure {
    try crystal((SIMD3(0, a, a) / 2, SIMD3(a, 0, a) / 2, SIMD3(a, a, 0) / 2), [(29, origin)])
  }

  static func rockSalt(_ a: Double = 5.64) throws -> Structure {
    try crystal((SIMD3(0, a, a) / 2, SIMD3(a, 0, a) / 2, SIMD3(a, a, 0) / 2), [(11, origin), (17, center)])
  }

  static func cesiumChloride(_ a: Double = 4.12) throws -> Structure {
    try box(a, a, a, [(55, origin), (17, center)])
  }

  static func diamond(_ a: Double = 3.567) throws -> Structure {
    try crystal(
      (SIMD3(0, a, a) / 2, SIMD3(a, 0, a) / 2, SIMD3(a, a, 0) / 2),
      [(6, origin), (6, SIMD3(0.25, 0.25, 0.25))])
  }

  static func perovskite(_ a: Double = 3.905) throws -> Structure {
    try box(
      a, a, a,
      [
        (38, origin), (22, center), (8, SIMD3(0.5, 0.5, 0)), (8, SIMD3(0.5, 0, 0.5)), (8, SIMD3(0, 0.5, 0.5)),
      ])
  }

  /// ThCr2Si2 (I4/mmm), primitive cell: a = 4.0435 Å, c = 10.577 Å, z(Si) = 0.374.
  static func thoriumChromiumSilicide() throws -> Structure {
    let (a, c, z) = (4.0435, 10.577, 0.374)
    return try crystal(
      (SIMD3(-a, a, c) / 2, SIMD3(a, -a, c) / 2, SIMD3(a, a, -c) / 2),
      [
        (90, origin), (24, SIMD3(0.75, 0.25, 0.5)), (24, SIMD3(0.25, 0.75, 0.5)), (14, SIMD3(z, z, 0)),
        (14, SIMD3(1 - z, 1 - z, 0)),
      ])
  }

  /// A cell a hundred times as long as wide, four sites.
  static func rod() throws -> Structure {
    try box(
      2.5, 2.6, 255,
      [(14, SIMD3(0.1, 0.2, 0.05)), (8, SIMD3(0.6, 0.6, 0.055)), (14, center), (8, SIMD3(0, 0, 0.9))])
  }

  /// A plate: one thin direction, two wide ones.
  static func plate() throws -> Structure {
    try box(
      90, 85, 1.9, [(26, SIMD3(0.1, 0.2, 0.5)), (8, SIMD3(0.6, 0.6, 0.05)), (26, SIMD3(0.11, 0.22, 0))])
  }

  /// Three layers of atoms below 100 Å of vacuum.
  static func slab() throws -> Structure {
    let height = 104.0
    return try crystal(
      (SIMD3(3.2, 0, 0), SIMD3(-1.6, 2.771281, 0), SIMD3(0, 0, height)),
      [
        (42, SIMD3(0, 0, 2.0 / height)), (16, SIMD3(1.0 / 3, 2.0 / 3, 0.44 / height)),
        (16, SIMD3(1.0 / 3, 2.0 / 3, 3.56 / height)),
      ])
  }

  /// The same crystal in a basis whose angle alpha is below `1 / factor` radian.
  static func skewed(_ structure: Structure, by factor: Int) throws -> Structure {
    let lattice = structure.lattice
    let f = Double(factor)
    // b' = b + f a, c' = c + f a + f b; the coordinates follow so that positions stay.
    let new = try Lattice(
      a: lattice.a, b: lattice.b + f * lattice.a, c: lattice.c + f * lattice.a + f * lattice.b)
    return try Structure(
      lattice: new, elements: structure.elements,
      fractionalPositions: structure.fractionalPositions.map { p in
        let second = p.y - f * p.z
        return SIMD3(p.x - f * second - f * p.z, second, p.z)
      })
  }

  /// Every special crystal, with a name.
  static func all() throws -> [(String, Structure)] {
    [
      ("sc", try simpleCubic()), ("bcc", try bodyCentered()), ("fcc", try faceCentered()),
      ("rock salt", try rockSalt()), ("CsCl", try cesiumChloride()), ("diamond", try diamond()),
      ("perovskite", try perovskite()), ("ThCr2Si2", try thoriumChromiumSilicide()), ("rod", try rod()),
      ("plate", try plate()), ("slab", try slab()), ("skewed fcc", try skewed(try faceCentered(), by: 15)),
      ("skewed ThCr2Si2", try skewed(try thoriumChromiumSilicide(), by: 13)),
    ]
  }
}
