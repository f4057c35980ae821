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
  /// A volume, ratio or scale that is not positive and finite.
  case badVolume(Double)
  /// A shape parameter for which the prototype's sites coincide or the cell vanishes.
  case badParameter(String, Double)
  /// The cell is no lattice at the volume asked for.
  case lattice(LatticeError)
  /// The sites are no structure.
  case structure(StructureError)
}
