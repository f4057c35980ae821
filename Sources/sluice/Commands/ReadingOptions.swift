public import ArgumentParser
public import Screening

extension ReadingPolicy.Occupancy: ExpressibleByArgument {}
extension ReadingPolicy.Formula: ExpressibleByArgument {}

/// What becomes of records that do not simply say what their crystal is.
struct ReadingOptions: ParsableArguments {
  @Option(help: "Sites that are shared or partly empty: reject the record, or take the majority species.")
  var occupancy: ReadingPolicy.Occupancy = .reject

  @Option(help: "Records that contradict their own formula: check (reject them) or note (go on with a note).")
  var formula: ReadingPolicy.Formula = .check

  /// The policy.
  var policy: ReadingPolicy { ReadingPolicy(occupancy: occupancy, formula: formula) }
}
