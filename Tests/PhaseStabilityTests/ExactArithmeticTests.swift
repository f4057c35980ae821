import BigInt
import TestSupport
import Testing

@testable import PhaseStability

struct ExactArithmeticTests {
  @Test func `decimal numbers are read exactly and written in one way`() throws {
    let cases = [
      ("0", "0"), ("-0.0", "0"), ("0e5", "0"), ("1", "1"), ("+1.50", "1.5"),
      (
        "-8.956249994973575e-07",
        "-0.0000008956249994973575"
      ), ("12e3", "12000"), ("1.25E1", "12.5"), (".5", "0.5"), ("5.", "5"),
      ("0012.3400", "12.34"),
    ]
    for (text, plain) in cases {
      let number = try #require(DecimalNumber(text), "\(text)")
      #expect(number.text == plain)
      #expect(DecimalNumber(plain) == number)
      #expect(number.doubleValue == Double(text))
    }
    for text in ["", "-", ".", "e5", "1e", "1e+", "nan", "inf", "0x10", "1,5", "1 ", "1e401", "1-2", "١"] {
      #expect(DecimalNumber(text) == nil, "\(text)")
    }
    #expect(DecimalNumber(Double.nan) == nil)
    #expect(DecimalNumber(0.1)?.rational == Rational(1, over: 10))
  }

  @Test(arguments: 0..<32)
  func `a matrix times its adjugate is the determinant times one`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let k = 1 + Int(seed % 6)
    let matrix = (0..<(k * k)).map { _ in BigInt(Int.random(in: -3...9, using: &generator)) }
    guard let (adjugate, determinant) = adjugateAndDeterminant(matrix, size: k) else { return }
    for i in 0..<k {
      for j in 0..<k {
        let entry = (0..<k).reduce(BigInt(0)) { $0 + matrix[i * k + $1] * adjugate[$1 * k + j] }
        #expect(entry == (i == j ? determinant : 0))
      }
    }
  }

  @Test func `a swap flips the determinant and equal rows make it vanish`() throws {
    let swapped = try #require(adjugateAndDeterminant([0, 1, 1, 0], size: 2))
    #expect(swapped.1 == -1)
    #expect(swapped.0 == [0, -1, -1, 0])
    #expect(adjugateAndDeterminant([1, 2, 1, 2], size: 2) == nil)
  }

  @Test func `fractions are kept in lowest terms and read in that form only`() throws {
    #expect(Rational(6, over: -4).description == "-3/2")
    #expect(Rational("-3/2") == Rational(-3, over: 2))
    for text in ["6/4", "3/-2", "1/1", "", "/", "1/0", "1/2/3", "+1", "01", "-0", "a"] {
      #expect(Rational(text) == nil, "\(text)")
    }
    #expect(Rational(1, over: 3) + Rational(1, over: 6) == Rational(1, over: 2))
    #expect(Rational(1, over: 3) - Rational(1, over: 2) == Rational(-1, over: 6))
    #expect(Rational(1, over: 3) * Rational(3, over: 2) == Rational(1, over: 2))
    #expect(Rational(-1, over: 2) < Rational(1, over: 3))
  }
}
