internal import Crystal

/// A site model with what is known of its quality.
public struct SiteModelFit: Sendable {
  /// How well something is estimated: median sizes of deviations over the known members.
  public struct Quality: Sendable {
    /// What is estimated: "volume" or the name of a parameter.
    public let name: String
    /// Median deviation of the same estimate for all: the median ratio to the sum of `elementalVolume(of:)`, or the
    /// median of the parameter. Relative for the volume.
    public let plain: Double
    /// Median deviation of the model on members that had no part in its fit, compositions in five parts.
    public let fitted: Double
    /// How strongly contributions are drawn to the plain estimate, in members.
    public let ridge: Double
  }

  /// The model fitted to all members.
  public let model: SiteModel
  /// Members it was fitted to.
  public let memberCount: Int
  /// Members left out since an element has no tabulated volume.
  public let leftOutCount: Int
  /// The median of V / Σ `elementalVolume(of:)`.
  public let volumeRatio: Double
  /// The median of each parameter of the prototype.
  public let medians: [Double]
  /// The volume, then each parameter.
  public let qualities: [Quality]

  /// Fits a model to known members of a prototype.
  ///
  /// The cube root of the volume over that of the plain estimate, ratio · Σ `elementalVolume(of:)`, is 1 plus a sum over
  /// the labels; a parameter is its median plus such a sum. What an element adds on a label is drawn to zero (ridge
  /// regression), as strongly as members left out allow, so an element never seen on a label gets the plain estimate.
  /// Residuals beyond 1 % (of the length, of the range of a parameter) count by their size rather than its square.
  /// Labels that may be exchanged share what is fitted.
  ///
  /// - Throws: `PrototypeError.tooFewMembers` for less than ten members with tabulated volumes.
  public init(_ prototype: Prototype, members: [PrototypeMatch]) throws(PrototypeError) {
    let usable = members.filter { member in member.elements.allSatisfy { elementalVolume(of: $0) != nil } }
    guard usable.count >= 10 else { throw .tooFewMembers(usable.count) }
    let data = SiteModelData(prototype, usable)
    memberCount = usable.count
    leftOutCount = members.count - usable.count
    volumeRatio = data.ratio
    medians = data.medians
    let lengths = data.lengthFit
    let (ridge, deviation) = lengths.crossValidated(folds: data.folds) { value, residual in
      abs(cube((1 + value - residual) / (1 + value)) - 1)
    }
    let stretches = lengths.unknowns(ridge: ridge, folds: data.folds)
    var qualities = [
      Quality(
        name: "volume", plain: median(data.ratios.map { abs(data.ratio / $0 - 1) }), fitted: deviation,
        ridge: ridge)
    ]
    var shifts: [[Double]] = []
    for index in prototype.parameters.indices {
      let fit = data.parameterFit(index)
      let scale = data.scale(index)
      let (ridge, deviation) = fit.crossValidated(folds: data.folds) { abs($1) }
      shifts.append(fit.unknowns(ridge: ridge, folds: data.folds).map { $0 * scale })
      qualities.append(
        Quality(
          name: prototype.parameters[index].name, plain: median(fit.rows.map { abs($0.value) }) * scale,
          fitted: deviation * scale, ridge: ridge))
    }
    self.qualities = qualities
    model = data.model(stretches: stretches, shifts: shifts)
  }
}

/// Known members as observations of sums over labels.
private struct SiteModelData {
  let prototype: Prototype
  let members: [PrototypeMatch]
  /// V / Σ `elementalVolume(of:)` of each member, and its median.
  let ratios: [Double]
  let ratio: Double
  /// The median of each parameter.
  let medians: [Double]
  /// Which part of the members each belongs to; those of one composition belong together.
  let folds: [Int]
  /// For each label the first of those it may be exchanged with.
  private let classes: [Int]
  private let multiplicities: [Int]
  /// For each class of labels the numbers of the elements that members have there.
  private let unknowns: [[Element: Int]]
  private let unknownCount: Int

