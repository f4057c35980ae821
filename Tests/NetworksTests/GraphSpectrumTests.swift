import Crystal
import CrystalGraphs
import LinearAlgebra
import TestSupport
import Testing

@testable import Networks

/// The propagation of graph convolutions as a filter of the graph's spectrum: with the Laplacian L = 1 − D̃^(−1/2) Ã
/// D̃^(−1/2) = U Λ Uᵀ, a propagation is U g(Λ) Uᵀ with g(λ) = 1 − λ. Source: T. N. Kipf and M. Welling, ICLR 2017, Eqs. 2
/// and 3. The eigenvectors are LAPACK's.
@Suite struct GraphSpectrumTests {
  @Test func `one propagation and three are filters of the spectrum`() throws {
    let requirements = GCN().requirements
    let builder = NeighborGraphBuilder(requirements.neighbors)
    let scratch = NeighborGraphBuilder.Scratch()
    for structure in try crystals() {
      guard case .nearest(let graph) = requirements.seen(try builder.graph(of: structure, scratch: scratch))
      else { throw UnexpectedGraph() }
      let n = graph.siteCount
      let spectrum = try DenseAlgebra.shared.eigen(laplacian(graph), order: n)
      // A propagation keeps √degree, and no vector grows.
      #expect(abs(spectrum.values[0]) < 1e-12)
      #expect(spectrum.values[n - 1] < 2)
      for count in [1, 3] {
        let x = try rows(of: graph, propagations: 0)
        let found = try rows(of: graph, propagations: count)
        let width = x.count / n
        for channel in 0..<width {
          // Uᵀ x, times g, and back.
          let filtered = (0..<n).map { mode in
            let amplitude = (0..<n).reduce(0.0) {
              $0 + spectrum.vectors[mode * n + $1] * x[$1 * width + channel]
            }
            return (0..<count).reduce(amplitude) { value, _ in value * (1 - spectrum.values[mode]) }
          }
          for site in 0..<n {
            let expected = (0..<n).reduce(0.0) { $0 + spectrum.vectors[$1 * n + site] * filtered[$1] }
            #expect(abs(found[site * width + channel] - expected) < 1e-10)
          }
        }
      }
    }
  }

  private struct UnexpectedGraph: Error {}

  private func laplacian(_ graph: CrystalGraph) -> [Double] {
    let n = graph.siteCount
    var matrix = (0..<n * n).map { $0 / n == $0 % n ? 1.0 : 0 }
    for site in 0..<n {
      for edge in graph.edges(of: site) { matrix[site * n + Int(graph.neighbors[edge])] += 1 }
    }
    let degrees = (0..<n).map { site in matrix[site * n..<(site + 1) * n].reduce(0, +) }
    return matrix.indices.map { index in
      let (i, j) = (index / n, index % n)
      return (i == j ? 1 : 0) - matrix[index] / (degrees[i] * degrees[j]).squareRoot()
    }
  }

  /// The features of all sites after some propagations, by the layer.
  private func rows(of graph: CrystalGraph, propagations: Int) throws -> [Double] {
    var network = NetworkBuilder()
    var nodes = network.elementFeatures()
    for _ in 0..<propagations {
      let width = nodes.width
      nodes = network.add([nodes]) { _ in GraphPropagation(width: width, goesOn: false) }[0]
    }
    let pooled = network.program(output: network.meanPooling(nodes), sitesPerBlock: 64)
    let program = NetworkProgram(
      parameters: pooled.parameters, steps: pooled.steps, values: pooled.values, output: nodes.index,
      sitesPerBlock: 64)
    let inference = BlockInference<Double>(program, members: [([], [])])
    var collection = GraphCollection()
    collection.append(graph)
    var found: [Double] = []
    inference.run(0..<1, of: collection, inference.makeScratch()) { _, rows, _ in
      found = (0..<graph.siteCount * nodes.width).map { rows[$0] }
    }
    return found
  }

  /// Cesium chloride, rock salt, diamond, perovskite, and crystals without symmetry.
  private func crystals() throws -> [Structure] {
    func cubic(_ a: Double, _ sites: [(String, SIMD3<Double>)]) throws -> Structure {
      try Structure(
        lattice: Lattice(a: SIMD3(a, 0, 0), b: SIMD3(0, a, 0), c: SIMD3(0, 0, a)),
        elements: sites.map { try #require(Element(symbol: $0.0)) }, fractionalPositions: sites.map(\.1))
    }
    let centers = [SIMD3(0, 0, 0), SIMD3(0, 0.5, 0.5), SIMD3(0.5, 0, 0.5), SIMD3(0.5, 0.5, 0)]
    var generator = SeededGenerator(seed: 61)
    return [
      try cubic(4.12, [("Cs", SIMD3(0, 0, 0)), ("Cl", SIMD3(0.5, 0.5, 0.5))]),
      try cubic(5.64, centers.flatMap { [("Na", $0), ("Cl", $0 + 0.5)] }),
      try cubic(5.43, centers.flatMap { [("Si", $0), ("Si", $0 + 0.25)] }),
      try cubic(
        3.91,
        [("Sr", SIMD3(0, 0, 0)), ("Ti", SIMD3(0.5, 0.5, 0.5))]
          + [SIMD3(0.5, 0.5, 0), SIMD3(0.5, 0, 0.5), SIMD3(0, 0.5, 0.5)].map { ("O", $0) }
      ).supercell(SIMD3(2, 1, 2)),
    ] + (try (4...7).map { try randomStructure(siteCount: $0, using: &generator) })
  }
}
