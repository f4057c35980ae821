import Regression
import TestSupport
import Testing

@Suite struct RegressionTests {
  @Test func `kernels in tiles are those of plain loops, for rows and points around the sizes of tiles`() {
    var generator = SeededGenerator(seed: 5)
    for (rows, points, columns) in [(1, 1, 1), (3, 17, 0), (127, 255, 5), (130, 258, 33), (5, 600, 2)] {
      let (a, b) = (
        FeatureMatrix.random(rows, columns, using: &generator),
        FeatureMatrix.random(points, columns, using: &generator)
      )
      for kind in [RegressionMethod.Kind.gaussian, .laplacian] {
        let plain = plainKernel(kind, gamma: 0.3, a, b).flatMap { $0 }
        let tiled = kernelValues(kind, gamma: 0.3, a, b, jobs: 2)
        // Absolute differences are summed in one order; squared ones are expanded.
        if kind == .laplacian { #expect(tiled == plain) } else { expectClose(tiled, plain, 1e-13) }
      }
    }
  }

  @Test(arguments: everyMethod.dropFirst())
  func `coefficients solve (K + α) c = y with the kernel of plain loops`(method: RegressionMethod) throws {
    let data = SmoothRows(290, 4, seed: 6)
    let scaling = RegressionScaling(standardizesFeatures: false, centersTarget: false)
    let model = try RegressionModel(
      method, features: data.features, targets: data.targets, scaling: scaling, jobs: 2)
    let kernel = plainKernel(method.kind, gamma: method.gamma, data.features, data.features)
    let products = kernel.enumerated().map { row, values in
      zip(values, model.coefficients).reduce(method.alpha * model.coefficients[row]) { $0 + $1.0 * $1.1 }
    }
    expectClose(products, data.targets, 1e-10)
  }

  @Test(arguments: everyMethod) func `the order of training rows changes predictions by rounding alone`(
    method: RegressionMethod
  ) throws {
    let data = SmoothRows(150, 5, seed: 7)
    var generator = SeededGenerator(seed: 8)
    let order = data.targets.indices.shuffled(using: &generator)
    let new = FeatureMatrix.random(20, 5, using: &generator)
    let first = try RegressionModel(
      method, features: data.features, targets: data.targets, scaling: RegressionScaling(), jobs: 1)
    let second = try RegressionModel(
      method, features: data.features.rows(order), targets: order.map { data.targets[$0] },
      scaling: RegressionScaling(), jobs: 1)
    expectClose(second.predictions(new, jobs: 1), first.predictions(new, jobs: 1), 1e-10)
  }

  @Test func `no bit of fits, predictions, spreads, errors and scores depends on the number of threads`()
    throws
  {
    let data = SmoothRows(300, 6, seed: 9)
    var generator = SeededGenerator(seed: 10)
    let new = FeatureMatrix.random(140, 6, using: &generator)
    for method in everyMethod {
      func results(_ jobs: Int) throws -> [[Double]] {
        let model = try RegressionModel(
          method, features: data.features, targets: data.targets, scaling: RegressionScaling(), jobs: jobs)
        guard method.kind != .ridge else { return [model.coefficients, model.predictions(new, jobs: jobs)] }
        let spread = try PosteriorSpread(model, jobs: jobs)
        return [
          model.coefficients, model.predictions(new, jobs: jobs), spread.deviations(new, jobs: jobs),
          spread.leaveOneOutErrors(jobs: jobs),
        ]
      }
      #expect(try results(1) == results(3))
    }
    let search = GridSearch(
      methods: everyMethod, folds: data.targets.indices.map { $0 % 3 }, scaling: RegressionScaling())
    func scores(_ jobs: Int) throws -> [GridScore] {
      try search.scores(features: data.features, targets: data.targets, jobs: jobs, memory: .max / 2)
    }
    #expect(try scores(1) == scores(4))
  }

  @Test(arguments: everyMethod) func `no bit of a prediction or spread depends on the rows beside it`(
    method: RegressionMethod
  ) throws {
    let data = SmoothRows(200, 6, seed: 11)
    var generator = SeededGenerator(seed: 12)
    let new = FeatureMatrix.random(150, 6, using: &generator)
    let model = try RegressionModel(
      method, features: data.features, targets: data.targets, scaling: RegressionScaling(), jobs: 1)
    let together = model.predictions(new, jobs: 2)
    let spread = method.kind == .ridge ? nil : try PosteriorSpread(model, jobs: 1)
    let spreads = spread?.deviations(new, jobs: 2)
    for row in [0, 3, 127, 128, 149] {
      let alone = new.rows([row])
      #expect(model.predictions(alone, jobs: 1) == [together[row]])
      if let spread, let spreads { #expect(spread.deviations(alone, jobs: 1) == [spreads[row]]) }
    }
  }

  @Test(arguments: everyMethod.dropFirst()) func `the leave-one-out formula is leaving each row out`(
    method: RegressionMethod
  ) throws {
    let data = SmoothRows(21, 3, seed: 13)
    // A standardization and an offset that do not change when a row goes.
    let scaling = RegressionScaling(standardizesFeatures: false, centersTarget: false)
    let model = try RegressionModel(
      method, features: data.features, targets: data.targets, scaling: scaling, jobs: 1)
    let errors = try PosteriorSpread(model, jobs: 1).leaveOneOutErrors(jobs: 2)
    let plain = try data.targets.indices.map { left in
      let kept = data.targets.indices.filter { $0 != left }
      let other = try RegressionModel(
        method, features: data.features.rows(kept), targets: kept.map { data.targets[$0] }, scaling: scaling,
        jobs: 1)
      return data.targets[left] - other.predictions(data.features.rows([left]), jobs: 1)[0]
    }
    expectClose(errors, plain, 1e-9)
  }

  @Test
  func
    `standardization and offset in cross-validation come from the training rows, the left-out features change nothing`()
    throws
  {
    let data = SmoothRows(40, 3, seed: 14)
    let train = Array(0..<30)
    let model = try RegressionModel(
      everyMethod[1], features: data.features.rows(train), targets: train.map { data.targets[$0] },
      scaling: RegressionScaling(), jobs: 1)
    // A score of two folds is that of two models, each fitted on the rows of the other fold alone.
    let folds = data.targets.indices.map { $0 < 30 ? 0 : 1 }
    let score = try GridSearch(methods: [everyMethod[1]], folds: folds, scaling: RegressionScaling()).scores(
      features: data.features, targets: data.targets, jobs: 1, memory: .max / 2)[0]
    let rest = Array(30..<40)
    let other = try RegressionModel(
      everyMethod[1], features: data.features.rows(rest), targets: rest.map { data.targets[$0] },
      scaling: RegressionScaling(), jobs: 1)
    let errors =
      zip(model.predictions(data.features.rows(rest), jobs: 1), rest).map { abs($0 - data.targets[$1]) }
      + zip(other.predictions(data.features.rows(train), jobs: 1), train).map { abs($0 - data.targets[$1]) }
    expectClose([try #require(score.meanAbsoluteError)], [errors.reduce(0, +) / 40], 1e-12)
    #expect(model.standardization == Standardization(of: data.features.rows(train)))
    #expect(model.standardization != Standardization(of: data.features))
  }

  @Test func `standardized features have mean 0 and deviation 1, one that does not vary becomes 0`() {
    let rows = FeatureMatrix((0..<7).map { [Double($0), 0.1 + 0.2, 1e9 + Double($0 % 2)] })
    let standardized = Standardization(of: rows).applied(to: rows)
    for column in 0..<3 {
      let values = (0..<7).map { row in Array(standardized[row])[column] }
      let squares = values.reduce(0) { $0 + $1 * $1 } / 7
      expectClose([values.reduce(0, +) / 7], [0], 1e-6)
      expectClose([squares], [column == 1 ? 0 : 1], 1e-6)
    }
  }

  @Test func `the spread is 0 at a training row without noise and the whole deviation far away`() throws {
    let data = SmoothRows(12, 2, seed: 15)
    let model = try RegressionModel(
      RegressionMethod(.gaussian, alpha: 1e-10, gamma: 0.5), features: data.features, targets: data.targets,
      scaling: RegressionScaling(), jobs: 1)
    let spread = try PosteriorSpread(model, jobs: 1)
    let whole = model.signalVariance.squareRoot()
    #expect(spread.deviations(data.features, jobs: 1).allSatisfy { $0 < 1e-4 * whole })
    expectClose(spread.deviations(FeatureMatrix([[1000, 1000]]), jobs: 1), [whole], 1e-12)
  }

  @Test func `principal components are at right angles, and the variances along them are those stated`()
    throws
  {
    var generator = SeededGenerator(seed: 17)
    let rows = FeatureMatrix(
      (0..<50).map { _ in
        let (a, b) = (
          Double.random(in: -5...5, using: &generator), Double.random(in: -1...1, using: &generator)
        )
        return [3 + a, 2 * a + b, -b, Double.random(in: -0.1...0.1, using: &generator)]
      })
    let components = try PrincipalComponents(of: rows)
    for (number, direction) in components.directions.enumerated() {
      let coordinates = components.coordinates(rows, along: number)
      expectClose([coordinates.reduce(0, +) / 50], [0], 1e-12)
      expectClose([coordinates.reduce(0) { $0 + $1 * $1 } / 50], [components.variances[number]], 1e-12)
      for (other, second) in components.directions.enumerated() {
        expectClose([zip(direction, second).reduce(0) { $0 + $1.0 * $1.1 }], [number == other ? 1 : 0], 1e-12)
      }
      #expect((direction.max { abs($0) < abs($1) } ?? 0) > 0)
    }
    #expect(components.variances == components.variances.sorted(by: >))
    // Most of what differs is (1, 2, 0, 0).
    expectClose(components.directions[0], [0.447, 0.894, 0, 0], 0.03)
  }

  @Test func `memory is stated before it is taken, and what is above the limit is refused`() throws {
    let data = SmoothRows(60, 3, seed: 16)
    let folds = data.targets.indices.map { $0 % 5 }
    let search = GridSearch(methods: everyMethod, folds: folds, scaling: RegressionScaling())
    let need = RegressionMemory(rows: 60, columns: 3, methods: everyMethod, folds: folds)
    // Two matrices of 48 rows a fold.
    #expect(need.perTask >= 2 * 48 * 48 * 8)
    #expect(try need.tasks(jobs: 4, limit: need.total(tasks: 3)) == 3)
    #expect(try need.tasks(jobs: 2, limit: .max / 2) == 2)
    #expect(throws: RegressionError.tooMuchMemory(needed: need.total(tasks: 1), limit: 1000)) {
      try search.scores(features: data.features, targets: data.targets, jobs: 4, memory: 1000)
    }
  }

  @Test func `of a grid the method with the least error is best, one that cannot be solved has none`() throws
  {
    // Equal rows make the kernel matrix singular, and alpha is lost beside 1.
    let features = FeatureMatrix([[1], [1], [2], [2], [3], [3]])
    let methods = [1e-30, 0.5].map { RegressionMethod(.gaussian, alpha: $0, gamma: 1) }
    let search = GridSearch(methods: methods, folds: [0, 0, 1, 1, 2, 2], scaling: RegressionScaling())
    let scores = try search.scores(
      features: features, targets: [1, 1, 2, 2, 3, 3], jobs: 1, memory: .max / 2)
    #expect(scores[0].meanAbsoluteError == nil)
    #expect(try GridSearch.best(scores).method == methods[1])
    #expect(throws: RegressionError.nothingFits) { try GridSearch.best([scores[0]]) }
    #expect(throws: RegressionError.self) {
      try RegressionModel(
        methods[0], features: features, targets: [1, 1, 2, 2, 3, 3], scaling: RegressionScaling(), jobs: 1)
    }
  }
}
