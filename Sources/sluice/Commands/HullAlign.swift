public import ArgumentParser
public import Screening

extension EnergyAlignment.Matching: ExpressibleByArgument {}

struct HullAlign: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "align", abstract: "Put the energies of one database on the scale of another.",
    discussion: """
      Finds compounds that both have, fits offsets by element to the differences of their formation energies, and says \
      by cross-validation what they leave. The table it writes stands wherever offsets are asked for, in commands and \
      campaigns. Files are archives of crystals that carry formation_energy_per_atom (eV/atom), CSV with formula and \
      formation_energy_per_atom, or an index of phases.

      Example: sluice hull align --from oqmd.jsonl.zst --to mp.jsonl.zst --output oqmd-to-mp.csv
      """)

  @Option(help: "File of the database whose scale is left; may be given several times.")
  var from: [String]

  @Option(help: "File of the database whose scale is aimed at; may be given several times.")
  var to: [String]

  @Option(
    help: """
      What makes two compounds one: formula (of each side the lowest energy counts) or structure. (default: structure \
      where all records of shared formulas have one)
      """)
  var by: EnergyAlignment.Matching?

  @Option(help: "Folds of the cross-validation, 2 to 100.")
  var folds = 10

  @Option(help: "Compounds that an element needs for an offset.")
  var minimumCompounds = 2

  @Option(
    help: """
      Largest median of what held-out compounds of an element keep of their difference, eV/atom, for it to get an \
      offset.
      """)
  var largestHeldOut = 0.05

  @Option(help: "Seed of the folds.")
  var seed: UInt64 = 0

  @Option(help: "CSV file of offsets to write.")
  var output: String?

  func validate() throws {
    if !(2...100).contains(folds) { throw ValidationError("--folds takes 2 to 100") }
    if minimumCompounds < 2 { throw ValidationError("--minimum-compounds takes 2 or more") }
    if !(largestHeldOut > 0) { throw ValidationError("--largest-held-out takes a number above 0") }
    if from.isEmpty || to.isEmpty { throw ValidationError("--from and --to are needed") }
  }

  func run() throws {
    try reportingErrors {
      let alignment = try EnergyAlignment(
        from: from, to: to, matching: by, folds: folds, minimumCompounds: minimumCompounds,
        largestHeldOutSize: largestHeldOut, seed: seed)
      Terminal.result(AlignmentText(alignment).text)
      if let output {
        try alignment.write(to: output)
        Terminal.note("\(output): \(alignment.offsets.count) offsets")
      }
    }
  }
}
