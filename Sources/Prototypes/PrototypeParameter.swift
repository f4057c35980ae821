/// A number that the symmetry of a prototype leaves free: a ratio of lengths, or a coordinate of a site.
public struct PrototypeParameter: Hashable, Sendable {
  /// The name, e.g. "axial_ratio" or "z".
  public let name: String
  /// The value it has unless another is asked for: typical of the known members of the prototype.
  public let defaultValue: Double
  /// The value in the compound that the prototype is named after.
  public let typeValue: Double
  /// Values at which all sites stay apart and keep the surroundings they are known for.
  public let range: ClosedRange<Double>
  /// What the number is, for people.
  public let meaning: String

  /// - Parameters:
  ///   - name: the name.
  ///   - typeValue: the value in the compound that the prototype is named after.
  ///   - typical: the value where none is asked for; that of the type compound when nil.
  ///   - range: the values allowed.
  ///   - meaning: what the number is.
  init(
    _ name: String, _ typeValue: Double, typical: Double? = nil, _ range: ClosedRange<Double>,
    _ meaning: String
  ) {
    self.name = name
    self.typeValue = typeValue
    self.range = range
    self.meaning = meaning
    defaultValue = typical ?? typeValue
  }

  /// c/a of the conventional cell.
  static func axialRatio(
    _ typeValue: Double, typical: Double? = nil, _ range: ClosedRange<Double>
  ) -> PrototypeParameter {
    PrototypeParameter("axial_ratio", typeValue, typical: typical, range, "c/a of the conventional cell")
  }
}

/// The values of a prototype's parameters, by name.
struct ParameterValues: Sendable {
  let parameters: [PrototypeParameter]
  let values: [Double]

  /// The value of a parameter that the prototype declares.
  subscript(name: String) -> Double {
    guard let index = parameters.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("no parameter \(name)")
    }
    return values[index]
  }
}
