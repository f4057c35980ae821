import Foundation
import ModelFormats
import TestSupport
import Testing

@Suite struct LegacyTorchArchiveTests {
  /// A file with the entries of `object` (pickle instructions between PROTO and STOP) and one storage "s".
  private func file(_ object: [UInt8], storage: [Float] = []) -> [UInt8] {
    let magic: [UInt8] = [0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    let system: [UInt8] = [0x7D] + text("little_endian") + [0x88, 0x73]
    let keys: [UInt8] = [0x5D] + text("s") + [0x61]
    var bytes = [magic, [0x4D, 0xE9, 0x03], system, object, keys].flatMap { [0x80, 2] + $0 + [0x2E] }
    withUnsafeBytes(of: UInt64(storage.count).littleEndian) { bytes.append(contentsOf: $0) }
    for value in storage {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes
  }

  private func text(_ text: String) -> [UInt8] { [0x58, UInt8(text.utf8.count), 0, 0, 0] + Array(text.utf8) }

  private func tuple(_ numbers: [Int32]) -> [UInt8] { [0x28] + numbers.flatMap { integer($0) } + [0x74] }

  private func integer(_ number: Int32) -> [UInt8] {
    [0x4A] + withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  private func tensor(_ view: View) -> [UInt8] {
    var bytes = Array("ctorch._utils\n_rebuild_tensor\n((".utf8)
    bytes += text("storage") + Array("ctorch\nFloatStorage\n".utf8) + text("s") + text("cpu")
    bytes += integer(view.declaredCount) + [0x4E, 0x74, 0x51]
    bytes += integer(view.offset) + tuple(view.shape) + tuple(view.strides)
    return bytes + [0x74, 0x52]
  }

  /// A window into a storage of the numbers 0…5.
  struct View: Sendable {
    let offset: Int32
    let shape: [Int32]
    let strides: [Int32]
    var declaredCount: Int32 = 6
    var expected: [Float] = []
  }

  private static let goodViews: [View] = [
    View(offset: 0, shape: [2, 3], strides: [3, 1], expected: [0, 1, 2, 3, 4, 5]),
    View(offset: 0, shape: [3, 2], strides: [1, 3], expected: [0, 3, 1, 4, 2, 5]),
    View(offset: 1, shape: [2, 2], strides: [2, 1], expected: [1, 2, 3, 4]),
    View(offset: 5, shape: [], strides: [], expected: [5]),
    View(offset: 4, shape: [1, 1], strides: [7_777_777, 9], expected: [4]),
    View(offset: 2, shape: [3], strides: [0], expected: [2, 2, 2]),
    View(offset: 0, shape: [0, 5], strides: [5, 1]),
    View(offset: 0, shape: [.max, .max, .max, 0], strides: [1, 1, 1, 1]),
  ]

  @Test(arguments: goodViews)
  func `a tensor is read row by row whatever its strides`(view: View) throws {
    let object = [0x7D] + text("w") + [0x7D] + text("x") + tensor(view) + [0x73, 0x73]
    let bytes = file(object, storage: [0, 1, 2, 3, 4, 5])
    let tensors = try LegacyTorchArchive(decoding: bytes).tensors(under: "w")
    #expect(tensors == [NamedTensor(name: "x", shape: view.shape.map { Int($0) }, values: view.expected)])
  }

  private static let badViews: [View] = [
    View(offset: 0, shape: [7], strides: [1]), View(offset: 1, shape: [6], strides: [1]),
    View(offset: -1, shape: [1], strides: [1]), View(offset: 0, shape: [2], strides: [6]),
    View(offset: 0, shape: [-1], strides: [1]), View(offset: 0, shape: [2, 2], strides: [1]),
    View(offset: 0, shape: [100_000, 100_000], strides: [0, 0]), View(offset: 0, shape: [2], strides: [-1]),
    View(offset: .max, shape: [1], strides: [1]), View(offset: 0, shape: [1], strides: [1], declaredCount: 7),
    View(offset: 0, shape: [.max, .max, .max, .max], strides: [.max, .max, .max, .max]),
  ]

  @Test(arguments: badViews)
  func `a tensor that leaves its storage is refused`(view: View) {
    let bytes = file(tensor(view), storage: [0, 1, 2, 3, 4, 5])
    #expect(throws: LegacyTorchError.self) { try LegacyTorchArchive(decoding: bytes) }
  }

  @Test func `names of functions outside the format are refused, not called`() throws {
    let bytes = file(Array("cos\nsystem\n".utf8) + [0x28] + text("true") + [0x74, 0x52])
    let error = #expect(throws: LegacyTorchError.self) { try LegacyTorchArchive(decoding: bytes) }
    guard case .unsupportedGlobal("os.system", _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `a container may be filled after it was shared`() throws {
    // [x, x] with x = {} memoized, then filled through the second reference.
    let object: [UInt8] = [0x5D, 0x28, 0x7D, 0x71, 1, 0x68, 1] + text("k") + [0x4B, 9, 0x73, 0x65]
    let filled = PickleValue.dictionary([PickleEntry(key: .string("k"), value: .int(9))])
    #expect(try LegacyTorchArchive(decoding: file(object)).root == .list([filled, filled]))
  }

  @Test func `integers have their sign and width`() throws {
    let object: [UInt8] = [
      0x28, 0x8A, 1, 0xFF, 0x8A, 2, 0xFF, 0x00, 0x8A, 0, 0x4A, 0xFE, 0xFF, 0xFF, 0xFF, 0x74,
    ]
    let root = try LegacyTorchArchive(decoding: file(object)).root
    #expect(root == .tuple([.int(-1), .int(255), .int(0), .int(-2)]))
  }

  @Test func `values that contain themselves, or share themselves without bound, are refused`() {
    let cycle: [UInt8] = [0x5D, 0x71, 0, 0x68, 0, 0x61]
    #expect(throws: LegacyTorchError.self) { try LegacyTorchArchive(decoding: file(cycle)) }
    // Each step is a pair of the step before: 2^40 values in 200 bytes.
    let bomb: [UInt8] = [0x4E] + (0..<40).flatMap { _ -> [UInt8] in [0x71, 0, 0x68, 0, 0x86] }
    #expect(throws: LegacyTorchError.tooLarge("more values than the file has bytes")) {
      try LegacyTorchArchive(decoding: file(bomb))
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"), arguments: WeightFile.all)
  func `the published weights have the published shapes, options and normalizers`(file: WeightFile) throws {
    let archive = try LegacyTorchArchive(decoding: file.bytes())
    let tensors = try archive.tensors(under: "state_dict")
    #expect(tensors.map(\.name) == WeightFile.names)
    for tensor in tensors { #expect(tensor.shape == file.shape(of: tensor.name), "\(tensor.name)") }
    #expect(tensors.allSatisfy { $0.values.allSatisfy { $0.isFinite } })
    #expect(archive.epoch == file.epoch)
    #expect(abs((archive.bestValidationError ?? 0) - file.bestError) < 1e-4)
    let normalizer = try #require(archive.normalizer)
    #expect(abs(normalizer.mean - file.mean) < 1e-6)
    #expect(abs(normalizer.standardDeviation - file.deviation) < 1e-6)
    #expect(archive.arguments?["atom_fea_len"]?.intValue == 64)
    #expect(archive.arguments?["n_conv"]?.intValue == 4)
    #expect(archive.arguments?["task"] == .string(file.classes == 2 ? "classification" : "regression"))
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `the formation-energy weights are the numbers Python reads`() throws {
    let archive = try LegacyTorchArchive(decoding: WeightFile.all[0].bytes())
    let tensors = try archive.tensors(under: "state_dict")
    #expect(tensors.reduce(0) { $0 + $1.values.count } == 98177)
    #expect(archive.normalizer?.mean == -1.699178719088435)
    #expect(throws: LegacyTorchError.missingEntry("nothing")) { try archive.tensors(under: "nothing") }
    // First, last and sum, read by Python 3.11's pickle and struct modules.
    let golden: [String: (Float, Float, Double)] = [
      "embedding.weight": (0.13455386459827423, 0.05913553759455681, -23.690405972622102),
      "convs.2.fc_full.weight": (0.03990789130330086, -0.042862702161073685, -22.523027840739132),
      "convs.3.bn2.running_var": (3.5582451820373535, 0.6796194911003113, 201.66604003310204),
      "fc_out.bias": (-0.019329240545630455, -0.019329240545630455, -0.019329240545630455),
    ]
    for tensor in tensors {
      guard let (first, last, sum) = golden[tensor.name] else { continue }
      #expect(tensor.values.first == first)
      #expect(tensor.values.last == last)
      #expect(abs(tensor.values.reduce(0.0) { $0 + Double($1) } - sum) < 1e-10)
    }
    #expect(Set(golden.keys).isSubset(of: tensors.map(\.name)))
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `a weight file cut anywhere is refused`() throws {
    let bytes = try WeightFile.all[7].bytes()
    for length in Array(stride(from: 0, to: bytes.count, by: 997)) + [bytes.count - 1] {
      #expect(throws: LegacyTorchError.self) { try LegacyTorchArchive(decoding: Array(bytes[..<length])) }
    }
    #expect(throws: LegacyTorchError.self) { try LegacyTorchArchive(decoding: bytes + [0]) }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `a weight file with any bit flipped is read or refused, never a crash`() throws {
    let bytes = try WeightFile.all[7].bytes()
    var generator = SeededGenerator(seed: 11)
    var refused = 0
    // The first 10,000 bytes hold the pickles: what lies behind are numbers, any of which is valid.
    for _ in 0..<150 {
      var changed = bytes
      changed[Int.random(in: 0..<10_000, using: &generator)] ^=
        1 << UInt8.random(in: 0..<8, using: &generator)
      do { _ = try LegacyTorchArchive(decoding: changed) } catch { refused += 1 }
    }
    #expect(refused > 30)
  }
}

/// A published file with what is known about it (the CGCNN repository's table of pre-trained models).
struct WeightFile: Sendable, CustomTestStringConvertible {
  let name: String
  let epoch: Int
  let bestError: Double
  let mean: Double
  let deviation: Double
  var classes = 1

  static let all = [
    WeightFile(
      name: "formation-energy-per-atom", epoch: 968, bestError: 0.03972, mean: -1.699179, deviation: 1.056303),
    WeightFile(
      name: "final-energy-per-atom", epoch: 953, bestError: 0.07929, mean: -6.121047, deviation: 1.689885),
    WeightFile(name: "efermi", epoch: 804, bestError: 0.35514, mean: 2.743038, deviation: 2.584001),
    WeightFile(name: "band-gap", epoch: 457, bestError: 0.36897, mean: 2.353832, deviation: 1.480239),
    WeightFile(name: "bulk-moduli", epoch: 759, bestError: 0.05528, mean: 1.975318, deviation: 0.334157),
    WeightFile(name: "shear-moduli", epoch: 118, bestError: 0.09075, mean: 1.630511, deviation: 0.358814),
    WeightFile(name: "poisson-ratio", epoch: 66, bestError: 0.02931, mean: 0.282080, deviation: 0.060277),
    WeightFile(
      name: "semi-metal-classification", epoch: 92, bestError: 0.9586, mean: 0, deviation: 1, classes: 2),
  ]

  var testDescription: String { name }

  func bytes() throws -> [UInt8] {
    let folder = try #require(Fixtures.sharedData)
    return Array(try Data(contentsOf: folder.appending(path: "weights/cgcnn/\(name).pth.tar")))
  }

  static let names: [String] = {
    let norm = ["weight", "bias", "running_mean", "running_var"]
    let layers = (0..<4).flatMap { layer in
      ["fc_full.weight", "fc_full.bias"].map { "convs.\(layer).\($0)" }
        + ["bn1", "bn2"].flatMap { name in norm.map { "convs.\(layer).\(name).\($0)" } }
    }
    return ["embedding.weight", "embedding.bias"] + layers
      + ["conv_to_fc.weight", "conv_to_fc.bias", "fc_out.weight", "fc_out.bias"]
  }()

  func shape(of name: String) -> [Int]? {
    switch name {
    case "embedding.weight": [64, 92]
    case "embedding.bias": [64]
    case "conv_to_fc.weight": [32, 64]
    case "conv_to_fc.bias": [32]
    case "fc_out.weight": [classes, 32]
    case "fc_out.bias": [classes]
    case _ where name.hasSuffix("fc_full.weight"): [128, 169]
    case _ where name.hasSuffix("fc_full.bias") || name.contains("bn1"): [128]
    case _ where name.contains("bn2"): [64]
    default: nil
    }
  }
}
