import Crystal
import ScreeningStore
import TestSupport
import Testing

@Suite struct StatusTests {
  @Test func `a run describes itself as it was created, also when opened again`() throws {
    let folder = try TemporaryFolder()
    do {
      let store = try RunStore.create(at: folder.file(), run: exampleRun)
      #expect(try store.description() == exampleRun)
      #expect(try store.finishedDate() == nil)
      try store.markFinished(at: "2025-01-03T00:00:00Z")
      try store.close()
    }
    for access in [RunStore.Access.readOnly, .readWrite] {
      let store = try RunStore.open(at: folder.file(), access: access)
      #expect(try store.description() == exampleRun)
      #expect(try store.finishedDate() == "2025-01-03T00:00:00Z")
    }
  }

  @Test(arguments: 0..<6)
  func `records = rows + rejections + filtered, by source, stage and reason`(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    let batches = [
      exampleBatch(records: 0..<80, seed: seed), exampleBatch(source: 1, records: 0..<30, seed: seed + 9),
      exampleBatch(records: 80..<133, seed: seed, isFinished: true),
    ]
    for batch in batches { try store.commit(batch) }
    let counts = try store.verifyCounts()
    #expect(counts == (try store.counts()))
    #expect(counts.records == 163)
    #expect(counts.rows == batches.reduce(0) { $0 + $1.rows.count })
    let rejections = batches.flatMap(\.rejections)
    for (reason, records) in counts.rejectionsByReason {
      #expect(records == rejections.count { $0.reason.rawValue == reason })
    }
    #expect(counts.rejected == rejections.count)
    let filtered = batches.flatMap(\.filtered)
    for entry in counts.filtered { #expect(entry.records == filtered.count { $0.stage == entry.stage }) }
    #expect(counts.leftOut == filtered.count)
    let stable = batches.flatMap(\.rows).count { $0.stabilities[0].energyAboveHull <= 0.02 }
    #expect(try store.stableCounts(threshold: 0.02).byAny == stable)
    let states = try store.sourceStates()
    #expect(states.map(\.records) == [133, 30])
    #expect(states.map(\.isFinished) == [true, false])
    #expect(states.map(\.resumeToken) == [Array("at 133".utf8), Array("at 30".utf8)])
    #expect(states.map(\.source) == exampleRun.sources)
  }

  @Test func `rows and rejections come back as committed, by source and record`() throws {
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    let batches = [exampleBatch(source: 1, records: 0..<40), exampleBatch(source: 0, records: 0..<40)]
    for batch in batches { try store.commit(batch) }
    var rows: [ScreenedRow] = []
    try store.forEachRow {
      rows.append($0.row)
      #expect($0.sourceName == exampleRun.sources[$0.row.key.source].name)
    }
    #expect(rows == batches.flatMap(\.rows).sorted { $0.key < $1.key })
    var rejections: [StoredRejection] = []
    try store.forEachRejection { rejections.append($0) }
    let expected = batches.flatMap(\.rejections).sorted { $0.key < $1.key }
    #expect(rejections.map(\.key) == expected.map(\.key))
    #expect(rejections.map(\.reason) == expected.map(\.reason.rawValue))
    #expect(rejections.map(\.member) == expected.map(\.member))
    #expect(rejections.map(\.byteOffset) == expected.map(\.byteOffset))
    #expect(rejections.map(\.message) == expected.map(\.message))
  }

  @Test func `what the body of an iteration throws passes through`() throws {
    struct Enough: Error {}
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    try store.commit(exampleBatch(records: 0..<50))
    var count = 0
    #expect(throws: Enough.self) {
      try store.forEachRanked { _ in
        count += 1
        if count == 3 { throw Enough() }
      }
    }
    #expect(count == 3)
  }

  @Test(arguments: 0..<16) func `a structure comes back bit for bit`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let structure = try randomStructure(siteCount: 1 + Int(seed % 7), using: &generator)
    let bytes = StructurePayload.encode(structure)
    #expect(bytes.count == 77 + 25 * structure.siteCount)
    #expect(try StructurePayload.decode(bytes) == structure)
    let folder = try TemporaryFolder()
    let store = try RunStore.create(at: folder.file(), run: exampleRun)
    let kept = ScreenedRow(key: RecordKey(source: 0, record: 0), materialID: "a", structure: structure)
    let bare = ScreenedRow(
      key: RecordKey(source: 0, record: 1), materialID: "b", structure: structure, keepsStructure: false)
    try store.commit(StoreBatch(progress: [SourceProgress(source: 0, records: 0..<2)], rows: [kept, bare]))
    #expect(try store.structure(of: kept.key) == structure)
    #expect(try store.structure(of: bare.key) == nil)
    #expect(kept.formula == structure.composition.reducedFormula)
    var payloads: [[UInt8]?] = []
    try store.forEachRow(includesPayloads: true) { payloads.append($0.row.payload) }
    #expect(payloads == [bytes, nil])
  }

  @Test func `bytes that are no structure are refused wherever they are cut or changed`() throws {
    var generator = SeededGenerator(seed: 3)
    let bytes = StructurePayload.encode(try randomStructure(siteCount: 3, using: &generator))
    for length in 0..<bytes.count {
      #expect(throws: StructurePayloadError.self) { try StructurePayload.decode(Array(bytes[..<length])) }
    }
    #expect(throws: StructurePayloadError.wrongLength(expected: bytes.count, found: bytes.count + 1)) {
      try StructurePayload.decode(bytes + [0])
    }
    func changed(_ offset: Int, to byte: UInt8) -> [UInt8] {
      var copy = bytes
      copy[offset] = byte
      return copy
    }
    #expect(throws: StructurePayloadError.unknownVersion(2)) {
      try StructurePayload.decode(changed(0, to: 2))
    }
    #expect(throws: StructurePayloadError.notAStructure) { try StructurePayload.decode(changed(77, to: 0)) }
    #expect(throws: StructurePayloadError.notAStructure) { try StructurePayload.decode(changed(77, to: 119)) }
    var huge = bytes
    for offset in 1...4 { huge[offset] = 0xFF }
    #expect(throws: StructurePayloadError.self) { try StructurePayload.decode(huge) }
    var infinite = bytes
    for (offset, byte) in [0, 0, 0, 0, 0, 0, 0xF0, 0x7F].enumerated() { infinite[5 + offset] = UInt8(byte) }
    #expect(throws: StructurePayloadError.notAStructure) { try StructurePayload.decode(infinite) }
  }
}
