public import Crystal

/// A structure as the text of a POSCAR (VASP 5), direct coordinates at full precision.
///
/// Sites are listed element by element, in the order in which the elements first occur, as VASP and its pseudopotentials
/// want them; within an element they keep their order.
///
/// - Parameters:
///   - comment: the first line; line ends in it become blanks.
///   - structure: the structure.
public func poscarText(comment: String, structure: Structure) -> String {
  var elements: [Element] = []
  for element in structure.elements where !elements.contains(element) { elements.append(element) }
  let lattice = structure.lattice
  var lines = [
    String(comment.map { $0.isNewline ? " " : $0 }), "1.0",
  ]
  for vector in [lattice.a, lattice.b, lattice.c] { lines.append("\(vector.x) \(vector.y) \(vector.z)") }
  lines.append(elements.map(\.symbol).joined(separator: " "))
  lines.append(
    elements.map { element in "\(structure.elements.count { $0 == element })" }.joined(separator: " "))
  lines.append("Direct")
  for element in elements {
    for (own, point) in zip(structure.elements, structure.fractionalPositions) where own == element {
      lines.append("\(point.x) \(point.y) \(point.z) \(element.symbol)")
    }
  }
  return lines.joined(separator: "\n") + "\n"
}
