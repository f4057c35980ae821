import Networks
import TestSupport
import Testing
import Training

@Suite("What is hidden from a network") struct PartHidingTests {
  private func graphs(_ count: Int) throws -> GraphCollection {
    var network = CGConv()
    (network.neighborCount, network.cutoff, network.messages) = (6, 6, .toNeighbors)
    let (encoder, scratch) = (InputEncoder(network.requirements), InputEncoder.Scratch())
    var (generator, graphs) = (SeededGenerator(seed: 4), GraphCollection())
    for _ in 0..<count {
      let sites = Int.random(in: 1...14, using: &generator)
      let structure = try randomStructure(siteCount: sites, using: &generator)
      graphs.append(contentsOf: try encoder.seenGraph(of: structure, scratch: scratch), structure: 0)
    }
    return graphs
  }

  private func drawn(
    _ hiding: PartHiding, _ graphs: GraphCollection, _ index: Int, key: UInt64, epoch: Int = 0, view: Int = 0
  ) -> (sites: [Int], edges: [Int]) {
    var generator = hiding.generator(key: key, epoch: epoch, view: view, seed: 7)
    let sites = hiding.hiddenSites(of: index, in: graphs, using: &generator)
    return (sites, hiding.hiddenEdges(of: index, in: graphs, at: sites, using: &generator))
  }

  @Test func `the whole part of share times number and one are hidden, each once`() throws {
    let graphs = try graphs(20)
    for (share, edgeShare) in [(0.15, 0.2), (0.0, 0.9), (1.0, 1.0)] {
      let hiding = PartHiding(sites: share, edges: edgeShare)
      for index in 0..<graphs.count {
        let (sites, edges) = drawn(hiding, graphs, index, key: UInt64(index))
        let count = graphs.siteCount(of: index)
        #expect(sites.count == min(count, Int(share * Double(count) + 1)))
        #expect(Set(sites).count == sites.count && Set(edges).count == edges.count)
        #expect(sites.allSatisfy { (0..<count).contains($0) })
        let first = graphs.edgeOffsets[graphs.siteOffsets[index]]
        let edgeCount = graphs.edgeOffsets[graphs.siteOffsets[index + 1]] - first
        #expect(edges.count == min(edgeCount, Int(edgeShare * Double(edgeCount) + 1)))
      }
    }
  }

  @Test func `without a share of their own half of the edges at hidden sites are asked for`() throws {
    let graphs = try graphs(20)
    let hiding = PartHiding(sites: 0.3, edges: nil)
    for index in 0..<graphs.count {
      let (sites, edges) = drawn(hiding, graphs, index, key: 9)
      let first = graphs.siteOffsets[index]
      var touching: [Int] = []
      for site in 0..<graphs.siteCount(of: index) {
        for edge in graphs.edgeOffsets[first + site]..<graphs.edgeOffsets[first + site + 1]
        where sites.contains(site) || sites.contains(Int(graphs.neighbors[edge])) {
          touching.append(edge - graphs.edgeOffsets[first])
        }
      }
      #expect(edges == touching.enumerated().filter { $0.offset % 2 == 0 }.map(\.element))
    }
  }

  @Test func `supercells are drawn as often as in the published code`() {
    var generator = SeededGenerator(seed: 8)
    for (view, counts) in [
      (SupercellView.none, SIMD3(1, 1, 1)), (.two, SIMD3(1, 1, 2)), (.four, SIMD3(1, 2, 2)),
      (.eight, SIMD3(2, 2, 2)),
    ] {
      #expect(view.counts(using: &generator) == counts)
    }
    var drawn: [SIMD3<Int>: Int] = [:]
    for _ in 0..<5000 { drawn[SupercellView.random.counts(using: &generator), default: 0] += 1 }
    // Five standard deviations are 142 to 173.
    for (counts, expected) in [
      (SIMD3(1, 1, 1), 2000), (SIMD3(1, 1, 2), 1000), (SIMD3(1, 2, 2), 1000), (SIMD3(2, 2, 2), 1000),
    ] {
      #expect(abs((drawn[counts] ?? 0) - expected) < 175)
    }
    #expect(drawn.count == 4)
  }

  @Test func `other seeds, epochs, views and keys hide other parts, and equal ones the same`() throws {
    let graphs = try graphs(12)
    let largest = try #require((0..<graphs.count).max { graphs.siteCount(of: $0) < graphs.siteCount(of: $1) })
    let hiding = PartHiding(sites: 0.4, edges: 0.4)
    let one = drawn(hiding, graphs, largest, key: 1)
    #expect(one == drawn(hiding, graphs, largest, key: 1))
    for other in [
      drawn(hiding, graphs, largest, key: 2), drawn(hiding, graphs, largest, key: 1, epoch: 1),
      drawn(hiding, graphs, largest, key: 1, view: 1),
    ] {
      #expect(other != one)
    }
    var generator = hiding.generator(key: 1, epoch: 0, view: 0, seed: 8)
    #expect(hiding.hiddenSites(of: largest, in: graphs, using: &generator) != one.sites)
  }

  @Test func `marked sites lose their element where that is asked for, and marks go where the crystal goes`()
    throws
  {
    let graphs = try graphs(3)
    for hides in [true, false] {
      var marked = GraphCollection()
      for index in 0..<3 {
        marked.append(
          contentsOf: graphs, structure: index, markingSites: [0], edges: index == 1 ? [] : [2, 0],
          hidesElements: hides)
      }
      #expect(marked.neighbors == graphs.neighbors && marked.edgeOffsets == graphs.edgeOffsets)
      for index in 0..<3 {
        let (own, site) = (marked.marks, graphs.siteOffsets[index])
        #expect(own.elements[index] == graphs.atomicNumbers[site])
        #expect(
          marked.atomicNumbers[site] == (hides ? GraphCollection.maskedElement : graphs.atomicNumbers[site]))
      }
      #expect(marked.marks.edgeOffsets == [0, 2, 2, 4] && marked.marks.edges == [2, 0, 2, 0])
      var other = GraphCollection()
      for index in [2, 1] { other.append(contentsOf: marked, structure: index) }
      #expect(other.marks.edgeOffsets == [0, 2, 2] && other.marks.sites == [0, 0])
      #expect(other.marks.elements == [marked.marks.elements[2], marked.marks.elements[1]])
      other.removeAll()
      #expect(other.marks.isEmpty)
    }
  }
}
