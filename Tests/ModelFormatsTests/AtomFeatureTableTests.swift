import Foundation
import ModelFormats
import TestSupport
import Testing

@Suite struct AtomFeatureTableTests {
  let table = AtomFeatureTable.cgcnn

  @Test func `the table is, byte for byte, the one published weights were trained with`() {
    #expect(table.elementCount == 100)
    #expect(table.featureCount == 92)
    let digest = sha256(table.values.map { UInt8($0) }).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    #expect(digest.joined() == "9ecb6fb85c41291d8eeb69c2138769957bb432172952af43f1c8ac7a5af2dbb4")
  }

  @Test func `each block holds at most one bin, and group, period, valence and block exactly one`() throws {
    let widths = [19, 7, 10, 10, 12, 10, 10, 4, 10]
    for number in 1...100 {
      let row = try #require(table.row(for: number))
      var column = 0
      for (block, width) in widths.enumerated() {
        let ones = row[column..<column + width].reduce(0, +)
        #expect(ones <= 1)
        if [0, 1, 4, 7].contains(block) { #expect(ones == 1) }
        column += width
      }
    }
    #expect(table.values.reduce(0, +) == 850)
  }

  @Test func `oxygen stands in group 16, period 2, with 6 valence electrons in block p`() throws {
    let row = try #require(table.row(for: 8))
    let ones = row.indices.filter { row[$0] == 1 }
    #expect(ones.contains(16))
    #expect(ones.contains(20))
    #expect(ones.contains(46 + 5))
    #expect(ones.contains(79))
  }

  @Test func `elements outside the table have no row`() {
    for number in [-1, 0, 101, 118] { #expect(table.row(for: number) == nil) }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `the table equals CGCNN's own file`() throws {
    let folder = try #require(Fixtures.sharedData)
    let data = try Data(contentsOf: folder.appending(path: "weights/atom_init.json"))
    let rows = try JSONDecoder().decode([String: [UInt8]].self, from: data)
    #expect(rows.count == 100)
    for (number, row) in rows { #expect(table.row(for: Int(number) ?? 0) == row) }
  }
}

/// SHA-256 (FIPS 180-4); its round constants are the first 32 bits of the cube roots of the first 64 primes.
private func sha256(_ message: [UInt8]) -> [UInt8] {
  let primes = (2...311).filter { candidate in !(2..<candidate).contains { candidate % $0 == 0 } }
  func fraction(_ value: Double) -> UInt32 { UInt32((value - value.rounded(.down)) * 4_294_967_296) }
  let constants = primes.prefix(64).map { fraction(cbrt(Double($0))) }
  var state = primes.prefix(8).map { fraction(Double($0).squareRoot()) }
  var padded = message + [0x80]
  while padded.count % 64 != 56 { padded.append(0) }
  for shift in stride(from: 56, through: 0, by: -8) {
    padded.append(UInt8((message.count * 8) >> shift & 0xFF))
  }
  func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }
  for block in stride(from: 0, to: padded.count, by: 64) {
    var words = (0..<16).map { word in
      (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(padded[block + 4 * word + $1]) }
    }
    for t in 16..<64 {
      let (a, b) = (words[t - 15], words[t - 2])
      let low = rotate(a, 7) ^ rotate(a, 18) ^ a >> 3
      let high = rotate(b, 17) ^ rotate(b, 19) ^ b >> 10
      words.append(words[t - 16] &+ low &+ words[t - 7] &+ high)
    }
    var s = state
    for t in 0..<64 {
      let choose = s[4] & s[5] ^ ~s[4] & s[6]
      let majority = s[0] & s[1] ^ s[0] & s[2] ^ s[1] & s[2]
      let first =
        s[7] &+ (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) &+ choose &+ constants[t] &+ words[t]
      let second = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) &+ majority
      s = [first &+ second, s[0], s[1], s[2], s[3] &+ first, s[4], s[5], s[6]]
    }
    for index in 0..<8 { state[index] &+= s[index] }
  }
  return state.flatMap { word in [24, 16, 8, 0].map { UInt8(word >> $0 & 0xFF) } }
}
