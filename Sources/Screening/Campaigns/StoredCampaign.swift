internal import Configuration
internal import Foundation
internal import PhaseStability
public import ScreeningStore

/// What the stored plan of a run says of its hull stage.
struct StoredHullStage {
  let options: HullOptions
  /// File of the references, as the campaign names it.
  let reference: String
  /// Fingerprint of the references.
  let fingerprint: String?

  /// - Throws: `ScreeningError` where the plan has no hull stage.
  init(plan: String, directory: String) throws {
    let tree = try ConfigurationDocument(text: plan, file: CampaignRun.planName).tree()
    let stages = tree["campaign"]?["stages"]
    guard case .list(let list) = stages, let hull = list.lazy.compactMap({ $0["hull"] }).first else {
      throw ScreeningError.unreadable(path: directory, reason: "the campaign of this run has no hull stage")
    }
    options = HullOptions(excludesSameComposition: hull["exclude_same_composition"] == .boolean(true))
    reference = if case .string(let path) = hull["reference"] { path } else { "" }
    if case .list(let hulls) = tree["digests"]?["hulls"], case .string(let text) = hulls.first {
      fingerprint = text
    } else {
      fingerprint = nil
    }
  }

  /// The references of the run.
  ///
  /// - Parameters:
  ///   - directory: the run directory.
  ///   - reference: file of the references; nil for the index that the run keeps.
  /// - Throws: `ScreeningError` where they cannot be read or are not the run's.
  func references(directory: String, reference: String?) throws -> LoadedReferences {
    let path = reference ?? directory + "/" + CampaignRun.referenceIndexName
    guard FileManager.default.fileExists(atPath: path) else {
      throw ScreeningError.unreadable(
        path: path, reason: "does not exist; name the run's references with --reference")
    }
    let loaded = try ReferenceFile.load(path)
    guard fingerprint == nil || fingerprint == loaded.fingerprint else {
      throw ScreeningError.unreadable(
        path: path,
        reason: "these are not the references of the run (\(loaded.fingerprint) instead of "
          + "\(fingerprint ?? "unknown"))")
    }
    return loaded
  }
}

/// The campaign of a run as its stored plan has it: what can be done anew without the campaign's own file.
struct StoredCampaign {
  /// The plan.
  let tree: ConfigurationTree
  /// The campaign in it.
  let value: ConfigurationValue

  /// - Throws: `ConfigurationError` where this version cannot read the plan.
  init(plan: String) throws {
    tree = try ConfigurationDocument(text: plan, file: CampaignRun.planName).tree()
    value = try ConfigurationDocument(
      text: (tree["campaign"] ?? [:]).canonicalText, file: CampaignRun.planName
    ).read(CampaignSchema.schema)
  }

  /// The hull stage, with the models whose energies it places, by position; nil where there is none.
  func hull(_ models: [ModelDescription]) -> (value: ConfigurationValue, models: [Int])? {
    var count = 0
    for stage in value.elements("stages").map(\.tagged) {
      switch stage.tag {
      case "predict", "energy": count += 1
      case "hull":
        return (stage.value, (0..<count).filter { models[$0].property == formationEnergyProperty })
      default: break
      }
    }
    return nil
  }

  /// Whether which candidates are searched depends on the hull.
  var hasCascade: Bool {
    value.elements("inputs").contains { input in
      let (kind, value) = input.tagged
      return kind == "decorate" && value.optional("search")?.optional("cascade") != nil
    }
  }

  /// References that take the place of a campaign's.
  struct NewReferences {
    /// A file as it was named, and its digest.
    typealias NamedFile = (path: String, digest: String)

    let file: NamedFile
    /// The table of offsets that was taken off their energies.
    let offsets: NamedFile?
    /// Fingerprint of the phases.
    let fingerprint: String
  }

  /// The plan of a run that is made from a run of this one.
  ///
  /// - Parameters:
  ///   - fingerprint: of this plan.
  ///   - threshold: largest energy above hull that counts as stable (eV/atom).
  ///   - references: the new references; nil to keep those of the run.
  func rescored(
    from fingerprint: String, threshold: Double, references: NewReferences?
  ) -> ConfigurationTree {
    var plan = tree
    plan["rescored"] = ["from": .string(fingerprint)]
    plan["campaign"]?["threshold"] = .number(threshold)
    guard let references, case .list(var stages) = plan["campaign"]?["stages"] else { return plan }
    plan["digests"]?["references"] = [.string(references.file.digest)]
    plan["digests"]?["hulls"] = [.string(references.fingerprint)]
    // Digests of offsets lie in the order of the stages that name some.
    var before: [ConfigurationTree] = []
    if case .list(let digests) = plan["digests"]?["offsets"] { before = digests }
    var offsets: [ConfigurationTree] = []
    for index in stages.indices {
      let own = ["energy", "hull"].contains { stages[index][$0]?["offsets"] != nil }
      let digest = own && !before.isEmpty ? before.removeFirst() : nil
      guard stages[index]["hull"] != nil else {
        offsets += digest.map { [$0] } ?? []
        continue
      }
      stages[index]["hull"]?["reference"] = .string(references.file.path)
      stages[index]["hull"]?["offsets"] = references.offsets.map { .string($0.path) }
      offsets += references.offsets.map { [.string($0.digest)] } ?? []
    }
    plan["campaign"]?["stages"] = .list(stages)
    plan["digests"]?["offsets"] = offsets.isEmpty ? nil : .list(offsets)
    return plan
  }
}

extension ConfigurationTree {
  /// The value under a key; nil where there is none, or where this is no mapping. What is no mapping stays as it is.
  subscript(key: String) -> ConfigurationTree? {
    get { if case .mapping(let entries) = self { entries[key] } else { nil } }
    set {
      guard case .mapping(var entries) = self else { return }
      entries[key] = newValue
      self = .mapping(entries)
    }
  }
}

/// The tolerance (Å) within which a run looked for the symmetry of its candidates; nil for a run without a symmetry stage.
///
/// - Throws: `ConfigurationError` where the stored plan cannot be read.
public func symmetryTolerance(of run: RunDescription) throws -> Double? {
  let tree = try ConfigurationDocument(text: run.plan, file: CampaignRun.planName).tree()
  guard case .list(let stages) = tree["campaign"]?["stages"] else { return nil }
  return stages.lazy.compactMap { stage -> Double? in
    switch stage["symmetry"]?["tolerance"] {
    case .number(let tolerance): tolerance
    case .integer(let tolerance): Double(tolerance)
    default: nil
    }
  }.first
}

/// Name of the reference phases by which a run's candidates are placed; nil for a run without a hull stage.
public func referenceName(of run: RunDescription) -> String? {
  (try? StoredHullStage(plan: run.plan, directory: run.name)).map { exportedName($0.reference) }
}
