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
      convolutions', digits that begin with 0, as 012, are those of several, and last and all are names too. Layers that are asked for together stand side by side in a row. A name that \
      the model does not have is answered with those that it has.

      X.npy holds 32-bit floats, shape (rows, width), and X.csv beside it the id of each row, without pooling site and element \
      too. --format csv writes one table. --map draws the crystals in the plane of the first two principal components, colored by \
      fifths of a property.

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
  var output: String?

  @Option(help: "SVG file to draw crystals into, in the plane of the first two principal components.")
  var map: String?

  @Option(help: "Column of the property that the map is colored by.")
  var color: String?

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if output == nil, map == nil { throw ValidationError("--output or --map names a file to write") }
    if (map == nil) != (color == nil) { throw ValidationError("--map and --color go together") }
    if map != nil, pool == .none { throw ValidationError("--map draws crystals; --pool none keeps sites") }
    if let map, map == output { throw ValidationError("--map and --output are one file") }
    if let map, let output, format == .npy, map == EmbeddingTable.idFile(of: output) {
      throw ValidationError("--map is \(map), which --output writes ids into")
    }
    if layers.split(separator: ",").isEmpty { throw ValidationError("--layers names no layer") }
  }

  func run() throws {
    try reportingErrors {
      let embedder = try CrystalEmbedder(
        try ModelFolder(path: Resources.model(model), predicts: false), member: member,
        layers: layers.split(separator: ",").map(String.init),
        pooling: SitePooling(rawValue: pool.rawValue) ?? .mean)
      Terminal.note("\(embedder.width) numbers a row: \(embedder.layers.joined(separator: ", "))")
      if let output {
        let report = try EmbeddingTable(embedder, jobs: threads.count).write(
          input, to: output, format: EmbeddingTable.Format(rawValue: format.rawValue) ?? .npy)
        try conclude(report, output)
      }
      if let map, let color {
        let report = try EmbeddingMap(embedder, jobs: threads.count).write(input, to: map, property: color)
        try conclude(report, map)
      }
    }
  }
}
