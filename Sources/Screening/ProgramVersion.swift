internal import CBuildFacts
internal import TensorKernels

/// Version of the program: the topmost one of CHANGELOG.md.
public let programVersion = "0.9.0"

/// The commit that the program was built from, ending in "-dirty" where its sources differed from that; nil where the build
/// did not know it.
public let programCommit: String? = {
  let text = String(cString: build_facts_commit())
  return text.isEmpty ? nil : text
}()

/// Version and commit, as every run records them: "0.9.0 (1a2b3c4d5e6f)".
let recordedVersion = programVersion + (programCommit.map { " (\($0))" } ?? "")

/// What of this processor the kernels use, for people: "AVX-512 (x86-64-v4)".
public var kernelLevel: String { ProcessorLevel.current.description }
