internal import Crystal

/// How large the cell of a decorated prototype is.
public enum CellVolume: Hashable, Sendable {
  /// Σ `elementalVolume(of:)` × the prototype's volume ratio × `factor`; 1 is the plain estimate.
  case estimated(factor: Double = 1)
  /// The given volume per atom (Å³), whatever the elements.
  case perAtom(Double)
  /// The prototype's own cell with its lengths multiplied by this.
  case lengthScale(Double)
  /// Volume and, where the model has parameters, shape as fitted to known members; values are kept within the ranges of
  /// the parameters.
  case fitted(SiteModel)
}

extension CellVolume {
  /// The volume (Å³) of a cell with these elements on the labels.
  func volume(of elements: [Element], on prototype: Prototype) -> Double {
    switch self {
    case .estimated, .fitted:
      let counts = prototype.multiplicities
      var (sum, length) = (0.0, 1.0)
      for (label, element) in elements.enumerated() {
        sum += siteVolume(label, element, prototype) * Double(counts[label])
        length += stretch(label, element)
      }
      return sum * length * length * length
    case .perAtom(let value): return value * Double(prototype.siteCount)
    case .lengthScale(let scale): return prototype.lattice.volume * scale * scale * scale
    }
  }

  /// The prototype in the shape that these elements give it.
  func shape(of elements: [Element], on prototype: Prototype) throws(PrototypeError) -> Prototype {
    guard case .fitted(let model) = self, let fitted = model.values(for: elements), !fitted.isEmpty else {
      return prototype
    }
    var values: [String: Double] = [:]
    for parameter in prototype.parameters {
      guard let value = fitted[parameter.name] else { continue }
      values[parameter.name] = min(max(value, parameter.range.lowerBound), parameter.range.upperBound)
    }
    return try prototype.with(values)
  }

  /// Volumes (Å³) below and above which no choice of elements comes.
  ///
  /// - Throws: `PrototypeError` for elements without volume and for what is no volume.
  func bounds(
    for choices: [[Element]], on prototype: Prototype
  ) throws(PrototypeError) -> (least: Double, largest: Double) {
    try check(choices, prototype)
    switch self {
    case .perAtom, .lengthScale:
      let volume = volume(of: [], on: prototype)
      return (volume, volume)
    case .estimated, .fitted:
      func total(_ isBetter: (Double, Double) -> Bool) -> Double {
        let counts = prototype.multiplicities
        var (sum, length) = (0.0, 1.0)
        for (label, list) in choices.enumerated() {
          sum +=
            (list.map { siteVolume(label, $0, prototype) }.min(by: isBetter) ?? 0) * Double(counts[label])
          length += list.map { stretch(label, $0) }.min(by: isBetter) ?? 0
        }
        // Less than a third of the plain lengths is no stretch.
        return length > 0.3 ? sum * length * length * length : 0
      }
      let (least, largest) = (total(<), total(>))
      guard least > 0, largest.isFinite else { throw .badVolume(least > 0 ? largest : least) }
      return (least, largest)
    }
  }

  private func check(_ choices: [[Element]], _ prototype: Prototype) throws(PrototypeError) {
    switch self {
    case .estimated(let factor):
      guard factor > 0, factor.isFinite else { throw .badVolume(factor) }
      guard prototype.volumeRatio != nil else { throw .noVolumeRatio(prototype: prototype.name) }
      for list in choices {
        for element in list where elementalVolume(of: element) == nil { throw .noVolume(element) }
      }
    case .perAtom(let value), .lengthScale(let value):
      guard value > 0, value.isFinite else { throw .badVolume(value) }
    case .fitted(let model):
      guard model.prototype == prototype.name else {
        throw .otherPrototype(fitted: model.prototype, prototype: prototype.name)
      }
      guard model.labels == prototype.labels else {
        throw .otherLabels(fitted: model.labels, prototype: prototype.labels)
      }
      for parameter in model.parameters where prototype.value(of: parameter) == nil {
        throw .unknownParameter(parameter, known: prototype.parameters.map(\.name))
      }
      for (label, list) in choices.enumerated() {
        for element in list where model.contributions[label][element] == nil {
          throw .notFitted(element, label: prototype.labels[label])
        }
      }
    }
  }

  /// The volume (Å³) that an element takes up on a site of a label; 0 where the elements do not matter.
  private func siteVolume(_ label: Int, _ element: Element, _ prototype: Prototype) -> Double {
    switch self {
    case .estimated(let factor): (elementalVolume(of: element) ?? 0) * (prototype.volumeRatio ?? 1) * factor
    case .fitted(let model): model.contributions[label][element]?.volume ?? 0
    case .perAtom, .lengthScale: 0
    }
  }

  /// By which share an element on a label makes the lengths of the cell larger.
  private func stretch(_ label: Int, _ element: Element) -> Double {
    if case .fitted(let model) = self { model.contributions[label][element]?.stretch ?? 0 } else { 0 }
  }
}
