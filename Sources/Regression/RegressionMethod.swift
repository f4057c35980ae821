/// A regression with its hyperparameters.
public struct RegressionMethod: Hashable, Sendable {
  /// What the prediction is a sum of.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    /// w · x.
    case ridge
    /// Σ c_i exp(−γ |x − x_i|²) over the training rows, with the Euclidean length.
    case gaussian
    /// Σ c_i exp(−γ ‖x − x_i‖₁), with the sum of the absolute differences.
    case laplacian
  }

  /// What the prediction is a sum of.
  public let kind: Kind
  /// α, which is added to the diagonal; positive.
  public let alpha: Double
  /// γ of a kernel, positive; 0 for ridge.
  public let gamma: Double

  /// A method; `gamma` counts for kernels only.
  public init(_ kind: Kind, alpha: Double, gamma: Double = 0) {
    self.kind = kind
    self.alpha = alpha
    self.gamma = kind == .ridge ? 0 : gamma
  }
}

extension RegressionMethod: CustomStringConvertible {
  /// Such as "gaussian, alpha 0.01, gamma 0.001".
  public var description: String {
    "\(kind.rawValue), alpha \(alpha)" + (kind == .ridge ? "" : ", gamma \(gamma)")
  }
}

/// Why a regression cannot be fitted.
public enum RegressionError: Error, Equatable, Sendable, CustomStringConvertible {
  /// It would take more memory (bytes) than is allowed.
  case tooMuchMemory(needed: Int, limit: Int)
  /// The matrix could not be decomposed with these hyperparameters.
  case unsolvable(RegressionMethod, reason: String)
  /// Directions of rows could not be found.
  case notDecomposed(reason: String)
  /// None of the methods of a grid could be fitted.
  case nothingFits

  /// A sentence for the person.
  public var description: String {
    switch self {
    case .tooMuchMemory(let needed, let limit):
      "this takes \(gigabytes(needed)) GB of memory, and \(gigabytes(limit)) GB are allowed"
    case .unsolvable(let method, let reason): "\(method): \(reason)"
    case .notDecomposed(let reason): reason
    case .nothingFits: "none of the methods can be fitted: larger values of alpha are needed"
    }
  }
}

/// Bytes in GB with two decimals, rounded up.
package func gigabytes(_ bytes: Int) -> Double { (Double(bytes) / 1e7).rounded(.up) / 100 }
