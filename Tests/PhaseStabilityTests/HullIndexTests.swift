import Crystal
import Foundation
import TestSupport
import Testing

@testable import PhaseStability

struct HullIndexTests {
  private let csv = Array(
    """
    formula,formation_energy_per_atom
    Na,0
    Cl2,0.00
    NaCl,-2.0512345678901234
    KCl,-2.2
    NaK2Cl3,-2.1e0
    Na3Cl,-0.4
    """.utf8)

  private func small() throws -> HullReferences { try HullReferences(csv: csv, name: "Salze ÄÖ") }

  private func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "hull-index-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  @Test(arguments: 0..<6)
  func `an index gives back the references it was made of`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let (elements, entries) = try randomPhases(elementCount: 5, compoundCount: 70, using: &generator)
    let references = try HullReferences(
      entries: entries, name: "random", options: HullReferenceOptions(suppliesElementsAtZero: seed % 2 == 0))
    let loaded = try HullReferences(index: references.encodedIndex())
    #expect(loaded.name == references.name)
    #expect(loaded.options == references.options)
    #expect(loaded.fingerprint == references.fingerprint)
    #expect(loaded.entryCount == references.entryCount)
    #expect(loaded.source == nil)
    #expect((0..<references.phaseCount).allSatisfy { loaded.phase(at: $0) == references.phase(at: $0) })
    var (first, second) = (HullSolver(references: references), HullSolver(references: loaded))
    for _ in 0..<10 {
      let candidate = try randomComposition(of: elements, using: &generator)
      let expected = try first.distance(of: candidate, energyPerAtom: -1)
      #expect(try second.distance(of: candidate, energyPerAtom: -1) == expected)
    }
    #expect(loaded.encodedIndex() == references.encodedIndex())
  }

  @Test func `an index cut at any byte, or longer than it was, is refused`() throws {
    let bytes = try small().encodedIndex()
    for length in 0..<bytes.count {
      #expect(throws: HullIndexError.self) { try HullReferences(index: Array(bytes.prefix(length))) }
    }
    #expect(throws: HullIndexError.wrongLength(expected: bytes.count, found: bytes.count + 1)) {
      try HullReferences(index: bytes + [0])
    }
  }

  @Test func `an index with any one byte changed is refused`() throws {
    let bytes = try small().encodedIndex()
    for place in bytes.indices {
      for flip in [0x01, 0x80, 0xFF] as [UInt8] {
        var damaged = bytes
        damaged[place] ^= flip
        #expect(throws: HullIndexError.self, "byte \(place)") { try HullReferences(index: damaged) }
      }
    }
    var newer = bytes
    newer[8] = 2
    #expect(throws: HullIndexError.otherVersion(found: 2, supported: 1)) { try HullReferences(index: newer) }
    #expect(throws: HullIndexError.notAnIndex) { try HullReferences(index: Array("formula,energy".utf8)) }
  }

  @Test func `contents that contradict themselves under a right checksum are refused or harmless`() throws {
    let bytes = try small().encodedIndex()
    let salt = try Composition(formula: "NaKCl2")
    var refused = 0
    for place in 8..<(bytes.count - 8) {
      for flip in [0x01, 0x10, 0x80, 0xFF] as [UInt8] {
        var forged = bytes
        forged[place] ^= flip
        var hash = ContentHash()
        forged.withUnsafeBytes { hash.add(UnsafeRawBufferPointer(rebasing: $0.dropLast(8))) }
        withUnsafeBytes(of: hash.value.littleEndian) {
          forged.replaceSubrange((forged.count - 8)..., with: $0)
        }
        do throws(HullIndexError) {
          let loaded = try HullReferences(index: forged)
          var solver = HullSolver(references: loaded)
          for phase in 0..<loaded.phaseCount { _ = loaded.phase(at: phase) }
          _ = try? solver.distance(of: salt, energyPerAtom: 0)
          if let zero = DecimalNumber("0") {
            _ = try? solver.certificate(of: salt, energyPerAtom: zero, threshold: zero)
          }
        } catch { refused += 1 }
      }
    }
    #expect(refused > 500)
  }

  @Test func `a file is loaded while its table is unchanged and made anew when not`() throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "hull.index").path
    func open(_ csv: [UInt8], suppliesElements: Bool = true) throws -> HullReferences.Origin {
      let options = HullReferenceOptions(suppliesElementsAtZero: suppliesElements)
      let (references, origin) = try HullReferences.references(
        csv: csv, name: "salts", options: options, indexPath: path)
      #expect(
        references.fingerprint == (try HullReferences(csv: csv, name: "salts", options: options)).fingerprint)
      return origin
    }
    #expect(try open(csv) == .rebuilt(reason: .system(path: path, code: ENOENT)))
    #expect(try open(csv) == .index)
    let changed = csv.map { $0 == UInt8(ascii: "4") ? UInt8(ascii: "5") : $0 }
    #expect(try open(changed) == .sourceChanged)
    #expect(try open(changed) == .index)
    #expect(try open(changed, suppliesElements: false) == .sourceChanged)
    try Data(repeating: 7, count: 40).write(to: URL(filePath: path))
    #expect(try open(csv) == .rebuilt(reason: .notAnIndex))
    #expect(try open(csv) == .index)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["hull.index"])
  }

  @Test func `a place that cannot be written leaves the references usable`() throws {
    let path = "/nowhere/hull.index"
    let (references, origin) = try HullReferences.references(csv: csv, name: "salts", indexPath: path)
    #expect(references.entryCount == 6)
    guard case .unindexed(reason: .system(_, let code)) = origin else {
      Issue.record("unexpected origin \(origin)")
      return
    }
    #expect(code == ENOENT)
    #expect(throws: HullIndexError.self) { try HullReferences.load(indexAt: "/") }
  }
}
