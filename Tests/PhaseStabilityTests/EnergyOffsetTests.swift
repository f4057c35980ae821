import Crystal
import PhaseStability
import TestSupport
import Testing

@Suite("Offsets between energy scales") struct EnergyOffsetTests {
  private static func element(_ symbol: String) throws -> Element { try #require(Element(symbol: symbol)) }

  private static func composition(_ formula: String) throws -> Composition {
    try Composition(formula: formula)
  }

  /// Random compounds of some elements whose differences follow from offsets: iron in oxides has one of its own.
  private static func compounds(
    _ count: Int, noise: Double = 0, ironInOxides: Double = 0, using generator: inout SeededGenerator
  ) throws -> (compounds: [SharedCompound], offsets: [Element: Double]) {
    let symbols = ["Li", "Na", "Mg", "Al", "Fe", "Ni", "Cu", "O", "F", "S", "N", "Cl"]
    let elements = try symbols.map { try element($0) }
    let iron = try element("Fe")
    let offsets = Dictionary(
      uniqueKeysWithValues: elements.map { ($0, Double.random(in: -0.5...0.5, using: &generator)) })
    let ligands = Set(try ["O", "F"].map { try element($0) })
    var compounds: [SharedCompound] = []
    while compounds.count < count {
      let composition = try randomComposition(
        of: Array(elements.shuffled(using: &generator).prefix(4)), using: &generator)
      guard composition.parts.count > 1 else { continue }
      let isBound = !ligands.isDisjoint(with: composition.elements)
      var difference = noise * (Double.random(in: -1...1, using: &generator))
      for part in composition.parts {
        let extra = isBound && part.element == iron ? ironInOxides : 0
        difference +=
          Double(part.count) / Double(composition.atomCount) * ((offsets[part.element] ?? 0) + extra)
      }
      compounds.append(SharedCompound(composition: composition, difference: difference))
    }
    return (compounds, offsets)
  }

  /// Fewer folds and ridges than by default: unoptimized tests are slow.
  private static let options = EnergyOffsetFitOptions(folds: 4, ridges: [1e-6, 1e-2, 1])

  private static func fit(
    _ compounds: [SharedCompound], options: EnergyOffsetFitOptions = options, seed: UInt64 = 3
  ) throws -> EnergyOffsetFit {
    var generator = SeededGenerator(seed: seed)
    return try EnergyOffsetFit(compounds, options: options, using: &generator)
  }

  private static func row(_ fit: EnergyOffsetFit, _ symbol: String, _ context: OffsetContext = .any) throws
    -> EnergyOffsets.Row
  {
    let wanted = try element(symbol)
    return try #require(fit.offsets.rows.first { $0.element == wanted && $0.context == context })
  }

  @Test func `offsets that differences follow from are found again, and nothing is left`() throws {
    var generator = SeededGenerator(seed: 1)
    let (compounds, offsets) = try Self.compounds(120, ironInOxides: -0.8, using: &generator)
    let fit = try Self.fit(compounds)
    #expect(fit.contextualElements.map(\.symbol).contains("Fe"))
    for (element, offset) in offsets where !fit.contextualElements.contains(element) {
      #expect(abs(try Self.row(fit, element.symbol).value - offset) < 1e-4)
    }
    let iron = try #require(offsets[try Self.element("Fe")])
    #expect(abs(try Self.row(fit, "Fe", .elsewhere).value - iron) < 1e-4)
    #expect(abs(try Self.row(fit, "Fe", .oxideOrFluoride).value - iron + 0.8) < 1e-4)
    #expect(fit.heldOutBefore.medianSize > 0.05 && fit.heldOutAfter.medianSize < 1e-4)
    #expect(fit.compounds == 120 && fit.heldOutCompounds == 120)
    let worst = try compounds.map { abs(try fit.offsets.offset(of: $0.composition) - $0.difference) }.max()
    #expect(worst ?? 1 < 1e-4)
  }

  @Test func `a tenth of the pairs that are wrong by electronvolts moves offsets by less than their errors`()
    throws
  {
    var generator = SeededGenerator(seed: 2)
    let (compounds, offsets) = try Self.compounds(160, noise: 0.02, using: &generator)
    let spoiled = compounds.enumerated().map { index, compound in
      index.isMultiple(of: 10)
        ? SharedCompound(composition: compound.composition, difference: compound.difference + 2) : compound
    }
    let fit = try Self.fit(spoiled)
    // Least squares would be off by some 0.2 eV.
    for (element, offset) in offsets {
      let found = try #require(fit.offsets.rows.first { $0.element == element })
      let error = try #require(found.standardError)
      #expect(abs(found.value - offset) < 0.03 && abs(found.value - offset) < 4 * error, "\(found)")
    }
  }

  @Test func `the order of the compounds has no influence on anything`() throws {
    var generator = SeededGenerator(seed: 4)
    let (compounds, _) = try Self.compounds(80, noise: 0.05, ironInOxides: 0.3, using: &generator)
    let fit = try Self.fit(compounds)
    let other = try Self.fit(compounds.shuffled(using: &generator))
    #expect(fit.offsets == other.offsets && fit.ridge == other.ridge)
    #expect(fit.heldOutAfter == other.heldOutAfter && fit.before == other.before)
    // Folds come from the seed, and matter little.
    let reseeded = try Self.fit(compounds, seed: 9)
    #expect(reseeded.heldOutAfter != fit.heldOutAfter)
  }

  @Test func `a metal of one offset in all compounds is given no other in oxides`() throws {
    var generator = SeededGenerator(seed: 6)
    let (compounds, _) = try Self.compounds(120, noise: 0.05, using: &generator)
    #expect(try Self.fit(compounds).contextualElements.isEmpty)
  }

  /// The fixed point by scipy's fsolve of Huber's equations with the same scale, ridge 0.01, and the standard errors by
  /// numpy.
  @Test func `offsets and standard errors are those of an independent program`() throws {
    let given = [
      ("Li4NaO2S2", 0.0278), ("LiMg4", 0.1327), ("Li4Na4OMg2", 0.0247), ("Li2OS", 0.0441),
      ("Li2O2S2Mg", 0.8514), ("Li3S2", -0.0605), ("Na2SMg", -0.0736), ("LiNa2S", -0.0872),
      ("Li4Na4SMg4", 0.0228), ("Na3O3SMg2", 0.0842), ("Na3O3SMg", 0.0706), ("Na2OS4Mg4", -0.0177),
      ("Li4O3Mg3", 0.1647), ("LiNa2", -0.0458), ("Na3O2Mg2", 0.0856), ("Na4O3Mg4", 0.0874), ("OS", 0.0527),
      ("Li3NaS2Mg3", 0.8121), ("NaOMg", 0.1073), ("LiNa4", -0.0763), ("Li4Mg", 0.0667), ("Li2NaO4", 0.1684),
      ("Na4O3S2Mg", 0.0322), ("Li4OSMg3", 0.0846),
    ]
    let expected = [
      ("Li", 0.04865400904031065, 0.007465618085232176),
      ("Na", -0.10546239297285537, 0.007017172581257302),
      ("O", 0.29911537876817623, 0.010155183094493703),
      ("S", -0.19439723606049367, 0.012439064608655988),
      ("Mg", 0.15257342740346921, 0.009014863510592783),
    ]
    let compounds = try given.map {
      SharedCompound(composition: try Self.composition($0.0), difference: $0.1)
    }
    let fit = try Self.fit(compounds, options: EnergyOffsetFitOptions(folds: 4, ridges: [0.01]))
    for (symbol, value, error) in expected {
      let row = try Self.row(fit, symbol)
      #expect(abs(row.value - value) < 1e-6, "\(symbol) \(row.value)")
      #expect(abs((row.standardError ?? 0) - error) < 1e-6, "\(symbol)")
    }
  }

  @Test func `an element that too few compounds hold gets no offset, and a metal none where it was not seen`()
    throws
  {
    var generator = SeededGenerator(seed: 8)
    var (compounds, _) = try Self.compounds(80, using: &generator)
    let (nickel, oxygen, fluorine) = (
      try Self.element("Ni"), try Self.element("O"), try Self.element("F")
    )
    compounds.removeAll {
      $0.composition.count(of: nickel) > 0
        && $0.composition.count(of: oxygen) + $0.composition.count(of: fluorine) == 0
    }
    compounds.append(SharedCompound(composition: try Self.composition("NaXe"), difference: 0.4))
    let fit = try Self.fit(compounds)
    #expect(fit.rareElements.map(\.element.symbol) == ["Xe"])
    #expect(fit.offsets.missing(in: try Self.composition("NaXe")).map(\.symbol) == ["Xe"])
    #expect(try Self.row(fit, "Ni", .oxideOrFluoride).compounds ?? 0 > 1)
    #expect(fit.offsets.missing(in: try Self.composition("NiO")).isEmpty)
    #expect(throws: EnergyOffsetError.missing([nickel], .elsewhere)) {
      try fit.offsets.offset(of: try Self.composition("Ni3Al"))
    }
    // Even if one compound is enough, it cannot be held out.
    let single = try Self.fit(
      compounds, options: EnergyOffsetFitOptions(folds: 4, minimumCompounds: 1, ridges: [1e-6]))
    #expect(single.rareElements.isEmpty && single.undescribed.map(\.element.symbol) == ["Xe"])
  }

