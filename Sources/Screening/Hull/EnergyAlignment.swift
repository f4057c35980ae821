internal import Crystal
internal import CrystalGraphs
internal import Foundation
internal import Networks
internal import PhaseStability
internal import Training

/// Puts the energies of one database on the scale of another: finds compounds that both have, and fits offsets by
/// element to their differences.
public struct EnergyAlignment: Sendable {
  /// Which compounds of two databases are one.
  public enum Matching: String, CaseIterable, Sendable {
    /// Those of one reduced formula; of each side the lowest energy counts.
    case formula
    /// Those of one reduced formula and one structure.
    case structure
  }

  /// One database.
  public struct Side: Hashable, Sendable {
    /// A file with its digest.
    public struct File: Hashable, Sendable {
      /// The path as given.
      public let path: String
      /// SHA-256, hexadecimal.
      public let fingerprint: String
    }

    /// The files.
    public let files: [File]
    /// Records read.
    public let records: Int
    /// Records of a single element, which stand at 0 on any scale.
    public let elements: Int
    /// Records without a formation energy.
    public let withoutEnergy: Int
    /// Records that cannot be read, by reason code.
    public let rejected: [String: Int]
    /// The first of them in words.
    public let messages: [String]
  }

  /// The database whose scale is left, A.
  public let from: Side
  /// The database whose scale is aimed at, B.
  public let to: Side
  /// How compounds were matched.
  public let matching: Matching
  /// Compositions that both sides have.
  public let sharedCompositions: Int
  /// Compounds of these that were matched.
  public let sharedCompounds: Int
  /// Structures of shared compositions that fit more than one of the other side and were left out.
  public let ambiguous: Int
  /// Structures of shared compositions that cannot be compared: sites too close, or atoms too far apart.
  public let incomparable: Int
  /// Seed of the folds.
  public let seed: UInt64
  let fit: EnergyOffsetFit

  /// Fits offsets between two databases.
  ///
  /// - Parameters:
  ///   - from: files of A.
  ///   - to: files of B.
  ///   - matching: how compounds are matched; nil for by structure where both sides have structures of all shared
  ///     compositions, else by formula.
  ///   - folds: number of folds of the cross-validation, at least 2.
  ///   - minimumCompounds: compounds that an element needs for an offset.
  ///   - largestHeldOutSize: largest median of what held-out compounds of an element keep of their difference
  ///     (eV/atom) for it to get an offset.
  ///   - seed: of the folds.
  /// - Throws: `ScreeningError`, `ArchiveError`.
  public init(
    from: [String], to: [String], matching: Matching? = nil, folds: Int = 10, minimumCompounds: Int = 2,
    largestHeldOutSize: Double = 0.05, seed: UInt64 = 0
  ) throws {
    let left = try EnergyRecords(from)
    let right = try EnergyRecords(to, of: Set(left.records.map(\.composition)))
    self.from = try Self.side(from, left)
    self.to = try Self.side(to, right)
    let pairs = SharedEnergies(left.records, right.records)
    sharedCompositions = pairs.compositions.count
    let matching = matching ?? (pairs.haveStructures ? .structure : .formula)
    self.matching = matching
    self.seed = seed
    let compounds: [SharedCompound]
    if matching == .structure {
      guard pairs.haveSomeStructures else {
        throw ScreeningError.invalid(
          "\((from + to).joined(separator: ", ")): no shared composition has structures on both sides; match --by formula"
        )
      }
      let matched = pairs.byStructure()
      (compounds, ambiguous, incomparable) = (matched.compounds, matched.ambiguous, matched.incomparable)
    } else {
      (compounds, ambiguous, incomparable) = (pairs.byFormula(), 0, 0)
    }
    sharedCompounds = compounds.count
    var generator = SeededRandom(seed: seed)
    do {
      fit = try EnergyOffsetFit(
        compounds,
        options: EnergyOffsetFitOptions(
          folds: folds, minimumCompounds: minimumCompounds, largestHeldOutSize: largestHeldOutSize),
        using: &generator)
    } catch {
      throw ScreeningError.invalid(
        "\(from.joined(separator: ", ")) against \(to.joined(separator: ", ")): \(error)")
    }
  }

  private static func side(_ paths: [String], _ records: EnergyRecords) throws -> Side {
    Side(
      files: try paths.map { Side.File(path: $0, fingerprint: try InputDigest.of($0)) },
      records: records.readCount, elements: records.elementCount, withoutEnergy: records.withoutEnergyCount,
      rejected: records.rejected.rejected, messages: records.rejected.messages)
  }
}

/// The energies of compositions that two databases share.
private struct SharedEnergies {
  private struct Entry {
    var left: [EnergyRecord] = []
    var right: [EnergyRecord] = []
  }

  private var entries: [Composition: Entry] = [:]

  init(_ left: [EnergyRecord], _ right: [EnergyRecord]) {
    for record in left { entries[record.composition, default: Entry()].left.append(record) }
    for record in right { entries[record.composition]?.right.append(record) }
    entries = entries.filter { !$0.value.right.isEmpty }
  }

  var compositions: [Composition] { Array(entries.keys) }

  /// Whether every record of a shared composition has its structure.
  var haveStructures: Bool {
    !entries.isEmpty
      && entries.values.allSatisfy { ($0.left + $0.right).allSatisfy { $0.structure != nil } }
  }

  var haveSomeStructures: Bool {
    entries.values.contains { entry in
      entry.left.contains { $0.structure != nil } && entry.right.contains { $0.structure != nil }
    }
  }

  func byFormula() -> [SharedCompound] {
    entries.compactMap { composition, entry in
      guard let left = entry.left.map(\.energy).min(), let right = entry.right.map(\.energy).min() else {
        return nil
      }
      return SharedCompound(composition: composition, difference: left - right)
    }
  }

  /// A structure with its lowest energy.
  private struct Known {
    let energy: Double
    let environments: SiteEnvironments
  }

  /// Pairs structures that fit each other and no other one.
  func byStructure() -> (compounds: [SharedCompound], ambiguous: Int, incomparable: Int) {
    var compounds: [SharedCompound] = []
    var (ambiguous, incomparable) = (0, 0)
    for (composition, entry) in entries {
      let left = Self.distinct(entry.left, &incomparable)
      let right = Self.distinct(entry.right, &incomparable)
      let fits = left.map { known in
        right.indices.filter { known.environments.matches(right[$0].environments) }
      }
      for (known, fitting) in zip(left, fits) {
        guard let only = fitting.first else { continue }
        guard fitting.count == 1, fits.count(where: { $0.contains(only) }) == 1 else {
          ambiguous += 1
          continue
        }
        compounds.append(
          SharedCompound(composition: composition, difference: known.energy - right[only].energy))
      }
    }
    return (compounds, ambiguous, incomparable)
  }

  /// The structures among some records, each with its lowest energy.
  private static func distinct(_ records: [EnergyRecord], _ incomparable: inout Int) -> [Known] {
    var known: [Known] = []
    let ordered = records.enumerated().sorted {
      ($0.element.energy, $0.offset) < ($1.element.energy, $1.offset)
    }
    for (_, record) in ordered {
      guard let structure = record.structure, let environments = SiteEnvironments(of: structure) else {
        incomparable += 1
        continue
      }
      if known.contains(where: { $0.environments.matches(environments) }) { continue }
      known.append(Known(energy: record.energy, environments: environments))
    }
    return known
  }
}
