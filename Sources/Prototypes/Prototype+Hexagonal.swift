extension Prototype {
  /// Types with hexagonal or trigonal symmetry, on hexagonal axes.
  static let hexagonalTypes: [PrototypeType] = hexagonalBinaries + hexagonalTernaries + rhombohedralTypes

  private static let origin = [SIMD3<Double>(0, 0, 0)]
  private static let layers = [SIMD3<Double>(0, 0, 0), SIMD3<Double>(0, 0, 0.5)]

  /// (⅓, ⅔, z) and its image by the screw axis.
  private static func screw(_ z: Double) -> [SIMD3<Double>] {
    [SIMD3(1.0 / 3, 2.0 / 3, z), SIMD3(2.0 / 3, 1.0 / 3, z + 0.5)]
  }

  /// (⅓, ⅔, z) and its image by inversion.
  private static func pair(_ z: Double) -> [SIMD3<Double>] {
    [SIMD3(1.0 / 3, 2.0 / 3, z), SIMD3(2.0 / 3, 1.0 / 3, -z)]
  }

  /// The points of 4f in P6₃/mmc.
  private static func pairs(_ z: Double) -> [SIMD3<Double>] { screw(z) + screw(0.5 - z) }

  /// (x, 0, z) and its images by the threefold axis.
  private static func triangle(_ x: Double, _ z: Double) -> [SIMD3<Double>] {
    [SIMD3(x, 0, z), SIMD3(0, x, z), SIMD3(-x, -x, z)]
  }

  private static let hexagonalBinaries = [
    PrototypeType(
      name: "wurtzite", compound: "ZnS", spaceGroup: 186, metric: .hexagonal,
      centering: .primitive, a: 3.823,
      parameters: [
        .axialRatio(1.638, typical: 1.642, 1.3...1.9),
        PrototypeParameter("u", 0.3748, typical: 0.3746, 0.34...0.45, "X at (⅓, ⅔, u)"),
      ],
      sites: [
        PrototypeSite("A", "2b", "(⅓, ⅔, 0)", screw(0)),
        PrototypeSite("X", "2b", "(⅓, ⅔, u)") { screw($0["u"]) },
      ], volumeRatio: 1.041),
    PrototypeType(
      name: "NiAs", compound: "NiAs", spaceGroup: 194, metric: .hexagonal,
      centering: .primitive, a: 3.619,
      parameters: [.axialRatio(1.391, typical: 1.568, 1.1...2)],
      sites: [
        PrototypeSite("A", "2a", "(0, 0, 0)", layers), PrototypeSite("X", "2c", "(⅓, ⅔, ¼)", screw(0.25)),
      ], volumeRatio: 0.875),
    PrototypeType(
      name: "AlB2", compound: "AlB2", spaceGroup: 191, metric: .hexagonal,
      centering: .primitive, a: 3.009,
      parameters: [.axialRatio(1.084, typical: 0.9127, 0.6...1.3)],
      sites: [
        PrototypeSite("A", "1a", "(0, 0, 0)", origin), PrototypeSite("B", "2d", "(⅓, ⅔, ½)", pair(0.5)),
      ],
      volumeRatio: 1.014),
    PrototypeType(
      name: "CaCu5", compound: "CaCu5", spaceGroup: 191, metric: .hexagonal,
      centering: .primitive, a: 5.082,
      parameters: [.axialRatio(0.8024, typical: 0.8055, 0.7...0.95)],
      sites: [
        PrototypeSite("A", "1a", "(0, 0, 0)", origin), PrototypeSite("B", "2c", "(⅓, ⅔, 0)", pair(0)),
        PrototypeSite("B", "3g", "(½, 0, ½)", triangle(0.5, 0.5)),
      ], volumeRatio: 1.079),
    PrototypeType(
      name: "C14", compound: "MgZn2", spaceGroup: 194, metric: .hexagonal,
      centering: .primitive, a: 5.221,
      parameters: [
        .axialRatio(1.641, typical: 1.641, 1.5...1.8),
        PrototypeParameter("z", 0.062, typical: 0.0629, 0.045...0.08, "A at (⅓, ⅔, z)"),
        PrototypeParameter("x", 0.830, typical: 0.8291, 0.81...0.85, "B at (x, 2x, ¼)"),
      ],
      sites: [
        PrototypeSite("A", "4f", "(⅓, ⅔, z)") { pairs($0["z"]) },
        PrototypeSite("B", "2a", "(0, 0, 0)", layers),
        PrototypeSite("B", "6h", "(x, 2x, ¼)") { values in
          let x = values["x"]
          let half = [SIMD3(x, 2 * x, 0.25), SIMD3(-2 * x, -x, 0.25), SIMD3(x, -x, 0.25)]
          return half + half.map { -$0 }
        },
      ], volumeRatio: 1.024),
    PrototypeType(
      name: "CdI2", compound: "CdI2", spaceGroup: 164, metric: .hexagonal,
      centering: .primitive, a: 4.24,
      parameters: [
        .axialRatio(1.613, typical: 1.677, 1.2...2.2),
        PrototypeParameter("z", 0.249, typical: 0.2441, 0.17...0.3, "X at (⅓, ⅔, z)"),
      ],
      sites: [
        PrototypeSite("A", "1a", "(0, 0, 0)", origin),
        PrototypeSite("X", "2d", "(⅓, ⅔, z)") { pair($0["z"]) },
      ], volumeRatio: 0.942),
    PrototypeType(
      name: "MoS2", compound: "MoS2", spaceGroup: 194, metric: .hexagonal,
      centering: .primitive, a: 3.160,
      parameters: [
        .axialRatio(3.890, typical: 4.092, 3...5.5),
        PrototypeParameter("z", 0.6214, typical: 0.6278, 0.58...0.67, "X at (⅓, ⅔, z)"),
      ],
      sites: [
        PrototypeSite("A", "2c", "(⅓, ⅔, ¼)", screw(0.25)),
        PrototypeSite("X", "4f", "(⅓, ⅔, z)") { pairs($0["z"]) },
      ], volumeRatio: 0.892),
  ]

  private static let hexagonalTernaries = [
    PrototypeType(
      name: "CaAl2Si2", compound: "CaAl2Si2", spaceGroup: 164, metric: .hexagonal,
      centering: .primitive, a: 4.13,
      parameters: [
        .axialRatio(1.730, typical: 1.668, 1.4...2),
        PrototypeParameter("z_B", 0.63, typical: 0.6305, 0.58...0.68, "B at (⅓, ⅔, z_B)"),
        PrototypeParameter("z_X", 0.27, typical: 0.2619, 0.2...0.32, "X at (⅓, ⅔, z_X)"),
      ],
      sites: [
        PrototypeSite("A", "1a", "(0, 0, 0)", origin),
        PrototypeSite("B", "2d", "(⅓, ⅔, z_B)") { pair($0["z_B"]) },
        PrototypeSite("X", "2d", "(⅓, ⅔, z_X)") { pair($0["z_X"]) },
      ], volumeRatio: 1.038),
    PrototypeType(
      name: "Cr2AlC", compound: "Cr2AlC", spaceGroup: 194, metric: .hexagonal,
      centering: .primitive, a: 2.86,
      parameters: [
        .axialRatio(4.483, typical: 3.997, 3.4...5.2),
        PrototypeParameter("z", 0.086, typical: 0.0856, 0.06...0.11, "M at (⅓, ⅔, z)"),
      ],
      sites: [
        PrototypeSite("M", "4f", "(⅓, ⅔, z)") { pairs($0["z"]) },
        PrototypeSite("A", "2d", "(⅓, ⅔, ¾)", screw(0.75)), PrototypeSite("X", "2a", "(0, 0, 0)", layers),
      ], volumeRatio: 0.897),
    PrototypeType(
      name: "ZrNiAl", compound: "ZrNiAl", spaceGroup: 189, metric: .hexagonal,
      centering: .primitive, a: 6.915,
      parameters: [
        .axialRatio(0.5012, typical: 0.5464, 0.4...0.65),
        PrototypeParameter("x_A", 0.591, typical: 0.5877, 0.55...0.64, "A at (x_A, 0, ½)"),
        PrototypeParameter("x_X", 0.25, typical: 0.2494, 0.2...0.29, "X at (x_X, 0, 0)"),
      ],
      sites: [
        PrototypeSite("A", "3g", "(x_A, 0, ½)") { triangle($0["x_A"], 0.5) },
        PrototypeSite("B", "1b", "(0, 0, ½)", [layers[1]]), PrototypeSite("B", "2c", "(⅓, ⅔, 0)", pair(0)),
        PrototypeSite("X", "3f", "(x_X, 0, 0)") { triangle($0["x_X"], 0) },
      ], volumeRatio: 1.002),
  ]

  /// A at 3a, B at 3b and X on the threefold axis: two types, by where X lies.
  private static func layered(
    _ name: String, _ compound: String, a: Double, _ parameters: [PrototypeParameter], volumeRatio: Double
  ) -> PrototypeType {
    PrototypeType(
      name: name, compound: compound, spaceGroup: 166, metric: .hexagonal,
      centering: .rhombohedral, a: a, parameters: parameters,
      sites: [
        PrototypeSite("A", "3a", "(0, 0, 0)", origin), PrototypeSite("B", "3b", "(0, 0, ½)", [layers[1]]),
        PrototypeSite("X", "6c", "(0, 0, z)") { [SIMD3(0, 0, $0["z"]), SIMD3(0, 0, -$0["z"])] },
      ], volumeRatio: volumeRatio)
  }

  private static let rhombohedralTypes = [
    layered(
      "delafossite", "CuFeO2", a: 3.035,
      [
        .axialRatio(5.653, typical: 5.622, 4.5...6.5),
        PrototypeParameter("z", 0.1066, typical: 0.11, 0.085...0.13, "X at (0, 0, z)"),
      ],
      volumeRatio: 1.036),
    layered(
      "alpha-NaFeO2", "NaFeO2", a: 3.022,
      [
        .axialRatio(5.32, typical: 5.118, 4.2...6.5),
        PrototypeParameter("z", 0.2336, typical: 0.2386, 0.21...0.29, "X at (0, 0, z)"),
      ],
      volumeRatio: 0.928),
    PrototypeType(
      name: "corundum", compound: "Al2O3", spaceGroup: 167, metric: .hexagonal,
      centering: .rhombohedral, a: 4.7589,
      parameters: [
        .axialRatio(2.730, typical: 2.7, 2.4...3.1),
        PrototypeParameter("z", 0.3522, typical: 0.3495, 0.335...0.37, "A at (0, 0, z)"),
        PrototypeParameter("x", 0.3063, typical: 0.3033, 0.27...0.345, "X at (x, 0, ¼)"),
      ],
      sites: [
        PrototypeSite("A", "12c", "(0, 0, z)") { values in
          let z = values["z"]
          return [SIMD3(0, 0, z), SIMD3(0, 0, 0.5 - z), SIMD3(0, 0, -z), SIMD3(0, 0, 0.5 + z)]
        },
        PrototypeSite("X", "18e", "(x, 0, ¼)") { values in
          triangle(values["x"], 0.25) + triangle(-values["x"], 0.75)
        },
      ], volumeRatio: 0.941),
    PrototypeType(
      name: "ilmenite", compound: "FeTiO3", spaceGroup: 148, metric: .hexagonal,
      centering: .rhombohedral, a: 5.0881,
      parameters: [
        .axialRatio(2.768, typical: 2.772, 2.4...3.1),
        PrototypeParameter("z_A", 0.3554, typical: 0.36, 0.335...0.375, "A at (0, 0, z_A)"),
        PrototypeParameter("z_B", 0.1464, typical: 0.1538, 0.13...0.165, "B at (0, 0, z_B)"),
        PrototypeParameter("x_X", 0.3174, typical: 0.3163, 0.28...0.35, "X at (x_X, y_X, z_X)"),
        PrototypeParameter("y_X", 0.0233, typical: 0.0313, -0.03...0.07, "X at (x_X, y_X, z_X)"),
        PrototypeParameter("z_X", 0.2451, typical: 0.2442, 0.22...0.27, "X at (x_X, y_X, z_X)"),
      ],
      sites: [
        PrototypeSite("A", "6c", "(0, 0, z_A)") { [SIMD3(0, 0, $0["z_A"]), SIMD3(0, 0, -$0["z_A"])] },
        PrototypeSite("B", "6c", "(0, 0, z_B)") { [SIMD3(0, 0, $0["z_B"]), SIMD3(0, 0, -$0["z_B"])] },
        PrototypeSite("X", "18f", "(x_X, y_X, z_X)") { values in
          let (x, y, z) = (values["x_X"], values["y_X"], values["z_X"])
          let half = [SIMD3(x, y, z), SIMD3(-y, x - y, z), SIMD3(y - x, -x, z)]
          return half + half.map { -$0 }
        },
      ], volumeRatio: 0.931),
  ]
}
