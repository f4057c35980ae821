internal import Foundation
internal import ModelFormats
internal import Networks

/// The crystals that a model was trained on, as `trained-on.safetensors` beside its weights: so that later whoever starts from
/// it can tell which crystals it has seen.
///
/// Tensors: `compositions` (I64, ascending), `volumes` (F32, Å³ a site), `distances` (F32, three a crystal, Å); see
/// `CrystalIdentity`. Metadata: `format`, the `model`'s fingerprint, and `complete`: false where the model started from one
/// of which this is not known.
struct TrainedCrystals: Sendable {
  /// By composition.
  let crystals: [CrystalIdentity]
  /// Whether these are all that it, and the models before it, were trained on.
  let isComplete: Bool

  static let fileName = "trained-on.safetensors"
  private static let format = "sluice-trained-on-1"

  /// The crystals in any order; each is kept once.
  init(_ crystals: some Sequence<CrystalIdentity>, isComplete: Bool) {
    func key(_ crystal: CrystalIdentity) -> [Float] {
      [crystal.volume, crystal.distances.x, crystal.distances.y, crystal.distances.z]
    }
    self.crystals = Set(crystals).sorted {
      $0.composition != $1.composition
        ? $0.composition < $1.composition : key($0).lexicographicallyPrecedes(key($1))
    }
    self.isComplete = isComplete
  }

  /// Reads the record of a model folder; nil where there is none.
  ///
  /// - Throws: `ScreeningError.unreadable` for one that is damaged, or of other weights.
  init?(of model: ModelFolder) throws {
    let path = model.path + "/" + Self.fileName
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    func damaged(_ reason: String) -> ScreeningError { .unreadable(path: path, reason: reason) }
    let (tensors, metadata): ([NamedTensor], [String: String])
    do {
      (tensors, metadata) = try SafeTensors.decode([UInt8](data))
    } catch {
      throw damaged(describe(error))
    }
    guard metadata["format"] == Self.format else {
      throw damaged("no list of crystals of format \(Self.format)")
    }
    guard metadata["model"] == model.fingerprint else {
      throw damaged(
        "of other weights than those beside it (fingerprint \((metadata["model"] ?? "missing").prefix(12)), these are "
          + "\(model.fingerprint.prefix(12))); remove it, and it is not known what the model was trained on")
    }
    func tensor(_ name: String) -> NamedTensor? { tensors.first { $0.name == name } }
    guard let compositions = tensor("compositions")?.integers, let volumes = tensor("volumes")?.floats,
      let distances = tensor("distances")?.floats, volumes.count == compositions.count,
      distances.count == 3 * compositions.count, volumes.allSatisfy({ $0 > 0 && $0.isFinite }),
      zip(compositions, compositions.dropFirst()).allSatisfy({ $0 <= $1 })
    else { throw damaged("a list of crystals with missing or wrong numbers") }
    crystals = compositions.indices.map { index in
      CrystalIdentity(
        composition: compositions[index], volume: volumes[index],
        distances: SIMD3(distances[3 * index], distances[3 * index + 1], distances[3 * index + 2]))
    }
    isComplete = metadata["complete"] == "true"
  }

  /// Writes the record into a model folder.
  func write(to folder: String, fingerprint: String) throws {
    let count = crystals.count
    let tensors = [
      NamedTensor(name: "compositions", shape: [count], data: .int64(crystals.map(\.composition))),
      NamedTensor(name: "volumes", shape: [count], values: crystals.map(\.volume)),
      NamedTensor(
        name: "distances", shape: [count, 3],
        values: crystals.flatMap { [$0.distances.x, $0.distances.y, $0.distances.z] }),
    ]
    let bytes = SafeTensors.encode(
      tensors, metadata: ["format": Self.format, "model": fingerprint, "complete": "\(isComplete)"])
    try writeAtomically(bytes, to: folder + "/" + Self.fileName)
  }

  /// Those of a crystal's composition.
  func crystals(ofComposition composition: Int64) -> ArraySlice<CrystalIdentity> {
    func first(_ isPast: (Int64) -> Bool) -> Int {
      var (low, high) = (0, crystals.count)
      while low < high {
        let middle = (low + high) / 2
        if isPast(crystals[middle].composition) { high = middle } else { low = middle + 1 }
      }
      return low
    }
    return crystals[first { $0 >= composition }..<first { $0 > composition }]
  }
}
