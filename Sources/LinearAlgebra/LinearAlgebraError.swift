/// Why a matrix could not be decomposed.
public enum LinearAlgebraError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A number of the matrix, or one that was made of it, is not finite.
  case notFinite
  /// The leading minor of this order, from 1, is not positive.
  case notPositiveDefinite(order: Int)
  /// The eigenvalues did not converge.
  case notConverged
  /// The matrix has more rows than the routines take.
  case tooLarge(order: Int, limit: Int)

  /// A sentence for the person.
  public var description: String {
    switch self {
    case .notFinite: "the matrix holds a number that is not finite"
    case .notPositiveDefinite(let order):
      "the matrix is not positive definite: its leading minor of order \(order) is not positive"
    case .notConverged: "the eigenvalues of the matrix did not converge"
    case .tooLarge(let order, let limit):
      "a matrix of \(order) rows is too large; at most \(limit) can be decomposed"
    }
  }
}
