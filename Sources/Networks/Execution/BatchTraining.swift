internal import TensorKernels

/// Forward and backward pass of a network in training mode over one batch.
///
/// The batch is cut into a fixed number of chunks of whole structures; chunks are computed in parallel and their
/// partial sums are added up in chunk order, so that the result does not depend, to the last bit, on `jobs`. Where a
/// layer needs sums over the whole batch the chunks wait for each other: between such places everything that a chunk has to
/// do is one parallel region, whatever layers it belongs to.
final class BatchTraining<Scalar: NetworkScalar> {
  /// One stage of one layer.
  private struct Stage {
    let step: Int
    let number: Int
  }

  /// Stages between two barriers, and the normalizations (step, number within the layer) that are settled at the second.
  private struct Region {
    var stages: [Stage] = []
    var settled: [(step: Int, normalization: Int)] = []
  }

  /// All trainable parameters.
  var values: [Scalar]
  /// Running means and variances.
  var statistics: [Scalar]
  /// dL/d(parameters) of the last batch.
  private(set) var gradient: [Scalar]

  private let program: NetworkProgram
  private let jobs: Int
  private let chunks: [Chunk<Scalar>]
  private let routines: [LayerRoutines<Scalar>]
  private let shared: [SharedWork<Scalar>]
  /// By chunk, by step.
  private let contexts: [[LayerContext<Scalar>]]
  private let forwardRegions: [Region]
  private let backwardRegions: [Region]
  /// Chunks of the batch in the order in which threads take them: a batch with a crystal of many sites has a chunk that takes
  /// much longer than the others, which the other threads share while one is at it.
  private var heaviestFirst: [Int] = []

  /// A network that computes with `jobs` threads.
  ///
  /// - Parameters:
  ///   - program: the network.
  ///   - values: parameters where training starts.
  ///   - statistics: running statistics likewise.
  ///   - jobs: number of threads.
  ///   - normalizationMomentum: weight of a batch in the running statistics; PyTorch's default is 0.1.
  ///   - frozenStatistics: beginnings of the names of running statistics that stay as they are, and that their normalizations
  ///     take in place of the batch's.
  init(
    _ program: NetworkProgram, values: [Scalar], statistics: [Scalar], jobs: Int,
    normalizationMomentum: Double, frozenStatistics: [String]
  ) {
    self.program = program
    self.values = values
    self.statistics = statistics
    self.jobs = max(1, jobs)
    gradient = [Scalar](repeating: 0, count: values.count)
    let chunks = (0..<batchChunkCount).map { _ in Chunk<Scalar>(program) }
    self.chunks = chunks
    routines = program.steps.map { Scalar.routines(of: $0.layer) }
    // Replaced by the parameters' own place at the start of every batch.
    let nowhere = UnsafePointer(chunks[0].gradient.pointer)
    let frozen = program.parameters.statistics(frozenStatistics)
    let shared = program.steps.map {
      SharedWork(
        $0.layer, weights: nowhere, normalizationMomentum: normalizationMomentum, frozen: frozen)
    }
    self.shared = shared
    contexts = chunks.map { chunk in
      zip(program.steps, shared).map { LayerContext($0, of: chunk, shared: $1, weights: nowhere) }
    }
    forwardRegions = Self.regions(
      program.steps.indices.map {
        ($0, program.steps[$0].isFrozen ? 1 : program.steps[$0].layer.forwardStages)
      },
      settledBy: { step, stage in
        program.steps[step].layer.normalizations.map {
          $0.measuredBy == stage && !program.steps[step].isFrozen
        }
      })
    backwardRegions = Self.regions(
      program.steps.indices.reversed().map {
        ($0, program.steps[$0].isFrozen ? 0 : program.steps[$0].layer.backwardStages)
      },
      settledBy: { step, stage in program.steps[step].layer.normalizations.map { $0.gradientBy == stage } })
  }

  private static func regions(
    _ steps: [(step: Int, stages: Int)], settledBy: (Int, Int) -> [Bool]
  ) -> [Region] {
    var regions = [Region()]
    for (step, count) in steps {
      for number in 0..<count {
        regions[regions.count - 1].stages.append(Stage(step: step, number: number))
        let settled = settledBy(step, number).enumerated().filter(\.element).map(\.offset)
        guard !settled.isEmpty else { continue }
        regions[regions.count - 1].settled = settled.map { (step, $0) }
        regions.append(Region())
      }
    }
    return regions
  }

