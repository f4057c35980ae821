import Crystal
import Foundation
import ModelFormats
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing

@testable import Screening

@Suite("Descriptors of crystals") struct CrystalFeaturesTests {
  private func row(_ description: FeatureDescription, _ structure: Structure) throws -> [Double] {
    let features = try CrystalFeatures([description], networks: [], files: [])
    guard case .value(let row) = try features.outcome("a", structure, TableScratch()) else { return [] }
    #expect(row.count == features.width)
    return row
  }

  @Test func `a composition is the shares of its elements, whatever the cell`() throws {
    let lattice = try Lattice(a: SIMD3(5.6, 0, 0), b: SIMD3(0, 5.6, 0), c: SIMD3(0, 0, 5.6))
    let structure = try Structure(
      lattice: lattice, elements: [.all[10], .all[16], .all[16], .all[16]],
      fractionalPositions: [SIMD3(0, 0, 0), SIMD3(0.5, 0.5, 0), SIMD3(0.5, 0, 0.5), SIMD3(0, 0.5, 0.5)])
    let row = try row(.composition, structure)
    #expect(row.count == 118 && row[10] == 0.25 && row[16] == 0.75 && row.reduce(0, +) == 1)
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data"))
  func `pooled orbital fields are the means and sums of the published matrices`() throws {
    let folder = try #require(Fixtures.sharedData).appending(path: "reference/networks")
    let matrices = try SafeTensors.decode(
      try readWholeFile(path: folder.appending(path: "ogcnn_ofm.safetensors.zst").path)
    ).tensors
    let reader = try ArchiveReader(path: folder.appending(path: "crystals.jsonl.zst").path)
    let features = try [SitePooling.mean, .sum].map { pooling in
      try CrystalFeatures(
        [.orbitalField(orbitals: "published", distancePower: 4, pooling: pooling)], networks: [], files: [])
    }
    var count = 0
    while let next = try reader.next() {
      let record = try StructureDecoder().decode(next)
      guard let matrix = matrices.first(where: { $0.name == record.id }) else { continue }
      let (sites, width, numbers) = (matrix.shape[0], matrix.shape[1], try #require(matrix.doubles))
      let sums = (0..<width).map { column in
        (0..<sites).reduce(0) { $0 + numbers[$1 * width + column] }
      }
      for (features, divisor) in zip(features, [Double(sites), 1]) {
        guard case .value(let row) = try features.outcome(record.id, record.structure, TableScratch()) else {
          Issue.record("\(record.id) has no row")
          continue
        }
        // Facets at degenerate corners are arbitrary, and far below the largest.
        for (found, sum) in zip(row, sums) {
          #expect(abs(found - sum / divisor) < 1e-4 * max(1, abs(sum / divisor)))
        }
      }
      count += 1
    }
    #expect(count == 26)
  }
}
