public import Networks

/// Where a trainer takes the graphs of an epoch from.
///
/// A view is one of several graphs of the same structure, as losses compare that couple them (`Objective.viewCount`).
public protocol ExampleSource {
  /// Structures of the training split.
  var count: Int { get }

  /// The graphs of all structures in one epoch, in the order of the split.
  ///
  /// - Parameters:
  ///   - epoch: from 0. The same epoch has the same graphs whenever it is asked for, so that a training that was stopped
  ///     goes on as if it had not been.
  ///   - view: from 0; asked for in order, up to the objective's `viewCount`.
  /// - Returns: as many graphs as structures; nil where the making was stopped, which abandons the epoch.
  /// - Throws: what making them throws.
  func graphs(epoch: Int, view: Int) throws -> GraphCollection?
}

/// The same graphs in every epoch and view: for objectives that see one view.
public struct FixedExamples: ExampleSource {
  private let collection: GraphCollection

  /// The graphs of the training split.
  public init(_ collection: GraphCollection) { self.collection = collection }

  /// Structures of the training split.
  public var count: Int { collection.count }

  /// The graphs, in every epoch and view.
  public func graphs(epoch: Int, view: Int) -> GraphCollection? { collection }
}