  /// Computes loss and gradient of one batch and updates the running statistics.
  ///
  /// - Parameters:
  ///   - indices: structures of the batch, B ≥ 1.
  ///   - collection: graphs they are taken from.
  ///   - noise: what is random in the batch follows from it: another one for each step.
  ///   - loss: from the outputs of the batch's structures, in its order and one after the other, shape (B, outputs): the
  ///     loss of the batch and its derivatives by them, of the same shape.
  /// - Returns: the loss.
  func computeGradient(
    _ indices: [Int], of collection: GraphCollection, noise: UInt64 = 0,
    loss: ([Double]) -> (value: Double, slopes: [Double])
  ) -> Double {
    let active = assignChunks(indices, of: collection)
    for chunk in active { chunks[chunk].noise = noise }
    let value = values.withUnsafeBufferPointer { values in
      let weights = values.baseAddress.unsafelyUnwrapped
      performInParallel(count: routines.count, jobs: jobs) { step in
        guard !program.steps[step].isFrozen else { return }
        shared[step].begin(weights)
        routines[step].begin(shared[step])
      }
      prepareFrozen()
      forward(active, weights, collection)
      let (value, slopes) = loss(active.flatMap { outputs(of: $0) })
      backward(active, slopes)
      reduceGradient(active)
      return value
    }
    return value
  }

  /// Prepares the steps that stay as they are, which are the first ones, for inference.
  private func prepareFrozen() {
    let count = program.steps.prefix { $0.isFrozen }.count
    let layers = program.prepared(count, routines, values: values, statistics: statistics)
    for own in contexts { for (context, layer) in zip(own, layers) { context.prepared = layer } }
  }

  // MARK: Passes

  private func forward(_ active: Range<Int>, _ weights: UnsafePointer<Scalar>, _ collection: GraphCollection)
  {
    var totals = RowTotals()
    for (index, region) in forwardRegions.enumerated() {
      performInParallel(count: active.count, jobs: jobs) { place in
        let chunk = heaviestFirst[place]
        if index == 0 {
          chunks[chunk].block.assemble(chunks[chunk].members, of: collection)
          chunks[chunk].clearGradients(parameterCount: program.parameters.count)
          for context in contexts[chunk] { context.weights = weights }
        }
        for stage in region.stages {
          let context = contexts[chunk][stage.step]
          if program.steps[stage.step].isFrozen {
            routines[stage.step].infer(context)
          } else {
            routines[stage.step].forward(stage.number, context)
          }
        }
      }
      if index == 0 {
        totals = active.reduce(into: RowTotals()) { $0.add(chunks[$1].block.totals) }
      }
      settleStatistics(region, active, weights, totals)
    }
  }

  private func backward(_ active: Range<Int>, _ slopes: [Double]) {
    var first: [Int] = []
    var next = 0
    for chunk in active {
      first.append(next)
      next += chunks[chunk].count(program.output)
    }
    for (index, region) in backwardRegions.enumerated() {
      performInParallel(count: active.count, jobs: jobs) { place in
        let chunk = heaviestFirst[place]
        if index == 0, let (out, _) = chunks[chunk].startGradient(program.output) {
          for place in 0..<chunks[chunk].count(program.output) {
            out[place] = Scalar(slopes[first[chunk] + place])
          }
        }
        for stage in region.stages {
          routines[stage.step].backward(stage.number, contexts[chunk][stage.step])
        }
      }
      settleGradients(region, active)
    }
  }

  private func outputs(of chunk: Int) -> [Double] {
    let pointer = chunks[chunk].values[program.output].pointer
    return (0..<chunks[chunk].count(program.output)).map { Double(pointer[$0]) }
  }

  // MARK: Barriers

  private func settleStatistics(
    _ region: Region, _ active: Range<Int>, _ weights: UnsafePointer<Scalar>, _ totals: RowTotals
  ) {
    for (step, index) in region.settled {
      let slot = program.steps[step].layer.normalizations[index].slot
      let rows =
        switch slot.rows {
        case .sites: totals.sites
        case .edges: totals.edges
        case .triplets: totals.triplets
        case .edgePairs: totals.edgePairs
        }
      let sums = total(active, step, index)
      statistics.withUnsafeMutableBufferPointer { statistics in
        sums.withUnsafeBufferPointer { sums in
          let running = statistics.baseAddress.unsafelyUnwrapped + slot.statistics
          let sums = sums.baseAddress.unsafelyUnwrapped
          shared[step].normalizations[index].setStatistics(
            sum: sums, square: sums + slot.channels, rows: rows, gamma: weights + slot.gamma,
            beta: weights + slot.beta, runningMean: running, runningVariance: running + slot.channels)
        }
      }
    }
  }

