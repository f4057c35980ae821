public import Crystal

/// Why a prototype cannot be made or decorated as asked.
public enum PrototypeError: Error, Equatable, Sendable {
  /// Each site needs one label.
  case labelCountMismatch(sites: Int, labels: Int)
  /// A label that is empty, or holds characters that would make candidate names ambiguous.
  case badLabel(String)
  /// More different labels than can be enumerated (`Prototype.maximumLabelCount`).
  case tooManyLabels(Int)
  /// No elements were given for this label.
  case noElements(label: String)
  /// The prototype has no sites with this label.
  case unknownLabel(String)
  /// The list of this label names an element twice.
  case repeatedElement(Element, label: String)
  /// The volume of the cell cannot be estimated: this element has no tabulated volume.
  case noVolume(Element)
  /// The volume of the cell cannot be estimated: the prototype has no volume ratio.
  case noVolumeRatio(prototype: String)
  /// A fitted table has nothing for this element on this label.
  case notFitted(Element, label: String)
  /// A fitted table belongs to another prototype.
  case otherPrototype(fitted: String, prototype: String)
  /// A fitted table has other labels than the prototype.
  case otherLabels(fitted: [String], prototype: [String])
  /// Fewer known members than a fit needs.
  case tooFewMembers(Int)
  /// A volume, ratio or scale that is not positive and finite.
  case badVolume(Double)
  /// A value outside the range of the parameter.
  case badParameter(String, Double, range: ClosedRange<Double>)
  /// The prototype has no parameter of this name.
  case unknownParameter(String, known: [String])
  /// The cell is no lattice at the volume asked for.
  case lattice(LatticeError)
  /// The sites are no structure.
  case structure(StructureError)
}

extension PrototypeError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .labelCountMismatch(let sites, let labels): "\(labels) labels for \(sites) sites"
    case .badLabel(let label): "\"\(label)\" cannot be the label of a site"
    case .tooManyLabels(let count):
      "\(count) labels; at most \(Prototype.maximumLabelCount) can be enumerated"
    case .noElements(let label): "no elements are given for site \"\(label)\""
    case .unknownLabel(let label): "there is no site \"\(label)\""
    case .repeatedElement(let element, let label): "\(element) stands twice in the list of site \"\(label)\""
    case .noVolume(let element): "\(element) has no tabulated volume; give the volume of the cell"
    case .noVolumeRatio(let prototype): "\(prototype) has no volume ratio; give the volume of the cell"
    case .notFitted(let element, let label):
      "the fitted table has nothing for \(element) on site \"\(label)\""
    case .otherPrototype(let fitted, let prototype):
      "the table was fitted for \(fitted), not for \(prototype)"
    case .otherLabels(let fitted, let labels):
      "the fitted table has the sites \(fitted.joined(separator: ", ")), the prototype "
        + labels.joined(separator: ", ")
    case .tooFewMembers(let count):
      "\(count) known members; a fit needs ten whose elements have tabulated volumes"
    case .badVolume(let value): "\(value) is no volume, ratio or scale"
    case .badParameter(let name, let value, let range):
      "\(name) = \(value) is not within \(range.lowerBound)…\(range.upperBound)"
    case .unknownParameter(let name, let known):
      "there is no parameter \"\(name)\"; "
        + (known.isEmpty ? "the prototype has none" : "there are \(known.joined(separator: ", "))")
    case .lattice(let error): "at this volume the cell is no lattice (\(error))"
    case .structure(let error): "the sites are no structure (\(error))"
    }
  }
}
