import Crystal
import Foundation
import PhaseStability
import TestSupport
import Testing

struct HullCertificateTests {
  private func decimal(_ text: String) throws -> DecimalNumber { try #require(DecimalNumber(text)) }

  @Test(arguments: 0..<16)
  func `every certificate verifies and agrees with floating point`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 70 + seed)
    let (elements, entries) = try randomPhases(
      elementCount: 2 + Int(seed % 5), compoundCount: 30, using: &generator)
    let references = try HullReferences(entries: entries, name: "random")
    var solver = HullSolver(references: references)
    let others = try (0..<5).map { _ in try randomComposition(of: elements, using: &generator) }
    for candidate in others + entries.suffix(5).map(\.composition) {
      let energy = try #require(DecimalNumber(Double.random(in: -2...0, using: &generator)))
      for criterion in HullCriterion.allCases {
        let certificate = try solver.certificate(
          of: candidate, energyPerAtom: energy, threshold: try decimal("0.05"), criterion: criterion)
        try certificate.verify(against: references)
        let distance = try solver.distance(of: candidate, energyPerAtom: energy.doubleValue)
        #expect(abs(try quotient(certificate.energyAboveHull) - distance.energyAboveHull) < 1e-12)
        #expect(abs(try quotient(certificate.decompositionEnergy) - distance.decompositionEnergy) < 1e-12)
        let judged = criterion == .energyAboveHull ? distance.energyAboveHull : distance.decompositionEnergy
        #expect(certificate.isWithin == (judged <= 0.05))
        let read = try HullCertificate(jsonLine: certificate.jsonLine)
        #expect(read == certificate)
        _ = try JSONSerialization.jsonObject(with: Data(certificate.jsonLine.utf8))
      }
    }
  }

  private func quotient(_ fraction: String) throws -> Double {
    let terms = fraction.split(separator: "/")
    return try #require(Double(terms[0])) / (terms.count == 2 ? try #require(Double(terms[1])) : 1)
  }

  @Test(arguments: 0..<2)
  func `one altered digit anywhere makes a certificate fail`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: 90 + seed)
    let (elements, entries) = try randomPhases(elementCount: 4, compoundCount: 40, using: &generator)
    let references = try HullReferences(entries: entries, name: "random")
    var solver = HullSolver(references: references)
    let candidate = seed == 0 ? entries[20].composition : Composition(counting: elements)
    let certificate = try solver.certificate(
      of: candidate, energyPerAtom: try decimal("-1.25"), threshold: try decimal("0.05"))
    let bytes = Array(certificate.jsonLine.utf8)
    var believed: [String] = []
    var altered = 0
    for place in bytes.indices where bytes[place] >= 48 && bytes[place] <= 57 {
      var line = bytes
      line[place] = 48 + (bytes[place] - 48 + UInt8.random(in: 1...9, using: &generator)) % 10
      let text = String(decoding: line, as: UTF8.self)
      altered += 1
      do throws(CertificateError) {
        try HullCertificate(jsonLine: text).verify(against: references)
        believed.append(text)
      } catch { continue }
    }
    #expect(altered > 150)
    #expect(believed.isEmpty)
  }

  @Test func `a line cut anywhere, with a character inserted or of another verdict is refused`() throws {
    let csv = Array("formula,formation_energy_per_atom\nNaCl,-2\nNa3Cl,-0.3\n".utf8)
    let references = try HullReferences(csv: csv, name: "salt")
    var solver = HullSolver(references: references)
    let line = try solver.certificate(
      of: try Composition(formula: "Na2Cl"), energyPerAtom: try decimal("-1.0"), threshold: try decimal("0")
    ).jsonLine
    try HullCertificate(jsonLine: line).verify(against: references)
    for length in 0..<line.utf8.count {
      #expect(throws: CertificateError.self) { try HullCertificate(jsonLine: String(line.prefix(length))) }
    }
    for length in 0...line.utf8.count {
      let longer = "\(line.prefix(length)) \(line.dropFirst(length))"
      #expect(throws: CertificateError.self) {
        try HullCertificate(jsonLine: longer).verify(against: references)
      }
    }
    #expect(throws: CertificateError.self) {
      try HullCertificate(jsonLine: line.replacing("\"above\"", with: "\"within\""))
    }
    let other = references.adding([try PhaseEntry(formula: "Na2Cl", energyPerAtom: -0.1)])
    let mismatch = CertificateError.otherReferences(
      expected: other.fingerprint, found: references.fingerprint)
    #expect(throws: mismatch) { try HullCertificate(jsonLine: line).verify(against: other) }
  }

  @Test func `a proof that overlooks a phase is refused, however consistent it is`() throws {
    let header = "formula,formation_energy_per_atom\nNaCl,-2\nNaCl3,-1.5\n"
    let poor = try HullReferences(csv: Array(header.utf8), name: "poor")
    let rich = try HullReferences(csv: Array((header + "Na3Cl,-1.2\n").utf8), name: "rich")
    var solver = HullSolver(references: poor)
    let line = try solver.certificate(
      of: try Composition(formula: "Na2Cl"), energyPerAtom: try decimal("-1.3"), threshold: try decimal("0")
    ).jsonLine
    // Everything in it holds against the rich references too, but for the phase that lies below the plane.
    let forged = line.replacing(
      String(poor.fingerprint, radix: 16), with: String(rich.fingerprint, radix: 16))
    #expect(throws: CertificateError.notSupporting(formula: "Na3Cl")) {
      try HullCertificate(jsonLine: forged).verify(against: rich)
    }
  }

  @Test func `verdicts at the threshold are those of the decimal numbers, not of their nearest doubles`()
    throws
  {
    let csv = Array(
      "formula,formation_energy_per_atom\nNaCl,-0.1\nNa3Cl,-0.05000000000000000000001\n".utf8)
    var solver = HullSolver(references: try HullReferences(csv: csv, name: "salt"))
    let zero = try decimal("0")
    // Na3Cl lies on the line from NaCl to Na but for its last decimal, which no Double holds.
    let phase = try Composition(formula: "Na3Cl")
    let cases = [
      ("-0.05000000000000000000001", HullCriterion.energyAboveHull, true),
      ("-0.05", .energyAboveHull, false), ("-0.05", .decompositionEnergy, true),
      ("-0.04999999999999999999999", .decompositionEnergy, false),
    ]
    for (energy, criterion, isWithin) in cases {
      let verdict = try solver.verdict(
        of: phase, energyPerAtom: try decimal(energy), threshold: zero, criterion: criterion)
      #expect(verdict.isWithin == isWithin, "\(energy)")
      #expect(verdict.wasSettledExactly)
    }
    // 0.1 + 0.2 = 0.3 holds for decimal numbers only.
    let tie = try solver.verdict(
      of: try Composition(formula: "NaCl"), energyPerAtom: try decimal("0.2"), threshold: try decimal("0.3"))
    #expect(tie.isWithin && tie.wasSettledExactly)
    let clear = try solver.verdict(of: phase, energyPerAtom: try decimal("-0.049"), threshold: zero)
    #expect(!clear.isWithin && !clear.wasSettledExactly)
  }

  @Test func `exact pivots find the optimum where whole planes of phases tie`() throws {
    // Energies on a plane to 17 decimals, one phase below it by one unit of the last.
    let csv = Array(
      """
      formula,formation_energy_per_atom
      LiO,-0.5
      FeO,-0.5
      LiFe,0
      LiFeO,-0.33333333333333333
      LiFeO2,-0.5
      Li2FeO3,-0.50000000000000001
      LiFe2O3,-0.5
      O,0
      """.utf8)
    let references = try HullReferences(csv: csv, name: "plane")
    var solver = HullSolver(references: references)
    for formula in ["LiFeO", "LiFeO2", "Li2Fe2O3", "Li3Fe2O5", "Li7Fe5O11"] {
      let certificate = try solver.certificate(
        of: try Composition(formula: formula), energyPerAtom: try decimal("-0.4"), threshold: try decimal("0")
      )
      try certificate.verify(against: references)
    }
  }

  @Test(.enabled(if: Fixtures.sharedData != nil, "needs the shared data folder"))
  func `certificates of phases of the Materials Project verify`() throws {
    let data = try #require(Fixtures.sharedData)
    let csv = [UInt8](try Data(contentsOf: data.appending(path: "hull/mp2019_all.csv")))
    let references = try HullReferences(csv: csv, name: "mp2019_all")
    var solver = HullSolver(references: references)
    let golden = try String(
      contentsOf: data.appending(path: "reference/hull_mp2019_all.csv"), encoding: .utf8)
    // All 3,000 pass; in debug builds exact arithmetic is slow, so every twentieth stands for them.
    for line in golden.split(separator: "\n").dropFirst().enumerated().filter({ $0.offset % 20 == 0 }).map(
      \.element)
    {
      let fields = line.split(separator: ",")
      let certificate = try solver.certificate(
        of: try Composition(formula: fields[0]), energyPerAtom: try decimal(String(fields[1])),
        threshold: try decimal("0"))
      try HullCertificate(jsonLine: certificate.jsonLine).verify(against: references)
      #expect(abs(try quotient(certificate.energyAboveHull) - (try #require(Double(fields[2])))) < 1e-9)
      #expect(certificate.isWithin == (certificate.energyAboveHull == "0"))
    }
  }
}
