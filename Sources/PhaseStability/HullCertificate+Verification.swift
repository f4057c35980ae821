import BigInt
import Crystal

extension HullCertificate {
  /// Checks the proof against the references, in exact arithmetic only, trusting nothing that the certificate says.
  ///
  /// - Throws: `CertificateError`, the first reason found.
  /// - Complexity: one pass over the phases of the candidate's chemical system.
  public func verify(against references: HullReferences) throws(CertificateError) {
    guard references.fingerprint == referencesFingerprint else {
      throw .otherReferences(expected: references.fingerprint, found: referencesFingerprint)
    }
    let table = references.table
    let same = references.phaseIndex(of: composition)
    guard potentials.map(\.element) == composition.elements else { throw .wrongElements }
    guard same.map({ table.energyText(at: $0) }) == sameCompositionEnergy else { throw .wrongSameComposition }
    let mixture = try mixtureEnergy(references, excluding: same)
    try checkSupport(table, excluding: same)
    let atoms = BigInt(composition.atomCount)
    var plane = Rational(0)
    for (part, potential) in zip(composition.parts, potentials) {
      plane = plane + potential.value * Rational(BigInt(part.count), over: atoms)
    }
    guard plane == mixture else { throw .gap }
    let expected = Distances(
      energy: energy.rational, mixture: mixture, sameComposition: same.map { table.exactEnergy(at: $0) },
      threshold: threshold.rational, criterion: criterion)
    guard distances == expected else { throw .wrongDistances }
  }

  /// The energy of the products' mixture, having checked that they are references and balance.
  private func mixtureEnergy(
    _ references: HullReferences, excluding same: Int?
  ) throws(CertificateError) -> Rational {
    let table = references.table
    var energy = Rational(0)
    var shares = [Rational](repeating: Rational(0), count: composition.parts.count)
    for product in products {
      let phase = phase(of: product, in: references)
      guard let phase, table.energyText(at: phase) == product.energyText,
        phase != same || composition.parts.count == 1, product.fraction > Rational(0)
      else { throw .unknownProduct(formula: product.formula) }
      let atoms = BigInt(table.atomCount(ofPhase: phase))
      for part in table.parts(ofPhase: phase) {
        guard let row = composition.parts.firstIndex(where: { $0.element == part.element }) else {
          throw .unbalanced(part.element)
        }
        shares[row] = shares[row] + product.fraction * Rational(BigInt(part.count), over: atoms)
      }
      energy = energy + product.fraction * table.exactEnergy(at: phase)
    }
    let total = BigInt(composition.atomCount)
    for (share, part) in zip(shares, composition.parts)
    where share != Rational(BigInt(part.count), over: total) {
      throw .unbalanced(part.element)
    }
    return energy
  }

  private func phase(of product: Product, in references: HullReferences) -> Int? {
    do {
      let composition = try Composition(formula: product.formula)
      return composition.reducedFormula == product.formula ? references.phaseIndex(of: composition) : nil
    } catch {
      return nil
    }
  }

  /// Checks that no phase of the chemical system lies below the plane of the potentials.
  private func checkSupport(_ table: PhaseTable, excluding same: Int?) throws(CertificateError) {
    var columns = PhaseColumns()
    do {
      try columns.gather(from: table, elements: composition.parts, excluding: same)
    } catch .noTerminalReference(let element) {
      throw .noTerminalReference(element)
    } catch {
      throw .wrongElements
    }
    let program = ExactProgram(
      table: table, phases: columns.phases.prefix(columns.count).map { Int($0) }, parts: composition.parts)
    var common: BigInt = 1
    for potential in potentials {
      let denominator = potential.value.denominator
      common = common / common.greatestCommonDivisor(with: denominator) * denominator
    }
    let scaled = potentials.map { $0.value.numerator * (common / $0.value.denominator) * program.scale }
    if let phase = program.firstViolation(potentials: scaled, determinant: common) {
      throw .notSupporting(formula: table.formula(at: program.phases[phase]))
    }
  }
}
