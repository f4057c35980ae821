internal import CrystalGraphs
internal import TensorKernels

/// Networks of one shape prepared for inference: the members of an ensemble.
///
/// Immutable; any number of threads may use it, each with its own `Scratch`. A structure's result does not depend, to
/// the last bit, on what else is in its block or on which thread computes it.
public struct NetworkPredictor: Sendable {
  private enum Members: Sendable {
    case cgcnn([CGCNNPredictor])
    case icgcnn([ICGCNNPredictor<Float>])
  }

  /// Working memory of one thread.
  public final class Scratch {
    fileprivate let block = GraphBlock<Float>()
    fileprivate let cgcnn = CGCNNPredictor.Scratch()
    fileprivate var icgcnn: ICGCNNPredictor<Float>.Scratch?

    /// Empty; grows with use. Serves one predictor only.
    public init() {}
  }

  /// Shape of every member.
  public let configuration: NetworkConfiguration
  /// Number of members.
  public let memberCount: Int
  private let members: Members

  /// Prepares the parameters of trained networks of one shape; at least one.
  public init(_ parameters: [NetworkParameters]) {
    precondition(!parameters.isEmpty, "an ensemble has members")
    configuration = parameters[0].configuration
    precondition(parameters.allSatisfy { [configuration] in $0.configuration == configuration }, "one shape")
    memberCount = parameters.count
    switch configuration {
    case .cgcnn:
      members = .cgcnn(
        parameters.compactMap { if case .cgcnn(let own) = $0 { CGCNNPredictor(own) } else { nil } })
    case .icgcnn:
      members = .icgcnn(
        parameters.compactMap { if case .icgcnn(let own) = $0 { ICGCNNPredictor(own) } else { nil } })
    }
  }

  /// Largest atomic number the networks have features for.
  public static let largestAtomicNumber = CGCNNPredictor.largestAtomicNumber

  private var sitesPerBlock: Int {
    switch members {
    case .cgcnn: CGCNNPredictor.sitesPerBlock
    case .icgcnn: ICGCNNPredictor<Float>.sitesPerBlock
    }
  }

  /// Predicts every structure of `collection`, whose graphs, whole or as quotients, were appended for `configuration`.
  ///
  /// - Parameters:
  ///   - collection: S graphs; atomic numbers at most `largestAtomicNumber`.
  ///   - scratch: this thread's working memory.
  ///   - output: standardized values, or for classification the probability of class 1; shape (members, S).
  public func predict(
    _ collection: GraphCollection, scratch: Scratch, into output: UnsafeMutablePointer<Float>
  ) {
    for range in collection.blocks(sites: sitesPerBlock) {
      predict(range, of: collection, scratch: scratch, into: output)
    }
  }

  private func predict(
    _ range: Range<Int>, of collection: GraphCollection, scratch: Scratch,
    into output: UnsafeMutablePointer<Float>
  ) {
    switch members {
    case .cgcnn(let predictors):
      // The Gaussians of a block serve all members.
      scratch.block.assemble(range, of: collection, for: predictors[0].configuration)
      for (index, predictor) in predictors.enumerated() {
        predictor.predict(
          scratch.block, scratch: scratch.cgcnn, into: output + index * collection.count + range.lowerBound)
      }
    case .icgcnn(let predictors):
      let own = scratch.icgcnn ?? predictors[0].makeScratch()
      scratch.icgcnn = own
      for (index, predictor) in predictors.enumerated() {
        predictor.predict(
          range, of: collection, scratch: own, into: output + index * collection.count + range.lowerBound)
      }
    }
  }

  /// Predicts every structure of a collection with `jobs` threads; shape (members, S).
  public func predictions(_ collection: GraphCollection, jobs: Int) -> [Float] {
    let blocks = collection.blocks(sites: sitesPerBlock)
    let output = Buffer<Float>(capacity: memberCount * collection.count)
    let workers = min(max(1, jobs), max(1, blocks.count))
    performInParallel(count: workers, jobs: workers) { worker in
      let scratch = Scratch()
      for index in stride(from: worker, to: blocks.count, by: workers) {
        predict(blocks[index], of: collection, scratch: scratch, into: output.pointer)
      }
    }
    return Array(UnsafeBufferPointer(start: output.pointer, count: memberCount * collection.count))
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
