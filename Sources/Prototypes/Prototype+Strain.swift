internal import Crystal

extension Prototype {
  /// The parameters of a prototype that is no built-in one: how far its cell is stretched along b and along c.
  ///
  /// A strain s multiplies lengths along the vector by 1 + s and those across it by (1 + s)^(−½), so that the volume
  /// stays. The stretch along b comes first. What is fractional stays: atoms move with the cell.
  public static let strainParameters = ["b", "c"].map { axis in
    PrototypeParameter(
      "strain_\(axis)", 0, -0.5...1, "stretch of the cell along its vector \(axis) at constant volume")
  }
}

extension Lattice {
  /// This lattice with the strains of `Prototype.strainParameters`.
  func strained(_ values: ParameterValues) throws(PrototypeError) -> Lattice {
    let (alongB, alongC) = (1 + values["strain_b"], 1 + values["strain_c"])
    func stretched(_ vector: SIMD3<Double>) -> SIMD3<Double> {
      stretch(stretch(vector, along: b, by: alongB), along: c, by: alongC)
    }
    do {
      return try Lattice(a: stretched(a), b: stretched(b), c: stretched(c))
    } catch {
      throw .lattice(error)
    }
  }
}

/// A vector after a stretch along `axis` that conserves volumes.
private func stretch(_ vector: SIMD3<Double>, along axis: SIMD3<Double>, by factor: Double) -> SIMD3<Double> {
  let along = dot(vector, axis) / dot(axis, axis) * axis
  return factor * along + (vector - along) / factor.squareRoot()
}
