import ArgumentParser
import ScreeningStore

/// What candidates are ranked by, shared by the commands that list them.
struct RankingOptions: ParsableArguments {
  enum Criterion: String, ExpressibleByArgument, CaseIterable {
    case mean
    case pessimistic
    case probability
  }

  @Option(
    help: """
      What to rank by: mean (distance to the hull), pessimistic (distance plus --pessimism times sigma) or probability \
      (to be stable).
      """)
  var by: Criterion = .mean

  @Option(help: "Number of sigma that a pessimistic ranking adds to a distance. (default: 1.0)")
  var pessimism: Double?

  func validate() throws {
    guard let pessimism else { return }
    if !pessimism.isFinite || pessimism < 0 {
      throw ValidationError("--pessimism takes a number of at least 0")
    }
    if by != .pessimistic { throw ValidationError("--pessimism goes with --by pessimistic") }
  }

  /// The order of the rows.
  var order: RankingOrder {
    switch by {
    case .mean: .distance
    case .pessimistic: .pessimistic(pessimism ?? 1)
    case .probability: .probability
    }
  }
}
