import ArgumentParser
import Screening

/// How sites are pooled.
enum PoolingChoice: String, ExpressibleByArgument, CaseIterable {
  case none
  case sum
  case mean
}

/// How embeddings are written.
enum EmbeddingFormat: String, ExpressibleByArgument, CaseIterable {
  case npy
  case csv
}

struct Embed: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write what a network knows of crystals behind its layers.",
    discussion: """
      Layers are named as the model's tensors are: embedding or convs.0 for instance; 0 is the input's, the next ones the \
      convolutions', and last and all are names too. Layers that are asked for together stand side by side in a row. A name that \
      the model does not have is answered with those that it has.

      X.npy holds 32-bit floats, shape (rows, width), and X.csv beside it the id of each row, without pooling site and element \
      too. --format csv writes one table.

      Example: sluice embed --model fixtures/models/cgcnn-formation-energy crystals.tar.zst --layers last --pool mean \
      --output X.npy
      """)

  @Option(help: "Model folder.")
  var model: String

  @Argument(help: "Archive, file or folder of crystals.")
  var input: String

  @Option(help: "Layers, separated by commas.")
  var layers = "last"

  @Option(help: "How the sites of a crystal are pooled: none, sum or mean.")
  var pool: PoolingChoice = .mean

  @Option(help: "Which network of an ensemble, counted from 1.")
  var member = 1

  @Option(help: "npy or csv.")
  var format: EmbeddingFormat = .npy

  @Option(help: "File to write.")
  var output: String

  @OptionGroup var threads: ThreadOptions

  func run() throws {
    try reportingErrors {
      let embedder = try CrystalEmbedder(
        try ModelFolder(path: Resources.model(model)), member: member,
        layers: layers.split(separator: ",").map(String.init),
        pooling: SitePooling(rawValue: pool.rawValue) ?? .mean)
      let report = try EmbeddingTable(embedder, jobs: threads.count).write(
        input, to: output, format: EmbeddingTable.Format(rawValue: format.rawValue) ?? .npy)
      Terminal.note("\(embedder.width) numbers a row: \(embedder.layers.joined(separator: ", "))")
      try conclude(report, output)
    }
  }
}
