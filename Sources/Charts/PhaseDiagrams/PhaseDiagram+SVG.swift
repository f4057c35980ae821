public import PhaseStability
internal import TextFormats

extension PhaseDiagram {
  /// The diagram as a self-contained SVG drawing: for two elements energies over composition, for three the triangle
  /// with its tie lines. Stable phases bear their formulas, unstable ones numbers that a legend explains.
  ///
  /// - Throws: `HullError.noDiagram` for four elements.
  public func svg() throws(HullError) -> String {
    switch elements.count {
    case 2: BinaryDrawing(self).document()
    case 3: TernaryDrawing(self).document()
    default: throw .noDiagram(elementCount: elements.count)
    }
  }

  /// The document of a finished picture.
  func document(_ canvas: DrawingCanvas) -> String {
    canvas.document(title: "Phase diagram of \(title)", description: subtitle)
  }

  /// What stands above every drawing.
  func drawTitle(_ canvas: inout DrawingCanvas) {
    canvas.text(title, at: Point(20, 30), size: 18, isBold: true)
    canvas.text(subtitle, at: Point(20, 50), size: 11, color: Ink.note)
  }

  var unstablePhases: ArraySlice<Phase> { phases.drop(while: \.isStable) }
  var stablePhases: ArraySlice<Phase> { phases.prefix(while: \.isStable) }
  private var title: String { elements.map(\.symbol).joined(separator: "–") }
  private var subtitle: String {
    let shown =
      candidates.isEmpty
      ? "" : " · \(candidates.count { $0.isStable }) of \(candidates.count) candidates on or below the hull"
    return "\(stablePhases.count) stable and \(unstablePhases.count) unstable phases · \(source)\(shown)"
  }

  /// The candidates that bear a label and stand in the list: the most stable ones.
  var listedCandidates: ArraySlice<Candidate> { candidates.prefix(LegendLayout.mostCandidates) }
}

extension PhaseDiagram.Candidate {
  /// One line about the candidate.
  var tooltip: String {
    let side = energyAboveHull < 0 ? "below" : "above"
    let distance =
      energyAboveHull == 0 ? "on the hull" : "\(milli(abs(energyAboveHull))) meV/atom \(side) the hull"
    return "candidate \(formula): \(fixedPoint(energyPerAtom, decimals: 4)) eV/atom, \(distance)"
  }
}

extension PhaseDiagram.Phase {
  /// One line about the phase.
  var tooltip: String {
    let distance =
      isStable
      ? "stable, \(milli(decompositionEnergy)) meV/atom against the others"
      : "\(milli(energyAboveHull)) meV/atom above the hull"
    return "\(formula): \(fixedPoint(energyPerAtom, decimals: 4)) eV/atom, \(distance)"
  }

  /// From yellow at the hull to dark red at 0.2 eV/atom above it.
  var color: String {
    let scale = ["#e9b44c", "#e08e45", "#d1603d", "#b23a48", "#7d1d3f"]
    return scale[Int(min(Double(scale.count - 1), max(0, energyAboveHull) / 0.05))]
  }
}

/// eV as whole meV; one decimal below 10.
func milli(_ energy: Double) -> String { fixedPoint(energy * 1000, decimals: abs(energy) < 0.01 ? 1 : 0) }
