import ArgumentParser
import Screening
internal import ScreeningStore

/// What a card is written as.
enum CardFormat: String, ExpressibleByArgument, CaseIterable {
  case text
  case json
  case cif
  case poscar
}

struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print what a run knows of one candidate.",
    discussion: """
      Its place on the hull by each model, the competing phases, what each member of an ensemble predicts, what the \
      references know of its chemical system, and its crystal. Where several candidates have one id, name the record: \
      SOURCE:RECORD.

      Example: sluice show my-campaign.sluice ThCr2Si2:Ca-Mn-Si
      Example: sluice show my-campaign.sluice 0:12 --format cif > candidate.cif
      """)

  @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
  var directory: String

  @Argument(help: ArgumentHelp("Id of the candidate, or SOURCE:RECORD.", valueName: "candidate"))
  var candidate: String

  @Option(help: "text, json, cif or poscar.")
  var format: CardFormat = .text

  @Option(help: "Hull of ranks and distances: references, competitors or combined.")
  var hull: RankingHull?

  func run() throws {
    try reportingErrors {
      let card = try CandidateCard(candidate, in: directory, hull: hull)
      switch format {
      case .text: Terminal.result(cardText(card))
      case .json: Terminal.write(Array(card.json.utf8))
      case .cif: Terminal.write(Array(try card.structureText(asPOSCAR: false).utf8))
      case .poscar: Terminal.write(Array(try card.structureText(asPOSCAR: true).utf8))
      }
    }
  }
}
