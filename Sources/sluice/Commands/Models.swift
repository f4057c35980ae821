import ArgumentParser
import Foundation
import Screening

struct Models: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Import, show, compare and calibrate models.",
    subcommands: [Import.self, Show.self, Compare.self, Calibrate.self, Reliability.self])

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Bring published weights into a model folder.",
      discussion: """
        Reads the weights of CGCNN in the legacy PyTorch serialization (.pth.tar), and as safetensors networks that the code of \
        Crystal Twins has pretrained, and the encoder of self-supervised atomic representations, which predict nothing: sluice \
        embed and sluice regress take them. Nothing in the file is executed.

        Example: sluice models import formation-energy-per-atom.pth.tar --output models/published
        """)

    @Argument(help: "Weight file (.pth.tar or .safetensors).")
    var file: String

    @Option(help: "Folder to write.")
    var output: String

    @Option(help: "What the model predicts. (default: known for the published names)")
    var property: String?

    @Option(help: "Unit of the property. (default: known for the published names)")
    var unit: String?

    func run() throws {
      try reportingErrors {
        let card = try ModelImport(file: file).write(to: output, property: property, unit: unit)
        Terminal.note("\(output): \(card.name), \(card.prediction)")
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a model's card.",
      discussion: "Example: sluice models show fixtures/models/cgcnn-formation-energy")

    @Argument(help: "Model folder.")
    var folder: String

    @Option(help: "text or json.")
    var format: ReportFormat = .text

    func run() throws {
      try reportingErrors {
        let model = try ModelFolder(path: Resources.model(folder), predicts: false)
        if format == .json {
          let encoder = JSONEncoder()
          encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
          Terminal.write([UInt8](try encoder.encode(model.card)) + [10])
        } else {
          Terminal.result(model.summary)
        }
      }
    }
  }
}
