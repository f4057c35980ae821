internal import Configuration
internal import Crystal
internal import Glibc
internal import ModelFormats
internal import PhaseStability
internal import Screening
internal import StructureArchive
internal import TextFormats

/// A reader of bytes from outside, as something that takes any bytes and must return.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// CIF, split into blocks and decoded.
  case cif
  /// POSCAR.
  case poscar
  /// Extended XYZ, split into frames and decoded.
  case xyz
  /// JSON lines, lists and split tables of structures in all their forms.
  case json
  /// Containers and compressed streams.
  case archive
  /// Model weights.
  case safetensors
  /// Weight files of torch before 1.6.
  case torch
  /// Comma-separated values.
  case csv
  /// Values of JSON.
  case tree
  /// Tables of reference phases.
  case table
  /// The index of reference phases.
  case index
  /// Computed entries as reference phases.
  case entries
  /// Hull certificates.
  case certificate
  /// Campaign files.
  case campaign
  /// Training files.
  case training

  /// Reads `bytes` as this target does and checks what must hold of anything that was accepted.
  ///
  /// Traps where it does not hold; errors of the reader are what bad input is answered with, and are ignored.
  public func read(_ bytes: [UInt8]) {
    switch self {
    case .cif: readStructures(bytes, as: .cif)
    case .poscar: readStructures(bytes, as: .poscar)
    case .xyz: readStructures(bytes, as: .extendedXYZ)
    case .json: readStructures(bytes, as: .json)
    case .archive: readStructures(bytes, as: nil)
    case .safetensors: readTensors(bytes)
    case .torch: readWeights(bytes)
    case .csv: readValues(bytes)
    case .tree: readTree(bytes)
    case .table: readTable(bytes)
    case .index: readIndex(bytes)
    case .entries: readEntries(bytes)
    case .certificate: _ = try? HullCertificate(jsonLine: String(decoding: bytes, as: UTF8.self))
    case .campaign: readConfiguration(bytes, CampaignSchema.schema)
    case .training: readConfiguration(bytes, TrainingSchema.schema)
    }
  }

  /// Texts that mean something to this reader, for mutations.
  public var dictionary: [String] {
    switch self {
    case .cif:
      [
        "data_", "loop_\n", "_cell_length_a ", "_atom_site_fract_x\n", "_symmetry_equiv_pos_as_xyz\n", ";",
        "'x,y,z'", "-y+1/2", "1e999", "?", "_atom_site_occupancy\n", "(3)", "save_", "global_",
        "DATA_", "\ndata_b\n", "_atom_site_label ", "'", "\"", "#", "\n;", "\u{FEFF}",
      ]
    case .poscar:
      [
        "Selective dynamics\n", "Direct\n", "Cartesian\n", "Fractional\n", "T T F", "-1.0\n", "1e308 ",
        "999999999 ", "Fe_pv/0a", " D ", "! ", "\n1\n", "Direct configuration= 2\n", "title\n1.0\n",
        "4 0 0\n0 4 0\n0 0 4\n", "Na Cl\n1 1\n", "\u{FEFF}",
      ]
    case .xyz:
      [
        "Lattice=\"", "Properties=", "species:S:1:pos:R:3", "\"", "pbc=\"T T T\"", "99999999\n", "=", "nan",
        "Z:I:1",
        " = ", "\\\"", "'", "[[1, 2], [3]]", "{T T F}", "pbc=[T, F, F] ",
      ]
    case .json, .entries, .certificate, .tree:
      [
        "{", "}", "[", "]", "\"", ":", ",", "null", "true", "1e400", "-0", "\\u0000", "\\ud800",
        "\"lattice\"",
        "\"species\"", "\"frac_coords\"", "\"abc\"", "\"data\"", "\"columns\"", "\"structure\"",
        "\"attributes\"",
        "\"sites\"", "\"matrix\"", "\"occu\"", "\"composition\"", "\"energy\"", "\"entries\"",
        "\"correction\"", "\"mp-1\":", "{\"0\":", "\"frac_coords\":[[0,0,0]]", "\u{FEFF}", "NaN", "-Infinity",
        "\"pbc\"", "\"xyz\"", "\"label\"", "\"formula\":\"MgO\"", "\"nsites\"",
        "\"dimension_types\":[1,1,0]", "\"nperiodic_dimensions\"", "\"assemblies\"", "\"attached\":[\"H\"]",
        "\"structure_features\"", "\"Fe:0.5, Mg:0.5\"", "{\"Fe2+\":0.5}", "\"concentration\"",
      ]
    case .archive: ["PK\u{3}\u{4}", "PK\u{1}\u{2}", "ustar", "7z"]
    case .safetensors:
      ["\"F32\"", "\"I64\"", "\"shape\"", "\"data_offsets\"", "[0,4]", "__metadata__", "9223372036854775807"]
    case .torch: ["ctorch._utils\n_rebuild_tensor\n", "ctorch\nFloatStorage\n", "\u{2e}", "(", "t", "R", "Q"]
    case .csv, .table:
      [",", "\"", "\n", "formula", "formation_energy_per_atom", "#", "1e-999", "((", "Fe2O3", "0.5"]
    case .index: ["SLUIHULL"]
    case .campaign, .training:
      [
        "inputs:\n", "- archive: ", "variables: {a: b}\n", "${a}", "$${", "stages:", "hull: {", "&a ", "*a",
        "!!int ", "? ", "|\n", "<<: ", "---\n",
        "0x", ".nan", ".inf", "decorate:", "sites:", "training:", "model:", "data:",
      ]
    }
  }
}