  @Test func `an element of several valences, which one offset does not describe, gets none`() throws {
    var generator = SeededGenerator(seed: 14)
    let (compounds, offsets) = try Self.compounds(240, noise: 0.01, using: &generator)
    let copper = try Self.element("Cu")
    // Copper is worth +0.6 or −0.6 eV, by chance.
    let spoiled = compounds.map { compound in
      let share =
        Double(compound.composition.count(of: copper)) / Double(compound.composition.atomCount)
      let sign = Bool.random(using: &generator) ? 0.6 : -0.6
      return SharedCompound(
        composition: compound.composition, difference: compound.difference + sign * share)
    }
    let fit = try Self.fit(spoiled)
    #expect(fit.undescribed.map(\.element) == [copper])
    #expect(fit.undescribed.allSatisfy { $0.heldOutSize ?? 0 > 0.05 })
    for row in fit.offsets.rows {
      #expect(row.heldOutSize ?? 1 <= 0.05 && abs(row.value - (offsets[row.element] ?? .nan)) < 0.1)
    }
    #expect(throws: EnergyOffsetError.missing([copper], .oxideOrFluoride)) {
      try fit.offsets.offset(of: try Self.composition("CuO"))
    }
    #expect(throws: EnergyOffsetFitError.nothingDescribed(largest: 1e-9)) {
      try Self.fit(spoiled, options: EnergyOffsetFitOptions(folds: 4, largestHeldOutSize: 1e-9, ridges: [1]))
    }
  }

  @Test func `too few compounds, or compounds of one composition, are refused`() throws {
    var generator = SeededGenerator(seed: 11)
    let (compounds, _) = try Self.compounds(19, using: &generator)
    let sodium = SharedCompound(composition: try Self.composition("Na"), difference: 1)
    // Elements stand at 0 on both scales and count for nothing.
    #expect(throws: EnergyOffsetFitError.tooFewCompounds(found: 19, needed: 20)) {
      try Self.fit(compounds + [sodium, sodium])
    }
    let same = [SharedCompound](
      repeating: SharedCompound(composition: try Self.composition("NaCl"), difference: 0.1), count: 30)
    #expect(throws: EnergyOffsetFitError.oneComposition) { try Self.fit(same) }
  }

  @Test func `an offset is the sum over atoms, 0 for an element, and never a guess`() throws {
    let rows = try [
      EnergyOffsets.Row(element: Self.element("O"), value: 0.3),
      EnergyOffsets.Row(element: Self.element("Fe"), context: .oxideOrFluoride, value: -0.5),
      EnergyOffsets.Row(element: Self.element("Al"), value: 0.1),
    ]
    let offsets = try EnergyOffsets(rows)
    #expect(abs(try offsets.offset(of: try Self.composition("Fe4O6")) - (-0.4 * 0.5 + 0.6 * 0.3)) < 1e-15)
    #expect(try offsets.offset(of: try Self.composition("O2")) == 0)
    #expect(try offsets.offset(of: try Self.composition("Fe")) == 0)
    #expect(throws: EnergyOffsetError.missing([try Self.element("Fe")], .elsewhere)) {
      try offsets.offset(of: try Self.composition("FeAl"))
    }
    #expect(try offsets.offset(of: try Self.composition("AlFeO3")).isFinite)
    #expect(throws: EnergyOffsetError.noOffsets) { try EnergyOffsets([]) }
    #expect(throws: EnergyOffsetError.givenTwice(try Self.element("Fe"))) {
      try EnergyOffsets(rows + [EnergyOffsets.Row(element: Self.element("Fe"), value: 0)])
    }
    #expect(throws: EnergyOffsetError.notFinite(try Self.element("Xe"))) {
      try EnergyOffsets(rows + [EnergyOffsets.Row(element: Self.element("Xe"), value: .nan)])
    }
  }

  @Test func `moved references give the distances of phases moved one by one`() throws {
    var generator = SeededGenerator(seed: 12)
    let (elements, entries) = try randomPhases(elementCount: 3, compoundCount: 12, using: &generator)
    let offsets = try EnergyOffsets(
      elements.map {
        EnergyOffsets.Row(element: $0, value: Double.random(in: -0.5...0.5, using: &generator))
      })
    let moved = try entries.map { entry in
      try PhaseEntry(
        composition: entry.composition,
        energyPerAtom: entry.energyPerAtom - (try offsets.offset(of: entry.composition)))
    }
    // Elements that are no phases of their own stay at 0.
    let withoutOne = entries.filter { $0.composition.elements != [elements[2]] }
    for given in [entries, withoutOne] {
      let references = try HullReferences(entries: given, name: "random").moved(by: offsets)
      #expect(references.leftOut.isEmpty && references.leftOutPhases == 0)
      var solver = HullSolver(references: references.references)
      for _ in 0..<30 {
        let candidate = try randomComposition(of: elements, using: &generator)
        let distance = try solver.distance(of: candidate, energyPerAtom: 0)
        #expect(abs(distance.energyAboveHull + bruteForceEnergy(of: candidate, among: moved)) < 1e-10)
      }
    }
  }

  @Test func `an element with a phase that cannot be moved is left out with all its phases, and others stay`()
    throws
  {
    let entries = try [
      ("Fe", 0.0), ("O", 0), ("Al", 0), ("Fe2O3", -1.6), ("FeAl", -0.3), ("Al2O3", -3.3), ("FeAl2O4", -2.7),
    ].map { try PhaseEntry(formula: $0.0, energyPerAtom: $0.1) }
    let references = try HullReferences(entries: entries, name: "phases")
    let offsets = try EnergyOffsets([
      EnergyOffsets.Row(element: Self.element("O"), value: 0.3),
      EnergyOffsets.Row(element: Self.element("Al"), value: 0),
      EnergyOffsets.Row(element: Self.element("Fe"), context: .oxideOrFluoride, value: -0.5),
    ])
    let (moved, leftOut, count) = try references.moved(by: offsets)
    #expect(leftOut.map(\.symbol) == ["Fe"] && count == 4 && moved.phaseCount == 3)
    var solver = HullSolver(references: moved)
    let distance = try solver.distance(of: try Self.composition("AlO"), energyPerAtom: -3)
    #expect(abs(distance.energyAboveHull - (-3 - (-3.3 - 0.18) * 5 / 6)) < 1e-12)
    #expect(throws: HullError.noTerminalReference(try Self.element("Fe"))) {
      try solver.distance(of: try Self.composition("FeO"), energyPerAtom: -1)
    }
  }
}
