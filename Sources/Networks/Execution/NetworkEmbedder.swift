internal import TensorKernels

/// A network prepared for what it knows of sites behind some of its layers.
///
/// Immutable; any number of threads may use it, each with its own `Scratch`.
public struct NetworkEmbedder: Sendable {
  /// Working memory of one thread.
  public final class Scratch {
    fileprivate var own: BlockInference<Float>.Scratch?

    /// Empty; grows with use. Serves one embedder only.
    public init() {}
  }

  /// The layers, in the order of their numbers in a row.
  public let layers: [SiteRepresentation]
  /// Numbers a site: those of all layers.
  public var width: Int { layers.reduce(0) { $0 + $1.width } }
  private let inference: BlockInference<Float>

  /// Prepares a trained network; `layers` are some of its program's representations.
  public init(_ parameters: NetworkParameters, layers: [SiteRepresentation]) {
    self.layers = layers
    inference = BlockInference(
      parameters.program.keeping(layers), members: [(parameters.values, parameters.statistics)])
  }

  /// What the network knows of each node of `collection`, whose graphs, whole or as quotients, meet its requirements.
  ///
  /// A structure's rows are the same, bit for bit, whatever else is in the collection.
  ///
  /// - Returns: row-major, shape (N, width); a row has the numbers of the first layer, then those of the next.
  public func rows(_ collection: GraphCollection, scratch: Scratch) -> [Float] {
    let (width, own) = (width, scratch.own ?? inference.makeScratch())
    scratch.own = own
    var rows = [Float](repeating: 0, count: collection.atomicNumbers.count * width)
    for range in collection.blocks(sites: inference.program.sitesPerBlock) {
      let nodes = collection.siteOffsets[range.lowerBound]..<collection.siteOffsets[range.upperBound]
      inference.run(range, of: collection, own) { _, _, _ in
        var first = 0
        for layer in layers {
          let values = own.chunk.values[layer.value].pointer
          for (place, node) in nodes.enumerated() {
            for column in 0..<layer.width {
              rows[node * width + first + column] = values[place * layer.width + column]
            }
          }
          first += layer.width
        }
      }
    }
    return rows
  }
}
