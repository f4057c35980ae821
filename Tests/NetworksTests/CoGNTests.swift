import Networks
import Testing

@Suite struct CoGNTests {
  @Test func `at the published sizes all but what is known of elements is as many parameters as published`()
    throws
  {
    let parameters = try NetworkConfiguration(CoGN()).program().parameters
    func count(_ prefixes: [String]) -> Int {
      parameters.tensors.filter { tensor in prefixes.contains { tensor.name.hasPrefix($0) } }.reduce(0) {
        $0 + $1.indices.count
      }
    }
    // 697,601 in all, of which an embedding of 119 elements and 18 numbers, and the layer on both.
    #expect(
      count(["edge_embedding.", "blocks.", "output."]) == 697_601 - (119 * 128) - ((128 + 18) * 128 + 128))
    #expect(count(["embedding.", "input.", "features."]) == 100 * 128 + (128 + 92) * 128 + 128)
    #expect(parameters.count == 704_641)
  }
}
