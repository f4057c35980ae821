import Crystal
import Foundation
import Screening
import ScreeningTestSupport
import TestSupport
import Testing

/// Figures that the authors' code, or another independent program, gives for the same input.
@Suite("Golden values") struct GoldenTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Predictions of the published weights for the ten CIFs of the public repository, evaluated by PyTorch in double
  /// precision: one column a model.
  static let models = [
    "formation-energy-per-atom", "band-gap", "efermi", "final-energy-per-atom", "bulk-moduli", "shear-moduli",
    "poisson-ratio", "semi-metal-classification",
  ]
  static let golden: [(id: String, values: [Double])] = [
    ("1000041", [-2.113254, 4.774055, -0.683834, -3.388306, 1.380805, 0.981774, 0.312476, 0.000004]),
    ("1000050", [-2.139548, 4.381993, 0.364861, -3.286989, 1.274545, 0.949956, 0.261565, 0.000000]),
    ("1101051", [-1.131397, 2.029270, 1.934660, -3.511270, 1.849092, 1.526410, 0.282770, 0.015799]),
    ("1507756", [-3.526821, 1.910977, 2.840753, -8.057685, 2.078078, 1.894674, 0.249890, 0.027990]),
    ("7206075", [-3.380303, 2.689208, 2.220967, -8.891076, 2.245962, 1.696692, 0.344028, 0.211801]),
    ("9000046", [0.005216, 1.781316, 0.185013, -9.175418, 2.083165, 1.996976, 0.205963, 0.743208]),
    ("9009743", [-2.241195, 4.981689, -0.516600, -3.238058, 1.201048, 0.769080, 0.281658, 0.000000]),
    ("9011050", [0.018110, 1.532561, 2.627139, -4.526033, 1.613899, 1.468144, 0.230628, 0.676502]),
    ("9011998", [0.090595, 0.955395, 4.236880, -5.401795, 1.913210, 1.724646, 0.252214, 0.330460]),
    ("9012304", [0.401745, 2.002876, 9.206643, -8.340400, 2.195672, 2.202537, 0.229474, 0.935183]),
  ]

  @Test(.enabled(if: SharedInput.isThere, SharedInput.reason), arguments: Array(models.enumerated()))
  func `published weights give the published code's predictions`(column: Int, name: String) throws {
    let model = try SharedInput.model(name, in: folder)
    let predictions = try SharedInput.predictions(
      model, try SharedInput.path("weights/sample_cifs"), in: folder)
    #expect(predictions.map(\.id) == Self.golden.map(\.id))
    for (prediction, golden) in zip(predictions, Self.golden) {
      #expect(abs(prediction.value - golden.values[column]) < 2e-5, "\(golden.id)")
    }
  }

  @Test(.enabled(if: SharedInput.isThere, SharedInput.reason))
  func `missing neighbors are padded as in the published code`() throws {
    let model = try SharedInput.model("formation-energy-per-atom", in: folder)
    let elements = ["Na", "Cl"].compactMap { Element(symbol: $0) }
    let chain = try Structure(
      lattice: Lattice(a: SIMD3(4, 0, 0), b: SIMD3(0, 20, 0), c: SIMD3(0, 0, 20)), elements: elements,
      fractionalPositions: [SIMD3(0, 0, 0), SIMD3(0.5, 0, 0)])
    let archive = try folder.write(try recordLine(id: "chain", structure: chain) + "\n", to: "chain.jsonl")
    let predictions = try SharedInput.predictions(model, archive, in: folder)
    #expect(predictions.count == 1)
    #expect(abs((predictions.first?.value ?? 0) + 1.577384) < 2e-5)
  }

  @Test(
    .enabled(if: SharedInput.isThere, SharedInput.reason),
    arguments: [
      ("formation-energy-per-atom", "formation_energy_per_atom"), ("band-gap", "band_gap"),
    ])
  func `200 real crystals are predicted as by the published code`(name: String, column: String) throws {
    var expected: [String: Double] = [:]
    for row in try SharedInput.table("reference/cgcnn_pretrained.csv") {
      let value: Double = try #require(row[column].flatMap { Double($0) })
      expected[try #require(row["id"])] = value
    }
    #expect(expected.count == 200)
    let archive = try SharedInput.write("mp/test.jsonl.zst", to: folder, as: "crystals.jsonl") {
      expected[$0] != nil
    }
    let predictions = try SharedInput.predictions(
      try SharedInput.model(name, in: folder), archive, in: folder)
    #expect(predictions.count == 200)
    for (id, value) in predictions {
      #expect(abs(value - (expected[id] ?? .nan)) < 2e-5, "\(id)")
    }
  }

  @Test(.enabled(if: SharedInput.isThere, SharedInput.reason))
  func `a crystal is predicted alike from every format that keeps its cell`() throws {
    let model = try SharedInput.model("formation-energy-per-atom", in: folder)
    let ids = try SharedInput.predictions(
      model, try SharedInput.path("formats/optimade.jsonl.zst"), in: folder)
    let reference = ids.map(\.value)
    #expect(reference.count == 400)
    for name in [
      "poscars.tar.zst", "matbench_style.json.gz", "pymatgen_entries.json.bz2", "structures.extxyz.zst",
    ] {
      let values = try SharedInput.predictions(model, try SharedInput.path("formats/\(name)"), in: folder)
      #expect(values.count == 400)
      for (value, expected) in zip(values, ids) {
        #expect(abs(value.value - expected.value) < 1e-5, "\(name): \(expected.id)")
      }
    }
    // Every second CIF is in P1, with the very cell; symmetry gives the others another one.
    let numbers = Dictionary(ids.enumerated().map { ($1.id, $0) }) { first, _ in first }
    for name in ["cifs.tar.zst", "cifs.tar.gz", "by_id.zip"] {
      let values = try SharedInput.predictions(model, try SharedInput.path("formats/\(name)"), in: folder)
      #expect(values.count == 400)
      for (id, value) in values {
        let number = try #require(numbers[id])
        if number % 2 == 0 { #expect(abs(value - reference[number]) < 1e-5, "\(name): \(id)") }
      }
    }
  }

  @Test(.enabled(if: SharedInput.isThere, SharedInput.reason))
  func `a table of 3,000 phases has both distances of an independent solver`() throws {
    let expected = try SharedInput.table("reference/hull_mp2019_all.csv")
    #expect(expected.count == 3000)
    let table = try HullTable(
      reference: try SharedInput.path("hull/mp2019_all.csv"), excludesSameComposition: false)
    let report = try table.write(
      try SharedInput.path("reference/hull_mp2019_all.csv"), to: folder.path("stability.csv"))
    #expect(report.table.written == 3000)
    #expect(report.table.rejected.isEmpty)
    let rows = records(ofCSV: try folder.text("stability.csv"))
    #expect(rows.count == 3000)
    for (row, truth) in zip(rows, expected) {
      #expect(row["formula"] == truth["formula"])
      for column in ["e_above_hull", "decomposition_energy"] {
        let value: Double = try #require(row[column].flatMap { Double($0) })
        let other: Double = try #require(truth[column].flatMap { Double($0) })
        #expect(abs(value - other) < 1e-6, "\(row)")
      }
    }
  }
}
