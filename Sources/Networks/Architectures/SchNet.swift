internal import CrystalGraphs

/// The network of continuous-filter convolutions: no gate, no normalization, and filters that depend on the distance alone.
///
/// Source: K. T. Schütt et al., J. Chem. Phys. 148, 241722 (2018), in the form of kgcnn's for crystals: per-atom read-out
/// whose mean is the result.
public struct SchNet: Architecture {
  /// Width of the atom vectors and filters.
  public var width = 128
  /// Width of the elements' own vectors.
  public var elementWidth = 64
  /// Whether atom vectors begin with the features of CGCNN's table beside the elements' own vectors: an addition to the
  /// publication. Nil, as in cards written before there was the choice, is false.
  public var usesElementFeatures: Bool?
  /// Number of blocks.
  public var blockCount = 4
  /// Nearest neighbors of an atom.
  public var neighborCount = 24
  /// Whether all neighbors as far as the last of these are taken with it.
  public var takesWholeShells = true
  /// Largest neighbor distance, and reach of the Gaussians (Å).
  public var cutoff = 6.0
  /// Gaussians of the distance.
  public var gaussianCount = 25
  /// Their standard deviation (Å).
  public var gaussianWidth = 0.4
  /// Knots of the filters' tables within that.
  public var knotsPerWidth = 20
  /// Whether filters end smoothly at the cutoff.
  public var endsSmoothly = false
  /// Whether neighbors are those of Voronoi cells, and filters products of one of the distance and one of the solid angle: an
  /// addition to the publication.
  public var usesFacets = false
  /// Facets below this fraction of the larger cell's largest solid angle are left out of the graph.
  public var minimumSolidAngleFraction = 0.01
  /// Widths of the two layers of the read-out.
  public var readoutWidth = 128
  /// See `readoutWidth`.
  public var lastReadoutWidth = 64

  /// The default network.
  public init() {}

  /// Name in training files.
  public static let key = "schnet"
  /// Name in model cards.
  public static let title = "SchNet"
  /// What it is and where it is from.
  public static let summary =
    "Continuous-filter convolutions over the nearest neighbors (K. T. Schütt et al., JCP 148, 241722, 2018)."

  /// What may be chosen.
  public static let options: [ArchitectureOption<SchNet>] = [
    .integer("width", \.width, 16...1024, multipleOf: 16, "Width of the atom vectors and of the filters."),
    .integer("element_width", \.elementWidth, 16...1024, multipleOf: 16, "Width of the elements' vectors."),
    .boolean(
      "element_features", \.usesElementFeatures, absence: false,
      "Whether atom vectors begin with features of the elements beside vectors of their own (not in the paper)."
    ),
    .integer("blocks", \.blockCount, 1...16, "Number of blocks."),
    .integer("neighbors", \.neighborCount, 1...64, "Nearest neighbors of each site."),
    .boolean(
      "whole_shells", \.takesWholeShells,
      "Whether all neighbors as far as the last of these are taken, so that no order of equal distances matters."
    ),
    .number("cutoff", \.cutoff, 0.4...20, "Reach of nearest neighbors and of the Gaussians (Å)."),
    .integer("gaussians", \.gaussianCount, 2...256, "Gaussians of the distance, from 0 to below the cutoff."),
    .number("gaussian_width", \.gaussianWidth, 0.01...5, "Their standard deviation (Å)."),
    .integer(
      "knots", \.knotsPerWidth, 4...1000,
      "Points within a Gaussian's standard deviation where filters are evaluated, cubics in between."),
    .boolean("smooth_cutoff", \.endsSmoothly, "Whether filters go to zero at the cutoff as a cosine."),
    .boolean(
      "facets", \.usesFacets,
      "Whether neighbors are those of Voronoi cells, and filters products of one of the distance and one of the solid angle (not in the paper)."
    ),
    .number(
      "minimum_solid_angle", \.minimumSolidAngleFraction, 0...0.99,
      "Facets below this fraction of the larger cell's largest solid angle are left out."),
    .integer(
      "readout_width", \.readoutWidth, 16...1024, multipleOf: 16, "Width of the first layer of the read-out."),
    .integer(
      "last_readout_width", \.lastReadoutWidth, 16...1024, multipleOf: 16,
      "Width of the second layer of the read-out."),
  ]

  private var distanceFilter: EdgeFilter {
    EdgeFilter(
      .distance, reach: cutoff, gaussianCount: gaussianCount, gaussianWidth: gaussianWidth,
      knotsPerWidth: knotsPerWidth, weight: endsSmoothly ? .cosine : .none)
  }

  /// Roots of shares of the solid angle: 0.29 for a facet among twelve, 0.71 for one of two.
  private var facetFilter: EdgeFilter {
    EdgeFilter(
      .solidAngleRoot, reach: 0.8, gaussianCount: 16, gaussianWidth: 0.05, knotsPerWidth: knotsPerWidth,
      weight: .facet)
  }

  /// Checks what ranges of single options do not say.
  public func validate() throws(ModelError) {
    guard distanceFilter.knotCount <= 10_000 else {
      throw .unsupportedConfiguration(
        "\(knotsPerWidth) knots in \(gaussianWidth) Å are \(distanceFilter.knotCount) up to \(cutoff) Å, more than 10000"
      )
    }
  }

  /// Those of the neighbors that the network does not have.
  public var idleOptions: [String: String] {
    let reason = "with facets, neighbors are those of Voronoi cells"
    return usesFacets
      ? ["neighbors": reason, "whole_shells": reason]
      : ["minimum_solid_angle": "nearest neighbors have no facets"]
  }

  /// What its graphs are.
  public var requirements: InputRequirements {
    if usesFacets {
      return InputRequirements(neighbors: .voronoi(minimumSolidAngleFraction: minimumSolidAngleFraction))
    }
    return InputRequirements(
      neighbors: takesWholeShells
        ? .nearestShells(count: neighborCount, cutoff: cutoff)
        : .nearest(count: neighborCount, cutoff: cutoff))
  }

  /// The layers. The read-out is additive; its last layer is linear, so that the mean over the atoms is taken before it.
  public func build(_ network: inout NetworkBuilder, outputs: Int) -> NetworkValue {
    var filters = [(filter: distanceFilter, knots: network.knotWeights(distanceFilter))]
    if usesFacets { filters.append((facetFilter, network.knotWeights(facetFilter, isCounted: false))) }
    var nodes =
      usesElementFeatures == true
      ? network.elementsWithFeatures(elementWidth: elementWidth, width: width, start: .glorot)
      : network.linear("input", network.elementVectors("embedding", width: elementWidth), to: width)
    network.represent("embedding", nodes)
    for number in 0..<blockCount {
      let name = "blocks.\(number)"
      var x = network.linear(name + ".input", nodes, to: width, hasBias: false)
      x = network.continuousFilterConvolution(name + ".filter", x, filters: filters)
      x = network.linear(name + ".hidden", x, to: width, activation: .shiftedSoftplus)
      nodes = network.sum(nodes, network.linear(name + ".output", x, to: width))
      network.represent(name, nodes)
    }
    var x = network.linear("readout.0", nodes, to: readoutWidth, activation: .shiftedSoftplus)
    x = network.linear("readout.1", x, to: lastReadoutWidth, activation: .shiftedSoftplus)
    return network.linear("output", network.meanPooling(x), to: outputs)
  }
}
