internal import Foundation
internal import ModelFormats
public import Networks
internal import PipelineEngine
internal import StructureArchive
internal import Training

/// A folder that holds a model: `model.json` and one safetensors file a member.
public struct ModelFolder: Sendable {
  /// Path of the folder.
  public let path: String
  /// What the folder says about itself; of a selected target what it says about that one.
  public let card: ModelCard
  /// The card with all targets.
  let wholeCard: ModelCard
  /// The target that was selected, by its place among the network's outputs; nil where the model is taken whole.
  let selectedTarget: Int?
  /// Parameters of each member, in the order of the card.
  public let parameters: [NetworkParameters]
  /// SHA-256 over configuration, normalizers and weights: equal fingerprints predict alike.
  public let fingerprint: String

  /// The target of a folder that predicts a single one.
  var target: Int { selectedTarget ?? 0 }

  /// The model as one of its targets; see `selecting`.
  init(_ whole: ModelFolder, target: Int) {
    path = whole.path
    card = whole.wholeCard.selecting(target)
    wholeCard = whole.wholeCard
    selectedTarget = target
    parameters = whole.parameters
    fingerprint = whole.fingerprint
  }

  /// Name of the card within the folder.
  public static let cardName = "model.json"

  /// Whether a folder holds a model's card, which is written last.
  static func isFinished(at path: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/" + cardName)
  }

  /// Reads a model folder and checks it against its card.
  ///
  /// - Parameters:
  ///   - path: the folder.
  ///   - predicts: whether it has to predict something; what was trained without a target does not.
  /// - Throws: `ScreeningError` when a file is missing, damaged, of another format, or not the one the card means.
  public init(path: String, predicts: Bool = true) throws {
    self.path = path
    selectedTarget = nil
    let cardPath = path + "/" + Self.cardName
    if RegressionFolder.isRegression(at: path), !Self.isFinished(at: path) {
      throw ScreeningError.unreadable(
        path: path, reason: "a regression, which sluice predict takes; a network was expected here")
    }
    guard let data = FileManager.default.contents(atPath: cardPath) else {
      throw ScreeningError.unreadable(path: cardPath, reason: "no model card there; is this a model folder?")
    }
    do {
      card = try JSONDecoder().decode(ModelCard.self, from: data)
      wholeCard = card
    } catch {
      throw ScreeningError.unreadable(path: cardPath, reason: "not a model card: \(describe(error))")
    }
    guard ModelCard.formats.contains(card.format) else {
      throw ScreeningError.unreadable(
        path: cardPath,
        reason: "format \(card.format); this version reads formats \(ModelCard.formats.lowerBound) to "
          + "\(ModelCard.formats.upperBound)")
    }
    guard !card.members.isEmpty else {
      throw ScreeningError.unreadable(path: cardPath, reason: "a model of 0 members")
    }
    do {
      try card.configuration.validate()
    } catch {
      throw ScreeningError.unreadable(path: cardPath, reason: describe(error))
    }
    try Self.checkTask(of: card, at: cardPath)
    if predicts, card.pretraining != nil || card.configuration.isTrunk {
      throw ScreeningError.unreadable(
        path: path,
        reason:
          "\(card.name) was trained without labels and predicts nothing; sluice embed writes what it knows of "
          + "crystals, and sluice regress and training.initial learn a property from that")
    }
    var parameters: [NetworkParameters] = []
    for member in card.members {
      parameters.append(try Self.read(member, of: card, in: path))
    }
    self.parameters = parameters
    fingerprint = try Self.fingerprint(of: card)
    // Error bars of other weights would look like those of these.
    let calibrations = [card.calibration] + (card.otherTargets ?? []).map(\.calibration)
    for case let calibration? in calibrations where calibration.model != fingerprint {
      throw ScreeningError.unreadable(
        path: cardPath,
        reason: "the calibration is of other weights (fingerprint \(calibration.model.prefix(12)), these are "
          + "\(fingerprint.prefix(12))); take the key out and call sluice models calibrate")
    }
  }

