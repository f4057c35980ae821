public import Crystal
internal import Foundation

/// A crystal as one JSON line of the kind the archives of the tests are made of.
///
/// - Parameters:
///   - id: its id; quotes, backslashes and control characters are escaped.
///   - structure: the crystal.
///   - properties: further numbers of the record.
public func recordLine(id: String, structure: Structure, properties: [String: Double] = [:]) throws -> String
{
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  let name = String(decoding: try encoder.encode([id]), as: UTF8.self).dropFirst().dropLast()
  func text(_ vector: SIMD3<Double>) -> String { "[\(vector.x),\(vector.y),\(vector.z)]" }
  let lattice = [structure.lattice.a, structure.lattice.b, structure.lattice.c].map(text).joined(
    separator: ",")
  let species = structure.elements.map { "\"\($0.symbol)\"" }.joined(separator: ",")
  let positions = structure.fractionalPositions.map(text).joined(separator: ",")
  let rest = properties.sorted { $0.key < $1.key }.map { ",\"\($0.key)\":\($0.value)" }.joined()
  return
    "{\"id\":\(name),\"lattice\":[\(lattice)],\"species\":[\(species)],\"frac_coords\":[\(positions)]\(rest)}"
}
