import FuzzTargets
import Glibc

// The program that `make fuzz` builds, with libFuzzer for a main function. Which reader it feeds is decided by the
// environment, so that one program serves all of them.

private let target: FuzzTarget = {
  let name = getenv("SLUICE_FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let target = FuzzTarget(rawValue: name) else {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
    fatalError("SLUICE_FUZZ_TARGET must name one of \(names)")
  }
  return target
}()

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  target.read(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}
