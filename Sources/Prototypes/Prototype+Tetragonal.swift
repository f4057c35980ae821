extension Prototype {
  /// Types with tetragonal symmetry.
  static let tetragonalTypes: [PrototypeType] = [
    PrototypeType(
      name: "ThCr2Si2", compound: "ThCr2Si2", spaceGroup: 139, metric: .tetragonal,
      centering: .body, a: 4.0435,
      parameters: [
        .axialRatio(10.577 / 4.0435, typical: 2.506, 1.6...4.6),
        PrototypeParameter("z", 0.374, typical: 0.3735, 0.3...0.44, "X at (0, 0, z)"),
      ],
      sites: [
        PrototypeSite("A", "2a", "(0, 0, 0)", [SIMD3(0, 0, 0)]),
        PrototypeSite("B", "4d", "(0, ½, ¼)", [SIMD3(0, 0.5, 0.25), SIMD3(0.5, 0, 0.25)]),
        PrototypeSite("X", "4e", "(0, 0, z)") { [SIMD3(0, 0, $0["z"]), SIMD3(0, 0, -$0["z"])] },
      ], volumeRatio: 0.990),
    PrototypeType(
      name: "L10", compound: "CuAu", spaceGroup: 123, metric: .tetragonal,
      centering: .primitive, a: 2.804,
      parameters: [.axialRatio(1.310, typical: 1.333, 1.02...1.9)],
      sites: [
        PrototypeSite("A", "1a", "(0, 0, 0)", [SIMD3(0, 0, 0)]),
        PrototypeSite("B", "1d", "(½, ½, ½)", [SIMD3(0.5, 0.5, 0.5)]),
      ], volumeRatio: 1.008),
    PrototypeType(
      name: "rutile", compound: "TiO2", spaceGroup: 136, metric: .tetragonal,
      centering: .primitive, a: 4.594,
      parameters: [
        .axialRatio(0.6441, typical: 0.6546, 0.5...0.9),
        PrototypeParameter("u", 0.3053, typical: 0.3032, 0.27...0.34, "X at (u, u, 0)"),
      ],
      sites: [
        PrototypeSite("A", "2a", "(0, 0, 0)", [SIMD3(0, 0, 0), SIMD3(0.5, 0.5, 0.5)]),
        PrototypeSite("X", "4f", "(u, u, 0)") { values in
          let u = values["u"]
          return [
            SIMD3(u, u, 0), SIMD3(-u, -u, 0), SIMD3(0.5 - u, 0.5 + u, 0.5), SIMD3(0.5 + u, 0.5 - u, 0.5),
          ]
        },
      ], volumeRatio: 1.012),
    PrototypeType(
      name: "anatase", compound: "TiO2", spaceGroup: 141, metric: .tetragonal,
      centering: .body, a: 3.785,
      parameters: [
        .axialRatio(2.514, 1.8...3.4), PrototypeParameter("z", 0.2081, 0.17...0.235, "X at (0, 0, z)"),
      ],
      sites: [
        PrototypeSite("A", "4a", "(0, 0, 0)", [SIMD3(0, 0, 0), SIMD3(0, 0.5, 0.25)]),
        PrototypeSite("X", "8e", "(0, 0, z)") { values in
          let z = values["z"]
          return [
            SIMD3(0, 0, z), SIMD3(0, 0, -z), SIMD3(0, 0.5, 0.25 + z), SIMD3(0, 0.5, 0.25 - z),
          ]
        },
      ], volumeRatio: 1.057),
    PrototypeType(
      name: "PbFCl", compound: "PbFCl", spaceGroup: 129, metric: .tetragonal,
      centering: .primitive, a: 4.11,
      parameters: [
        .axialRatio(1.759, typical: 1.806, 1.2...3),
        PrototypeParameter("z_A", 0.2058, typical: 0.2015, 0.1...0.35, "A at (¼, ¼, z_A)"),
        PrototypeParameter("z_X", 0.6497, typical: 0.6516, 0.55...0.85, "X at (¼, ¼, z_X)"),
      ],
      sites: [
        PrototypeSite("A", "2c", "(¼, ¼, z_A)") { layer($0["z_A"]) },
        PrototypeSite("B", "2a", "(¾, ¼, 0)", [SIMD3(0.75, 0.25, 0), SIMD3(0.25, 0.75, 0)]),
        PrototypeSite("X", "2c", "(¼, ¼, z_X)") { layer($0["z_X"]) },
      ], volumeRatio: 0.953),
    PrototypeType(
      name: "ZrCuSiAs", compound: "ZrCuSiAs", spaceGroup: 129, metric: .tetragonal,
      centering: .primitive, a: 3.6736,
      parameters: [
        .axialRatio(2.6054, typical: 2.208, 1.8...3.2),
        PrototypeParameter("z_A", 0.2246, typical: 0.1765, 0.08...0.28, "A at (¼, ¼, z_A)"),
        PrototypeParameter("z_X", 0.6793, typical: 0.6393, 0.6...0.75, "X at (¼, ¼, z_X)"),
      ],
      sites: [
        PrototypeSite("A", "2c", "(¼, ¼, z_A)") { layer($0["z_A"]) },
        PrototypeSite("B", "2b", "(¾, ¼, ½)", [SIMD3(0.75, 0.25, 0.5), SIMD3(0.25, 0.75, 0.5)]),
        PrototypeSite("C", "2a", "(¾, ¼, 0)", [SIMD3(0.75, 0.25, 0), SIMD3(0.25, 0.75, 0)]),
        PrototypeSite("X", "2c", "(¼, ¼, z_X)") { layer($0["z_X"]) },
      ], volumeRatio: 0.969),
    PrototypeType(
      name: "K2NiF4", compound: "K2NiF4", spaceGroup: 139, metric: .tetragonal,
      centering: .body, a: 4.006,
      parameters: [
        .axialRatio(3.264, typical: 3.255, 2.6...4.2),
        PrototypeParameter("z_A", 0.352, typical: 0.3555, 0.32...0.4, "A at (0, 0, z_A)"),
        PrototypeParameter("z_X", 0.151, typical: 0.1554, 0.12...0.2, "X at (0, 0, z_X)"),
      ],
      sites: [
        PrototypeSite("A", "4e", "(0, 0, z_A)") { [SIMD3(0, 0, $0["z_A"]), SIMD3(0, 0, -$0["z_A"])] },
        PrototypeSite("B", "2a", "(0, 0, 0)", [SIMD3(0, 0, 0)]),
        PrototypeSite("X", "4c", "(0, ½, 0)", [SIMD3(0, 0.5, 0), SIMD3(0.5, 0, 0)]),
        PrototypeSite("X", "4e", "(0, 0, z_X)") { [SIMD3(0, 0, $0["z_X"]), SIMD3(0, 0, -$0["z_X"])] },
      ], volumeRatio: 0.935),
  ]

  /// The points of 2c in P4/nmm, second origin.
  private static func layer(_ z: Double) -> [SIMD3<Double>] { [SIMD3(0.25, 0.25, z), SIMD3(0.75, 0.75, -z)] }

  /// Types with orthorhombic symmetry.
  static let orthorhombicTypes: [PrototypeType] = [
    PrototypeType(
      name: "TiNiSi", compound: "TiNiSi", spaceGroup: 62, metric: .orthorhombic,
      centering: .primitive, a: 6.1484,
      parameters: [
        PrototypeParameter("b_ratio", 0.5969, typical: 0.613, 0.45...0.8, "b/a of the conventional cell"),
        .axialRatio(1.1413, typical: 1.108, 0.9...1.4),
        PrototypeParameter("x_A", 0.0212, typical: 0.0164, -0.05...0.1, "A at (x_A, ¼, z_A)"),
        PrototypeParameter("z_A", 0.1803, typical: 0.1877, 0.12...0.25, "A at (x_A, ¼, z_A)"),
        PrototypeParameter("x_B", 0.1420, typical: 0.1534, 0.08...0.22, "B at (x_B, ¼, z_B)"),
        PrototypeParameter("z_B", 0.5609, typical: 0.5671, 0.5...0.62, "B at (x_B, ¼, z_B)"),
        PrototypeParameter("x_X", 0.7651, typical: 0.7809, 0.7...0.84, "X at (x_X, ¼, z_X)"),
        PrototypeParameter("z_X", 0.6229, typical: 0.6086, 0.56...0.69, "X at (x_X, ¼, z_X)"),
      ],
      sites: ["A", "B", "X"].map { label in
        PrototypeSite(label, "4c", "(x_\(label), ¼, z_\(label))") { values in
          let (x, z) = (values["x_\(label)"], values["z_\(label)"])
          return [
            SIMD3(x, 0.25, z), SIMD3(0.5 - x, 0.75, 0.5 + z), SIMD3(-x, 0.75, -z),
            SIMD3(0.5 + x, 0.25, 0.5 - z),
          ]
        }
      }, volumeRatio: 0.993)
  ]
}
