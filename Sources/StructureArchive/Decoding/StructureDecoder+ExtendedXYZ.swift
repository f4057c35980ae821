import Crystal

extension StructureDecoder {
  /// One frame of extended XYZ: Cartesian positions (Å), the cell in `Lattice`, repeated along
  /// the vectors that `pbc` names (all where it is not given), other numbers of the comment line as
  /// properties, its `id` (or `material_id`, `mat_id`, `entry_id`) as the id.
  func decodeExtendedXYZ(_ record: ArchiveRecord) throws(RecordError) -> DecodedRecord {
    do {
      return try record.bytes.withUnsafeBytes { bytes in
        try decode(frame: bytes, of: record)
      }
    } catch let error as RecordError {
      throw error
    } catch {
      throw RecordError(reason: .unreadable, message: "\(error)")
    }
  }

  private func decode(
    frame bytes: UnsafeRawBufferPointer, of record: ArchiveRecord
  ) throws(RecordError) -> DecodedRecord {
    var lines = TextLines(bytes)
    guard let header = lines.next(), let count = TextLines.wholeNumber(header), let comment = lines.next()
    else {
      throw RecordError(
        reason: .unreadable, message: "a frame starts with its number of atoms and a comment line")
    }
    guard count <= largestSiteCount else {
      throw RecordError(reason: .tooManySites, message: "\(count) sites in the cell")
    }
    let fields = try FrameComment(comment)
    let periodicity = try fields.periodicity()
    if periodicity?.count == 0 { throw Periodicity.molecule }
    guard let rows = try fields.lattice() else {
      throw RecordError(reason: .notACrystal, message: "the comment line has no Lattice")
    }
    let columns = try fields.columns()
    var elements: [Element] = []
    var hasIsotopes = false
    var positions: [SIMD3<Double>] = []
    elements.reserveCapacity(count)
    positions.reserveCapacity(count)
    for site in 0..<count {
      guard let line = lines.next() else {
        throw RecordError(reason: .truncated, message: "\(site) of \(count) atoms", byteOffset: bytes.count)
      }
      let (species, point) = try columns.read(line, site: site)
      elements.append(species.element)
      if species.isIsotope { hasIsotopes = true }
      positions.append(point)
    }
    let structure = try makeStructure(
      lattice: (rows[0], rows[1], rows[2]), elements: elements, positions: positions, areCartesian: true)
    var values: [String: Double] = [:]
    for name in takesAllProperties ? fields.keys : properties {
      if let value = try fields.number(name), value.isFinite { values[name] = value }
    }
    var notes: [ReadingNote] = hasIsotopes ? [.isotopes] : []
    if let periodicity, periodicity.count < 3 { notes.append(try periodicity.note(for: structure)) }
    return DecodedRecord(
      id: try fields.id() ?? record.defaultID, structure: structure, properties: values, form: .extendedXYZ,
      notes: notes)
  }
}
