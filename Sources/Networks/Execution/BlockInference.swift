internal import TensorKernels

/// Networks of one program prepared for inference.
///
/// Immutable; any number of threads may use it, each with its own `Scratch`. What depends on graphs alone is computed once
/// for all members, whose blocks are one. A structure's result does not depend, to the last bit, on what else is in its
/// block or on which thread computes it: every kernel treats each row alike.
struct BlockInference<Scalar: NetworkScalar>: Sendable {
  /// One network's parameters.
  private struct Member: Sendable {
    let values: [Scalar]
    /// By step.
    let layers: [PreparedLayer<Scalar>]
  }

  /// Working memory of one thread.
  final class Scratch {
    let chunk: Chunk<Scalar>
    /// By step.
    let contexts: [LayerContext<Scalar>]

    init(_ program: NetworkProgram, slots: [Int]) {
      let chunk = Chunk<Scalar>(program, slots: slots)
      self.chunk = chunk
      // Replaced by a member's own place before it is read.
      let nowhere = UnsafePointer(chunk.gradient.pointer)
      contexts = program.steps.map { LayerContext($0, of: chunk, shared: nil, weights: nowhere) }
    }
  }

  let program: NetworkProgram
  private let routines: [LayerRoutines<Scalar>]
  private let members: [Member]
  private let slots: [Int]

  /// - Parameters:
  ///   - program: the network.
  ///   - members: parameters and running statistics of each member.
  init(_ program: NetworkProgram, members: [(values: [Scalar], statistics: [Scalar])]) {
    let routines = program.steps.map { Scalar.routines(of: $0.layer) }
    self.program = program
    self.routines = routines
    slots = Self.slots(program)
    self.members = members.map { member in
      let layers = program.prepared(
        program.steps.count, routines, values: member.values, statistics: member.statistics)
      return Member(values: member.values, layers: layers)
    }
  }

  /// New working memory for one thread.
  func makeScratch() -> Scratch { Scratch(program, slots: slots) }

  /// Puts values that are not alive together into one buffer, and a layer's result onto its input where both can lie in
  /// one place: activations of a block then stay in a core's cache. Features of the graph outlive the members.
  private static func slots(_ program: NetworkProgram) -> [Int] {
    var lastUse = [Int](repeating: 0, count: program.values.count)
    for (index, step) in program.steps.enumerated() {
      for input in step.inputs { lastUse[input] = index }
    }
    lastUse[program.output] = program.steps.count
    if let sites = program.siteOutput { lastUse[sites] = program.steps.count }
    for value in program.kept { lastUse[value] = program.steps.count }
    for step in program.steps where step.layer.isShared {
      for output in step.outputs { lastUse[output] = program.steps.count }
    }
    var slots = [Int](repeating: -1, count: program.values.count)
    var free: [Int] = []
    var count = 0
    for (index, step) in program.steps.enumerated() {
      var dying = Set(step.inputs.filter { lastUse[$0] == index })
      for (number, output) in step.outputs.enumerated() {
        if number == 0, step.layer.worksInPlace, let input = step.inputs.first, dying.contains(input) {
          slots[output] = slots[input]
          dying.remove(input)
        } else if !step.layer.isShared, let slot = free.popLast() {
          // Features of the graph are there before all else, so they take no place that was another's.
          slots[output] = slot
        } else {
          slots[output] = count
          count += 1
        }
      }
      free.append(contentsOf: dying.map { slots[$0] }.sorted())
      free.append(contentsOf: step.outputs.filter { lastUse[$0] < index }.map { slots[$0] })
    }
    return slots
  }

  /// Outputs of the structures `range` of `collection`; `write` is called for each member with their rows, and those of their
  /// sites where the program gives such.
  func run(
    _ range: Range<Int>, of collection: GraphCollection, _ scratch: Scratch,
    write: (_ member: Int, _ outputs: UnsafePointer<Scalar>, _ sites: UnsafePointer<Scalar>?) -> Void
  ) {
    scratch.chunk.members = Array(range)
    scratch.chunk.block.assemble(scratch.chunk.members, of: collection)
    for (index, step) in program.steps.enumerated() where step.layer.isShared {
      routines[index].infer(scratch.contexts[index])
    }
    for (number, member) in members.enumerated() {
      member.values.withUnsafeBufferPointer { values in
        for (index, step) in program.steps.enumerated() where !step.layer.isShared {
          let context = scratch.contexts[index]
          context.weights = values.baseAddress.unsafelyUnwrapped
          context.prepared = member.layers[index]
          routines[index].infer(context)
        }
      }
      let sites = program.siteOutput.map { UnsafePointer(scratch.chunk.values[$0].pointer) }
      write(number, scratch.chunk.values[program.output].pointer, sites)
    }
  }
}

extension NetworkProgram {
  /// What inference makes of the parameters of the first `count` steps.
  func prepared<Scalar: NetworkScalar>(
    _ count: Int, _ routines: [LayerRoutines<Scalar>], values: [Scalar], statistics: [Scalar]
  ) -> [PreparedLayer<Scalar>] {
    var tables: [Int: [Scalar]] = [:]
    return zip(steps[..<count], routines).map { step, routines in
      let prepared = routines.prepare(
        PreparedSource(
          values: values, statistics: statistics, inputTables: step.inputs.map { tables[$0] }))
      if let table = prepared.table, let output = step.outputs.first { tables[output] = table }
      return prepared
    }
  }
}