  private func settleGradients(_ region: Region, _ active: Range<Int>) {
    for (step, index) in region.settled {
      let staged = program.steps[step].layer.normalizations[index]
      let sums = total(active, step, index)
      gradient.withUnsafeMutableBufferPointer { gradient in
        sums.withUnsafeBufferPointer { sums in
          let base = gradient.baseAddress.unsafelyUnwrapped
          let sums = sums.baseAddress.unsafelyUnwrapped
          let (gamma, beta) = (base + staged.slot.gamma, base + staged.slot.beta)
          if staged.sumsNormalized {
            shared[step].normalizations[index].setGradients(
              sumG: sums, sumGX: sums + staged.slot.channels, gamma: gamma, beta: beta)
          } else {
            shared[step].normalizations[index].setGradients(
              sumG: sums, sumOfProducts: sums + staged.slot.channels, gamma: gamma, beta: beta)
          }
        }
      }
    }
  }

  /// Sums of all chunks in chunk order, shape (2, channels).
  private func total(_ active: Range<Int>, _ step: Int, _ normalization: Int) -> [Double] {
    let count = 2 * contexts[0][step].sums[normalization].channels
    var result = [Double](repeating: 0, count: count)
    for chunk in active {
      let partial = contexts[chunk][step].sums[normalization].memory.pointer
      for index in 0..<count { result[index] += partial[index] }
    }
    return result
  }

  /// Adds up the chunks' shares. γ and β were written by the normalizations; the chunks hold zeros there.
  private func reduceGradient(_ active: Range<Int>) {
    gradient.withUnsafeMutableBufferPointer { gradient in
      let base = gradient.baseAddress.unsafelyUnwrapped
      let first = chunks[active.lowerBound].gradient.pointer
      for step in program.steps {
        for staged in step.layer.normalizations {
          let (slot, count) = (staged.slot, staged.slot.channels)
          (first + slot.gamma).update(from: base + slot.gamma, count: count)
          (first + slot.beta).update(from: base + slot.beta, count: count)
        }
      }
      let count = gradient.count
      performInParallel(count: jobs, jobs: jobs) { part in
        let own = part * count / jobs..<(part + 1) * count / jobs
        (base + own.lowerBound).update(from: first + own.lowerBound, count: own.count)
        for chunk in active.dropFirst() {
          Scalar.addRows(
            rows: 1, width: own.count, chunks[chunk].gradient.pointer + own.lowerBound, stride: own.count,
            to: base + own.lowerBound)
        }
      }
      // Layers write to their own parameters alone.
      performInParallel(count: routines.count, jobs: jobs) { step in
        guard !program.steps[step].isFrozen else { return }
        routines[step].end(shared[step], active.map { contexts[$0][step] }, base)
      }
    }
  }

  /// Cuts the batch into contiguous chunks of about equal numbers of sites.
  private func assignChunks(_ indices: [Int], of collection: GraphCollection) -> Range<Int> {
    let assigned = chunkMembers(indices, of: collection, count: chunks.count)
    for (chunk, members) in zip(chunks, assigned) { chunk.members = members }
    let work = assigned.map { $0.reduce(0) { $0 + collection.rowCount(of: $1) } }
    heaviestFirst = work.indices.sorted { (work[$1], $0) < (work[$0], $1) }
    return 0..<assigned.count
  }
}

/// Chunks a batch is cut into; part of the definition of a training run, since rounding depends on it.
let batchChunkCount = 8

/// Cuts a batch into at most `count` contiguous chunks of about equal numbers of sites, none empty.
private func chunkMembers(_ indices: [Int], of collection: GraphCollection, count: Int) -> [[Int]] {
  let total = indices.reduce(0) { $0 + collection.siteCount(of: $1) }
  let count = min(count, indices.count)
  var assigned: [[Int]] = Array(repeating: [], count: count)
  var sites = 0
  for index in indices {
    assigned[min(count - 1, sites * count / max(1, total))].append(index)
    sites += collection.siteCount(of: index)
  }
  return assigned.filter { !$0.isEmpty }
}

