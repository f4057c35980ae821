internal import Crystal
internal import PhaseStability

/// Places labels on the hull that judges.
struct Judge {
  /// The hull that judges; nil where labels are distances already.
  let hull: RunComparison.Hull?
  let offsets: EnergyOffsetTable?
  private var solver: HullSolver?
  private let options: HullOptions
  private let threshold: Double
  private let file: String
  private var withoutDistance = 0
  private var notAligned: [Element] = []
  private var notAlignedCount = 0
  private var ownCompositions = 0
  /// Lowest label of each composition, as it is placed.
  private var lowest: [Composition: Double] = [:]

  /// - Throws: `ScreeningError` where references or offsets cannot be read, or where they can do nothing since the
  ///   labels are distances.
  init(
    _ judgment: ComparisonJudgment, _ labels: ComparisonLabels, _ stage: StoredHullStage,
    _ directory: String, _ reference: String?, _ file: String, _ threshold: Double
  ) throws {
    self.threshold = threshold
    self.file = file
    let excludes = judgment.excludesSameComposition || stage.options.excludesSameComposition
    options = HullOptions(excludesSameComposition: excludes)
    guard labels.kind == .formationEnergy else {
      let asked = [
        judgment.reference.map { _ in "another hull" }, judgment.offsets.map { _ in "offsets" },
        judgment.excludesSameComposition ? "leaving out the own composition" : nil,
      ].compactMap { $0 }
      guard asked.isEmpty else {
        throw ScreeningError.invalid(
          "\(file): its labels are distances to a hull of their own; \(asked.joined(separator: ", ")) "
            + "needs \(LabelKind.formationEnergy.rawValue)")
      }
      (hull, offsets) = (nil, nil)
      return
    }
    offsets = try judgment.offsets.map { try EnergyOffsetTable(path: $0) }
    let loaded =
      try judgment.reference.map { try ReferenceFile.load($0) }
      ?? stage.references(directory: directory, reference: reference)
    solver = HullSolver(references: loaded.references)
    hull = RunComparison.Hull(
      reference: judgment.reference ?? stage.reference, fingerprint: loaded.fingerprint,
      excludesSameComposition: excludes)
  }

  /// The true distance of a candidate (eV/atom); nil, and counted, where it cannot be known.
  ///
  /// - Throws: `ScreeningError` where the label cannot be one of this candidate.
  mutating func trueDistance(of candidate: RunCandidate, _ label: ComparisonLabel) throws -> Double? {
    let composition = try candidate.composition(label, file)
    guard hull != nil else { return label.value }
    guard let composition else {
      withoutDistance += 1
      return nil
    }
    var energy = label.value
    if let offsets {
      do throws(EnergyOffsetError) {
        energy -= try offsets.offsets.offset(of: composition)
      } catch {
        notAlignedCount += 1
        notAligned += offsets.offsets.missing(in: composition)
        return nil
      }
    }
    do throws(HullError) {
      let distance = try solver?.settledDistance(
        of: composition, energyPerAtom: energy, threshold: threshold, options: options)
      if distance?.distance.sameCompositionPhase != nil, composition.parts.count > 1 { ownCompositions += 1 }
      lowest[composition.reduced] = min(energy, lowest[composition.reduced] ?? .infinity)
      return distance?.energyAboveHull
    } catch {
      switch error {
      case .noTerminalReference, .tooManyElements:
        withoutDistance += 1
        return nil
      default: throw ScreeningError.unreadable(path: file, reason: "\(label.place): \(error)")
      }
    }
  }

  /// Notes what was left out, and why.
  func count(in counts: inout ComparisonCounts) {
    counts.labelsWithoutDistance = withoutDistance
    counts.labelsNotAligned = notAlignedCount
    counts.elementsNotAligned = Set(notAligned).sorted().map(\.symbol)
    counts.judgedByOwnComposition = options.excludesSameComposition ? 0 : ownCompositions
  }

  /// How the labels lie to the phases of the judging hull.
  var scale: LabelScale? {
    guard let references = solver?.references else { return nil }
    let differences = lowest.compactMap { composition, energy -> Double? in
      guard composition.parts.count > 1, let phase = references.phaseIndex(of: composition) else {
        return nil
      }
      return energy - references.phase(at: phase).energyPerAtom
    }
    return LabelScale(differences)
  }
}
