public import Crystal

/// The bytes of a structure: exact, little-endian, 77 + 25 N bytes for N sites.
///
///     offset  size   content
///     0       1      version, 1
///     1       4      number of sites N, UInt32
///     5       72     lattice vectors a, b, c: nine Float64 (Å)
///     77      N      atomic numbers, one byte each
///     77 + N  24 N   fractional coordinates, three Float64 a site
public enum StructurePayload {
  static let version: UInt8 = 1

  /// The bytes of `structure`.
  public static func encode(_ structure: Structure) -> [UInt8] {
    let count = structure.siteCount
    return [UInt8](unsafeUninitializedCapacity: 77 + 25 * count) { buffer, initialized in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      raw[0] = version
      raw.storeBytes(of: UInt32(count).littleEndian, toByteOffset: 1, as: UInt32.self)
      let lattice = structure.lattice
      for (row, vector) in [lattice.a, lattice.b, lattice.c].enumerated() {
        store(vector, in: raw, at: 5 + 24 * row)
      }
      for site in 0..<count {
        raw[77 + site] = structure.elements[site].rawValue
        store(structure.fractionalPositions[site], in: raw, at: 77 + count + 24 * site)
      }
      initialized = 77 + 25 * count
    }
  }

  /// The structure that `bytes` encode.
  public static func decode(_ bytes: [UInt8]) throws(StructurePayloadError) -> Structure {
    guard let version = bytes.first else { throw .wrongLength(expected: 77, found: 0) }
    guard version == StructurePayload.version else { throw .unknownVersion(version) }
    guard bytes.count >= 77 else { throw .wrongLength(expected: 77, found: bytes.count) }
    let count = bytes.withUnsafeBytes {
      Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
    }
    guard bytes.count == 77 + 25 * count else {
      throw .wrongLength(expected: 77 + 25 * count, found: bytes.count)
    }
    let (vectors, positions) = bytes.withUnsafeBytes { raw in
      ((0..<3).map { load(raw, at: 5 + 24 * $0) }, (0..<count).map { load(raw, at: 77 + count + 24 * $0) })
    }
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for number in bytes[77..<77 + count] {
      guard let element = Element(rawValue: number) else { throw .notAStructure }
      elements.append(element)
    }
    do {
      let lattice = try Lattice(a: vectors[0], b: vectors[1], c: vectors[2])
      return try Structure(lattice: lattice, elements: elements, fractionalPositions: positions)
    } catch {
      throw .notAStructure
    }
  }

  private static func store(_ vector: SIMD3<Double>, in raw: UnsafeMutableRawBufferPointer, at offset: Int) {
    for axis in 0..<3 {
      raw.storeBytes(
        of: vector[axis].bitPattern.littleEndian, toByteOffset: offset + 8 * axis, as: UInt64.self)
    }
  }

  private static func load(_ raw: UnsafeRawBufferPointer, at offset: Int) -> SIMD3<Double> {
    func component(_ axis: Int) -> Double {
      let bits = raw.loadUnaligned(fromByteOffset: offset + 8 * axis, as: UInt64.self)
      return Double(bitPattern: UInt64(littleEndian: bits))
    }
    return SIMD3(component(0), component(1), component(2))
  }
}

/// Why bytes are not a stored structure.
public enum StructurePayloadError: Error, Hashable, Sendable {
  /// Written by a newer version.
  case unknownVersion(UInt8)
  /// Cut short, or with something after the end.
  case wrongLength(expected: Int, found: Int)
  /// An atomic number, a lattice or a coordinate that no structure has.
  case notAStructure
}
