/// A network that sees several views of the structures of a batch, each as a batch of its own: normalizations take their sums
/// over one view, and running statistics follow one after the other.
final class ViewTraining<Scalar: NetworkScalar> {
  /// One a view, of the same parameters.
  private let networks: [BatchTraining<Scalar>]
  /// dL/d(parameters) of the last batch, where there are several views.
  private var sum: [Scalar] = []

  init(_ networks: [BatchTraining<Scalar>]) { self.networks = networks }

  /// dL/d(parameters) of the last batch.
  var gradient: [Scalar] { networks.count == 1 ? networks[0].gradient : sum }

  /// All trainable parameters.
  var values: [Scalar] {
    get { networks[0].values }
    _modify { yield &networks[0].values }
  }

  /// Running means and variances.
  var statistics: [Scalar] {
    get { networks[networks.count - 1].statistics }
    set { networks[networks.count - 1].statistics = newValue }
  }

  /// As `BatchTraining.computeGradient`, of indices and outputs view by view.
  func computeGradient(
    _ indices: [Int], of collection: GraphCollection, noise: UInt64,
    loss: ([Double]) -> (value: Double, slopes: [Double])
  ) -> Double {
    let count = indices.count / networks.count
    let start = statistics
    /// The passes of a view and those behind it; loss, and its derivatives by the outputs of the views before.
    func pass(_ view: Int, _ before: [Double], _ statistics: [Scalar]) -> (value: Double, slopes: [Double]) {
      guard view < networks.count else { return loss(before) }
      let network = networks[view]
      if view > 0 { network.values = networks[0].values }
      network.statistics = statistics
      var others: [Double] = []
      let value = network.computeGradient(
        Array(indices[view * count..<(view + 1) * count]), of: collection, noise: noise
      ) { outputs in
        let (value, slopes) = pass(view + 1, before + outputs, network.statistics)
        others = Array(slopes.prefix(before.count))
        return (value, Array(slopes.dropFirst(before.count)))
      }
      return (value, others)
    }
    let value = pass(0, [], start).value
    if networks.count > 1 { sum = networks[0].gradient }
    for network in networks.dropFirst() {
      for index in sum.indices { sum[index] += network.gradient[index] }
    }
    return value
  }
}
