internal import Foundation
internal import ModelFormats
internal import PipelineEngine
internal import Regression

/// A folder that holds a regression: `regression.json`, its numbers, and the networks whose layers it is fed with.
public struct RegressionFolder: Sendable {
  /// Path of the folder.
  public let path: String
  /// What the folder says about itself.
  public let card: RegressionCard
  let model: RegressionModel
  private let networks: [ModelFolder]

  /// Whether a folder holds a regression.
  public static func isRegression(at path: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/" + RegressionCard.fileName)
  }

  private static func networkFolder(_ path: String, _ number: Int) -> String { "\(path)/network-\(number)" }

  /// Reads a folder and checks it against its card.
  ///
  /// - Throws: `ScreeningError` where a file is missing, damaged, or not the one the card means.
  public init(path: String) throws {
    self.path = path
    let cardPath = path + "/" + RegressionCard.fileName
    guard let data = FileManager.default.contents(atPath: cardPath) else {
      throw ScreeningError.unreadable(path: cardPath, reason: "no card of a regression there")
    }
    do { card = try JSONDecoder().decode(RegressionCard.self, from: data) } catch {
      throw ScreeningError.unreadable(
        path: cardPath, reason: "not a card of a regression: \(describe(error))")
    }
    guard card.format == 1 else {
      throw ScreeningError.unreadable(
        path: cardPath, reason: "format \(card.format); this version reads format 1")
    }
    let numbersPath = path + "/" + RegressionCard.numbersName
    guard let numbers = FileManager.default.contents(atPath: numbersPath) else {
      throw ScreeningError.unreadable(
        path: numbersPath, reason: "the card names this file, but it is not there")
    }
    let digest = Fingerprint(of: [UInt8](numbers)).hexadecimal
    guard digest == card.sha256 else {
      throw ScreeningError.unreadable(
        path: numbersPath, reason: "SHA-256 is \(digest), the card says \(card.sha256): changed or damaged")
    }
    let tensors: [NamedTensor]
    do { tensors = try SafeTensors.decode([UInt8](numbers)).tensors } catch {
      throw ScreeningError.unreadable(path: numbersPath, reason: describe(error))
    }
    guard let model = RegressionModel(card, tensors) else {
      throw ScreeningError.unreadable(
        path: numbersPath, reason: "its numbers are not those of the card's method")
    }
    self.model = model
    var networks: [ModelFolder] = []
    for case .embedding in card.features {
      networks.append(try ModelFolder(path: Self.networkFolder(path, networks.count), predicts: false))
    }
    self.networks = networks
  }

  /// SHA-256 of all that decides what it predicts: numbers, method, features and networks.
  var fingerprint: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let features = (try? encoder.encode(card.features)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let parts =
      ["regression", card.sha256, card.method, "\(card.alpha)", "\(card.gamma ?? 0)", "\(card.offset)"]
      + ["\(card.signalVariance ?? 0)", features] + networks.map(\.fingerprint)
    return Fingerprint(of: Array(parts.joined(separator: "\n").utf8)).hexadecimal
  }

  /// Whether all its features follow from a crystal alone.
  var describesAnyCrystal: Bool { !card.features.contains { if case .file = $0 { true } else { false } } }

  /// The features that the regression takes.
  ///
  /// - Parameter files: rows for the features that are those of files, in their order.
  /// - Throws: `ScreeningError.invalid` where there are others than it takes.
  func features(_ files: [FeatureFile]) throws(ScreeningError) -> CrystalFeatures {
    let needed = card.features.count { if case .file = $0 { true } else { false } }
    guard files.count == needed else {
      throw .invalid(
        "\(path): \(card.name) takes \(counted(needed, "file")) of features of the crystals, and \(files.count) are given"
      )
    }
    let features = try CrystalFeatures(card.features, networks: networks, files: files)
    guard features.width == model.points.columnCount else {
      throw .invalid(
        "\(path): the features are \(features.width) numbers, the model takes \(model.points.columnCount)")
    }
    return features
  }

  /// Writes a folder: numbers and networks first, the card last.
  ///
  /// - Returns: the card as written.
  static func write(
    path: String, card: RegressionCard, model: RegressionModel, networks: [ModelFolder]
  ) throws -> RegressionCard {
    var card = card
    try makeFolder(path)
    for (number, network) in networks.enumerated() {
      var card = network.wholeCard
      // Error bars are of no use here, and are bound to the digests of other files.
      card.calibration = nil
      for target in (card.otherTargets ?? []).indices { card.otherTargets?[target].calibration = nil }
      try ModelFolder.write(path: networkFolder(path, number), card: card, parameters: network.parameters)
    }
    let bytes = SafeTensors.encode(model.tensors)
    card.sha256 = Fingerprint(of: bytes).hexadecimal
    try writeAtomically(bytes, to: path + "/" + RegressionCard.numbersName)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try writeAtomically([UInt8](try encoder.encode(card)) + [10], to: path + "/" + RegressionCard.fileName)
    return card
  }
}

extension RegressionModel {
  /// The numbers of a model, by name.
  fileprivate var tensors: [NamedTensor] {
    [
      NamedTensor(name: "coefficients", shape: [coefficients.count], data: .double(coefficients)),
      NamedTensor(
        name: "deviations", shape: [standardization.deviations.count],
        data: .double(standardization.deviations)),
      NamedTensor(name: "means", shape: [standardization.means.count], data: .double(standardization.means)),
      NamedTensor(
        name: "points", shape: [points.rowCount, points.columnCount], data: .double(points.values)),
    ]
  }

  /// The model of a card and its numbers; nil where they are not of one shape.
  fileprivate init?(_ card: RegressionCard, _ tensors: [NamedTensor]) {
    func numbers(_ name: String) -> [Double]? { tensors.first { $0.name == name }?.data.finiteDoubles }
    guard let kind = RegressionMethod.Kind(rawValue: card.method), let coefficients = numbers("coefficients"),
      let means = numbers("means"), let deviations = numbers("deviations"), let points = numbers("points"),
      let shape = tensors.first(where: { $0.name == "points" })?.shape, shape.count == 2,
      means.count == shape[1], deviations.count == shape[1],
      coefficients.count == (kind == .ridge ? shape[1] : shape[0]), card.offset.isFinite,
      kind == .ridge || card.gamma != nil
    else { return nil }
    self.init(
      method: RegressionMethod(kind, alpha: card.alpha, gamma: card.gamma ?? 0),
      standardization: Standardization(means: means, deviations: deviations), offset: card.offset,
      coefficients: coefficients,
      points: FeatureMatrix(rowCount: shape[0], columnCount: shape[1], values: points),
      signalVariance: card.signalVariance ?? 0)
  }
}

extension TensorData {
  /// The numbers, if they are 64-bit floats and finite.
  fileprivate var finiteDoubles: [Double]? {
    guard case .double(let values) = self, values.allSatisfy(\.isFinite) else { return nil }
    return values
  }
}
