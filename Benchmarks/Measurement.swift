import Dispatch
import Foundation

/// Seconds that `body` takes, each of `repetitions` times after one that is not counted.
func seconds(repetitions: Int, _ body: () throws -> Void) rethrows -> [Double] {
  try body()
  return try (0..<repetitions).map { _ in
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    return Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
  }
}

/// The middle of some numbers.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  return sorted[sorted.count / 2]
}

/// Prints "name: rate unit/s (lowest … highest of n)".
func report(_ name: String, count: Int, unit: String, _ times: [Double]) {
  let rates = times.map { Double(count) / $0 }
  let (low, high) = (rates.min() ?? 0, rates.max() ?? 0)
  print(
    "\(name): \(rounded(median(rates))) \(unit)/s  (\(rounded(low)) … \(rounded(high)), \(times.count) runs)")
  fflush(nil)  // for whoever watches through a pipe
}

/// A number with four significant digits or none after the point.
func rounded(_ value: Double) -> String {
  if value >= 1000 { return "\(Int(value.rounded()))" }
  return "\((value * 100).rounded() / 100)"
}
