public import Crystal

/// Volumes and shapes of the decorations of a prototype, by what each element does on each label: it takes up a volume,
/// stretches the cell, and moves the free parameters.
///
/// With m the sites of a label, the volume of a cell is Σ m · volume times (1 + Σ stretch)³ and a parameter is Σ of its
/// parts, each sum over the labels.
public struct SiteModel: Hashable, Sendable {
  /// What an element does on a label.
  public struct Contribution: Hashable, Sendable {
    /// The volume of an atom on one site of the label by the plain estimate (Å³).
    public let volume: Double
    /// By which share the lengths of the cell are larger than by that estimate.
    public let stretch: Double
    /// What it adds to each parameter, in order of `SiteModel.parameters`; the sum over the labels is the value.
    public let parameters: [Double]
    /// Known members with the element on the label; 0 where the plain estimate stands in.
    public let memberCount: Int

    /// A contribution.
    public init(volume: Double, stretch: Double, parameters: [Double], memberCount: Int) {
      self.volume = volume
      self.stretch = stretch
      self.parameters = parameters
      self.memberCount = memberCount
    }
  }

  /// The name of the prototype it was fitted for.
  public let prototype: String
  /// The labels of the prototype.
  public let labels: [String]
  /// The names of the parameters that depend on the elements.
  public let parameters: [String]
  /// For each label the contributions by element.
  public let contributions: [[Element: Contribution]]

  /// A model from its contributions, one dictionary a label.
  public init(
    prototype: String, labels: [String], parameters: [String], contributions: [[Element: Contribution]]
  ) {
    precondition(contributions.count == labels.count, "one dictionary a label")
    self.prototype = prototype
    self.labels = labels
    self.parameters = parameters
    self.contributions = contributions
  }

  /// The same volumes with those of the parameters alone for which `isKept` holds.
  public func keepingParameters(_ isKept: (String) -> Bool) -> SiteModel {
    let kept = parameters.indices.filter { isKept(parameters[$0]) }
    return SiteModel(
      prototype: prototype, labels: labels, parameters: kept.map { parameters[$0] },
      contributions: contributions.map { entries in
        entries.mapValues { entry in
          Contribution(
            volume: entry.volume, stretch: entry.stretch, parameters: kept.map { entry.parameters[$0] },
            memberCount: entry.memberCount)
        }
      })
  }

  /// The values of the parameters with these elements on the labels, by name; nil where one has no contribution.
  public func values(for elements: [Element]) -> [String: Double]? {
    var sums = [Double](repeating: 0, count: parameters.count)
    for (label, element) in elements.enumerated() {
      guard let entry = contributions[label][element] else { return nil }
      for (index, value) in entry.parameters.enumerated() { sums[index] += value }
    }
    return Dictionary(uniqueKeysWithValues: zip(parameters, sums))
  }
}
