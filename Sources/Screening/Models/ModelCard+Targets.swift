internal import Training

extension ModelCard {
  /// What the model predicts, in the order of the network's outputs; nothing of a network without a read-out.
  public var properties: [String] {
    configuration.isTrunk ? [] : [property] + (otherTargets ?? []).map(\.property)
  }

  /// Standardization of each target by each member, shape (targets, members).
  var normalizers: [[Normalizer]] { [members.map(\.normalizer)] + (otherTargets ?? []).map(\.normalizers) }

  /// The card as one target alone would have it.
  func selecting(_ target: Int) -> ModelCard {
    var card = self
    card.otherTargets = nil
    guard target > 0, let own = otherTargets?[target - 1] else { return card }
    (card.property, card.unit) = (own.property, own.unit)
    (card.testMetrics, card.calibration) = (own.testMetrics, own.calibration)
    for index in members.indices {
      card.members[index].normalizer = own.normalizers[index]
      card.members[index].validationError = own.validationErrors?[index]
      card.members[index].testError = own.testErrors?[index]
    }
    return card
  }

  /// Puts the calibration of a target into its place.
  mutating func setCalibration(_ calibration: Calibration?, of target: Int) {
    if target == 0 {
      self.calibration = calibration
    } else {
      otherTargets?[target - 1].calibration = calibration
    }
  }

  /// Why the card's targets do not belong to its network; nil where they do.
  var targetObjection: String? {
    if configuration.isTrunk {
      return otherTargets == nil && calibration == nil ? nil : "targets of a network without a read-out"
    }
    let count = properties.count
    guard pretraining == nil else {
      return count == 1 && calibration == nil
        ? nil : "targets or error bars of a network that predicts nothing"
    }
    guard count == configuration.predictionCount else {
      return "\(counted(count, "target")) of a network that predicts \(configuration.predictionCount)"
    }
    guard Set(properties).count == count else { return "two targets of one property" }
    func fits(_ numbers: [Double]?) -> Bool { numbers.map { $0.count == members.count } ?? true }
    for target in otherTargets ?? [] {
      guard target.normalizers.count == members.count, fits(target.validationErrors), fits(target.testErrors)
      else { return "\(target.property) has not one value for each of \(counted(members.count, "member"))" }
    }
    return nil
  }
}

extension ModelFolder {
  /// The model as one of its targets: its card is the target's, and its predictions are of it alone.
  ///
  /// - Parameters:
  ///   - target: the property; where nil the one that `column` names, or the only one.
  ///   - column: a column of data, to be compared with the target.
  /// - Throws: `ScreeningError.invalid` naming the targets where none is meant.
  public func selecting(_ target: String?, column: String? = nil) throws(ScreeningError) -> ModelFolder {
    let properties = card.properties
    let name = target ?? column.flatMap { properties.contains($0) ? $0 : nil }
    guard let index = name.map({ properties.firstIndex(of: $0) }) ?? (properties.count == 1 ? 0 : nil) else {
      let list = properties.joined(separator: ", ")
      throw .invalid(
        target.map { "\(path): \(card.name) does not predict \($0), but \(list)" }
          ?? "\(path): \(card.name) predicts \(list); say which of these is meant")
    }
    return properties.count == 1 ? self : ModelFolder(self, target: index)
  }
}
