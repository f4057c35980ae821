/// Why a network cannot be built from what was given.
public enum ModelError: Error, Equatable, Sendable {
  /// A configuration that no network of this program has.
  case unsupportedConfiguration(String)
  /// A tensor that the configuration needs is absent.
  case missingTensor(name: String)
  /// A tensor has another shape than the configuration says.
  case wrongShape(name: String, expected: [Int], found: [Int])
  /// A weight is NaN or infinite.
  case notFinite(name: String)
}

extension ModelError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .unsupportedConfiguration(let reason): reason
    case .missingTensor(let name): "tensor \"\(name)\" is missing"
    case .wrongShape(let name, let expected, let found):
      "tensor \"\(name)\" has shape \(found) instead of \(expected)"
    case .notFinite(let name): "tensor \"\(name)\" holds NaN or infinity"
    }
  }
}
