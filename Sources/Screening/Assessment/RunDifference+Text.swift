internal import ScreeningStore
internal import TextFormats

extension RunDifference {
  /// All changes as one table: first those that left, then those that entered; docs/rescore.md lists the columns.
  public func csvText() -> String {
    let header = [
      "change", "rank", "id", "formula", "cause", "e_above_hull_a", "e_above_hull_b", "threshold_a",
      "threshold_b", "formation_energy_a", "formation_energy_b", "distance_change", "energy_change",
      "hull_change", "reference_change", "competitor_change", "threshold_change", "phases", "reason",
      "message", "source_a", "record_a", "source_b", "record_b",
    ]
    let lines =
      left.map { line("left", $0.a?.rank, $0) } + entered.map { line("entered", $0.b?.rank, $0) }
    return ([header.joined(separator: ",")] + lines).joined(separator: "\n") + "\n"
  }

  private func line(_ kind: String, _ rank: Int?, _ change: Change) -> String {
    func text(_ energy: WholeEnergy?) -> String { energy.map { "\($0)" } ?? "" }
    func record(_ place: Place?, _ side: Side) -> [String] {
      guard let key = place?.key else { return ["", ""] }
      return [csvField(side.sources[key.source]), "\(key.record)"]
    }
    let shares = change.shares
    let fields = [
      kind, rank.map { "\($0)" } ?? "", csvField(change.id), csvField(change.formula), change.cause.rawValue,
      text(change.a?.distance), text(change.b?.distance), "\(a.threshold)", "\(b.threshold)",
      text(change.a?.energy), text(change.b?.energy), text(shares?.distance), text(shares?.energy),
      text(shares?.hull), text(shares?.reference), text(shares?.competitor), text(shares?.threshold),
      csvField(change.phases.map(\.description).joined(separator: "; ")), change.rejection?.reason ?? "",
      csvField(change.rejection?.message ?? ""),
    ]
    return (fields + record(change.a, a) + record(change.b, b)).joined(separator: ",")
  }

  /// Everything as JSON: names in order, numbers exact.
  public func jsonText() -> String {
    JSONTree.object([
      "a": tree(a), "b": tree(b), "hull": .string(hull.rawValue), "stayed": .count(stayed),
      "causes": .object(
        JSONMembers(
          Cause.allCases.map { cause in
            JSONMembers.Member(
              cause.rawValue,
              .object([
                "left": .count(Self.count(of: cause, in: left)),
                "entered": .count(Self.count(of: cause, in: entered)),
              ]))
          })),
      "left": .array(left.map(tree)), "entered": .array(entered.map(tree)),
      "phases_left": phases(left), "phases_entered": phases(entered),
    ]).indentedText(sortingNames: true) + "\n"
  }

  private func tree(_ side: Side) -> JSONTree {
    .object([
      "run": .string(side.directory), "campaign": .string(side.campaign),
      "plan_fingerprint": .string(side.planFingerprint), "model": .string(side.model),
      "reference": side.reference.map { .string($0) } ?? .null, "threshold": .real(side.threshold),
      "candidates": .count(side.candidates), "stable": .count(side.stable),
      "ambiguous": .count(side.ambiguous),
    ])
  }

  private func phases(_ changes: [Change]) -> JSONTree {
    .array(
      Self.phases(behind: changes).map { item in
        let candidates = JSONMembers.Member("candidates", .count(item.candidates))
        return .object(JSONMembers(members(item.phase) + [candidates]))
      })
  }

  private func members(_ phase: Phase) -> JSONMembers {
    [
      "formula": .string(phase.formula), "is_predicted": .boolean(phase.isPredicted),
      "energy_a": .real(phase.energyA), "energy_b": .real(phase.energyB),
    ]
  }

  private func tree(_ change: Change) -> JSONTree {
    func number(_ energy: WholeEnergy?) -> JSONTree { energy.map { .number("\($0)") } ?? .null }
    func place(_ place: Place?, _ side: Side) -> JSONTree {
      guard let place else { return .null }
      return .object([
        "rank": .count(place.rank), "source": .string(side.sources[place.key.source]),
        "record": .count(place.key.record), "formation_energy_per_atom": number(place.energy),
        "e_above_hull": number(place.distance),
      ])
    }
    let shares = change.shares.map { shares in
      JSONTree.object([
        "distance": number(shares.distance), "energy": number(shares.energy), "hull": number(shares.hull),
        "reference": number(shares.reference), "competitor": number(shares.competitor),
        "threshold": number(shares.threshold),
      ])
    }
    let rejection = change.rejection.map { rejection in
      JSONTree.object(["reason": .string(rejection.reason), "message": .string(rejection.message)])
    }
    return .object([
      "id": .string(change.id), "formula": .string(change.formula), "cause": .string(change.cause.rawValue),
      "a": place(change.a, a), "b": place(change.b, b), "changes": shares ?? .null,
      "phases": .array(change.phases.map { .object(members($0)) }), "rejection": rejection ?? .null,
    ])
  }

  /// Writes a text to a file, whole or not at all.
  ///
  /// - Throws: `ScreeningError.unwritable`.
  public static func write(_ text: String, to path: String) throws {
    try writeAtomically(Array(text.utf8), to: path)
  }
}

extension RunDifference.Phase: CustomStringConvertible {
  /// The phase and what became of it, with energies in eV/atom: "CaTe new at -1.7".
  public var description: String { text { "\($0)" } }

  /// The same with energies written as `number` writes them.
  public func text(number: (Double) -> String) -> String {
    let name = isPredicted ? "predicted \(formula)" : formula
    switch (energyA.map(number), energyB.map(number)) {
    case (nil, let energy?): return "\(name) new at \(energy)"
    case (let energy?, nil): return "\(name) gone from \(energy)"
    case (let before?, let after?): return "\(name) from \(before) to \(after)"
    case (nil, nil): return name
    }
  }
}
