internal import TensorKernels

/// Networks of one shape prepared for inference: the members of an ensemble; see `BlockInference`.
public struct NetworkPredictor: Sendable {
  /// Working memory of one thread.
  public final class Scratch {
    fileprivate var own: BlockInference<Float>.Scratch?

    /// Empty; grows with use. Serves one predictor only.
    public init() {}
  }

  /// Shape of every member.
  public let configuration: NetworkConfiguration
  /// Number of members.
  public let memberCount: Int
  private let inference: BlockInference<Float>

  /// Whether it gives numbers for sites.
  public var givesSites: Bool { inference.program.siteOutput != nil }

  /// Prepares trained networks.
  ///
  /// - Parameters:
  ///   - parameters: those of the networks, which have one shape; at least one.
  ///   - givesSites: whether numbers for sites are asked for, of networks that are additive (`NetworkProgram.isAdditive`).
  public init(_ parameters: [NetworkParameters], givesSites: Bool = false) {
    precondition(!parameters.isEmpty, "an ensemble has members")
    configuration = parameters[0].configuration
    precondition(parameters.allSatisfy { [configuration] in $0.configuration == configuration }, "one shape")
    memberCount = parameters.count
    let program = givesSites ? parameters[0].program.addingSiteOutputs() : parameters[0].program
    guard let program else { preconditionFailure("only additive networks give numbers for sites") }
    inference = BlockInference(
      program, members: parameters.map { ($0.values, $0.statistics) })
  }

  /// Predicts every structure of `collection`, whose graphs, whole or as quotients, meet the requirements of
  /// `configuration`.
  ///
  /// - Parameters:
  ///   - collection: S graphs of elements that the networks know.
  ///   - scratch: this thread's working memory.
  ///   - output: standardized values, or for classification the probability of class 1; shape (members, S, P) with P the
  ///     `predictionCount` of the configuration.
  ///   - sites: room for the outputs of each of the N nodes of the collection where they are asked for, standardized or logits;
  ///     shape (members, N, outputs). Their means over the sites of a structure, by multiplicity, are its outputs.
  public func predict(
    _ collection: GraphCollection, scratch: Scratch, into output: UnsafeMutablePointer<Float>,
    sites: UnsafeMutablePointer<Float>? = nil
  ) {
    for range in collection.blocks(sites: inference.program.sitesPerBlock) {
      predict(range, of: collection, scratch: scratch, into: output, sites: sites)
    }
  }

  private func predict(
    _ range: Range<Int>, of collection: GraphCollection, scratch: Scratch,
    into output: UnsafeMutablePointer<Float>, sites: UnsafeMutablePointer<Float>? = nil
  ) {
    let own = scratch.own ?? inference.makeScratch()
    scratch.own = own
    let (width, count) = (inference.program.outputCount, configuration.predictionCount)
    let nodes = collection.siteOffsets[range.lowerBound]..<collection.siteOffsets[range.upperBound]
    inference.run(range, of: collection, own) { member, outputs, ofSites in
      if let sites, let ofSites {
        let first = member * collection.atomicNumbers.count + nodes.lowerBound
        (sites + first * width).update(from: ofSites, count: nodes.count * width)
      }
      let out = output + (member * collection.count + range.lowerBound) * count
      guard configuration.task == .classification else {
        out.update(from: outputs, count: range.count * count)
        return
      }
      for structure in 0..<range.count {
        let row = outputs + structure * width
        // Softmax over two classes, or the logistic function of one logit.
        let difference = width == 2 ? Double(row[0]) - Double(row[1]) : -Double(row[0])
        out[structure] = Float(1 / (1 + exponential(difference)))
      }
    }
  }

  /// Predicts every structure of a collection with `jobs` threads; shape (members, S, P), as in `predict`.
  public func predictions(_ collection: GraphCollection, jobs: Int) -> [Float] {
    let blocks = collection.blocks(sites: inference.program.sitesPerBlock)
    let count = memberCount * collection.count * configuration.predictionCount
    let output = Buffer<Float>(capacity: count)
    let scratches = (0..<max(1, jobs)).map { _ in Scratch() }
    performInParallel(count: blocks.count, jobs: jobs) { worker, index in
      predict(blocks[index], of: collection, scratch: scratches[worker], into: output.pointer)
    }
    return Array(UnsafeBufferPointer(start: output.pointer, count: count))
  }
}

extension NetworkProgram {
  /// Outputs of every structure in double precision, as the kernels compute them, shape (S, outputs): what checks compare
  /// with.
  package func doubleOutputs(
    values: [Double], statistics: [Double], _ collection: GraphCollection
  ) -> [[Double]] {
    doubleRows(values: values, statistics: statistics, collection).structures
  }

  /// Outputs of every site of an additive network in double precision, shape (N, outputs); see `doubleOutputs`.
  package func doubleSiteOutputs(
    values: [Double], statistics: [Double], _ collection: GraphCollection
  ) -> [[Double]]? {
    addingSiteOutputs()?.doubleRows(values: values, statistics: statistics, collection).sites
  }

  private func doubleRows(
    values: [Double], statistics: [Double], _ collection: GraphCollection
  ) -> (structures: [[Double]], sites: [[Double]]) {
    let inference = BlockInference<Double>(self, members: [(values, statistics)])
    let scratch = inference.makeScratch()
    func rows(_ pointer: UnsafePointer<Double>, _ count: Int) -> [[Double]] {
      (0..<count).map { row in (0..<outputCount).map { pointer[row * outputCount + $0] } }
    }
    var (structures, sites): ([[Double]], [[Double]]) = ([], [])
    for range in collection.blocks(sites: sitesPerBlock) {
      inference.run(range, of: collection, scratch) { _, outputs, ofSites in
        structures += rows(outputs, range.count)
        if let ofSites {
          sites += rows(
            ofSites, collection.siteOffsets[range.upperBound] - collection.siteOffsets[range.lowerBound])
        }
      }
    }
    return (structures, sites)
  }
}

extension GraphCollection {
  /// Consecutive structures cut into blocks of at most `limit` sites, unless a single structure has more.
  func blocks(sites limit: Int) -> [Range<Int>] {
    var blocks: [Range<Int>] = []
    var (first, sites) = (0, 0)
    for index in 0..<count {
      let own = siteCount(of: index)
      if index > first, sites + own > limit {
        blocks.append(first..<index)
        (first, sites) = (index, 0)
      }
      sites += own
    }
    if first < count { blocks.append(first..<count) }
    return blocks
  }
}
