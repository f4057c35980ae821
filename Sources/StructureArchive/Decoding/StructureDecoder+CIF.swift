import CGemmiShim
import Crystal

extension StructureDecoder {
  /// CIF: the first data block with atom sites, all symmetry operations applied, special positions merged. Elements
  /// come from type symbols, or from labels as a whole; a setting that is left open is settled by the cell, the
  /// multiplicities and the formula; oxidation states are left out. What was concluded so stands in the notes.
  func decodeCIF(_ record: ArchiveRecord) throws(RecordError) -> DecodedRecord {
    var raw = cif_crystal()
    record.bytes.withUnsafeBufferPointer { bytes in
      propertyNames.bytes.withUnsafeBufferPointer { names in
        cif_crystal_decode(
          bytes.baseAddress, bytes.count, names.baseAddress, propertyNames.count,
          takesAllProperties ? 1 : 0, occupancy == .majority ? 1 : 0,
          formula == .note ? 1 : 0, largestSiteCount, &raw)
      }
    }
    // The result's pointers lead into this thread's scratch memory: everything is copied before the function ends.
    guard raw.status == Int32(cif_crystal_ok.rawValue) else { throw error(raw, record) }
    let elements = try elements(UnsafeBufferPointer(start: raw.symbols, count: raw.site_count))
    let m = raw.lattice
    let structure = try makeStructure(
      lattice: (SIMD3(m.0, m.1, m.2), SIMD3(m.3, m.4, m.5), SIMD3(m.6, m.7, m.8)), elements: elements,
      positions: vectors(raw.positions, count: raw.site_count), areCartesian: false)
    var values = foundProperties(raw.found, raw.found_length, raw.values, raw.found_count)
    for (index, name) in properties.enumerated() where raw.present[index] != 0 {
      values[name] = raw.values[index]
    }
    return DecodedRecord(
      id: record.defaultID, structure: structure, properties: values, form: .cif,
      notes: readingNotes(raw.notes, raw.notes_length))
  }

  private func error(_ raw: cif_crystal, _ record: ArchiveRecord) -> RecordError {
    var reason: RejectionReason =
      switch raw.status {
      case Int32(cif_crystal_not_a_crystal.rawValue): .notACrystal
      case Int32(cif_crystal_unknown_element.rawValue): .unknownElement
      case Int32(cif_crystal_partial.rawValue): .partialOccupancy
      case Int32(cif_crystal_too_many_sites.rawValue): .tooManySites
      case Int32(cif_crystal_truncated.rawValue): .truncated
      case Int32(cif_crystal_symmetry.rawValue): .symmetryNotSettled
      case Int32(cif_crystal_formula.rawValue): .formulaContradicted
      case Int32(cif_crystal_not_listed.rawValue): .atomsNotListed
      default: .unreadable
      }
    if reason == .unreadable, record.bytes.withUnsafeBytes({ CIFTokens.isCut($0) }) { reason = .truncated }
    let message = text(raw.message, raw.message_length)
    return RecordError(
      reason: reason,
      message: reason == .truncated && message == "parse error"
        ? "the text ends within a data item" : message,
      byteOffset: raw.byte_offset < 0 ? nil : Int(raw.byte_offset))
  }
}