/// Largest record while fuzzing (bytes): small, so that the limit itself is met.
private let limits = ArchiveLimits(largestRecord: 1 << 16, longestName: 64)
private let decoders = [
  StructureDecoder(
    properties: ["e", "formation_energy_per_atom"], occupancy: .reject, largestSiteCount: 2000),
  StructureDecoder(properties: ["e"], occupancy: .majority, formula: .note, largestSiteCount: 2000),
]

private func readStructures(_ bytes: [UInt8], as format: RecordFormat?) {
  if let format {
    decode(ArchiveRecord(member: "whole", index: 0, byteOffset: 0, bytes: bytes, format: format))
  }
  withFile(bytes) { path in
    guard let reader = try? ArchiveReader(path: path, limits: limits) else { return }
    var index = 0
    // A compressed input may hold far more records than bytes; what the reader does with them repeats.
    while index < 2000, let record = try? reader.next() {
      precondition(record.index == index, "records count from 0 without a gap")
      precondition(record.byteOffset >= 0 && record.bytes.count <= limits.largestRecord)
      index += 1
      decode(record)
    }
  }
}

private func decode(_ record: ArchiveRecord) {
  for decoder in decoders {
    guard let decoded = try? decoder.decode(record) else { continue }
    let structure = decoded.structure
    precondition((1...decoder.largestSiteCount).contains(structure.siteCount))
    precondition(structure.lattice.volume.isFinite && structure.lattice.volume > 0)
    precondition(structure.elements.count == structure.fractionalPositions.count)
    for position in structure.fractionalPositions {
      precondition(position.x.isFinite && position.y.isFinite && position.z.isFinite)
    }
    precondition(decoded.properties.values.allSatisfy { $0.isFinite })
    precondition(!structure.composition.reducedFormula.isEmpty)
    precondition(decoded.notes.allSatisfy { !$0.message.isEmpty })
  }
}

private func readTensors(_ bytes: [UInt8]) {
  guard let (tensors, metadata) = try? SafeTensors.decode(bytes) else { return }
  // What was accepted is written and read again as the same.
  let again = try? SafeTensors.decode(SafeTensors.encode(tensors, metadata: metadata))
  precondition(again != nil, "what was read can be written")
  precondition(again?.tensors.count == tensors.count)
}

private func readWeights(_ bytes: [UInt8]) {
  guard let archive = try? LegacyTorchArchive(decoding: bytes) else { return }
  _ = (archive.arguments, archive.epoch, archive.bestValidationError, archive.normalizer?.mean)
  guard let tensors = try? archive.tensors(under: "state_dict") else { return }
  for tensor in tensors { precondition(tensor.shape.reduce(1, *) >= 0) }
}

