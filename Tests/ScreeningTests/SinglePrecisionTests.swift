import Crystal
import CrystalGraphs
import Networks
import ScreeningTestSupport
import StructureArchive
import TestSupport
import Testing

@testable import Screening

/// What single precision costs: the networks that ship, on real crystals, beside the same arithmetic in double.
@Suite("Single precision", .enabled(if: SharedInput.isThere, SharedInput.reason)) struct SinglePrecisionTests
{
  @Test(arguments: [
    "cgcnn-formation-energy", "icgcnn-formation-energy", "cogn-formation-energy", "cgcnn-hull-distance",
    "icgcnn-hull-distance",
  ])
  func `predictions are those in double precision within four millionths of an eV/atom`(name: String) throws {
    let model = try ModelFolder(path: Fixtures.url("models/\(name)").path)
    let ensemble = Ensemble(model)
    let program = try ensemble.configuration.program()
    var collection = GraphCollection()
    let reader = try ArchiveReader(path: try SharedInput.path("mp/test.jsonl.zst"))
    let decoder = StructureDecoder()
    var rest = 30
    while rest > 0, let record = try reader.next() {
      let decoded = try decoder.decode(record)
      guard decoded.structure.siteCount <= 40 else { continue }
      rest -= 1
      collection.append(
        try ensemble.encoder.graph(of: decoded.structure, scratch: InputEncoder.Scratch()),
        for: ensemble.configuration.requirements)
    }
    let predictions = ensemble.predictions(collection, scratch: Ensemble.Scratch())
    for (member, parameters) in model.parameters.enumerated() {
      let double = program.doubleOutputs(
        values: parameters.values.map(Double.init), statistics: parameters.statistics.map(Double.init),
        collection)
      for (prediction, output) in zip(predictions, double) {
        let expected = model.wholeCard.normalizers[0][member].restored(output[0])
        #expect(abs(prediction.members[member] - expected) < 4e-6)
      }
    }
  }
}
