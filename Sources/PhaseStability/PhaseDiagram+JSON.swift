internal import TextFormats

extension PhaseDiagram {
  /// The diagram as JSON: elements, phases, and the facets of the hull with the chemical potentials on them. Numbers are
  /// written so that they read back as the same `Double`.
  public func json() -> String {
    let phases = phases.map { phase in
      """
      {"formula":\(jsonText(phase.formula)),"fractions":\(list(phase.fractions)),"energy_per_atom":\(phase.energyPerAtom),\
      "energy_above_hull":\(phase.energyAboveHull),"decomposition_energy":\(phase.decompositionEnergy),\
      "stable":\(phase.isStable)}
      """
    }
    let facets = facets.map { facet in
      #"{"phases":\#(facet),"chemical_potentials":\#(list(chemicalPotentials(on: facet)))}"#
    }
    let candidates = candidates.map { candidate in
      """
      {"formula":\(jsonText(candidate.formula)),"fractions":\(list(candidate.fractions)),\
      "energy_per_atom":\(candidate.energyPerAtom),"energy_above_hull":\(candidate.energyAboveHull),\
      "decomposition_energy":\(candidate.decompositionEnergy),"stable":\(candidate.isStable)}
      """
    }
    return """
      {"phase_diagram":1,"source":\(jsonText(source)),"elements":\(elements.map(\.symbol)),
      "phases":[
      \(phases.joined(separator: ",\n"))
      ],
      "tie_lines":\(tieLines),
      "facets":[
      \(facets.joined(separator: ",\n"))
      ],
      "candidates":[
      \(candidates.joined(separator: ",\n"))
      ]}

      """
  }

  /// Chemical potentials (eV/atom) of the elements where the phases of a facet coexist, in the diagram's order.
  public func chemicalPotentials(on facet: [Int]) -> [Double] {
    var rows = facet.map { phases[$0].fractions + [phases[$0].energyPerAtom] }
    let k = elements.count
    for column in 0..<k {
      guard let pivot = (column..<k).max(by: { abs(rows[$0][column]) < abs(rows[$1][column]) }) else {
        continue
      }
      rows.swapAt(pivot, column)
      for row in 0..<k where row != column {
        let factor = rows[row][column] / rows[column][column]
        for j in column...k { rows[row][j] -= factor * rows[column][j] }
      }
    }
    return (0..<k).map { rows[$0][k] / rows[$0][$0] }
  }

  private func list(_ values: [Double]) -> String { "[\(values.map(\.description).joined(separator: ","))]" }
}
