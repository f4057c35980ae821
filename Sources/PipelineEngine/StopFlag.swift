import Synchronization

/// A request to end early, raised once and seen by every thread.
///
/// Raising it takes no lock and allocates nothing, so that a signal handler may do it.
public final class StopFlag: Sendable {
  private let raised = Atomic<Bool>(false)

  /// A flag that is not raised.
  public init() {}

  /// Asks for an orderly end.
  public func raise() { raised.store(true, ordering: .releasing) }

  /// Whether an end has been asked for.
  public var isRaised: Bool { raised.load(ordering: .acquiring) }
}
