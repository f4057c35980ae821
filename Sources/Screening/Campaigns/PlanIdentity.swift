internal import Configuration
internal import PipelineEngine

/// What makes two plans one: all that decides results, and nothing of where files lie.
///
/// A plan keeps digests of all files that its campaign names. These count, the paths do not, so that a campaign, its
/// archives and its models may move between two calls of a run. Of an archive its own name counts too, since records
/// without an id are named after it.
enum PlanIdentity {
  /// Key within `digests` for the names of the files of each input.
  static let namesKey = "names"
  /// Key within `digests` for the digests of structure files that serve as prototypes.
  static let prototypesKey = "prototypes"
  /// What stands for the name of a folder, which names no record.
  static let folder = "."

  /// SHA-256 of what of a plan is compared.
  static func fingerprint(of plan: ConfigurationTree) -> String {
    Fingerprint(of: tree(of: plan, comparingInputPaths: false).canonicalText).hexadecimal
  }

  /// What decides results differently in two plans; empty for the same plan.
  ///
  /// - Parameter earlier: the plan of a run. The first version noted no names of input files; of its plans the paths of
  ///   inputs are compared as they are written.
  static func differences(
    from earlier: ConfigurationTree, to plan: ConfigurationTree
  ) -> [ConfigurationDifference] {
    let comparesPaths = !notesNames(earlier)
    return tree(of: plan, comparingInputPaths: comparesPaths)
      .difference(from: tree(of: earlier, comparingInputPaths: comparesPaths))
  }

  /// The differences of two plans in words, for whoever looks for the cause: what decides results first, then paths and
  /// variables that are others.
  static func explanation(from earlier: ConfigurationTree, to plan: ConfigurationTree) -> [String] {
    let decisive = differences(from: earlier, to: plan)
    var shown = plan
    if !notesNames(earlier) { forgetNames(in: &shown) }
    return (decisive + shown.difference(from: earlier).filter { !decisive.contains($0) }).map(\.description)
  }

  private static func notesNames(_ plan: ConfigurationTree) -> Bool { plan["digests"]?[namesKey] != nil }

  private static func forgetNames(in plan: inout ConfigurationTree) {
    plan["digests"]?[namesKey] = nil
    plan["digests"]?[prototypesKey] = nil
  }

  private static func tree(of plan: ConfigurationTree, comparingInputPaths: Bool) -> ConfigurationTree {
    var identity = plan
    let campaign = plan["campaign"] ?? [:]
    var stripped = CampaignSchema.schema.withoutPaths(campaign)
    stripped[variablesField.name] = nil
    // How and where the work is done decides nothing.
    stripped["engine"] = nil
    if comparingInputPaths { stripped["inputs"] = campaign["inputs"] }
    identity["campaign"] = stripped
    // Phases count, not the form of the file that they come in.
    if case .list(let hulls)? = plan["digests"]?["hulls"], !hulls.isEmpty {
      identity["digests"]?["references"] = nil
    }
    if comparingInputPaths { forgetNames(in: &identity) }
    return identity
  }
}