private func readValues(_ bytes: [UInt8]) {
  for comments in [CSVReader.Comments.aboveHeader, .anywhere] {
    guard var table = try? CSVReader(bytes, comments: comments) else { continue }
    var rows = [table.columns]
    while (try? table.next()) == true {
      let texts = table.columns.indices.map { try? table.text($0) }
      let row = texts.compactMap(\.self)
      // What is not UTF-8 cannot be written again.
      guard row.count == texts.count else { return }
      rows.append(row)
    }
    // A line of nothing but one empty field is a blank line.
    guard table.columns.count > 1 else { continue }
    let text = rows.map { $0.map(csvField).joined(separator: ",") }.joined(separator: "\n")
    // Another byte-order mark or a zero byte further on would come to stand at the beginning.
    guard !text.unicodeScalars.prefix(64).contains(where: { $0 == "\0" || $0 == "\u{FEFF}" }) else {
      continue
    }
    var again = try? CSVReader(Array(text.utf8), comments: comments)
    precondition(again?.columns == rows[0], "a header that was read can be written")
    for row in rows.dropFirst() {
      precondition((try? again?.next()) == true)
      precondition(row.indices.allSatisfy { (try? again?.text($0)) == row[$0] }, "and so can rows")
    }
  }
}

private func readTree(_ bytes: [UInt8]) {
  guard let tree = try? JSONTree(bytes) else { return }
  for text in [tree.compactText, tree.indentedText(), tree.indentedText(sortingNames: true)] {
    // Numbers that are none become null, so the texts are compared.
    let again = try? JSONTree(Array(text.utf8))
    precondition(again?.indentedText(sortingNames: true) == tree.indentedText(sortingNames: true))
  }
}

private func readTable(_ bytes: [UInt8]) {
  guard let references = try? HullReferences(csv: bytes, name: "table") else { return }
  // The index is another way to write the same.
  let again = try? HullReferences(index: references.encodedIndex())
  precondition(again?.fingerprint == references.fingerprint, "an index gives back its table")
}

private func readIndex(_ bytes: [UInt8]) {
  check(bytes)
  // The checksum keeps mutated bytes from what lies behind it: with it mended they get there.
  var mended = bytes
  guard mended.count > 8 else { return }
  let sum = indexChecksum(of: mended[..<(mended.count - 8)])
  withUnsafeBytes(of: sum.littleEndian) { mended.replaceSubrange((mended.count - 8)..., with: $0) }
  check(mended)
  func check(_ bytes: [UInt8]) {
    guard let references = try? HullReferences(index: bytes) else { return }
    for index in 0..<min(references.phaseCount, 64) {
      _ = references.phase(at: index)
      _ = references.formula(at: index)
    }
  }
}

/// The hash that ends an index, written down a second time: the reader's own would hide an error in it.
private func indexChecksum(of bytes: ArraySlice<UInt8>) -> UInt64 {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  func add(_ word: UInt64) {
    hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
    hash ^= hash >> 29
  }
  var rest = bytes
  while rest.count >= 8 {
    add(rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) })
    rest = rest.dropFirst(8)
  }
  add(rest.reduce(0) { $0 << 8 | UInt64($1) })
  add(UInt64(bytes.count))
  return hash
}

private func readEntries(_ bytes: [UInt8]) {
  withFile(bytes) { path in _ = try? ReferenceIndex(reference: path).summary }
}

private func readConfiguration(_ bytes: [UInt8], _ schema: Schema) {
  do {
    let document = try ConfigurationDocument(bytes: bytes, file: "campaign.yaml")
    let tree = try document.tree()
    // The canonical text is the identity of a plan: reading it gives the same plan.
    let text = tree.canonicalText
    let again = try? ConfigurationDocument(text: text, file: "canonical").tree()
    precondition(again == nil || again?.canonicalText == text, "canonical text is a fixed point")
    _ = try? document.read(schema, settings: [:])
    _ = try document.read(schema)
  } catch {
    precondition(!"\(error)".isEmpty)
  }
}

/// Passes the path of a file with these bytes, in memory where the system has such a folder.
private func withFile(_ bytes: [UInt8], _ body: (String) -> Void) {
  var template = Array((access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp").utf8CString.dropLast())
  template += Array("/sluice-fuzz-XXXXXX".utf8CString)
  let descriptor = mkstemp(&template)
  precondition(descriptor >= 0, "a file to read from")
  defer { close(descriptor) }
  unlink(template)
  var written = 0
  while written < bytes.count {
    let count = bytes.withUnsafeBytes {
      pwrite(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written, written)
    }
    precondition(count > 0, "memory for the file")
    written += count
  }
  body("/proc/self/fd/\(descriptor)")
}
