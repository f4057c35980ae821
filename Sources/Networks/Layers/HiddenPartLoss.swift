internal import ModelFormats
internal import TensorKernels

/// How well a network says what is hidden: of each marked site group and period of its element, of each marked edge the nearest
/// Gaussian of its length; sums over the marks of each structure.
///
/// Source: the predictive task of Kong et al., Mach. Learn.: Sci. Technol. 5, 035018 (2024), in the form of the authors' code: nine
/// logits stand for the seven periods, and logits of the other features of the element table for nothing.
struct HiddenPartLoss: Layer {
  /// Spacing of the Gaussians (Å).
  let spacing: Double
  let gaussianCount: Int

  static let groupLogits = 0..<19
  static let periodLogits = 19..<28
  static let elementLogitCount = AtomFeatureTable.cgcnn.featureCount

  var outputs: [ValueShape] { [ValueShape(space: .structures, width: HiddenPart.columnCount)] }

  /// Places within the logits of group and period of an element.
  private func classes(_ element: Int) -> [Int] {
    [Self.groupLogits, Self.periodLogits].map { range in
      let features = AtomFeatureTable.cgcnn.row(for: element) ?? []
      return range.first { features.indices.contains($0) && features[$0] == 1 } ?? range.lowerBound
    }
  }

  private func lengthClass(_ distance: Double) -> Int {
    min(Int((distance / spacing).rounded()), gaussianCount - 1)
  }

  /// −ln p of the right one of `range` of a row of logits, and whether it is the largest.
  private func crossEntropy(
    _ range: Range<Int>, right: Int, _ logit: (Int) -> Double
  ) -> (loss: Double, isRight: Bool) {
    let largest = range.reduce(-Double.infinity) { max($0, logit($1)) }
    let sum = range.reduce(0) { $0 + exponential(logit($1) - largest) }
    return (logarithm(sum) + largest - logit(right), range.first { logit($0) == largest } == right)
  }

  /// Adds what an element's logits give to the columns of its structure.
  private func addElement(_ element: Int, _ logit: (Int) -> Double, add: (HiddenPart, Double, Bool) -> Void) {
    let right = classes(element)
    for (part, (range, right)) in zip(
      [HiddenPart.group, .period], zip([Self.groupLogits, Self.periodLogits], right))
    {
      let (loss, isRight) = crossEntropy(range, right: right, logit)
      add(part, loss, isRight)
    }
  }

