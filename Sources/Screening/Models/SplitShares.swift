internal import Configuration
internal import PipelineEngine

/// Which shares of one archive's crystals are the validation and the test split.
///
/// All crystals of one composition go to the same split, so that none is judged by what another split knows of. The order
/// in which compositions are drawn follows from the seed and each composition alone.
struct SplitShares: Hashable, Sendable {
  /// Share of the validation split; nil where that has an archive of its own.
  let validation: Double?
  /// Share of the test split; nil where that has an archive of its own, or there is none.
  let test: Double?
  /// Most crystals that are learned from; nil for all that no other split takes.
  var trainingSize: Int?
  let seed: Int

  /// Whether there is anything to cut.
  var isEmpty: Bool { validation == nil && test == nil }
}

extension SplitShares {
  /// What the section `data` of a training file says.
  ///
  /// - Throws: `ScreeningError.invalid` with the place where a split has two sources or none.
  init(_ data: ConfigurationValue) throws(ScreeningError) {
    for role in ["validation", "test"] {
      guard let share = data.optional(role + "_share"), data.optional(role) != nil else { continue }
      throw .invalid("\(share.location): data.\(role) names an archive already")
    }
    validation = data.optional("validation_share")?.number
    test = data.optional("test_share")?.number
    guard validation != nil || data.optional("validation") != nil else {
      throw .invalid("\(data.location): validation or validation_share is missing")
    }
    trainingSize = data.optional("train_size")?.integer
    if let given = data.optional("split_seed"), validation == nil, test == nil, trainingSize == nil {
      throw .invalid("\(given.location): there is no share to draw")
    }
    seed = data.optional("split_seed")?.integer ?? 0
  }

  /// Cuts the crystals of an archive, loaded with identities.
  ///
  /// - Returns: the splits, each in the order of the archive; empty where it has no share.
  func cut(_ loaded: LoadedGraphs) -> (training: LoadedGraphs, validation: LoadedGraphs, test: LoadedGraphs) {
    var places: [Int64: [Int]] = [:]
    for (place, identity) in loaded.identities.enumerated() {
      places[identity.composition, default: []].append(place)
    }
    let drawn = places.keys.map { (digest: Fingerprint(of: "\(seed)/\($0)").hexadecimal, composition: $0) }
      .sorted { $0.digest < $1.digest }
    var compositions = drawn.map(\.composition)[...]
    func taken(_ share: Double?) -> [Int] {
      let wanted = (share ?? 0) * Double(loaded.ids.count)
      var taken: [Int] = []
      while Double(taken.count) < wanted, let next = compositions.popFirst() {
        taken += places[next] ?? []
      }
      return taken.sorted()
    }
    let (test, validation) = (taken(test), taken(validation))
    let rest = compositions.flatMap { places[$0] ?? [] }.sorted()
    return (loaded.selecting(rest), loaded.selecting(validation), loaded.selecting(test))
  }

  /// Draws the crystals that are learned from, where there are more of them.
  func draw(from loaded: LoadedGraphs) -> LoadedGraphs {
    guard let trainingSize, loaded.ids.count > trainingSize else { return loaded }
    let drawn = drawingOrder(of: loaded.ids, seed: UInt64(seed)).prefix(trainingSize)
    var result = loaded.selecting(drawn.sorted())
    result.leftOut = loaded.leftOut
    result.leftOut["not drawn"] = loaded.ids.count - trainingSize
    result.messages = loaded.messages
    return result
  }
}

/// The order in which crystals are drawn: by the digests of seed and id, so that more of them are the same ones and more,
/// whatever the order of the records.
func drawingOrder(of ids: [String], seed: UInt64) -> [Int] {
  let digests = ids.map { Fingerprint(of: "\(seed)/\($0)").hexadecimal }
  return ids.indices.sorted { (digests[$0], $0) < (digests[$1], $1) }
}
