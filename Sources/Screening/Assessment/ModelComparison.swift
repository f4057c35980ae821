/// What is compared, and how often chance is asked.
public struct ComparisonOptions: Hashable, Sendable {
  /// Lengths of the top lists: calculations that each model may ask for.
  public var budgets: [Int]
  /// Seed of the resamples.
  public var seed: UInt64
  /// Number of resamples behind an interval.
  public var resamples: Int
  /// Ratios of hits, second model over first, that the power is asked for.
  public var ratios: [Double]

  /// Options with their defaults.
  public init(
    budgets: [Int] = [50, 100, 200, 500, 1000], seed: UInt64 = 0, resamples: Int = 2000,
    ratios: [Double] = [1.1, 1.25, 1.5, 2]
  ) {
    self.budgets = budgets
    self.seed = seed
    self.resamples = resamples
    self.ratios = ratios
  }
}

/// Two models' rankings of one pool of labelled candidates against each other.
public struct ModelComparison: Sendable {
  /// One model on all candidates.
  public struct Model: Sendable {
    /// Candidates that it says nothing about.
    public let withoutPrediction: Int
    /// Its verdicts at the threshold.
    public let classification: StabilityClassification
    /// Area under the receiver operating characteristic; nil where all candidates are stable or none is.
    public let areaUnderCurve: Double?
    /// Mean absolute error of the hull distance (eV/atom) over the candidates with a prediction.
    public let meanAbsoluteError: Double?
  }

  /// A model's top list.
  public struct TopList: Sendable {
    /// The list as a prediction of what is stable.
    public let classification: StabilityClassification
    /// Interval of the hits.
    public let hitsInterval: ConfidenceInterval?

    /// Stable candidates on the list.
    public var hits: Int { classification.truePositives }
  }

  /// Both top lists of one length.
  public struct Budget: Sendable {
    /// Length of the lists.
    public let size: Int
    /// The lists of the first and the second model.
    public let lists: [TopList]
    /// Stable candidates on both lists.
    public let foundByBoth: Int
    /// Ids of the stable candidates that only one list holds, best first, by model.
    public let foundOnlyBy: [[String]]
    /// Interval of the second model's hits minus the first's.
    public let differenceInterval: ConfidenceInterval?
    /// Interval of the second model's hits over the first's.
    public let ratioInterval: ConfidenceInterval?
    /// p-value of McNemar's exact test on the stable candidates that only one list holds.
    public let mcNemarProbability: Double
    /// Calculations for each model that would show a ratio of hits.
    public let power: [RequiredCalculations]

    /// Hits of the second model minus those of the first.
    public var difference: Int { lists[1].hits - lists[0].hits }
    /// Hits of the second model over those of the first; nil where the first has none.
    public var ratio: Double? {
      lists[0].hits > 0 ? Double(lists[1].hits) / Double(lists[0].hits) : nil
    }
  }

  /// The number of calculations at which a ratio of hits shows.
  public struct RequiredCalculations: Sendable {
    /// Hits of the second model over those of the first; nil for an observed ratio that is undefined.
    public let ratio: Double?
    /// Whether this is the ratio that was observed.
    public let isObserved: Bool
    /// Length of each top list; nil where the ratio cannot be reached or cannot show.
    public let calculations: Int?
  }

  /// A point of the curve of success against budget.
  public struct CurvePoint: Sendable {
    /// Length of the top lists.
    public let size: Int
    /// Stable candidates found, by model.
    public let hits: [Int]
    /// Their intervals.
    public let intervals: [ConfidenceInterval?]
  }

  /// What was compared.
  public let pool: ComparisonPool
  /// The options as given.
  public let options: ComparisonOptions
  /// The first and the second model.
  public let models: [Model]
  /// The top lists by ascending length.
  public let budgets: [Budget]
  /// Budgets of the options that are larger than the pool, and were cut to it.
  public let clippedBudgets: [Int]
  /// Success against budget up to the largest budget.
  public let curve: [CurvePoint]

  /// Most points of the curve beside the budgets.
  private static let curveResolution = 100

  /// Compares the first two models of a pool.
  ///
  /// - Precondition: the pool is not empty, and budgets are positive.
  public init(_ pool: ComparisonPool, _ options: ComparisonOptions) {
    precondition(!pool.candidates.isEmpty && options.budgets.allSatisfy { $0 > 0 }, "something to compare")
    self.pool = pool
    self.options = options
    let count = pool.candidates.count
    clippedBudgets = Set(options.budgets.filter { $0 > count }).sorted()
    let sizes = Set(options.budgets.map { min($0, count) }).sorted()
    let largest = sizes.last ?? count
    let steps = (1...Self.curveResolution).map { max(1, largest * $0 / Self.curveResolution) }
    let grid = Set(sizes + steps).sorted()
    let rankings = (0..<2).map { pool.ranking(of: $0) }
    let bootstrap = ComparisonBootstrap(
      rankings: rankings, isStable: pool.isStable, budgets: grid, seed: options.seed,
      resamples: options.resamples)
    models = (0..<2).map { model in
      Model(
        withoutPrediction: pool.candidates.count { $0.predictedDistances[model] == nil },
        classification: StabilityClassification(pool, model: model),
        areaUnderCurve: pool.areaUnderCurve(of: model),
        meanAbsoluteError: pool.meanAbsoluteError(of: model))
    }
    var curve: [CurvePoint] = []
    var budgets: [Budget] = []
    for (position, size) in grid.enumerated() {
      let lists = rankings.map { $0.prefix(size).filter { pool.isStable[$0] } }
      let intervals = (0..<2).map { bootstrap.hits(of: $0, at: position) }
      curve.append(CurvePoint(size: size, hits: lists.map(\.count), intervals: intervals))
      if sizes.contains(size) {
        budgets.append(Budget(size, lists, intervals, pool, options, bootstrap, position))
      }
    }
    self.curve = curve
    self.budgets = budgets
  }
}

extension ModelComparison.Budget {
  /// The comparison at one budget, from the stable candidates of both lists.
  fileprivate init(
    _ size: Int, _ found: [[Int]], _ intervals: [ConfidenceInterval?], _ pool: ComparisonPool,
    _ options: ComparisonOptions, _ bootstrap: ComparisonBootstrap, _ position: Int
  ) {
    let sets = found.map { Set($0) }
    let both = sets[0].intersection(sets[1]).count
    self.size = size
    lists = zip(found, intervals).map { hits, interval in
      ModelComparison.TopList(
        classification: StabilityClassification(
          hits: hits.count, selected: size, stable: pool.stableCount, candidates: pool.candidates.count),
        hitsInterval: interval)
    }
    foundByBoth = both
    foundOnlyBy = (0..<2).map { model in
      found[model].filter { !sets[1 - model].contains($0) }.map { pool.candidates[$0].id }
    }
    differenceInterval = bootstrap.difference(at: position)
    ratioInterval = bootstrap.ratio(at: position)
    mcNemarProbability = exactMcNemarTest(
      onlyFirst: found[0].count - both, onlySecond: found[1].count - both)
    let power = PairedPower(
      firstHits: found[0].count, secondHits: found[1].count, bothHits: both, budget: size,
      stable: pool.stableCount, candidates: pool.candidates.count)
    let observed = found[0].isEmpty ? nil : Double(found[1].count) / Double(found[0].count)
    let asked = options.ratios.map { (Optional($0), false) } + [(observed, true)]
    self.power = asked.map { ratio, isObserved in
      ModelComparison.RequiredCalculations(
        ratio: ratio, isObserved: isObserved,
        calculations: ratio.flatMap { power?.calculations(ratio: $0) })
    }
  }
}
