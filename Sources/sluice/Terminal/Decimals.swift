/// A number with a fixed number of decimals, rounded half away from zero; "nan" and "inf" as such.
///
/// Own code because `String(format:)` drags a third of Foundation's data into the program.
func decimals(_ value: Double, _ count: Int) -> String {
  guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
  var scale = 1.0
  for _ in 0..<count { scale *= 10 }
  let units = Int((abs(value) * scale).rounded())
  let whole = units / Int(scale)
  let fraction = String(units % Int(scale))
  let sign = value < 0 && units > 0 ? "-" : ""
  guard count > 0 else { return "\(sign)\(whole)" }
  return "\(sign)\(whole)." + String(repeating: "0", count: count - fraction.count) + fraction
}
