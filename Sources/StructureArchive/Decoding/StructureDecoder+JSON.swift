import CSimdjsonShim
import Crystal

extension StructureDecoder {
  func decodeJSON(_ record: ArchiveRecord, columns: NameList?) throws(RecordError) -> DecodedRecord {
    var raw = json_crystal()
    record.bytes.withUnsafeBufferPointer { bytes in
      propertyNames.bytes.withUnsafeBufferPointer { names in
        (columns?.bytes ?? []).withUnsafeBufferPointer { columnNames in
          json_crystal_decode(
            bytes.baseAddress, bytes.count, names.baseAddress, propertyNames.count, columnNames.baseAddress,
            columns?.count ?? 0, takesAllProperties ? 1 : 0, occupancy == .majority ? 1 : 0,
            formula == .note ? 1 : 0, &raw)
        }
      }
    }
    // The result's pointers lead into this thread's scratch memory: everything is copied before the function ends.
    guard raw.status == Int32(json_crystal_ok.rawValue) else { throw error(raw, record) }
    let elements = try elements(UnsafeBufferPointer(start: raw.symbols, count: raw.site_count))
    let positions = vectors(raw.positions, count: raw.site_count)
    let m = raw.lattice
    let structure = try makeStructure(
      lattice: (SIMD3(m.0, m.1, m.2), SIMD3(m.3, m.4, m.5), SIMD3(m.6, m.7, m.8)), elements: elements,
      positions: positions, areCartesian: raw.cartesian != 0)
    var notes = readingNotes(raw.notes, raw.notes_length)
    if raw.periodic_count < 3 { notes.append(try periodicity(raw).note(for: structure)) }
    var values = foundProperties(raw.found, raw.found_length, raw.values, raw.found_count)
    for (index, name) in properties.enumerated()
    where raw.present[index] != 0 && raw.values[index].isFinite {
      values[name] = raw.values[index]
    }
    let id = text(raw.id, raw.id_length)
    return DecodedRecord(
      id: id.isEmpty ? record.defaultID : id, structure: structure, properties: values, form: form(raw),
      notes: notes)
  }

  private func periodicity(_ raw: json_crystal) -> Periodicity {
    let flags = [raw.periodic.0, raw.periodic.1, raw.periodic.2]
    return flags.contains(-1)
      ? Periodicity(count: Int(raw.periodic_count)) : Periodicity(along: flags.map { $0 == 1 })
  }

  private func form(_ raw: json_crystal) -> CrystalForm {
    switch raw.form {
    case Int32(json_crystal_pymatgen.rawValue): .pymatgen
    case Int32(json_crystal_optimade.rawValue): .optimade
    case Int32(json_crystal_jarvis.rawValue): .jarvis
    default: .flat
    }
  }

  private func error(_ raw: json_crystal, _ record: ArchiveRecord) -> RecordError {
    let message = text(raw.message, raw.message_length)
    switch raw.status {
    case Int32(json_crystal_not_a_crystal.rawValue):
      return RecordError(reason: .notACrystal, message: message)
    case Int32(json_crystal_unknown_element.rawValue):
      return RecordError(reason: .unknownElement, message: message)
    case Int32(json_crystal_atoms_not_listed.rawValue):
      return RecordError(reason: .atomsNotListed, message: message)
    case Int32(json_crystal_formula_contradicted.rawValue):
      return RecordError(reason: .formulaContradicted, message: message)
    case Int32(json_crystal_partial.rawValue): return RecordError(reason: .partialOccupancy, message: message)
    default:
      let endsEarly = record.bytes.withUnsafeBytes { JSONScanner.isCut($0) }
      return endsEarly
        ? RecordError(
          reason: .truncated, message: "the JSON text ends within a value", byteOffset: record.bytes.count)
        : RecordError(reason: .unreadable, message: message)
    }
  }
}
