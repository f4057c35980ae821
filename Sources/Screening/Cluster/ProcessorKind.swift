internal import Foundation
internal import TensorKernels

/// The kind of this machine's processor: what the kernels use of it, and its model, as libraries choose their routines by it.
///
/// Results are the same bit for bit on processors of one kind.
let processorKind: String = {
  let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
  let wanted = ["vendor_id", "cpu family", "model"]
  var found: [String: String] = [:]
  for line in text.split(separator: "\n").prefix(40) {
    let parts = line.split(separator: ":", maxSplits: 1)
    guard parts.count == 2 else { continue }
    let name = parts[0].trimmingCharacters(in: .whitespaces)
    if wanted.contains(name), found[name] == nil {
      found[name] = parts[1].trimmingCharacters(in: .whitespaces)
    }
  }
  let model = wanted.compactMap { found[$0] }.joined(separator: " ")
  return ProcessorLevel.current.description + (model.isEmpty ? "" : ", " + model)
}()
