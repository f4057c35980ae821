public import ScreeningStore

/// Which candidates entered and which left the list of stable ones from one run to another, and why.
///
/// A distance to the hull is the candidate's energy less the hull's, and the hull is that of the references, lowered by
/// predicted competitors. So a change of distance is, exactly, the sum of what each of the three did:
///
///     d_B − d_A = (E_B − E_A) − (H_B − H_A),   H = references + competitors
///
/// and with the change of the threshold it is the change of the margin that decides on the list. The main cause of a move
/// is the largest share in its direction.
public struct RunDifference: Sendable {
  /// What moved a candidate across the threshold.
  public enum Cause: String, CaseIterable, Hashable, Sendable {
    /// Its predicted energy (for a model of the distance itself: the distance) changed.
    case energy
    /// The hull of the references changed.
    case reference
    /// What predicted competitors take off that hull changed.
    case competitor
    /// The threshold changed.
    case threshold
    /// The other run rejected it.
    case rejected
    /// The other run does not have it.
    case absent
  }

  /// One of the two runs.
  public struct Side: Hashable, Sendable {
    /// The run directory, as it was named.
    public let directory: String
    /// Name of the campaign.
    public let campaign: String
    /// Fingerprint of the plan.
    public let planFingerprint: String
    /// The sources by their file names, in the order that records count them in.
    public let sources: [String]
    /// Name of the model that ranks.
    public let model: String
    /// File of the references, as the plan names it; nil for a run without a hull stage.
    public let reference: String?
    /// Largest energy above hull that counts as stable (eV/atom).
    public let threshold: Double
    /// Candidates that the model places.
    public internal(set) var candidates = 0
    /// Those of them at or below the threshold.
    public internal(set) var stable = 0
    /// Stable ones that could not be joined: their id and formula come several times, and not in the same records.
    public internal(set) var ambiguous = 0
  }

  /// Where a candidate lies in one run.
  public struct Place: Hashable, Sendable {
    /// Its place among all candidates, from 1.
    public let rank: Int
    /// Identity of its record.
    public let key: RecordKey
    /// Formation energy (eV/atom); nil where the model predicts the distance itself.
    public let energy: WholeEnergy?
    /// Energy above the hull (eV/atom).
    public let distance: WholeEnergy
  }

  /// What changed from the first run to the second (eV/atom).
  public struct Shares: Hashable, Sendable {
    /// Energy of the candidate; for a model of the distance itself, the distance.
    public let energy: WholeEnergy
    /// Energy of the hull of the references at its composition.
    public let reference: WholeEnergy
    /// What competitors take off that: 0 or below in each run.
    public let competitor: WholeEnergy
    /// The threshold.
    public let threshold: WholeEnergy

    /// Energy of the hull that ranks.
    public var hull: WholeEnergy { reference + competitor }
    /// Distance to it: exactly what the stored distances differ by.
    public var distance: WholeEnergy { energy - hull }
  }

  /// A phase that competes in one run only, or at another energy.
  public struct Phase: Hashable, Sendable {
    /// Formula of the reduced composition.
    public let formula: String
    /// Whether a model predicts it, rather than the references holding it.
    public let isPredicted: Bool
    /// Its energy in the first run (eV/atom); nil where it is not there.
    public let energyA: Double?
    /// Its energy in the second run (eV/atom); nil where it is not there.
    public let energyB: Double?
  }

  /// A candidate that is stable in one of the runs only.
  public struct Change: Hashable, Sendable {
    /// The material's own id.
    public let id: String
    /// Formula of the reduced composition.
    public let formula: String
    /// Where it lies in the first run; nil where it is no row there.
    public let a: Place?
    /// Where it lies in the second run; nil where it is no row there.
    public let b: Place?
    /// What moved it.
    public let cause: Cause
    /// What changed; nil where it is a row of one run only.
    public let shares: Shares?
    /// The phases of its decompositions that make the hulls differ; none where these are the same.
    public let phases: [Phase]
    /// Why the run that does not have it as a row rejected it: reason code and message.
    public let rejection: Rejection?
  }

  /// Why a record was rejected.
  public struct Rejection: Hashable, Sendable {
    /// The reason code.
    public let reason: String
    /// The reason in words.
    public let message: String
  }

  /// The first run.
  public internal(set) var a: Side
  /// The second run.
  public internal(set) var b: Side
  /// The hull that ranks.
  public let hull: RankingHull
  /// Stable in the first run and not in the second, by their rank in the first.
  public internal(set) var left: [Change] = []
  /// Stable in the second run and not in the first, by their rank in the second.
  public internal(set) var entered: [Change] = []
  /// Number of candidates that are stable in both.
  public internal(set) var stayed = 0

  /// How many changes have a cause.
  public static func count(of cause: Cause, in changes: [Change]) -> Int {
    changes.count { $0.cause == cause }
  }

  /// The phases behind those changes that are due to references or competitors, with the number of candidates each: the
  /// most frequent first, then by formula. A candidate counts for each of its phases of the kind that is its cause.
  public static func phases(behind changes: [Change]) -> [(phase: Phase, candidates: Int)] {
    var counts: [Phase: Int] = [:]
    for change in changes {
      guard change.cause == .reference || change.cause == .competitor else { continue }
      for phase in change.phases where phase.isPredicted == (change.cause == .competitor) {
        counts[phase, default: 0] += 1
      }
    }
    return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
  }
}

extension RunDifference.Phase: Comparable {
  /// References first, then by formula and energies.
  public static func < (left: Self, right: Self) -> Bool {
    if left.isPredicted != right.isPredicted { return !left.isPredicted }
    if left.formula != right.formula {
      return left.formula.utf8.lexicographicallyPrecedes(right.formula.utf8)
    }
    let none = -Double.infinity
    return (left.energyA ?? none, left.energyB ?? none) < (right.energyA ?? none, right.energyB ?? none)
  }
}

extension RunDifference.Shares {
  /// The largest share in the direction of a move; of equal ones the first in the order of `Cause`.
  ///
  /// - Parameter isLeaving: whether the margin above the threshold grew.
  func mainCause(isLeaving: Bool) -> RunDifference.Cause {
    let shares: [(RunDifference.Cause, WholeEnergy)] = [
      (.energy, energy), (.reference, -reference), (.competitor, -competitor), (.threshold, -threshold),
    ]
    var best = (RunDifference.Cause.energy, isLeaving ? energy : -energy)
    for (cause, share) in shares where (isLeaving ? share : -share) > best.1 {
      best = (cause, isLeaving ? share : -share)
    }
    return best.0
  }
}
