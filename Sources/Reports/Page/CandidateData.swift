internal import Crystal
internal import StructureArchive
internal import TextFormats

/// Four decimals with a true minus sign, as energies are shown.
func shortNumber(_ value: Double) -> String {
  fixedPoint(value, decimals: 4).replacing("-", with: "−")
}

extension CandidateList {
  /// The columns of the list as JSON, compressed and in base 64: what the page's script reads.
  var packedColumns: String {
    var phases = TextTable()
    var flags = TextTable()
    var notes = TextTable()
    func column(_ value: (Candidate) -> JSONTree) -> JSONTree { .array(candidates.map(value)) }
    let predictions = models.indices.map { model -> JSONTree in
      func column(_ value: (Prediction) -> JSONTree) -> JSONTree {
        .array(candidates.map { $0.predictions[model].map(value) ?? .null })
      }
      return .object([
        "rank": column { .count($0.rank) }, "value": column { settled($0.value) },
        "spread": column { rounded($0.spread) }, "energy": column { rounded($0.energy) },
        "own": column { rounded($0.decompositionEnergy) },
        "phases": column { $0.decomposition.map { .count(phases.index($0)) } ?? .null },
        "p": column { rounded($0.probability) },
        "flags": column { $0.flags.isEmpty ? .null : .count(flags.index($0.flags.joined(separator: ", "))) },
        "members": column { $0.members.isEmpty ? .null : .array($0.members.map { rounded($0) }) },
      ])
    }
    let tree: JSONTree = .object([
      "total": .count(total), "threshold": .real(threshold), "show": .string(showCommand),
      "sources": .array(sources.map { .string($0) }),
      "models": .array(
        models.map {
          .object([
            "name": .string($0.name), "hull": .boolean($0.placesOnHull), "unit": .string($0.unit),
          ])
        }),
      "id": column { .string($0.id) }, "formula": column { .string($0.formula) },
      "sites": column { .count($0.siteCount) },
      "volume": column { .number(fixedPoint($0.volume, decimals: 3)) },
      "source": column { .count($0.source) }, "record": column { .count($0.record) },
      "note": column { .array($0.notes.map { .count(notes.index($0)) }) },
      "known": column { $0.known.map { settled($0) } ?? .null }, "predictions": .array(predictions),
      "structures": .array(candidates.indices.filter { candidates[$0].structure != nil }.map { .count($0) }),
      // Last, when all that is said has been counted.
      "phases": phases.tree, "flags": flags.tree, "notes": notes.tree,
      "symbols": .array((UInt8(1)...118).map { .string(Element(rawValue: $0)?.symbol ?? "") }),
    ])
    return base64(gzip(Array(tree.compactText.utf8)))
  }

  /// The crystals, one after another, little-endian, compressed and in base 64: the number of sites as UInt16, the lattice
  /// vectors as nine Float32 (Å), the atomic numbers as bytes, the fractional coordinates as Float32.
  var packedStructures: String {
    var bytes: [UInt8] = []
    func append(_ value: Double) {
      withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    for structure in candidates.compactMap(\.structure) {
      withUnsafeBytes(of: UInt16(structure.siteCount).littleEndian) { bytes.append(contentsOf: $0) }
      for vector in [structure.lattice.a, structure.lattice.b, structure.lattice.c] {
        for axis in 0..<3 { append(vector[axis]) }
      }
      bytes += structure.elements.map(\.rawValue)
      for position in structure.fractionalPositions { for axis in 0..<3 { append(position[axis]) } }
    }
    return base64(gzip(bytes))
  }

  /// A distance with four decimals, or whole where these would say another verdict than the distance itself.
  private func settled(_ value: Double) -> JSONTree {
    let short = fixedPoint(value, decimals: 4)
    let isStable = (Double(short) ?? value) <= threshold
    return isStable == (value <= threshold) ? .number(short) : .real(value)
  }

  private func rounded(_ value: Double?) -> JSONTree {
    guard let value, value.isFinite else { return .null }
    return .number(fixedPoint(value, decimals: 4))
  }
}

/// Different texts in the order in which they first came.
private struct TextTable {
  private var indices: [String: Int] = [:]
  private var texts: [String] = []

  mutating func index(_ text: String) -> Int {
    if let index = indices[text] { return index }
    indices[text] = texts.count
    texts.append(text)
    return texts.count - 1
  }

  var tree: JSONTree { .array(texts.map { .string($0) }) }
}

/// Bytes in base 64 (RFC 4648, section 4).
func base64(_ bytes: [UInt8]) -> String {
  let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var text: [UInt8] = []
  text.reserveCapacity((bytes.count + 2) / 3 * 4)
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    let word = group.enumerated().reduce(UInt32(0)) {
      $0 | UInt32($1.element) << (16 - 8 * UInt32($1.offset))
    }
    for place in 0..<4 {
      text.append(
        place <= group.count ? digits[Int(word >> (18 - 6 * UInt32(place)) & 63)] : UInt8(ascii: "="))
    }
  }
  return String(decoding: text, as: UTF8.self)
}