  /// What a classifier's card cannot say: probabilities have no standardization and no error bars.
  private static func checkTask(of card: ModelCard, at path: String) throws {
    if let reason = card.targetObjection { throw ScreeningError.unreadable(path: path, reason: reason) }
    switch card.configuration.task {
    case .regression:
      guard card.classes == nil else {
        throw ScreeningError.unreadable(path: path, reason: "a regression with a rule for classes")
      }
    case .classification:
      guard card.members.allSatisfy({ $0.normalizer == .identity }) else {
        throw ScreeningError.unreadable(path: path, reason: "a classifier with a standardized target")
      }
      guard card.calibration == nil else {
        throw ScreeningError.unreadable(
          path: path, reason: "a classifier with a calibration, which is for regressions")
      }
    }
  }

  private static func read(
    _ member: ModelCard.Member, of card: ModelCard, in folder: String
  ) throws -> NetworkParameters {
    // A card names files beside it; a path that leads elsewhere is a damaged or hostile card.
    guard !member.file.contains("/"), !member.file.hasPrefix(".") else {
      throw ScreeningError.unreadable(path: folder, reason: "the card names \"\(member.file)\" as weights")
    }
    let path = folder + "/" + member.file
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ScreeningError.unreadable(
        path: path, reason: "the card names these weights, but there is no such file")
    }
    let bytes = [UInt8](data)
    let digest = Fingerprint(of: bytes).hexadecimal
    guard digest == member.sha256 else {
      throw ScreeningError.unreadable(
        path: path, reason: "SHA-256 is \(digest), the card says \(member.sha256): changed or damaged")
    }
    guard card.normalizers.joined().allSatisfy(\.isUsable) else {
      throw ScreeningError.unreadable(
        path: path, reason: "a normalizer is not finite, or its standard deviation is not positive")
    }
    do {
      let (tensors, _) = try SafeTensors.decode(bytes)
      return try NetworkParameters(card.configuration, tensors: tensors)
    } catch {
      throw ScreeningError.unreadable(path: path, reason: describe(error))
    }
  }

  /// The fingerprint of a card whose members have their digests.
  static func fingerprint(of card: ModelCard) throws -> String {
    struct Identity: Encodable {
      let configuration: NetworkConfiguration
      let weights: [String]
      let normalizers: [Normalizer]
      let property: String
      let otherTargets: [Target]?
    }
    struct Target: Encodable {
      let property: String
      let normalizers: [Normalizer]
    }
    let identity = Identity(
      configuration: card.configuration, weights: card.members.map(\.sha256),
      normalizers: card.members.map(\.normalizer), property: card.property,
      otherTargets: card.otherTargets.map { targets in
        targets.map { Target(property: $0.property, normalizers: $0.normalizers) }
      })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return Fingerprint(of: [UInt8](try encoder.encode(identity))).hexadecimal
  }

  /// Writes a model folder: weights first, the card last, so that a folder with a card is complete.
  ///
  /// - Parameters:
  ///   - path: folder; made when absent.
  ///   - card: the card; `file` and `sha256` of its members are filled in here.
  ///   - parameters: one network a member.
  ///   - completing: adds to the card what depends on its digests, before it is written.
  /// - Returns: the card as written.
  @discardableResult
  public static func write(
    path: String, card: ModelCard, parameters: [NetworkParameters],
    completing: (inout ModelCard) throws -> Void = { _ in }
  ) throws -> ModelCard {
    precondition(card.members.count == parameters.count, "one network a member")
    var card = card
    try makeFolder(path)
    for (index, network) in parameters.enumerated() {
      let bytes = SafeTensors.encode(network.namedTensors, metadata: ["format": "pt"])
      card.members[index].file = "member-\(index).safetensors"
      card.members[index].sha256 = Fingerprint(of: bytes).hexadecimal
      try writeAtomically(bytes, to: path + "/" + card.members[index].file)
    }
    try completing(&card)
    try writeCard(card, to: path)
    return card
  }

  /// Writes the card of the model folder at `path`: whoever reads it sees the old one or the new.
  static func writeCard(_ card: ModelCard, to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try writeAtomically([UInt8](try encoder.encode(card)) + [10], to: path + "/" + cardName)
  }
}

/// Writes a file so that whoever reads it sees the old content or the new, never a part.
func writeAtomically(_ bytes: [UInt8], to path: String) throws {
  do {
    let file = try OutputFile(path: path)
    try bytes.withUnsafeBytes { try file.write($0) }
    try file.finish()
  } catch ArchiveError.cannotWrite(_, let detail) {
    throw ScreeningError.unwritable(path: path, reason: detail)
  }
}
