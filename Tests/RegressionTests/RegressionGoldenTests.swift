import Foundation
import ModelFormats
import Regression
import StructureArchive
import TestSupport
import Testing

/// What scikit-learn says of ridge and kernel ridge regression.
@Suite struct RegressionGoldenTests {
  /// `fixtures/goldens/regression.json`, written by `scripts/regression-goldens`.
  private struct Golden: Decodable {
    let features: [[Double]]
    let targets: [Double]
    let newFeatures: [[Double]]
    let cases: [Case]

    struct Case: Decodable {
      let kind: String
      let standardizes: Bool
      let centers: Bool
      let alpha: Double
      let gamma: Double
      let predictions: [Double]
      let crossValidated: Double?
      let deviations: [Double]?
    }
  }

  @Test func `predictions, cross-validated errors and posterior spreads are those of scikit-learn`() throws {
    let golden = try JSONDecoder().decode(
      Golden.self, from: Data(contentsOf: Fixtures.url("goldens/regression.json")))
    let (features, rows) = (FeatureMatrix(golden.features), FeatureMatrix(golden.newFeatures))
    #expect(golden.cases.count == 24)
    for item in golden.cases {
      let method = RegressionMethod(
        try #require(RegressionMethod.Kind(rawValue: item.kind)), alpha: item.alpha, gamma: item.gamma)
      let scaling = RegressionScaling(standardizesFeatures: item.standardizes, centersTarget: item.centers)
      let model = try RegressionModel(
        method, features: features, targets: golden.targets, scaling: scaling, jobs: 1)
      expectClose(model.predictions(rows, jobs: 1), item.predictions, 1e-10)
      if let deviations = item.deviations {
        expectClose(try PosteriorSpread(model, jobs: 1).deviations(rows, jobs: 1), deviations, 1e-8)
      }
      if let error = item.crossValidated {
        // Folds of six rows, as the rows come.
        let folds = golden.targets.indices.map { $0 / 6 }
        let score = try GridSearch(methods: [method], folds: folds, scaling: scaling).scores(
          features: features, targets: golden.targets, jobs: 1, memory: .max / 2)
        expectClose([try #require(score[0].meanAbsoluteError)], [error], 1e-10)
      }
    }
  }

  /// The authors' regression of bulk moduli on representations of crystals.
  private struct Published: Decodable {
    struct Regression: Decodable {
      let best: Best
      let grid: [Line]
      let prediction: [Double]
      let error: Double

      private enum CodingKeys: String, CodingKey {
        case best, grid
        case prediction = "test_prediction"
        case error = "test_mae"
      }
    }
    struct Best: Decodable {
      let alpha: Double
      let gamma: Double
    }
    struct Line: Decodable {
      let method: RegressionMethod
      let error: Double

      init(from decoder: any Decoder) throws {
        var values = try decoder.unkeyedContainer()
        let kind: RegressionMethod.Kind = try values.decode(String.self) == "rbf" ? .gaussian : .laplacian
        let alpha = try values.decode(Double.self)
        method = RegressionMethod(kind, alpha: alpha, gamma: try values.decode(Double.self))
        error = try values.decode(Double.self)
      }
    }
    let krr: Regression
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data"))
  func `bulk moduli from published representations, grid, best parameters and predictions are the authors'`()
    throws
  {
    let folder = try #require(Fixtures.sharedData).appending(path: "reference/networks")
    let published = try JSONDecoder().decode(
      Published.self, from: Data(try readWholeFile(path: folder.appending(path: "kong.json.zst").path))
    ).krr
    let tensors = try SafeTensors.decode(
      try readWholeFile(path: folder.appending(path: "kong_krr.safetensors").path)
    ).tensors
    func tensor(_ name: String) throws -> NamedTensor { try #require(tensors.first { $0.name == name }) }
    let all = FeatureMatrix(
      rowCount: 400, columnCount: 128, values: try #require(try tensor("features").doubles))
    let targets = try #require(try tensor("target").doubles)
    let train = try #require(try tensor("train").integers).map { Int($0) }
    let test = try #require(try tensor("test").integers).map { Int($0) }
    // The authors standardize before cross-validation, and the test rows by their own mean and deviation.
    func standardized(_ rows: FeatureMatrix) -> FeatureMatrix { Standardization(of: rows).applied(to: rows) }
    let (features, rows) = (standardized(all.rows(train)), standardized(all.rows(test)))
    let scaling = RegressionScaling(standardizesFeatures: false, centersTarget: false)
    let own = train.map { targets[$0] }

    // Every fourth of the grid's lines, which are 242, and the best one.
    let lines = published.grid.enumerated().filter { $0.offset % 4 == 0 || $0.element.error < 0.1098 }.map(
      \.element)
    let search = GridSearch(
      methods: lines.map(\.method), folds: own.indices.map { $0 / 32 }, scaling: scaling)
    let scores = try search.scores(features: features, targets: own, jobs: 2, memory: .max / 2)
    for (line, score) in zip(lines, scores) {
      // The condition of the matrix is at most 320 / α; digits beyond are those of rounding.
      let tolerance = max(1e-10, 320 / line.method.alpha * 1e-16)
      expectClose([try #require(score.meanAbsoluteError)], [line.error], tolerance)
    }
    let best = try GridSearch.best(scores).method
    #expect(best == RegressionMethod(.laplacian, alpha: published.best.alpha, gamma: published.best.gamma))

    let model = try RegressionModel(best, features: features, targets: own, scaling: scaling, jobs: 1)
    let predictions = model.predictions(rows, jobs: 1)
    expectClose(predictions, published.prediction, 1e-10)
    let error = zip(predictions, test).reduce(0) { $0 + abs($1.0 - targets[$1.1]) } / Double(test.count)
    expectClose([error], [published.error], 1e-10)
  }
}
