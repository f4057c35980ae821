/// How the numbers of a crystal come from the vectors of its sites: what is averaged over the sites.
///
/// SchNet, and ALIGNN, whose only layer behind the convolutions is linear, are additive in any case.
public enum Readout: String, Codable, CaseIterable, Hashable, Sendable {
  /// The vectors: the layers behind them see their mean.
  case pooled
  /// What the layers make of each vector: every site has its own part in the result.
  case additive
}

extension ArchitectureOption {
  /// The read-out, where nothing said means the mean of the vectors.
  ///
  /// - Parameter path: where the architecture keeps it; nil, as in cards written before there was the choice, is `pooled`.
  static func readout(_ path: any WritableKeyPath<Kind, Readout?> & Sendable) -> ArchitectureOption {
    .choice(
      "readout", path, absence: .pooled,
      "Whether the layers after the convolutions see the mean over the sites, or each site, so that the prediction is a mean of site energies."
    )
  }
}

extension NetworkBuilder {
  /// The layers that make a crystal's numbers of the vectors of its sites.
  ///
  /// - Parameters:
  ///   - readout: what is averaged over the sites; nil is `pooled`.
  ///   - nodes: a row a site.
  ///   - name: path of the tensors of the last layer, which is linear.
  ///   - outputs: numbers of a crystal.
  ///   - hidden: the layers before the last one.
  mutating func readout(
    _ readout: Readout?, _ nodes: NetworkValue, _ name: String, to outputs: Int,
    hidden: (inout NetworkBuilder, NetworkValue) -> NetworkValue
  ) -> NetworkValue {
    switch readout ?? .pooled {
    case .pooled: linear(name, hidden(&self, meanPooling(nodes)), to: outputs)
    // The mean may be taken before a linear layer: the result is the same, and it has fewer rows.
    case .additive: linear(name, meanPooling(hidden(&self, nodes)), to: outputs)
    }
  }

  /// Layers with softplus, `hidden.0` and so on.
  mutating func hiddenLayers(_ count: Int, _ x: NetworkValue, width: Int) -> NetworkValue {
    (0..<count).reduce(x) { linear("hidden.\($1)", $0, to: width, activation: .softplus) }
  }
}