  init(_ prototype: Prototype, _ members: [PrototypeMatch]) {
    self.prototype = prototype
    self.members = members
    let multiplicities = prototype.multiplicities
    self.multiplicities = multiplicities
    let groups = prototype.exchangeableLabels
    classes = prototype.labels.indices.map { index in
      let label = prototype.labels[index]
      let first = groups.first { $0.contains(label) }?.first ?? label
      return prototype.labels.firstIndex(of: first) ?? index
    }
    var unknowns = prototype.labels.map { _ in [Element: Int]() }
    var count = 0
    for member in members {
      for (label, element) in member.elements.enumerated() where unknowns[classes[label]][element] == nil {
        unknowns[classes[label]][element] = count
        count += 1
      }
    }
    self.unknowns = unknowns
    unknownCount = count
    ratios = members.map { member in
      let sum = zip(member.elements, multiplicities).reduce(0.0) {
        $0 + (elementalVolume(of: $1.0) ?? 0) * Double($1.1)
      }
      return member.volume / sum
    }
    ratio = median(ratios)
    medians = prototype.parameters.indices.map { index in median(members.map { $0.values[index] }) }
    // Numbered by the elements of a composition, whatever labels they are on and in whatever order members came.
    let compositions = members.map { member in
      zip(member.elements, multiplicities).map { $0.0.atomicNumber * 1000 + $0.1 }.sorted()
    }
    let order = Set(compositions).sorted { $0.lexicographicallyPrecedes($1) }
    let numbers = Dictionary(
      uniqueKeysWithValues: order.enumerated().map { ($1, $0 % AdditiveFit.foldCount) })
    folds = compositions.map { numbers[$0] ?? 0 }
  }

  /// The unknown of an element on a label; nil where no member has it there.
  private func unknown(_ label: Int, _ element: Element) -> Int? { unknowns[classes[label]][element] }

  /// Relative deviations of lengths from the plain estimate.
  var lengthFit: AdditiveFit { fit(ratios.map { cubeRoot($0 / ratio) - 1 }) }

  /// Deviations of a parameter from its median, in units of `scale(_:)`.
  func parameterFit(_ index: Int) -> AdditiveFit {
    fit(members.map { ($0.values[index] - medians[index]) / scale(index) })
  }

  private func fit(_ values: [Double]) -> AdditiveFit {
    let rows = zip(members, values).map { member, value in
      AdditiveRow(
        unknowns: prototype.labels.indices.compactMap { unknown($0, member.elements[$0]) }, value: value)
    }
    return AdditiveFit(rows: rows, unknownCount: unknownCount, floor: 0.01)
  }

  /// The width of a parameter's range.
  func scale(_ index: Int) -> Double {
    prototype.parameters[index].range.upperBound - prototype.parameters[index].range.lowerBound
  }

  /// The contributions of all tabulated elements on all labels.
  func model(stretches: [Double], shifts: [[Double]]) -> SiteModel {
    let contributions = prototype.labels.indices.map { label in
      var entries: [Element: SiteModel.Contribution] = [:]
      for element in Element.all {
        guard let volume = elementalVolume(of: element) else { continue }
        let index = unknown(label, element)
        func change(_ values: [Double]) -> Double { index.map { values[$0] } ?? 0 }
        entries[element] = SiteModel.Contribution(
          volume: volume * ratio, stretch: change(stretches),
          parameters: shifts.indices.map { parameter in
            medians[parameter] / Double(prototype.labels.count) + change(shifts[parameter])
          },
          memberCount: members.count { member in
            prototype.labels.indices.contains {
              classes[$0] == classes[label] && member.elements[$0] == element
            }
          })
      }
      return entries
    }
    return SiteModel(
      prototype: prototype.name, labels: prototype.labels, parameters: prototype.parameters.map(\.name),
      contributions: contributions)
  }
}

private func cube(_ value: Double) -> Double { value * value * value }
