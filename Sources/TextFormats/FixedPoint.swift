/// A number of moderate size with a fixed number of decimals, rounded half away from zero.
public func fixedPoint(_ value: Double, decimals: Int) -> String {
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let scaled = (value.magnitude * scale).rounded()
  guard scaled < 9e15 else { return value.description }
  let units = Int(scaled)
  let whole = units / Int(scale)
  let rest = String(units % Int(scale))
  let sign = value < 0 && units != 0 ? "-" : ""
  guard decimals > 0 else { return "\(sign)\(whole)" }
  return "\(sign)\(whole).\(String(repeating: "0", count: decimals - rest.utf8.count))\(rest)"
}

/// "1,234,567"
public func grouped(_ value: Int) -> String {
  var digits = String(value.magnitude)
  var groups: [String] = []
  while digits.count > 3 {
    groups.insert(String(digits.suffix(3)), at: 0)
    digits.removeLast(3)
  }
  return (value < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
}