/// A network in training: what `Trainer` needs of it, and whoever measures how fast a training goes.
///
/// Reached by `NetworkParameters.trainable`, what is behind it runs as compiled for its precision. Made outside of this
/// module it would run as generic code, several times slower.
public protocol TrainableNetwork: AnyObject {
  /// Parameters and running statistics, in single precision.
  var networkParameters: NetworkParameters { get set }
  /// Parameters.
  var values: [Float] { get set }
  /// Running statistics.
  var statistics: [Float] { get }
  /// dL/d(parameters) of the last batch.
  var gradient: [Float] { get }

  /// Computes loss and gradient of one batch and updates the running statistics; see `BatchTraining`. Of several views the
  /// indices, and the outputs and slopes of the loss, are those of one view after the other.
  func computeGradient(
    _ indices: [Int], of collection: GraphCollection, noise: UInt64,
    loss: ([Double]) -> (value: Double, slopes: [Double])
  ) -> Double
}

extension TrainableNetwork {
  /// As `computeGradient` with a noise, of networks in which nothing is random.
  public func computeGradient(
    _ indices: [Int], of collection: GraphCollection, loss: ([Double]) -> (value: Double, slopes: [Double])
  ) -> Double {
    computeGradient(indices, of: collection, noise: 0, loss: loss)
  }
}

private final class SinglePrecisionTraining: TrainableNetwork {
  private let frame: NetworkParameters
  private let training: ViewTraining<Float>

  init(
    _ parameters: NetworkParameters, jobs: Int, views: Int, normalizationMomentum: Double,
    frozenStatistics: [String]
  ) {
    frame = parameters
    training = ViewTraining(
      (0..<views).map { _ in
        BatchTraining<Float>(
          parameters.program, values: parameters.values, statistics: parameters.statistics, jobs: jobs,
          normalizationMomentum: normalizationMomentum, frozenStatistics: frozenStatistics)
      })
  }

  var networkParameters: NetworkParameters {
    get { frame.replacing(values: training.values, statistics: training.statistics) }
    set {
      precondition(newValue.configuration == frame.configuration, "parameters of this shape")
      training.values = newValue.values
      training.statistics = newValue.statistics
    }
  }

  var values: [Float] {
    get { training.values }
    _modify { yield &training.values }
  }

  var statistics: [Float] { training.statistics }

  var gradient: [Float] { training.gradient }

  func computeGradient(
    _ indices: [Int], of collection: GraphCollection, noise: UInt64,
    loss: ([Double]) -> (value: Double, slopes: [Double])
  ) -> Double {
    training.computeGradient(indices, of: collection, noise: noise, loss: loss)
  }
}

/// Loss, gradient and running statistics of one batch in double precision.
package struct DoubleBatch {
  /// Loss of the batch.
  package let loss: Double
  /// dL/d(parameters).
  package let gradient: [Double]
  /// Running statistics after the batch.
  package let statistics: [Double]
}

extension NetworkParameters {
  /// A network in training that starts here.
  ///
  /// - Parameters:
  ///   - jobs: number of threads.
  ///   - views: views of the structures of a batch, each of which is normalized by itself.
  ///   - normalizationMomentum: weight of a batch in the running statistics.
  ///   - frozenStatistics: beginnings of the names of running statistics that stay as they are; their normalizations take
  ///     them in place of the batch's, as in inference.
  public func trainable(
    jobs: Int, views: Int = 1, normalizationMomentum: Double = 0.1, frozenStatistics: [String] = []
  ) -> any TrainableNetwork {
    SinglePrecisionTraining(
      self, jobs: jobs, views: views, normalizationMomentum: normalizationMomentum,
      frozenStatistics: frozenStatistics)
  }
}

extension NetworkProgram {
  /// One batch in double precision from the given parameters: what checks compare with; see
  /// `BatchTraining.computeGradient`.
  package func doubleBatch(
    values: [Double], statistics: [Double], _ indices: [Int], of collection: GraphCollection, jobs: Int = 1,
    views: Int = 1, frozenStatistics: [String] = [], noise: UInt64 = 0,
    loss: ([Double]) -> (value: Double, slopes: [Double])
  ) -> DoubleBatch {
    let training = ViewTraining(
      (0..<views).map { _ in
        BatchTraining<Double>(
          self, values: values, statistics: statistics, jobs: jobs, normalizationMomentum: 0.1,
          frozenStatistics: frozenStatistics)
      })
    let loss = training.computeGradient(indices, of: collection, noise: noise, loss: loss)
    return DoubleBatch(loss: loss, gradient: training.gradient, statistics: training.statistics)
  }
}
