import Crystal

// The index file, little-endian:
//
//     8 bytes   magic "SLUIHULL"
//     u32       version
//     u32       options: bit 0 suppliesElementsAtZero, bit 1 a source fingerprint is present
//     u64 × 2   source byte count and hash
//     u64 × 4   entry count, duplicate count, mask of missing terminals (low, high)
//     u64 × 6   lengths: name, systems, phases, counts, formula bytes, energy bytes
//     …         the sections: name, systems (low, high, phase count as u64), energies, counts, formula ends,
//               energy ends, formula bytes, energy bytes
//     u64       hash of everything before
//
// Fractions, offsets and the lookup table follow from these and are computed on loading.

extension HullReferences {
  private static let magic: [UInt8] = Array("SLUIHULL".utf8)
  private static let version: UInt32 = 1
  private static let headerLength = 8 + 4 + 4 + 12 * 8

  /// The references as the bytes of an index file, which loads about ten times faster than the table.
  public func encodedIndex() -> [UInt8] {
    var writer = IndexWriter()
    writer.bytes.append(contentsOf: Self.magic)
    writer.add(Self.version)
    writer.add(UInt32(options.suppliesElementsAtZero ? 1 : 0) | (source == nil ? 0 : 2))
    writer.add(UInt64(source?.byteCount ?? 0))
    writer.add(source?.hash ?? 0)
    let missing = elementsWithoutPhase
    for word in [UInt64(entryCount), UInt64(duplicateCount), missing.low, missing.high] { writer.add(word) }
    let lengths = [
      name.utf8.count, table.systems.count, table.energies.count, table.counts.count,
      table.formulaBytes.count,
      table.energyBytes.count,
    ]
    for length in lengths { writer.add(UInt64(length)) }
    writer.bytes.append(contentsOf: name.utf8)
    for system in table.systems {
      for word in [system.mask.low, system.mask.high, UInt64(system.phaseCount)] { writer.add(word) }
    }
    writer.add(all: table.energies.map { $0.bitPattern.littleEndian })
    writer.add(all: table.counts.map { $0.littleEndian })
    writer.add(all: table.formulaEnds.map { $0.littleEndian })
    writer.add(all: table.energyEnds.map { $0.littleEndian })
    writer.add(all: table.formulaBytes)
    writer.add(all: table.energyBytes)
    var hash = ContentHash()
    writer.bytes.withUnsafeBytes { hash.add($0) }
    writer.add(hash.value)
    return writer.bytes
  }

  /// References from the bytes of an index file.
  ///
  /// - Throws: `HullIndexError`; no input makes it trap.
  public init(index bytes: [UInt8]) throws(HullIndexError) {
    // Errors leave closures as results: a closure cannot yet rethrow a typed error here.
    let result = bytes.withUnsafeBytes { buffer -> Result<HullReferences, HullIndexError> in
      do throws(HullIndexError) { return .success(try HullReferences(index: buffer)) } catch {
        return .failure(error)
      }
    }
    self = try result.get()
  }

  /// References from the bytes of an index file, which are copied.
  ///
  /// - Throws: `HullIndexError`; no input makes it trap.
  public init(index bytes: UnsafeRawBufferPointer) throws(HullIndexError) {
    guard bytes.starts(with: Self.magic) else { throw .notAnIndex }
    var reader = IndexReader(bytes: bytes, position: Self.magic.count)
    guard bytes.count >= Self.headerLength else {
      throw .wrongLength(expected: Self.headerLength, found: bytes.count)
    }
    let version = reader.word32()
    guard version == Self.version else { throw .otherVersion(found: version, supported: Self.version) }
    let flags = reader.word32()
    let header = (0..<12).map { _ in reader.word64() }
    let lengths = try Self.sectionLengths(header, found: bytes.count)
    var hash = ContentHash()
    hash.add(UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 8)]))
    var last = IndexReader(bytes: bytes, position: bytes.count - 8)
    guard last.word64() == hash.value else { throw .wrongChecksum }
    guard flags < 4, header[2] <= lengths[2], header[3] <= UInt64(Int.max) else {
      throw .inconsistent(what: "header")
    }
    let name = String(decoding: reader.take(lengths[0]), as: UTF8.self)
    let table = try PhaseTable(reading: &reader, lengths: lengths)
    let missing = ElementMask(low: header[4], high: header[5])
    guard missing.isValid else { throw .inconsistent(what: "missing elements") }
    self.init(
      name: name, options: HullReferenceOptions(suppliesElementsAtZero: flags & 1 == 1),
      source: flags & 2 == 0 ? nil : SourceFingerprint(byteCount: Int(clamping: header[0]), hash: header[1]),
      entryCount: Int(header[2]), duplicateCount: Int(header[3]), missingTerminals: missing.elements,
      table: table)
  }

  /// The section lengths of a header, having checked that they add up to the bytes found.
  private static func sectionLengths(_ header: [UInt64], found: Int) throws(HullIndexError) -> [Int] {
    let lengths = header[6...].map { Int(clamping: $0) }
    // Beyond these no sum below can overflow, and no such file exists.
    guard lengths.allSatisfy({ $0 <= Int(Int32.max) }) else {
      throw .wrongLength(expected: Int.max, found: found)
    }
    let expected =
      headerLength + lengths[0] + 24 * lengths[1] + 16 * lengths[2] + 4 * lengths[3] + lengths[4] + lengths[5]
      + 8
    guard expected == found else { throw .wrongLength(expected: expected, found: found) }
    return lengths
  }
}

