import ScreeningStore

/// How many crystals have which symmetry, e.g. "tetragonal 3, cubic 12; no space group: 1 coincident_sites"; nil where none was
/// looked at.
func symmetryText(_ counts: SymmetryCounts) -> String? {
  let systems = counts.orderedSystems.map { "\($0.system.rawValue) \($0.count)" }.joined(separator: ", ")
  let failures = counts.orderedFailures.map { "\($0.count) \($0.code)" }.joined(separator: ", ")
  let parts = [systems, failures.isEmpty ? "" : "no space group: \(failures)"].filter { !$0.isEmpty }
  return parts.isEmpty ? nil : parts.joined(separator: "; ")
}
