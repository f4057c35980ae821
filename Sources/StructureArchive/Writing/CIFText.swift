public import Crystal

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A structure as CIF text in space group P 1: every site listed, 12 significant digits.
///
/// Fractional coordinates are written as they are. The cell is written as lengths and angles, so its orientation in
/// space is not kept. The rules by which the structure was read stand in an item of their own, `_sluice_reading`, and so does
/// a space group that was found, `_sluice_space_group_number` and `_sluice_space_group_symbol`: the items that CIF has for it
/// say which symmetry the list of sites needs.
public func cifText(
  id: String, structure: Structure, reading: [ReadingRule] = [], spaceGroup: SpaceGroup? = nil
) -> String {
  let lattice = structure.lattice
  let (lengths, angles) = cellParameters(of: lattice)
  let formula = structure.composition.parts.map { "\($0.element.symbol)\($0.count)" }.joined(separator: " ")
  var text = "data_\(fileName(for: id))\n"
  text.reserveCapacity(700 + 90 * structure.siteCount)
  for (name, value) in zip(["a", "b", "c"], lengths) {
    text += "_cell_length_\(name) \(twelveDigits(value))\n"
  }
  for (name, value) in zip(["alpha", "beta", "gamma"], angles) {
    text += "_cell_angle_\(name) \(twelveDigits(value))\n"
  }
  if !reading.isEmpty {
    text += "_sluice_reading '\(reading.map(\.rawValue).joined(separator: " "))'\n"
  }
  if let spaceGroup {
    text += "_sluice_space_group_number \(spaceGroup.number)\n"
    text += "_sluice_space_group_symbol '\(spaceGroup.spacedSymbol)'\n"
  }
  text += """
    _cell_volume \(twelveDigits(lattice.volume))
    _space_group_name_H-M_alt 'P 1'
    _space_group_IT_number 1
    _chemical_formula_sum '\(formula)'
    loop_
    _space_group_symop_operation_xyz
    'x, y, z'
    loop_
    _atom_site_label
    _atom_site_type_symbol
    _atom_site_fract_x
    _atom_site_fract_y
    _atom_site_fract_z
    _atom_site_occupancy

    """
  for (index, (element, point)) in zip(structure.elements, structure.fractionalPositions).enumerated() {
    let symbol = element.symbol
    text +=
      "\(symbol)\(index + 1) \(symbol) \(twelveDigits(point.x)) \(twelveDigits(point.y)) \(twelveDigits(point.z)) 1\n"
  }
  return text
}

/// Lengths a, b, c (Å) and angles α, β, γ (degrees) of a cell.
public func cellParameters(of lattice: Lattice) -> (lengths: [Double], angles: [Double]) {
  let vectors = [lattice.a, lattice.b, lattice.c]
  let lengths = vectors.map(length)
  let angles = [(1, 2), (0, 2), (0, 1)].map { first, second in
    let cosine = dot(vectors[first], vectors[second]) / (lengths[first] * lengths[second])
    return acos(min(1, max(-1, cosine))) * 180 / Double.pi
  }
  return (lengths, angles)
}

/// A name for a file made from an id: letters, digits and "._+-", at most 160 of them, nothing that leads elsewhere.
func fileName(for id: String) -> String {
  var name = id.utf8.prefix(160).map { byte -> UInt8 in
    switch byte {
    case 48...57, 65...90, 97...122, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "+"),
      UInt8(ascii: "-"):
      byte
    default: UInt8(ascii: "_")
    }
  }
  if name.isEmpty { return "structure" }
  if name[0] == UInt8(ascii: ".") || name[0] == UInt8(ascii: "-") { name[0] = UInt8(ascii: "_") }
  return String(decoding: name, as: UTF8.self)
}

/// A number in at most 12 significant digits, as C's %.12g writes it.
func twelveDigits(_ value: Double) -> String {
  var buffer = [CChar](repeating: 0, count: 40)
  // Minus zero is zero to a reader.
  let arguments: [any CVarArg] = [value == 0 ? 0.0 : value]
  let count = withVaList(arguments) { vsnprintf(&buffer, buffer.count, "%.12g", $0) }
  return String(decoding: buffer.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
