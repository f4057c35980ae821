/// The prototypes that come along.
///
/// Lattice parameters and coordinates are those published for the type compounds. Volume ratios are medians of
/// V / Σ `elementalVolume(of:)` over known members: crystals of the Materials Project (CC BY 4.0; A. Jain et al., APL
/// Materials 1, 011002 (2013)) with the prototype's space group, number of atoms in the primitive cell, and Wyckoff
/// sites by multiplicity and site symmetry, each composition once. Members, and how far half of them lie from the
/// estimate at most (%):
///
/// zinc-blende 124 (11), CsCl 443 (8.1), L12 949 (7.5), CaF2 120 (12), D03 520 (15), C15 231 (3.4), A15 74 (5.1),
/// pyrite 60 (9.2), Heusler 3,970 (5.1), inverse-Heusler 168 (6.9), spinel 272 (5.3), elpasolite 2,366 (6.3), L10 47
/// (6.5), rutile 73 (5.9), anatase 13 (7.7), PbFCl 250 (9.9), ZrCuSiAs 85 (5.5), K2NiF4 114 (6.6), wurtzite 89 (14),
/// NiAs 63 (7.9), AlB2 63 (8.1), CaCu5 82 (2.6), C14 109 (3.3), CdI2 75 (7.1), MoS2 30 (11), CaAl2Si2 208 (12), Cr2AlC
/// 156 (7.5), ZrNiAl 451 (3.9), corundum 33 (9.3), ilmenite 74 (5.7), TiNiSi 594 (3.4).
///
/// The other ratios: ThCr2Si2 388 members (2.9), rock-salt 346 two-atom cells of space group 225 (10), half-Heusler
/// 469 three-atom cells of space group 216 with three elements (6.6), perovskite 5,678 decorations of the OQMD (9.9;
/// CC BY 4.0; J. E. Saal et al., JOM 65, 1501 (2013)); delafossite and alpha-NaFeO2 those of the type compounds
/// themselves. The typical shape of ThCr2Si2 is that of its members.
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
