public import Crystal
public import CrystalGraphs

/// Makes crystals into what networks of some requirements are fed with: the one way from a structure to a network's
/// input, for campaigns, tables, trainings and benchmarks alike.
///
/// Graphs can be made once for several networks whose neighbor rules are equal; what differs beyond that, each encoder
/// adds itself.
public struct InputEncoder: Hashable, Sendable {
  /// What the networks ask for.
  public let requirements: InputRequirements
  private let builder: NeighborGraphBuilder

  /// An encoder for networks of these requirements.
  public init(_ requirements: InputRequirements) {
    self.requirements = requirements
    builder = NeighborGraphBuilder(requirements.neighbors)
  }

  /// Working memory of one thread; serves any encoder.
  public final class Scratch {
    fileprivate let graph = NeighborGraphBuilder.Scratch()
    fileprivate var fields = VoronoiGraphBuilder.Scratch()
    fileprivate var quotient = QuotientGraph()

    /// For each site of the crystal that was appended last its node, counted within the crystal.
    public var siteNodes: ArraySlice<Int32> { quotient.siteClasses }

    /// Empty; grows with use.
    public init() {}
  }

  /// The graph of a crystal by the networks' rule.
  ///
  /// - Throws: `VoronoiError`; see `NeighborGraphBuilder.graph`.
  public func graph(of structure: Structure, scratch: Scratch) throws(VoronoiError) -> NeighborGraph {
    try builder.graph(of: structure, scratch: scratch.graph)
  }

  /// The orbital field of each site of a crystal; none where the networks do not ask for it.
  ///
  /// - Throws: `VoronoiError`; see `NeighborGraphBuilder.graph`.
  public func orbitalFields(
    of structure: Structure, scratch: Scratch
  ) throws(VoronoiError) -> [SIMD32<Double>] {
    guard let field = requirements.orbitalField else { return [] }
    return field.vectors(try OrbitalField.facets.graph(of: structure, scratch: &scratch.fields))
  }

  /// Adds a crystal to a collection of quotients, whose graph `graph(of:scratch:)` made, here or by an encoder with the same
  /// rule.
  ///
  /// - Throws: `InputError`; the collection is then as it was.
  public func append(
    _ structure: Structure, graph: NeighborGraph, to collection: inout GraphCollection, scratch: Scratch
  ) throws(InputError) {
    if let element = unknownElement(in: structure.elements) { throw .unknownElement(element) }
    let fields: [SIMD32<Double>]
    do throws(VoronoiError) {
      fields = try orbitalFields(of: structure, scratch: scratch)
    } catch {
      throw .noGraph(error)
    }
    collection.appendQuotient(
      of: graph, orbitalFields: fields, for: requirements, scratch: &scratch.quotient)
  }

  /// Adds a crystal to a collection of quotients.
  ///
  /// - Throws: `InputError`; the collection is then as it was.
  public func append(
    _ structure: Structure, to collection: inout GraphCollection, scratch: Scratch
  ) throws(InputError) {
    if let element = unknownElement(in: structure.elements) { throw .unknownElement(element) }
    let graph: NeighborGraph
    do throws(VoronoiError) {
      graph = try self.graph(of: structure, scratch: scratch)
    } catch {
      throw .noGraph(error)
    }
    try append(structure, graph: graph, to: &collection, scratch: scratch)
  }

  /// A crystal's whole graph, without what stands in for missing neighbors: what views are taken of.
  ///
  /// - Precondition: the networks ask for nearest neighbors and their distances alone.
  /// - Throws: `InputError`.
  public func wholeGraph(of structure: Structure, scratch: Scratch) throws(InputError) -> GraphCollection {
    guard case .nearest = requirements.neighbors, requirements.orbitalField == nil, !requirements.usesAngles
    else { preconditionFailure("graphs of lengths alone") }
    if let element = unknownElement(in: structure.elements) { throw .unknownElement(element) }
    var collection = GraphCollection()
    do throws(VoronoiError) {
      collection.append(
        try graph(of: structure, scratch: scratch).graph, limit: requirements.neighborLimit)
    } catch {
      throw .noGraph(error)
    }
    return collection
  }

  /// A crystal's whole graph as the networks see it: with what stands in for missing neighbors, and turned round where they ask
  /// for that.
  ///
  /// - Throws: `InputError`.
  public func seenGraph(of structure: Structure, scratch: Scratch) throws(InputError) -> GraphCollection {
    if let element = unknownElement(in: structure.elements) { throw .unknownElement(element) }
    var collection = GraphCollection()
    do throws(VoronoiError) {
      collection.append(
        try graph(of: structure, scratch: scratch),
        orbitalFields: try orbitalFields(of: structure, scratch: scratch), for: requirements)
    } catch {
      throw .noGraph(error)
    }
    return collection
  }

  private func unknownElement(in elements: [Element]) -> Element? {
    elements.first { $0.atomicNumber > InputRequirements.largestAtomicNumber }
  }
}

/// Why a crystal is no input of a network.
public enum InputError: Error, Equatable, Sendable {
  /// The networks have no features for the element.
  case unknownElement(Element)
  /// It has no graph by the networks' rule.
  case noGraph(VoronoiError)
}

extension InputError: CustomStringConvertible {
  /// The error for a person.
  public var description: String {
    switch self {
    case .unknownElement(let element): "the model has no features for \(element)"
    case .noGraph(let error): "\(error)"
    }
  }
}
