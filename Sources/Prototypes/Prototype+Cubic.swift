extension Prototype {
  /// Corner of the cell.
  private static let origin = [SIMD3<Double>(0, 0, 0)]
  /// Center of the cell.
  private static let center = [SIMD3<Double>(0.5, 0.5, 0.5)]
  /// The two tetrahedral voids of a face-centered lattice.
  private static let voids = [SIMD3<Double>(0.25, 0.25, 0.25), SIMD3<Double>(0.75, 0.75, 0.75)]
  /// The centers of the faces.
  private static let faces = [
    SIMD3<Double>(0, 0.5, 0.5), SIMD3<Double>(0.5, 0, 0.5), SIMD3<Double>(0.5, 0.5, 0),
  ]

  /// Types with cubic symmetry.
  static let cubicTypes: [PrototypeType] = cubicBinaries + cubicTernaries

  private static let cubicBinaries = [
    PrototypeType(
      name: "rock-salt", compound: "NaCl", spaceGroup: 225, metric: .cubic,
      centering: .face, a: 5.64,
      sites: [
        PrototypeSite("A", "4a", "(0, 0, 0)", origin), PrototypeSite("X", "4b", "(½, ½, ½)", center),
      ], volumeRatio: 0.939),
    PrototypeType(
      name: "zinc-blende", compound: "ZnS", spaceGroup: 216, metric: .cubic,
      centering: .face, a: 5.409,
      sites: [
        PrototypeSite("A", "4a", "(0, 0, 0)", origin), PrototypeSite("X", "4c", "(¼, ¼, ¼)", [voids[0]]),
      ], volumeRatio: 1.046),
    PrototypeType(
      name: "CsCl", compound: "CsCl", spaceGroup: 221, metric: .cubic,
      centering: .primitive, a: 4.123,
      sites: [
        PrototypeSite("A", "1a", "(0, 0, 0)", origin), PrototypeSite("X", "1b", "(½, ½, ½)", center),
      ], volumeRatio: 1.024),
    PrototypeType(
      name: "L12", compound: "AuCu3", spaceGroup: 221, metric: .cubic,
      centering: .primitive, a: 3.748,
      sites: [
        PrototypeSite("A", "1a", "(0, 0, 0)", origin), PrototypeSite("B", "3c", "(0, ½, ½)", faces),
      ], volumeRatio: 1.024),
    PrototypeType(
      name: "CaF2", compound: "CaF2", spaceGroup: 225, metric: .cubic,
      centering: .face, a: 5.463,
      sites: [
        PrototypeSite("A", "4a", "(0, 0, 0)", origin), PrototypeSite("X", "8c", "(¼, ¼, ¼)", voids),
      ], volumeRatio: 0.961),
    PrototypeType(
      name: "D03", compound: "BiF3", spaceGroup: 225, metric: .cubic,
      centering: .face, a: 5.853,
      sites: [
        PrototypeSite("A", "4a", "(0, 0, 0)", origin), PrototypeSite("B", "4b", "(½, ½, ½)", center),
        PrototypeSite("B", "8c", "(¼, ¼, ¼)", voids),
      ], volumeRatio: 1.055),
    PrototypeType(
      name: "C15", compound: "MgCu2", spaceGroup: 227, metric: .cubic,
      centering: .face, a: 7.048,
      sites: [
        PrototypeSite("A", "8a", "(0, 0, 0)", [SIMD3(0, 0, 0), SIMD3(0.25, 0.25, 0.25)]),
        PrototypeSite(
          "B", "16d", "(⅝, ⅝, ⅝)",
          [
            SIMD3(0.625, 0.625, 0.625), SIMD3(0.625, 0.875, 0.875), SIMD3(0.875, 0.625, 0.875),
            SIMD3(0.875, 0.875, 0.625),
          ]),
      ], volumeRatio: 1.026),
    PrototypeType(
      name: "A15", compound: "Cr3Si", spaceGroup: 223, metric: .cubic,
      centering: .primitive, a: 4.555,
      sites: [
        PrototypeSite("A", "2a", "(0, 0, 0)", origin + center),
        PrototypeSite(
          "B", "6c", "(¼, 0, ½)",
          [
            SIMD3(0.25, 0, 0.5), SIMD3(0.75, 0, 0.5), SIMD3(0.5, 0.25, 0), SIMD3(0.5, 0.75, 0),
            SIMD3(0, 0.5, 0.25), SIMD3(0, 0.5, 0.75),
          ]),
      ], volumeRatio: 0.992),
    PrototypeType(
      name: "pyrite", compound: "FeS2", spaceGroup: 205, metric: .cubic,
      centering: .primitive, a: 5.418,
      parameters: [PrototypeParameter("u", 0.385, typical: 0.3839, 0.34...0.43, "X at (u, u, u)")],
      sites: [
        PrototypeSite("A", "4a", "(0, 0, 0)", origin + faces),
        PrototypeSite("X", "8c", "(u, u, u)") { values in
          let u = values["u"]
          let half = [
            SIMD3(u, u, u), SIMD3(0.5 - u, -u, 0.5 + u), SIMD3(-u, 0.5 + u, 0.5 - u),
            SIMD3(0.5 + u, 0.5 - u, -u),
          ]
          return half + half.map { -$0 }
        },
      ], volumeRatio: 0.837),
  ]

  private static let cubicTernaries = [
    PrototypeType(
      name: "perovskite", compound: "SrTiO3", spaceGroup: 221, metric: .cubic,
      centering: .primitive, a: 3.905,
      sites: [
        PrototypeSite("A", "1a", "(0, 0, 0)", origin), PrototypeSite("B", "1b", "(½, ½, ½)", center),
        PrototypeSite("X", "3c", "(0, ½, ½)", faces),
      ], volumeRatio: 0.930),
    PrototypeType(
      name: "Heusler", compound: "Cu2MnAl", spaceGroup: 225, metric: .cubic,
      centering: .face, a: 5.949,
      sites: [
        PrototypeSite("X", "8c", "(¼, ¼, ¼)", voids), PrototypeSite("Y", "4b", "(½, ½, ½)", center),
        PrototypeSite("Z", "4a", "(0, 0, 0)", origin),
      ], volumeRatio: 1.015),
    PrototypeType(
      name: "inverse-Heusler", compound: "CuHg2Ti", spaceGroup: 216, metric: .cubic,
      centering: .face, a: 6.1,
      sites: [
        PrototypeSite("X", "4a", "(0, 0, 0)", origin), PrototypeSite("X", "4d", "(¾, ¾, ¾)", [voids[1]]),
        PrototypeSite("Y", "4b", "(½, ½, ½)", center), PrototypeSite("Z", "4c", "(¼, ¼, ¼)", [voids[0]]),
      ], volumeRatio: 1.010),
    PrototypeType(
      name: "half-Heusler", compound: "MgAgAs", spaceGroup: 216, metric: .cubic,
      centering: .face, a: 6.24,
      sites: [
        PrototypeSite("X", "4c", "(¼, ¼, ¼)", [voids[0]]), PrototypeSite("Y", "4b", "(½, ½, ½)", center),
        PrototypeSite("Z", "4a", "(0, 0, 0)", origin),
      ], volumeRatio: 1.079),
    PrototypeType(
      name: "spinel", compound: "MgAl2O4", spaceGroup: 227, metric: .cubic,
      centering: .face, a: 8.083,
      parameters: [
        PrototypeParameter(
          "u", 0.2624, typical: 0.2591, 0.23...0.28, "X at (u, u, u), inversion at the origin")
      ],
      sites: [
        PrototypeSite(
          "A", "8a", "(⅛, ⅛, ⅛)", [SIMD3(0.125, 0.125, 0.125), SIMD3(0.875, 0.875, 0.875)]),
        PrototypeSite(
          "B", "16d", "(½, ½, ½)",
          [SIMD3(0.5, 0.5, 0.5), SIMD3(0.25, 0.75, 0), SIMD3(0.75, 0, 0.25), SIMD3(0, 0.25, 0.75)]),
        PrototypeSite("X", "32e", "(u, u, u)") { values in
          let u = values["u"]
          let half = [
            SIMD3(u, u, u), SIMD3(0.75 - u, 0.25 - u, 0.5 + u), SIMD3(0.25 - u, 0.5 + u, 0.75 - u),
            SIMD3(0.5 + u, 0.75 - u, 0.25 - u),
          ]
          return half + half.map { -$0 }
        },
      ], volumeRatio: 0.994),
    PrototypeType(
      name: "elpasolite", compound: "K2NaAlF6", spaceGroup: 225, metric: .cubic,
      centering: .face, a: 8.122,
      parameters: [PrototypeParameter("x", 0.219, typical: 0.2386, 0.19...0.31, "X at (x, 0, 0)")],
      sites: [
        PrototypeSite("A", "8c", "(¼, ¼, ¼)", voids), PrototypeSite("B", "4b", "(½, ½, ½)", center),
        PrototypeSite("C", "4a", "(0, 0, 0)", origin),
        PrototypeSite("X", "24e", "(x, 0, 0)") { values in
          let x = values["x"]
          return [
            SIMD3(x, 0, 0), SIMD3(-x, 0, 0), SIMD3(0, x, 0), SIMD3(0, -x, 0), SIMD3(0, 0, x),
            SIMD3(0, 0, -x),
          ]
        },
      ], volumeRatio: 0.985),
  ]
}