  func forward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (block, marks) = (context.block, context.block.marks)
    let (atoms, bonds, out) = (context.input(0), context.input(1), context.output(0))
    let width = HiddenPart.columnCount
    for structure in 0..<block.structureCount {
      var columns = [Double](repeating: 0, count: width)
      func add(_ part: HiddenPart, _ loss: Double, _ isRight: Bool) {
        columns[part.lossColumn] += loss
        columns[part.countColumn] += 1
        columns[part.rightColumn] += isRight ? 1 : 0
      }
      for mark in marks.siteOffsets[structure]..<marks.siteOffsets[structure + 1] {
        let row = atoms + mark * Self.elementLogitCount
        addElement(marks.elements[mark], { Double(row[$0]) }, add: add)
      }
      for mark in marks.edgeOffsets[structure]..<marks.edgeOffsets[structure + 1] {
        let row = bonds + mark * gaussianCount
        let (loss, isRight) = crossEntropy(
          0..<gaussianCount, right: lengthClass(Double(block.distances.pointer[marks.edges[mark]]))
        ) { Double(row[$0]) }
        add(.length, loss, isRight)
      }
      for column in 0..<width { out[structure * width + column] = Scalar(columns[column]) }
    }
  }

  func backward<Scalar: NetworkScalar>(_ stage: Int, _ context: LayerContext<Scalar>) {
    let (block, marks) = (context.block, context.block.marks)
    let (atoms, bonds, slopes) = (context.input(0), context.input(1), context.outputGradient(0))
    /// Adds the slope times the softmax less the right one.
    func add(
      _ range: Range<Int>, right: Int, _ slope: Scalar, _ logits: UnsafePointer<Scalar>,
      _ gradient: UnsafeMutablePointer<Scalar>
    ) {
      let largest = range.reduce(-Double.infinity) { max($0, Double(logits[$1])) }
      let sum = range.reduce(0) { $0 + exponential(Double(logits[$1]) - largest) }
      for place in range {
        let share = exponential(Double(logits[place]) - largest) / sum - (place == right ? 1 : 0)
        gradient[place] += slope * Scalar(share)
      }
    }
    let outs = (context.clearedInputGradient(0), context.clearedInputGradient(1))
    for structure in 0..<block.structureCount {
      let own = slopes + structure * HiddenPart.columnCount
      if let out = outs.0 {
        for mark in marks.siteOffsets[structure]..<marks.siteOffsets[structure + 1] {
          let (right, first) = (classes(marks.elements[mark]), mark * Self.elementLogitCount)
          add(Self.groupLogits, right: right[0], own[HiddenPart.group.lossColumn], atoms + first, out + first)
          add(
            Self.periodLogits, right: right[1], own[HiddenPart.period.lossColumn], atoms + first, out + first)
        }
      }
      guard let out = outs.1 else { continue }
      for mark in marks.edgeOffsets[structure]..<marks.edgeOffsets[structure + 1] {
        let right = lengthClass(Double(block.distances.pointer[marks.edges[mark]]))
        let first = mark * gaussianCount
        add(
          0..<gaussianCount, right: right, own[HiddenPart.length.lossColumn], bonds + first, out + first)
      }
    }
  }

  func plain(_ inputs: [[[Double]]], _ context: PlainContext) -> [[[Double]]] {
    var (atom, bond) = (0, 0)
    return [
      zip(context.markedSites, context.markedEdges).map { sites, edges in
        var columns = [Double](repeating: 0, count: HiddenPart.columnCount)
        func add(_ part: HiddenPart, _ logits: ArraySlice<Double>, right: Int) {
          let total = logits.reduce(0) { $0 + exponential($1) }
          columns[part.lossColumn] -= logarithm(exponential(logits[right]) / total)
          columns[part.countColumn] += 1
          if logits.firstIndex(of: logits.max() ?? 0) == right { columns[part.rightColumn] += 1 }
        }
        for (_, element) in sites {
          let right = classes(element)
          add(.group, inputs[0][atom][Self.groupLogits], right: right[0])
          add(.period, inputs[0][atom][Self.periodLogits], right: right[1])
          atom += 1
        }
        for edge in edges {
          // The largest of the Gaussians themselves.
          let distance = context.edges[edge].distance
          let right = (0..<gaussianCount).min {
            abs(distance - Double($0) * spacing) < abs(distance - Double($1) * spacing)
          }
          add(.length, inputs[1][bond][...], right: right ?? 0)
          bond += 1
        }
        return columns
      }
    ]
  }
}

/// What is hidden from a network that is asked for it, and where an encoder with the heads of `HiddenPartEncoder` gives how well
/// it does, summed over what is hidden in a structure.
public enum HiddenPart: Int, CaseIterable, Sendable {
  /// Group of a site's element; lanthanides and actinides are one.
  case group
  /// Period of a site's element.
  case period
  /// Length of an edge, on Gaussians.
  case length

  /// Column of −ln p of the right answers.
  public var lossColumn: Int { rawValue }
  /// Column of how many are asked for.
  public var countColumn: Int { Self.allCases.count + rawValue }
  /// Column of how many are answered right.
  public var rightColumn: Int { 2 * Self.allCases.count + rawValue }
  /// Columns in all.
  public static let columnCount = 3 * allCases.count
}

extension NetworkBuilder {
  /// How well logits say what is hidden; a row a structure with the columns of `HiddenPart`.
  ///
  /// - Parameters:
  ///   - atoms: logits of each marked site, one a feature of the element table.
  ///   - bonds: logits of each marked edge, one a Gaussian.
  ///   - spacing: spacing of the Gaussians (Å).
  mutating func hiddenPartLoss(
    atoms: NetworkValue, bonds: NetworkValue, spacing: Double
  ) -> NetworkValue {
    precondition(
      atoms.space == .markedSites && atoms.width == HiddenPartLoss.elementLogitCount
        && bonds.space == .markedEdges, "logits of marks")
    return add([atoms, bonds]) { _ in HiddenPartLoss(spacing: spacing, gaussianCount: bonds.width) }[0]
  }
}
