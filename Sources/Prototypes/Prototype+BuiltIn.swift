/// The prototypes that come along.
///
/// Lattice parameters and coordinates of the type compounds are those published. Volume ratios and typical values of the
/// parameters are medians over known members, crystals of the Materials Project (CC BY 4.0; A. Jain et al., APL Materials
/// 1, 011002 (2013)) that `PrototypeMatcher` recognizes; docs/prototypes.md says how many, and how far they scatter. With
/// less than ten members, anatase has the ratio and shape of its type compound.
extension Prototype {
  /// All built-in prototypes, one for each name, with the default values of their parameters.
  public static let all: [Prototype] = (cubicTypes + tetragonalTypes + hexagonalTypes + orthorhombicTypes).map
  {
    type in
    do { return try Prototype(type, values: type.parameters.map(\.defaultValue)) } catch {
      preconditionFailure("\(type.name) is wrong: \(error)")
    }
  }

  /// The built-in prototype of that name, if there is one.
  public static func named(_ name: String) -> Prototype? { all.first { $0.name == name } }
}
