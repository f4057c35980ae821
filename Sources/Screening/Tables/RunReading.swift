internal import Foundation
public import ScreeningStore

/// Opens the store of a run directory for looking, also while the run is going on.
public func openRun(_ directory: String) throws -> RunStore {
  let path = directory + "/" + CampaignRun.storeName
  guard FileManager.default.fileExists(atPath: path) else {
    throw ScreeningError.unreadable(
      path: directory, reason: "no run directory (there is no \(CampaignRun.storeName) in it)")
  }
  return try RunStore.open(at: path, access: .readOnly)
}

/// The position of a model in a run.
///
/// - Parameters:
///   - name: its name, or nil for the first model that has been placed on the hull.
///   - store: the store of the run.
/// - Throws: `ScreeningError.invalid` naming the models that there are, or where the model predicts no energy.
public func modelIndex(named name: String?, in store: RunStore) throws -> Int {
  let description = try store.description()
  let models = description.models
  guard let name else { return models.firstIndex { $0.property == formationEnergyProperty } ?? 0 }
  let index = try position(of: name, among: models)
  guard !unrankedModels(in: description).contains(index) else {
    throw ScreeningError.invalid(
      "\(name) predicts \(models[index].property), and candidates are ranked by energies; its scores stand beside "
        + "those of the others")
  }
  return index
}

/// The models of a run by which nothing is ranked, since what they predict is no energy: by position, in order.
public func unrankedModels(in run: RunDescription) -> [Int] {
  run.models.indices.filter {
    ![formationEnergyProperty, hullDistanceProperty].contains(run.models[$0].property)
  }
}

private func position(of name: String, among models: [ModelDescription]) throws -> Int {
  guard let index = models.firstIndex(where: { $0.name == name }) else {
    throw ScreeningError.invalid(
      "the run has no model \"\(name)\"; it has " + models.map(\.name).joined(separator: ", "))
  }
  return index
}

/// The model whose scores a run is ranked by, where no model of it predicts an energy; nil where one does.
///
/// - Parameters:
///   - name: the model's name, or nil for the first classifier, or else the first model.
///   - run: what the run is.
/// - Throws: `ScreeningError.invalid` naming the models that there are.
public func scoreModel(named name: String?, in run: RunDescription) throws -> Int? {
  guard !run.models.isEmpty, unrankedModels(in: run).count == run.models.count else { return nil }
  guard let name else { return run.models.firstIndex(where: \.givesProbability) ?? 0 }
  return try position(of: name, among: run.models)
}

extension ModelDescription {
  /// Whether it is a classifier, which says the probability of class 1.
  public var givesProbability: Bool { unit == TrainingPlan.probability }
}

/// Checks that nothing is asked of a ranking by scores that takes energies.
///
/// - Throws: `ScreeningError.invalid`.
public func checkScoreRanking(
  of model: Int, by order: RankingOrder, hull: RankingHull?, leavesOutFlagged: Bool, in run: RunDescription
) throws {
  guard order == .distance, hull == nil, !leavesOutFlagged else {
    throw ScreeningError.invalid(
      "no model of this run predicts an energy, so its rows have no distance to a hull; they are ranked by what "
        + "\(run.models[model].name) says, the largest first")
  }
}

/// Checks that a model's rows can be ranked by what is asked for.
///
/// - Throws: `ScreeningError.invalid` where the model has no calibration, or the hull no probabilities.
public func checkRanking(
  of model: Int, by order: RankingOrder, on hull: RankingHull, in run: RunDescription
) throws {
  guard order != .distance else { return }
  if run.models.indices.contains(model), run.models[model].calibration == nil {
    throw ScreeningError.invalid(
      "\(run.models[model].name) was not calibrated when the run was made, so its rows have neither sigma nor "
        + "probability; they can be ranked by mean")
  }
  if order == .probability, hull == .combined {
    throw ScreeningError.invalid(
      "probabilities are to lie on the hull of the references; on that of references and candidates rows can be ranked "
        + "by mean or pessimistic")
  }
}

extension RankingHull {
  /// What the hull is made of.
  public var words: String {
    switch self {
    case .references: "the references"
    case .competitors: "references and predicted competitors"
    case .combined: "references and candidates"
    }
  }
}
