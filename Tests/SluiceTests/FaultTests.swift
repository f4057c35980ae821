import TestSupport
import Testing

/// A short form of what `make test-faults` tries.
@Suite("Faults", .serialized) struct FaultTests {
  @Test func `a few kills, full disks, damaged files and crashing decoders lose nothing`() throws {
    let trials = try #require(ChildProcess.builtProgram("SluiceFaults"), "it is built beside its tests")
    let outcome = try ChildProcess.run(trials, [try Program.path(), "--short"])
    #expect(outcome.exitCode == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("Nothing was lost."))
  }
}
