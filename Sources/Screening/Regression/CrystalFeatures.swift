internal import Crystal
internal import CrystalGraphs
internal import ModelFormats
internal import Networks
internal import Regression

/// Describes crystals by rows of numbers: features of several kinds side by side.
struct CrystalFeatures: Sendable {
  /// Features of one kind.
  private enum Source: Sendable {
    case composition
    case orbitalField(InputEncoder, OrbitalTable, SitePooling)
    case embedding(CrystalEmbedder)
    case file(FeatureFile)
  }

  private let sources: [Source]

  /// Features as they are described.
  ///
  /// - Parameters:
  ///   - descriptions: what they are.
  ///   - networks: the model of each embedding, in their order.
  ///   - files: the rows of each file, in their order.
  /// - Throws: `ScreeningError.invalid` where a model lacks a layer, or a file has other columns.
  init(
    _ descriptions: [FeatureDescription], networks: [ModelFolder], files: [FeatureFile]
  ) throws(ScreeningError) {
    var (networks, files) = (networks[...], files[...])
    var sources: [Source] = []
    for description in descriptions {
      switch description {
      case .composition: sources.append(.composition)
      case .orbitalField(let orbitals, let power, let pooling):
        let choice = OrbitalChoice(rawValue: orbitals) ?? .groundStates
        sources.append(
          .orbitalField(
            InputEncoder(
              InputRequirements(
                neighbors: .noNeighbors, orbitalField: OrbitalField(orbitals: choice, distancePower: power))),
            choice == .groundStates ? .groundStates : .published, pooling))
      case .embedding(_, let layers, let pooling, let member):
        sources.append(
          .embedding(
            try CrystalEmbedder(networks.removeFirst(), member: member, layers: layers, pooling: pooling)))
      case .file(let columns):
        let file = files.removeFirst()
        guard file.features.columnCount == columns else {
          throw .invalid(
            "\(file.path) has \(file.features.columnCount) columns where the model takes \(columns)")
        }
        sources.append(.file(file))
      }
    }
    self.sources = sources
  }

  /// Numbers of a row.
  var width: Int {
    sources.reduce(0) { sum, source in
      switch source {
      case .composition: sum + Element.all.count
      case .orbitalField: sum + Self.orbitalWidth
      case .embedding(let embedder): sum + embedder.width
      case .file(let file): sum + file.features.columnCount
      }
    }
  }

  /// Rows of the matrix [D | X] one after another.
  private static let orbitalWidth = OrbitalTable.slotCount * (OrbitalTable.slotCount + 1)

  /// The row of a crystal, or why it has none.
  ///
  /// - Throws: `ScreeningError.invalid` where a file has no row of the crystal.
  func outcome(
    _ id: String, _ structure: Structure, _ scratch: TableScratch
  ) throws(ScreeningError) -> RecordOutcome<[Double]> {
    var row: [Double] = []
    row.reserveCapacity(width)
    for source in sources {
      if case .file(let file) = source {
        guard let own = file.row(id) else {
          throw .invalid("\(file.path) has no row of the crystal \(id)")
        }
        row += own
        continue
      }
      do throws(InputError) {
        row += try numbers(source, structure, scratch)
      } catch {
        return .rejected(error.rejectionReason, "\(id): \(error)")
      }
    }
    guard row.allSatisfy(\.isFinite) else {
      return .rejected(.energyNotFinite, "\(id): a feature is not finite")
    }
    return .value(row)
  }

  /// The numbers of one kind that follow from the crystal alone.
  private func numbers(
    _ source: Source, _ structure: Structure, _ scratch: TableScratch
  ) throws(InputError) -> [Double] {
    switch source {
    case .composition: Self.fractions(structure)
    case .orbitalField(let encoder, let table, let pooling):
      try Self.orbitalField(structure, encoder, table, pooling, scratch)
    case .embedding(let embedder): try embedder.rows(structure, scratch.embedder).map { Double($0) }
    case .file: []
    }
  }

  private static func fractions(_ structure: Structure) -> [Double] {
    var counts = [Double](repeating: 0, count: Element.all.count)
    for element in structure.elements { counts[element.atomicNumber - 1] += 1 }
    return counts.map { $0 / Double(structure.siteCount) }
  }

  private static func orbitalField(
    _ structure: Structure, _ encoder: InputEncoder, _ table: OrbitalTable, _ pooling: SitePooling,
    _ scratch: TableScratch
  ) throws(InputError) -> [Double] {
    if let element = structure.elements.first(where: { $0.atomicNumber > OrbitalTable.elementCount }) {
      throw .unknownElement(element)
    }
    let fields: [SIMD32<Double>]
    do throws(VoronoiError) {
      fields = try encoder.orbitalFields(of: structure, scratch: scratch.inputs)
    } catch {
      throw .noGraph(error)
    }
    let width = OrbitalTable.slotCount + 1
    var sums = [Double](repeating: 0, count: orbitalWidth)
    for (element, field) in zip(structure.elements, fields) {
      for slot in table.slots(of: element.atomicNumber) {
        sums[slot * width] += 1
        for other in 0..<OrbitalTable.slotCount { sums[slot * width + 1 + other] += field[other] }
      }
    }
    return pooling == .sum ? sums : sums.map { $0 / Double(structure.siteCount) }
  }
}