extension PhaseTable {
  /// Reads and checks the sections of an index: name excepted, in the order they are written.
  fileprivate init(reading reader: inout IndexReader, lengths: [Int]) throws(HullIndexError) {
    let (systemCount, phaseCount, countCount) = (lengths[1], lengths[2], lengths[3])
    for _ in 0..<systemCount {
      let mask = ElementMask(low: reader.word64(), high: reader.word64())
      let ownPhases = reader.word64()
      guard mask.isValid, mask.count > 0, systems.last.map({ $0.mask < mask }) ?? true, ownPhases > 0,
        ownPhases <= UInt64(phaseCount)
      else { throw .inconsistent(what: "chemical systems") }
      let (firstPhase, firstValue) =
        systems.last.map {
          (
            Int($0.firstPhase) + Int($0.phaseCount),
            Int($0.firstValue) + Int($0.phaseCount) * Int($0.elementCount)
          )
        } ?? (0, 0)
      guard firstPhase + Int(ownPhases) <= phaseCount, firstValue + Int(ownPhases) * mask.count <= countCount,
        mask.count > 1 || ownPhases == 1
      else { throw .inconsistent(what: "chemical systems") }
      systems.append(
        System(
          mask: mask, firstPhase: Int32(firstPhase), phaseCount: Int32(ownPhases),
          firstValue: Int32(firstValue),
          elementCount: Int32(mask.count)))
    }
    guard let last = systems.last, Int(last.firstPhase) + Int(last.phaseCount) == phaseCount,
      Int(last.firstValue) + Int(last.phaseCount) * Int(last.elementCount) == countCount
    else { throw .inconsistent(what: "chemical systems") }
    energies = reader.array(phaseCount, of: UInt64.self).map { Double(bitPattern: UInt64(littleEndian: $0)) }
    counts = reader.array(countCount, of: Int32.self).map { Int32(littleEndian: $0) }
    formulaEnds = reader.array(phaseCount, of: UInt32.self).map { UInt32(littleEndian: $0) }
    energyEnds = reader.array(phaseCount, of: UInt32.self).map { UInt32(littleEndian: $0) }
    formulaBytes = reader.array(lengths[4], of: UInt8.self)
    energyBytes = reader.array(lengths[5], of: UInt8.self)
    try check()
    fillFractions()
    buildSlots()
  }

  private func check() throws(HullIndexError) {
    guard energies.allSatisfy({ abs($0) <= PhaseEntry.largestEnergy }) else {
      throw .inconsistent(what: "energies")
    }
    guard counts.allSatisfy({ $0 > 0 && $0 <= 1_000_000_000 }) else {
      throw .inconsistent(what: "atom counts")
    }
    for (ends, length) in [(formulaEnds, formulaBytes.count), (energyEnds, energyBytes.count)] {
      var before: UInt32 = 0
      for end in ends {
        guard end >= before else { throw .inconsistent(what: "texts") }
        before = end
      }
      guard Int(before) == length else { throw .inconsistent(what: "texts") }
    }
    var start = 0
    for end in energyEnds {
      guard Int(end) - start <= DecimalNumber.maximumLength, isDecimal(energyBytes[start..<Int(end)]) else {
        throw .inconsistent(what: "energies as text")
      }
      start = Int(end)
    }
  }
}

private struct IndexWriter {
  var bytes: [UInt8] = []

  mutating func add(_ word: some FixedWidthInteger) {
    withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func add<Word>(all words: [Word]) {
    words.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }
}

/// Reads from the front; the caller has checked that the bytes are there.
private struct IndexReader {
  let bytes: UnsafeRawBufferPointer
  var position: Int

  mutating func word32() -> UInt32 {
    defer { position += 4 }
    return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
  }

  mutating func word64() -> UInt64 {
    defer { position += 8 }
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
  }

  mutating func take(_ count: Int) -> UnsafeRawBufferPointer {
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
  }

  mutating func array<Word: BitwiseCopyable>(_ count: Int, of type: Word.Type) -> [Word] {
    let source = take(count * MemoryLayout<Word>.size)
    return [Word](unsafeUninitializedCapacity: count) { buffer, filled in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: source)
      filled = count
    }
  }
}
