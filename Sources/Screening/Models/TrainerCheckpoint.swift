internal import Foundation
internal import ModelFormats
internal import PipelineEngine
internal import Training

/// The file in which the state of a trainer lies between epochs, so that a training that was killed goes on.
struct TrainerCheckpoint {
  let path: String
  /// Digests of what the state follows from; the first is written, any is read.
  let identities: [String]

  /// Writes the state.
  func save(_ trainer: Trainer) throws {
    let state = trainer.checkpoint()
    let bytes = SafeTensors.encode(
      state,
      metadata: [
        "format": "sluice-checkpoint-1", "identity": identities[0], "digest": Self.digest(of: state),
      ])
    try writeAtomically(bytes, to: path)
  }

  /// Takes over the state that was saved, if there is one.
  ///
  /// - Throws: `ScreeningError.unreadable` for one of another training, or a damaged one.
  func restore(_ trainer: Trainer) throws {
    guard let data = FileManager.default.contents(atPath: path) else { return }
    do {
      let (tensors, metadata) = try SafeTensors.decode([UInt8](data))
      guard let identity = metadata["identity"], identities.contains(identity) else {
        throw ScreeningError.unreadable(
          path: path,
          reason:
            "a checkpoint of another training file or of other data; name another output folder, or remove it"
        )
      }
      guard metadata["digest"] == Self.digest(of: tensors) else {
        throw ScreeningError.unreadable(
          path: path, reason: "a damaged checkpoint (its contents changed after it was written); remove it")
      }
      try trainer.restore(tensors)
    } catch let error as ScreeningError {
      throw error
    } catch {
      throw ScreeningError.unreadable(
        path: path, reason: "a damaged checkpoint (\(describe(error))); remove it")
    }
  }

  /// Epochs that a file holds; 0 where there is none.
  ///
  /// - Throws: `ScreeningError.unreadable` for a damaged one. Of which training it is, only restoring says.
  static func epochsDone(at path: String) throws(ScreeningError) -> Int {
    guard let data = FileManager.default.contents(atPath: path) else { return 0 }
    guard let (tensors, metadata) = try? SafeTensors.decode([UInt8](data)),
      metadata["digest"] == digest(of: tensors),
      let epochs = tensors.first(where: { $0.name == "history" })?.shape.first
    else { throw .unreadable(path: path, reason: "a damaged checkpoint; remove it") }
    return epochs
  }

  /// A digest of a checkpoint's tensors: one wrong bit would otherwise end in other weights without a word.
  private static func digest(of tensors: [NamedTensor]) -> String {
    Fingerprint(of: SafeTensors.encode(tensors)).hexadecimal
  }
}
