/// Numbers the clusters of `values` in increasing order: all are sorted, and a new cluster begins where one exceeds the one
/// before by more than a tolerance, or the first of its cluster by more than an extent.
///
/// - Parameters:
///   - values: finite numbers, not below `lowest`.
///   - lowest: from where on they are counted.
///   - tolerance: how far apart neighboring values of one cluster may be.
///   - extent: how far apart any two of them may be, in tolerances.
///   - placeBits: bits of a place among the values: there are fewer than 2 to this of them.
///   - sorted: working memory.
///   - assign: called for each value, with its place and its cluster.
@inline(__always)
func numberClusters(
  of values: [Double], from lowest: Double = 0, tolerance: Double, extent: UInt64 = 1, placeBits bits: UInt64,
  scratch sorted: inout [UInt64], _ assign: (_ place: Int, _ cluster: UInt64) -> Void
) {
  precondition(values.count < 1 << bits, "a crystal has fewer edges, or pairs of them")
  // A value in steps of a hundredth of the tolerance above its place: one integer to sort by.
  let (steps, largest) = (100 / tolerance, Double(UInt64(1) << (63 - bits)))
  sorted.removeAll(keepingCapacity: true)
  for (place, value) in values.enumerated() {
    sorted.append(UInt64(min(max(0, value - lowest) * steps, largest)) << bits | UInt64(place))
  }
  sorted.sort()
  var cluster: UInt64 = 0
  var first = sorted.first.map { $0 >> bits } ?? 0
  var last = first
  for entry in sorted {
    let step = entry >> bits
    if step - last > 100 || step - first > 100 * extent {
      cluster += 1
      first = step
    }
    last = step
    assign(Int(entry & (1 << bits - 1)), cluster)
  }
}
